"""Heads of requests by RFC 9112: the request line and the fields, read as a whole, with ambiguous ones rejected.

What two parties on the way may read differently (two lengths, a length with chunks, a missing or repeated host) is answered
with 400 and the connection is closed.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from .socket_stream import StreamReader

#: Size limit of a head, in bytes.
MAX_SIZE = 65_536

#: Lines of fields that are remembered of a connection, and the length of one that is not.
_REMEMBERED_LINES = 64
_MAX_REMEMBERED = 1_024

_REQUEST_LINE = re.compile(rb"(\S+) (\S+) HTTP/(\d\.\d)")
_METHOD = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Z]+")
_TARGET = re.compile(rb"[!-~]+")
_ABSOLUTE_FORM = re.compile(
    rb"https?://([\w.~%-]+(?::\d*)?|\[[0-9A-Fa-f:.]+\](?::\d*)?)((?:[/?].*)?)", re.IGNORECASE
)
_ENCODED_SLASH = re.compile(rb"%2f", re.IGNORECASE)
_FIELD_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_LENGTH = re.compile(rb"[0-9]{1,19}")
_FORBIDDEN_IN_VALUE = re.compile(rb"[\x00\r\n]")
_BARE_LF = re.compile(rb"(?<!\r)\n")

_CRLF_ONLY = "The lines of the head must end with CRLF."

#: Fields whose repetition is ambiguous.
_SINGLE = frozenset([b"Content-Length", b"Host", b"Transfer-Encoding", b"Authorization", b"Content-Type"])

#: Fields that may not even be repeated with the same value.
_NEVER_REPEATED = frozenset([b"Host", b"Transfer-Encoding"])

#: Fields that the environment of WSGI names without a prefix.
_UNPREFIXED = frozenset(["CONTENT_LENGTH", "CONTENT_TYPE"])


class HeadError(ValueError):
    """The head is malformed or ambiguous, and the text says in which way.

    Args:
        status: the status line of the response.
    """

    def __init__(self, detail: str, status: str = "400 Bad Request") -> None:
        super().__init__(detail)
        self.status = status


class RequestLine(NamedTuple):
    """Request line; the path is decoded but for encoded slashes.

    Args:
        authority: the host of a target in absolute form, which stands for the field ``Host``.
    """

    method: bytes
    target: bytes
    path: bytes
    query: bytes
    protocol: bytes
    authority: bytes | None = None


class Field(NamedTuple):
    """Line of a head with its name as cheroot keeps it, and as the variable of WSGI; ``None`` for one that is left out."""

    name: bytes
    value: bytes
    variable: str
    text: str


class Fields(NamedTuple):
    """Fields of a head, shared by the requests that repeat them: not to be changed.

    Args:
        values: their values by their names.
        variables: the variables of WSGI.
        lines: the lines as they came.
        length: the length of the body, unless it comes in chunks.
        options: the options of the connection, in lower case.
    """

    values: dict[bytes, bytes]
    variables: dict[str, str]
    lines: bytes
    length: int
    is_chunked: bool
    options: bytes


class FieldReader:
    """Reader of the fields of the requests of one connection.

    A client repeats most of its lines, and often all of them: it remembers lines, and the fields of the previous request.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, Field | None] = {}
        self._previous: tuple[bytes, bytes, bytes | None] | None = None
        self._fields: Fields

    def read(self, lines: bytes, protocol: bytes, authority: bytes | None = None) -> Fields:
        """Returns the fields of a head.

        Args:
            authority: the host of the target, which stands for the field ``Host``.

        Raises:
            HeadError: if a line is malformed, a field that has to be single is repeated with another value, or the fields that
                delimit and address the request are ambiguous.
        """
        given = (lines, protocol, authority)
        if given != self._previous:
            self._fields = self._parse(lines, protocol, authority)
            self._previous = given
        return self._fields

    def _parse(self, lines: bytes, protocol: bytes, authority: bytes | None) -> Fields:
        values: dict[bytes, bytes] = {}
        variables: dict[str, str] = {}
        known = self._known
        for line in lines.split(b"\r\n")[:-1]:
            try:
                field = known[line]
            except KeyError:
                field = _parse_field(line)
                if len(known) < _REMEMBERED_LINES and len(line) < _MAX_REMEMBERED:
                    known[line] = field
            if field is None:
                continue
            name, value, variable, text = field
            if name in values:
                value = _join(name, values[name], value)
                text = value.decode("latin-1")
            values[name] = value
            variables[variable] = text
        if authority is not None:
            values[b"Host"] = authority
            variables["HTTP_HOST"] = authority.decode("ascii")
        _check_framing(values, protocol)
        return Fields(
            values,
            variables,
            lines,
            int(values.get(b"Content-Length", 0)),
            b"Transfer-Encoding" in values,
            values.get(b"Connection", b"").lower(),
        )


