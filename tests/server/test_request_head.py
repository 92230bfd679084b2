"""Heads of requests: the request line and the fields, against an independent reading, and what is refused."""

from __future__ import annotations

import io
import re
import socket
from collections.abc import Iterator
from http.client import HTTPConnection
from urllib.parse import unquote_to_bytes
from wsgiref.types import StartResponse, WSGIEnvironment

import h11
import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from helpers.streams import PieceReader
from make_emulator.server import request_head
from make_emulator.server.request_head import FieldReader, HeadError, RequestLine
from make_emulator.server.wsgi import Server

TOKEN = st.text("!#$%&'*+-.^_`|~09AZaz", min_size=1, max_size=8).map(str.encode)
VALUE = st.text("".join(map(chr, (9, *range(32, 127), 160, 255))), max_size=20).map(
    lambda text: text.encode("latin-1")
)
FIELD = st.tuples(
    st.one_of(
        st.sampled_from([b"Host", b"host", b"Content-Length", b"Transfer-Encoding", b"Cookie", b"X_Y"]), TOKEN
    ),
    st.one_of(st.sampled_from([b"a", b"5", b"+5", b"5, 5", b"chunked", b"gzip", b""]), VALUE),
)
LINE = st.one_of(
    st.tuples(
        st.sampled_from([b"GET", b"POST", b"DELETE", b"Get", b"QUERY", b"a b", b""]),
        st.one_of(st.sampled_from([b"/", b"*", b"//a/b", b"http://h/a", b"/a%2Fb%20?c=%20", b"/\xff", b"/a#b"]), st.binary(max_size=9)),
        st.sampled_from([b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"HTTP/1.10", b"http/1.1", b"HTTP/1"]),
    ).map(b" ".join),
    st.binary(max_size=30),
)  # fmt: skip


def read(
    data: bytes, reader: FieldReader | None = None, *, size: int = 1_000_000
) -> tuple[RequestLine, dict[bytes, bytes], dict[str, str]] | None:
    """The head at the beginning of bytes, which arrive in pieces of a size; ``None`` without one."""
    request_line, lines = request_head.read_head(PieceReader(data, size))
    if not request_line:
        return None
    line = request_head.parse_request_line(request_line)
    fields = (reader or FieldReader()).read(lines, line.protocol)
    assert fields.lines == lines
    assert fields.length == int(fields.values.get(b"Content-Length", 0))
    assert fields.is_chunked == (b"Transfer-Encoding" in fields.values)
    return line, fields.values, fields.variables


def read_by_lines(data: bytes) -> list[bytes] | None:
    """The lines of a head, read one by one; ``None`` for one that is incomplete, or whose lines end with LF alone."""
    stream = io.BytesIO(data)
    line = stream.readline()
    if line == b"\r\n":
        line = stream.readline()
    lines: list[bytes] = []
    while line != b"\r\n":
        if not line.endswith(b"\r\n"):
            return [] if not lines and not line else None
        lines.append(line.removesuffix(b"\r\n"))
        line = stream.readline()
    return lines


def read_by_h11(data: bytes) -> h11.Request:
    other = h11.Connection(h11.SERVER)
    other.receive_data(data)
    event = other.next_event()
    assert isinstance(event, h11.Request)
    return event


def encode(line: bytes, fields: list[tuple[bytes, bytes]]) -> bytes:
    return b"\r\n".join([line, *(name + b":" + value for name, value in fields), b"", b""])


