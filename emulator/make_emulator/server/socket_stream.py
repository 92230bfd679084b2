"""Streams of a connection that ask the system as little as possible.

A socket with a time-out waits with `poll` before each `recv` and `send`, and a thread gives up the interpreter lock for each
of these calls: beside a thread that computes, every one of them costs a wait. These streams call first, and wait only
where there is nothing to read or no room to write.
"""

from __future__ import annotations

import io
import socket
from typing import TYPE_CHECKING

from .connection import is_readable, is_writable

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BUFFER_SIZE = 16_384

#: The flag by which a call does not wait; Windows has none, there the socket itself is made non-blocking.
_DONT_WAIT: int = getattr(socket, "MSG_DONTWAIT", 0)


def open_stream(
    peer: socket.socket, mode: str, timeout: float, data: bytes = b""
) -> SocketReader | SocketWriter:
    """Returns the reader or, for a mode without ``r``, the writer of a connection.

    Args:
        data: what was read of the connection already.
    """
    if not _DONT_WAIT:
        peer.setblocking(False)
    return SocketReader(peer, timeout, data) if "r" in mode else SocketWriter(peer, timeout)


class _RawReader(io.RawIOBase):
    """Bytes from a socket.

    ``mode`` says what a read does where the socket has no data: ``wait`` for them, return ``at-once`` without, or not even
    ask the socket (``buffer-only``).
    """

    def __init__(self, peer: socket.socket, timeout: float, data: bytes = b"") -> None:
        self.mode = "wait"
        self.data = data
        self._peer = peer
        self._timeout = int(timeout * 1000)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        if self.data:
            room = memoryview(buffer).cast("B")
            piece, self.data = self.data[: len(room)], self.data[len(room) :]
            room[: len(piece)] = piece
            return len(piece)
        if self.mode == "buffer-only":
            return None
        while True:
            try:
                return self._peer.recv_into(buffer, 0, _DONT_WAIT)
            except BlockingIOError:
                if self.mode == "at-once":
                    return None
                if not is_readable(self._peer, self._timeout):
                    raise TimeoutError("timed out") from None


class SocketReader(io.BufferedReader):
    """Reader of requests.

    Args:
        timeout: the most seconds that a read waits for data.
        data: what was read already.

    Raises:
        TimeoutError: from reads, with the text by which cheroot knows it.
    """

    def __init__(self, peer: socket.socket, timeout: float, data: bytes = b"") -> None:
        self._raw = _RawReader(peer, timeout, data)
        super().__init__(self._raw, _BUFFER_SIZE)

    def has_data(self) -> bool:
        """Returns True if data are in the buffer."""
        return self._peek("buffer-only")

    def buffered(self) -> bytes:
        """Returns the data that were read and not used yet."""
        self._raw.mode = "buffer-only"
        try:
            return self.peek(1) + self._raw.data
        finally:
            self._raw.mode = "wait"

    def fill(self) -> bool:
        """Reads what the socket has into the buffer, without waiting; returns False if there is nothing yet."""
        return self._peek("at-once")

    def _peek(self, mode: str) -> bool:
        self._raw.mode = mode
        try:
            return bool(self.peek(1))
        finally:
            self._raw.mode = "wait"


class SocketWriter:
    """Writer of responses, without a buffer.

    Args:
        timeout: the most seconds that a write waits for room.
    """

    def __init__(self, peer: socket.socket, timeout: float) -> None:
        self._peer = peer
        self._timeout = int(timeout * 1000)

    def write(self, data: bytes) -> int:
        """Sends all of the data.

        Raises:
            TimeoutError: if the client does not read.
        """
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self._peer.send(rest, _DONT_WAIT) :]
            except BlockingIOError:
                if not is_writable(self._peer, self._timeout):
                    raise TimeoutError("timed out") from None
        return len(data)

    def flush(self) -> None:
        """Nothing is kept back."""
