"""Heads of requests by RFC 9112: the request line and the fields, read as a whole, with ambiguous ones rejected.

What two parties on the way may read differently (two lengths, a length with chunks, a missing or repeated host) is answered
with 400 and the connection is closed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import IO, NamedTuple
from urllib.parse import unquote_to_bytes

#: Size limit of a head, in bytes.
MAX_SIZE = 65_536

#: Lines of fields that are remembered of a connection, and the length of one that is not.
_REMEMBERED_LINES = 64
_MAX_REMEMBERED = 1_024

_REQUEST_LINE = re.compile(rb"(\S+) (\S+) HTTP/(\d\.\d)\r\n")
_METHOD = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Z]+")
_TARGET = re.compile(rb"[!-~]+")
_ABSOLUTE_FORM = re.compile(
    rb"https?://([\w.~%-]+(?::\d*)?|\[[0-9A-Fa-f:.]+\](?::\d*)?)((?:[/?].*)?)", re.IGNORECASE
)
_ENCODED_SLASH = re.compile(rb"%2f", re.IGNORECASE)
_FIELD_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_LENGTH = re.compile(rb"[0-9]{1,19}")
_FORBIDDEN_IN_VALUE = re.compile(rb"[\x00\r\n]")

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


class FieldReader:
    """Reader of the fields of the requests of one connection, which remembers their lines: a client repeats most of them."""

    def __init__(self) -> None:
        self._known: dict[bytes, Field | None] = {}

    def read(self, lines: Sequence[bytes]) -> tuple[dict[bytes, bytes], dict[str, str]]:
        """Returns the fields by their names, and the variables of WSGI.

        Raises:
            HeadError: if a line is malformed, or a field that has to be single is repeated with another value.
        """
        fields: dict[bytes, bytes] = {}
        variables: dict[str, str] = {}
        known = self._known
        for line in lines:
            try:
                field = known[line]
            except KeyError:
                field = _parse_field(line)
                if len(known) < _REMEMBERED_LINES and len(line) < _MAX_REMEMBERED:
                    known[line] = field
            if field is None:
                continue
            name, value, variable, text = field
            if name in fields:
                value = _join(name, fields[name], value)
                text = value.decode("latin-1")
            fields[name] = value
            variables[variable] = text
        return fields, variables


def read_lines(stream: IO[bytes]) -> list[bytes]:
    """Reads a head up to its empty line, which is left out; none if the client has closed the connection.

    Raises:
        HeadError: if it is incomplete or too large.
    """
    line = stream.readline(MAX_SIZE + 1)
    if line == b"\r\n":
        # Some clients send an empty line after a body. Only one is passed over.
        line = stream.readline(MAX_SIZE + 1)
    left = MAX_SIZE - len(line)
    if left < 0:
        raise HeadError("The target of the request is too long.", "414 Request-URI Too Long")
    lines: list[bytes] = []
    while line != b"\r\n":
        if not line.endswith(b"\r\n"):
            if not lines and not line:
                return []
            if line.endswith(b"\n"):
                raise HeadError("The lines of the head must end with CRLF.")
            raise HeadError("The head of the request is incomplete.")
        lines.append(line)
        line = stream.readline(left + 1)
        left -= len(line)
        if left < 0:
            raise HeadError(
                f"The head of the request has more than {MAX_SIZE} bytes.", "413 Request Entity Too Large"
            )
    return lines


def parse_request_line(line: bytes) -> RequestLine:
    """Returns the parts of a request line.

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


def check_framing(fields: dict[bytes, bytes], protocol: bytes) -> None:
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
    name, colon, value = line[:-2].partition(b":")
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