def read_head(stream: StreamReader) -> tuple[bytes, bytes]:
    """Reads a head up to its empty line; returns the request line and the lines of fields, which end with CRLF.

    The request line is empty if the client has closed the connection.

    Raises:
        HeadError: if it is incomplete or too large.
    """
    is_empty_line_passed = False
    searched = 0
    while True:
        data = stream.buffered()
        if data.startswith(b"\r\n"):
            # Some clients send an empty line after a body. Only one is passed over.
            if is_empty_line_passed:
                return b"", b""
            is_empty_line_passed = True
            stream.skip(2)
            continue
        end = data.find(b"\r\n\r\n", max(0, searched - 3))
        if end >= 0:
            break
        if _BARE_LF.search(data, max(0, searched - 1)):
            raise HeadError(_CRLF_ONLY)
        _check_size(data)
        searched = len(data)
        if not stream.receive():
            if not data:
                return b"", b""
            raise HeadError("The head of the request is incomplete.")
    stream.skip(end + 4)
    head = data[: end + 2]
    if head.count(b"\n") != head.count(b"\r\n"):
        raise HeadError(_CRLF_ONLY)
    if end + 4 > MAX_SIZE:
        _check_size(data[: end + 4])
    line, _, lines = head.partition(b"\r\n")
    return line, lines


def _check_size(head: bytes) -> None:
    if len(head) <= MAX_SIZE:
        return
    if b"\r\n" not in head[:MAX_SIZE]:
        raise HeadError("The target of the request is too long.", "414 Request-URI Too Long")
    raise HeadError(
        f"The head of the request has more than {MAX_SIZE} bytes.", "413 Request Entity Too Large"
    )


def parse_request_line(line: bytes) -> RequestLine:
    """Returns the parts of a request line, given without its end.

    Raises:
        HeadError: if it is malformed, or of a version that is not served.
    """
    match = _REQUEST_LINE.fullmatch(line)
    if match is None:
        raise HeadError(
            "The request line is malformed: it must have a method, a target and the version of HTTP."
        )
    method, target, version = match.groups()
    if version not in (b"1.1", b"1.0"):
        raise HeadError("The server speaks HTTP/1.1.", "505 HTTP Version Not Supported")
    if not _METHOD.fullmatch(method):
        raise HeadError("The method is malformed: methods are written in capitals.")
    if method == b"CONNECT":
        raise HeadError("The server is no proxy.", "405 Method Not Allowed")
    if not _TARGET.fullmatch(target):
        raise HeadError("The target of the request is malformed.")
    authority = None
    if not target.startswith(b"/"):
        if target == b"*" and method == b"OPTIONS":
            return RequestLine(method, target, b"/*", b"", b"HTTP/" + version)
        absolute = _ABSOLUTE_FORM.fullmatch(target)
        if absolute is None:
            raise HeadError("The target of the request must begin with a slash.")
        authority, target = absolute.groups()
        if not target.startswith(b"/"):
            target = b"/" + target
    if target.startswith(b"//"):
        raise HeadError("The target of the request begins with two slashes.")
    if b"#" in target:
        raise HeadError("The target of the request has a fragment.")
    path, _, query = target.partition(b"?")
    if b"%" in path:
        # Of encoded slashes, the application could not tell the decoded ones.
        path = b"%2F".join(map(unquote_to_bytes, _ENCODED_SLASH.split(path)))
    return RequestLine(method, target, path, query, b"HTTP/" + version, authority)


def _check_framing(fields: dict[bytes, bytes], protocol: bytes) -> None:
    """Checks the fields that delimit and address a request.

    Raises:
        HeadError: if they are ambiguous.
    """
    length = fields.get(b"Content-Length")
    if length is not None and not _LENGTH.fullmatch(length):
        raise HeadError("The header Content-Length is malformed.")
    encoding = fields.get(b"Transfer-Encoding")
    if encoding is not None:
        if length is not None or protocol == b"HTTP/1.0":
            raise HeadError(
                "The length of the body is ambiguous: Transfer-Encoding with Content-Length or HTTP/1.0."
            )
        if encoding.lower() != b"chunked":
            raise HeadError("The only encoding of a transfer is chunked.", "501 Not Implemented")
    host = fields.get(b"Host")
    if host is None:
        if protocol == b"HTTP/1.1":
            raise HeadError("The header Host is missing.")
    elif b"," in host or b" " in host or b"/" in host or b"@" in host:
        raise HeadError("The header Host is malformed.")


def _parse_field(line: bytes) -> Field | None:
    if line[:1] in b" \t":
        raise HeadError("Folded header lines are not supported.")
    name, colon, value = line.partition(b":")
    if not colon or not _FIELD_NAME.fullmatch(name):
        raise HeadError("The head of the request has a malformed line.")
    value = value.strip(b" \t")
    if _FORBIDDEN_IN_VALUE.search(value):
        raise HeadError("A header has a control character.")
    # An application could not tell a name with an underscore from one with a hyphen.
    if b"_" in name:
        return None
    variable = name.decode("ascii").upper().replace("-", "_")
    if variable not in _UNPREFIXED:
        variable = f"HTTP_{variable}"
    return Field(name.title(), value, variable, value.decode("latin-1"))


def _join(name: bytes, earlier: bytes, later: bytes) -> bytes:
    """Returns the value of a field that is given twice."""
    if name not in _SINGLE:
        return earlier + (b"; " if name == b"Cookie" else b", ") + later
    if earlier != later or name in _NEVER_REPEATED:
        raise HeadError(f"The header {name.decode()} was given more than once.")
    return earlier