@given(LINE, st.lists(FIELD, max_size=5))
@example(b"GET / HTTP/1.1", [(b"Host", b"a"), (b"Host", b"a")])
@example(b"POST / HTTP/1.1", [(b"Host", b"a"), (b"Content-Length", b"5"), (b"content-length", b"6")])
@example(b"POST / HTTP/1.1", [(b"Host", b"a"), (b"Content-Length", b"5"), (b"Transfer-Encoding", b"chunked")])
def test_what_is_read_is_what_another_reading_gives(line: bytes, given: list[tuple[bytes, bytes]]) -> None:
    data = encode(line, given)
    refused: HeadError | None = None
    found = None
    try:
        found = read(data)
    except HeadError as error:
        refused = error
    if refused is not None:
        assert str(refused).endswith(".")
        assert refused.status[:3] in {"400", "405", "414", "501", "505"}
    if found is None:
        return
    (method, target, path, query, protocol, authority), fields, variables = found
    other = read_by_h11(data.removeprefix(b"\r\n"))
    assert (method, b"HTTP/" + other.http_version) == (other.method, protocol)
    assert target == other.target or (
        authority is not None and other.target.endswith(target.removeprefix(b"/"))
    )
    if target != b"*":
        pieces = re.split(b"(?i)%2f", target.partition(b"?")[0])
        assert path == b"%2F".join(map(unquote_to_bytes, pieces))
    assert target.endswith(query)
    expected: dict[bytes, list[bytes]] = {}
    for name, value in other.headers:
        if b"_" not in name:
            expected.setdefault(name, []).append(value)
    single = {b"content-length", b"authorization", b"content-type"}
    for name, value in fields.items():
        values = expected.pop(name.lower())
        joiner = b"; " if name == b"Cookie" else b", "
        assert value == (values[0] if name.lower() in single else joiner.join(values))
        variable = name.decode().upper().replace("-", "_")
        variable = variable if variable in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{variable}"
        assert variables[variable] == value.decode("latin-1")
    assert expected == {}


@given(st.lists(st.lists(FIELD, max_size=4), max_size=5))
def test_a_connection_reads_a_head_as_if_it_were_its_first(heads: list[list[tuple[bytes, bytes]]]) -> None:
    reader = FieldReader()
    for fields in [each for head in heads for each in (head, head)]:
        data = encode(b"GET / HTTP/1.0", fields)
        results = []
        for each in (reader, FieldReader()):
            try:
                results.append(read(data, each))
            except HeadError as error:
                results.append((str(error), error.status))  # type: ignore[arg-type]
        assert results[0] == results[1]


def test_a_connection_remembers_a_bounded_number_of_short_lines() -> None:
    reader = FieldReader()
    for number in range(1_000):
        reader.read(b"Name: %d\r\n" % number, b"HTTP/1.0")
    reader.read(b"Long: " + b"x" * 2_000 + b"\r\n", b"HTTP/1.0")
    assert len(reader._known) == 64
    assert not any(line.startswith(b"Long") for line in reader._known)


@given(st.binary(max_size=300))
@example(b"GET / HTTP/1.1\r\nHost: a\n\r\n\r\n")
@example(b"GET / HTTP/1.1\r\nHost: a\r\n")
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for each in (data, b"GET / HTTP/1.1\r\nHost: a\r\n" + data + b"\r\n\r\n"):
        try:
            found = read(each)
        except HeadError:
            continue
        if found is not None:
            assert not any(set(value) & set(b"\r\n\0") for value in found[1].values())


NEARLY_HEAD = st.lists(
    st.sampled_from([b"\r\n", b"\r", b"\n", b"GET / HTTP/1.1", b"Host: a", b"", b" "]), max_size=12
)


@given(NEARLY_HEAD, st.integers(1, 20))
@example([b"GET / HTTP/1.1", b"\r\n", b"A: b", b"\n", b"\r\n", b"\r\n", b"\r\n"], 100)
@example([b"\r\n", b"\r\n", b"GET / HTTP/1.1", b"\r\n", b"\r\n"], 1)
@example([b"GET / HTTP/1.1", b"\r\n", b"Host: a", b"\r", b"\r\n", b"\r\n"], 1)
def test_a_head_ends_where_its_lines_read_one_by_one_end(pieces: list[bytes], size: int) -> None:
    data = b"".join(pieces)
    stream = PieceReader(data, size)
    expected = read_by_lines(data)
    if expected is None:
        with pytest.raises(HeadError, match=r"incomplete|end with CRLF"):
            request_head.read_head(stream)
        return
    line, lines = request_head.read_head(stream)
    assert [line, *lines.split(b"\r\n")][:-1] == expected or (line, lines, expected) == (b"", b"", [])
    if expected:
        consumed = len(data) - len(stream.rest())
        assert data[:consumed].endswith(line + b"\r\n" + lines + b"\r\n")


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1\nHost: a\n\n", b"\n", b"GET / HTTP/1.1\r\nHost: a\n"])
def test_a_line_that_ends_with_lf_alone_is_refused_before_the_head_is_complete(sent: bytes) -> None:
    class Waiting(PieceReader):
        def receive(self) -> bool:
            assert not self.has_data(), "it waits for more"
            return super().receive()

    with pytest.raises(HeadError, match="end with CRLF"):
        request_head.read_head(Waiting(sent, 100))


