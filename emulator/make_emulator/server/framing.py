"""Message framing by RFC 9112: which bytes on a connection are one request, with ambiguous ones rejected.

What two parties on the way may read differently (two lengths, a length with chunks, a missing or repeated host) is
answered with 400 and the connection is closed. A body is read whole before the application sees it, so that one that was
cut off is never processed.
"""

from __future__ import annotations

import io
import re
import tempfile
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

#: The most bytes of a body that are kept in memory; a larger one goes through a temporary file.
MAX_IN_MEMORY = 4_194_304

_PIECE = 65_536

_FIELD_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_LENGTH = re.compile(rb"[0-9]{1,19}")
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,15}")
_FORBIDDEN_IN_VALUE = re.compile(rb"[\x00\r\n]")

#: Fields whose repetition is ambiguous.
_SINGLE = frozenset([b"Content-Length", b"Host", b"Transfer-Encoding", b"Authorization", b"Content-Type"])

#: The longest line of a chunk's size, extensions included.
_MAX_CHUNK_LINE = 4_096


class FramingError(ValueError):
    """The request is malformed or ambiguous; the text says in which way."""


class IncompleteBodyError(ConnectionError):
    """The client went away before the body was complete."""


def read_headers(stream: IO[bytes], headers: dict[bytes, bytes]) -> dict[bytes, bytes]:
    """Reads the fields of a request's head, in the form that cheroot keeps them.

    Raises:
        FramingError: if a line is malformed, or a field that has to be single is repeated with another value.
    """
    seen: dict[bytes, bytes] = {}
    while (line := stream.readline()) != b"\r\n":
        if not line:
            raise FramingError("The head of the request is incomplete.")
        if not line.endswith(b"\r\n"):
            raise FramingError("The lines of the head must end with CRLF.")
        if line[:1] in b" \t":
            raise FramingError("Folded header lines are not supported.")
        name, colon, value = line[:-2].partition(b":")
        if not colon or not _FIELD_NAME.fullmatch(name):
            raise FramingError("The head of the request has a malformed line.")
        value = value.strip(b" \t")
        if _FORBIDDEN_IN_VALUE.search(value):
            raise FramingError("A header has a control character.")
        # An application could not tell a name with an underscore from one with a hyphen.
        if b"_" in name:
            continue
        key = name.title()
        if key in seen:
            if key in _SINGLE:
                if key == b"Host" or seen[key] != value:
                    raise FramingError(f"The header {key.decode()} was given more than once.")
                continue
            value = seen[key] + (b"; " if key == b"Cookie" else b", ") + value
        seen[key] = value
    headers.update(seen)
    return headers


def check_framing(headers: dict[bytes, bytes], protocol: str) -> None:
    """Checks the fields that delimit and address a request.

    Raises:
        FramingError: if they are ambiguous.
    """
    length = headers.get(b"Content-Length")
    if length is not None and not _LENGTH.fullmatch(length):
        raise FramingError("The header Content-Length is malformed.")
    if b"Transfer-Encoding" in headers and (length is not None or protocol == "HTTP/1.0"):
        raise FramingError(
            "The length of the body is ambiguous: Transfer-Encoding with Content-Length or HTTP/1.0."
        )
    host = headers.get(b"Host")
    if protocol == "HTTP/1.1" and host is None:
        raise FramingError("The header Host is missing.")
    if host is not None and (b"," in host or b" " in host or b"/" in host or b"@" in host):
        raise FramingError("The header Host is malformed.")


def read_body(stream: IO[bytes], length: int) -> IO[bytes]:
    """Reads a body of known length.

    Raises:
        IncompleteBodyError: if the client went away first.
    """
    if length <= MAX_IN_MEMORY:
        data = stream.read(length) if length else b""
        if len(data) != length:
            raise IncompleteBodyError
        return io.BytesIO(data)
    body = tempfile.SpooledTemporaryFile(MAX_IN_MEMORY)  # noqa: SIM115 - closed with the request
    while length > 0:
        piece = stream.read(min(length, _PIECE))
        if not piece:
            body.close()
            raise IncompleteBodyError
        length -= len(piece)
        body.write(piece)
    body.seek(0)
    return body


class PostponedBody(io.RawIOBase):
    """Body of known length that is read from the client, as a whole into a file, when the application wants it.

    Raises:
        IncompleteBodyError: from a read, if the client went away first.
    """

    def __init__(self, stream: IO[bytes], length: int) -> None:
        self._stream = stream
        self._length = length
        self._body: IO[bytes] | None = None

    @property
    def is_read(self) -> bool:
        """False if the client may still be sending."""
        return self._body is not None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        if self._body is None:
            self._body = read_body(self._stream, self._length)
        room = memoryview(buffer).cast("B")
        piece = self._body.read(len(room))
        room[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        if self._body is not None:
            self._body.close()
        super().close()


def read_chunked_body(stream: IO[bytes], limit: int) -> tuple[IO[bytes], int]:
    """Reads a body in chunks, with its trailer; returns it with its length.

    Raises:
        IncompleteBodyError: if the client went away first.
        FramingError: if a chunk is malformed, or they exceed ``limit`` bytes together.
    """
    body = tempfile.SpooledTemporaryFile(MAX_IN_MEMORY)  # noqa: SIM115 - closed with the request
    total = 0
    try:
        while size := _chunk_size(stream):
            total += size
            if total > limit:
                raise FramingError("The body is too large.")
            left = size
            while left > 0:
                piece = stream.read(min(left, _PIECE))
                if not piece:
                    raise IncompleteBodyError
                left -= len(piece)
                body.write(piece)
            if _line(stream) != b"\r\n":
                raise FramingError("A chunk of the body does not end where its size says.")
        while _line(stream) != b"\r\n":
            pass
    except BaseException:
        body.close()
        raise
    body.seek(0)
    return body, total


def _chunk_size(stream: IO[bytes]) -> int:
    size = _line(stream)[:-2].partition(b";")[0].strip(b" \t")
    if not _CHUNK_SIZE.fullmatch(size):
        raise FramingError("A chunk of the body has a malformed size.")
    return int(size, 16)


def _line(stream: IO[bytes]) -> bytes:
    line: bytes = stream.readline(_MAX_CHUNK_LINE)
    if not line:
        raise IncompleteBodyError
    if not line.endswith(b"\r\n"):
        if len(line) < _MAX_CHUNK_LINE and not line.endswith(b"\n"):
            raise IncompleteBodyError
        raise FramingError("A line of the body does not end with CRLF.")
    return line
