"""Bodies of requests by RFC 9112: which bytes on a connection belong to one.

A body is read whole before the application sees it, so that one that was cut off is never processed.
"""

from __future__ import annotations

import io
import re
import tempfile
from typing import IO, TYPE_CHECKING

from .socket_stream import StreamReader

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

#: The most bytes of a body that are kept in memory; a larger one goes through a temporary file.
MAX_IN_MEMORY = 4_194_304

_PIECE = 65_536

_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,15}")

#: The longest line of a chunk's size, extensions included.
_MAX_CHUNK_LINE = 4_096


class FramingError(ValueError):
    """The request is malformed or ambiguous; the text says in which way."""


class IncompleteBodyError(ConnectionError):
    """The client went away before the body was complete."""


def read_body(stream: StreamReader, length: int) -> IO[bytes]:
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

    def __init__(self, stream: StreamReader, length: int) -> None:
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


def read_chunked_body(stream: StreamReader, limit: int) -> tuple[IO[bytes], int]:
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


def _chunk_size(stream: StreamReader) -> int:
    size = _line(stream)[:-2].partition(b";")[0].strip(b" \t")
    if not _CHUNK_SIZE.fullmatch(size):
        raise FramingError("A chunk of the body has a malformed size.")
    return int(size, 16)


def _line(stream: StreamReader) -> bytes:
    line: bytes = stream.readline(_MAX_CHUNK_LINE)
    if not line:
        raise IncompleteBodyError
    if not line.endswith(b"\r\n"):
        if len(line) < _MAX_CHUNK_LINE and not line.endswith(b"\n"):
            raise IncompleteBodyError
        raise FramingError("A line of the body does not end with CRLF.")
    return line