@pytest.mark.parametrize(
    ("line", "status", "detail"),
    [
        (b"GET", "400", "must have a method, a target and the version of HTTP"),
        (b"GET /", "400", "must have a method"),
        (b"GET  / HTTP/1.1", "400", "must have a method"),
        (b"GET / HTTP/1.1 ", "400", "must have a method"),
        (b"get / HTTP/1.1", "400", "written in capitals"),
        (b"GET / HTTP/2.0", "505", "speaks HTTP/1.1"),
        (b"GET / HTTP/0.9", "505", "speaks HTTP/1.1"),
        (b"GET a HTTP/1.1", "400", "begin with a slash"),
        (b"GET * HTTP/1.1", "400", "begin with a slash"),
        (b"GET //host/a HTTP/1.1", "400", "begins with two slashes"),
        (b"GET http://host//a HTTP/1.1", "400", "begins with two slashes"),
        (b"GET http://user@host/a HTTP/1.1", "400", "begin with a slash"),
        (b"GET http://[::1/a HTTP/1.1", "400", "begin with a slash"),
        (b"GET ftp://host/a HTTP/1.1", "400", "begin with a slash"),
        (b"GET /a#b HTTP/1.1", "400", "has a fragment"),
        (b"GET /\xc3\xbf HTTP/1.1", "400", "is malformed"),
        (b"GET /\x00 HTTP/1.1", "400", "is malformed"),
        (b"CONNECT host:443 HTTP/1.1", "405", "is no proxy"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1", "414", "too long"),
    ],
)  # fmt: skip
def test_a_request_line_that_is_refused_says_why(line: bytes, status: str, detail: str) -> None:
    with pytest.raises(HeadError, match=detail) as caught:
        read(encode(line, [(b"Host", b"localhost")]))
    assert caught.value.status.startswith(status)


@pytest.mark.parametrize(
    ("fields", "status", "detail"),
    [
        ([(b"Transfer-Encoding", b"gzip, chunked")], "501", "The only encoding of a transfer is chunked."),
        ([(b"X", b"a" * 70_000)], "413", "more than 65536 bytes"),
        ([(b"X%d" % number, b"a" * 90) for number in range(800)], "413", "more than 65536 bytes"),
    ],
)
def test_fields_that_are_refused_say_why(fields: list[tuple[bytes, bytes]], status: str, detail: str) -> None:
    with pytest.raises(HeadError, match=detail) as caught:
        read(encode(b"GET / HTTP/1.1", [(b"Host", b"localhost"), *fields]))
    assert caught.value.status.startswith(status)


@pytest.mark.parametrize(
    ("target", "path", "query", "authority"),
    [
        (b"/a/b?c=d?e", b"/a/b", b"c=d?e", None),
        (b"/a%20b%2Fc%2fd?x=%20", b"/a b%2Fc%2Fd", b"x=%20", None),
        (b"/?", b"/", b"", None),
        (b"http://example.com:8080/a?b", b"/a", b"b", b"example.com:8080"),
        (b"HTTPS://[::1]:80", b"/", b"", b"[::1]:80"),
        (b"http://example.com?b", b"/", b"b", b"example.com"),
        (b"/a?pg[limit]={1}", b"/a", b"pg[limit]={1}", None),
    ],
)
def test_a_target_has_a_path_and_a_query(
    target: bytes, path: bytes, query: bytes, authority: bytes | None
) -> None:
    found = request_head.parse_request_line(b"GET " + target + b" HTTP/1.1")
    assert (found.path, found.query, found.authority) == (path, query, authority)


# --- through a server -------------------------------------------------------------------------------


def show(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    """Answers with the texts in the environment; in pieces without a length, for the path ``/pieces``."""
    if environ["PATH_INFO"] == "/pieces":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"one", b"", b"two"]
    if environ["PATH_INFO"] == "/nothing":
        start_response("204 No Content", [])
        return []
    body = orjson.dumps({name: value for name, value in environ.items() if isinstance(value, str)})
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(show) as server:
        yield server


def exchange(server: Server, data: bytes) -> bytes:
    """Sends bytes, and reads until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as peer:
        peer.sendall(data)
        return b"".join(iter(lambda: peer.recv(65_536), b""))


def test_each_request_of_a_connection_has_its_own_environment(server: Server) -> None:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    seen = []
    for headers in ({"X-One": "1"}, {"X-Two": "2"}, {"X-One": "1"}):
        connection.request("GET", "/a%20b?c=d", headers=headers)
        seen.append(orjson.loads(connection.getresponse().read()))
    connection.close()
    assert [(each.get("HTTP_X_ONE"), each.get("HTTP_X_TWO")) for each in seen] == [
        ("1", None),
        (None, "2"),
        ("1", None),
    ]
    assert seen[0]["REQUEST_METHOD"] == "GET"
    assert (seen[0]["PATH_INFO"], seen[0]["QUERY_STRING"]) == ("/a b", "c=d")
    assert seen[0]["REQUEST_URI"] == "/a%20b?c=d"
    assert (seen[0]["SERVER_PROTOCOL"], seen[0]["wsgi.url_scheme"]) == ("HTTP/1.1", "http")
    assert (seen[0]["REMOTE_ADDR"], seen[0]["SERVER_PORT"]) == ("127.0.0.1", str(server.port))


def test_a_target_in_absolute_form_names_the_host(server: Server) -> None:
    request = b"GET http://example.com:81/a?b HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n"
    seen = orjson.loads(exchange(server, request).partition(b"\r\n\r\n")[2])
    assert (seen["HTTP_HOST"], seen["REQUEST_URI"]) == ("example.com:81", "/a?b")


def test_a_body_without_length_is_sent_in_chunks(server: Server) -> None:
    head, _, body = exchange(
        server, b"GET /pieces HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    ).partition(b"\r\n\r\n")
    assert b"\r\nTransfer-Encoding: chunked" in head
    assert body == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"


def test_an_older_client_gets_a_body_without_length_up_to_the_end(server: Server) -> None:
    head, _, body = exchange(server, b"GET /pieces HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").partition(
        b"\r\n\r\n"
    )
    assert b"\r\nConnection: close" in head
    assert b"Transfer-Encoding" not in head
    assert body == b"onetwo"


def test_an_older_client_can_keep_its_connection(server: Server) -> None:
    keep = b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"
    received = exchange(server, keep + b"GET / HTTP/1.0\r\n\r\n")
    first, second = received.split(b"HTTP/1.1 200 OK\r\n")[1:]
    assert b"\r\nConnection: Keep-Alive\r\nKeep-Alive: timeout=30\r\n" in first
    assert b"\r\nConnection: close\r\n" in second


def test_responses_without_a_body_have_neither_length_nor_chunks(server: Server) -> None:
    head = exchange(server, b"GET /nothing HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 204 No Content\r\n")
    assert b"Transfer-Encoding" not in head
    assert head.endswith(b"\r\n\r\n")


def test_a_response_to_head_has_no_body(server: Server) -> None:
    received = exchange(server, b"HEAD /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert received.endswith(b"\r\n\r\n")


def test_every_response_has_date_and_server(server: Server) -> None:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", "/")
    response = connection.getresponse()
    response.read()
    connection.close()
    assert response.headers["Server"] == "make-emulator"
    assert response.headers["Date"].endswith(" GMT")


@pytest.mark.parametrize("value", [b"100-continue", b"100-Continue"])
def test_a_client_that_waits_before_its_body_is_told_to_go_on(server: Server, value: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as peer:
        peer.sendall(
            b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\nExpect: %b\r\n\r\n"
            % value
        )
        assert peer.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        peer.sendall(b"ab")
        assert peer.recv(65_536).startswith(b"HTTP/1.1 200 OK\r\n")


def test_an_empty_line_before_a_request_is_passed_over(server: Server) -> None:
    request = b"\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    assert exchange(server, request).startswith(b"HTTP/1.1 200 OK\r\n")


def test_requests_that_are_sent_at_once_are_answered_in_order(server: Server) -> None:
    requests = [b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in range(20)]
    last = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    received = exchange(server, b"".join(requests) + last)
    paths = [
        orjson.loads(each.partition(b"\r\n\r\n")[2])["PATH_INFO"]
        for each in received.split(b"HTTP/1.1 200 OK\r\n")[1:]
    ]
    assert paths == [*(f"/{number}" for number in range(20)), "/last"]
