"""Streams of a connection that ask the system as little as possible.

A socket with a time-out waits with `poll` before each `recv` and `send`, and a thread gives up the interpreter lock for each
of these calls: beside a thread that computes, every one of them costs a wait. These streams call first, and wait only
where there is nothing to read or no room to write.
"""

from __future__ import annotations

import socket
import struct
from abc import ABC, abstractmethod

from .connection import is_readable, is_writable

_BUFFER_SIZE = 65_536

#: More than one TLS record: no decrypted data stay behind the buffer of a connection.
_TLS_BUFFER_SIZE = 32_768

#: How long a thread stays with a connection after a response, in milliseconds.
LINGER_MILLISECONDS = 2

#: The same as the C structure ``timeval``: seconds and microseconds.
_LINGER = struct.pack("ll", 0, 1000 * LINGER_MILLISECONDS)

#: The flag by which a call does not wait; Windows has none, there the socket itself is made non-blocking.
_DONT_WAIT: int = getattr(socket, "MSG_DONTWAIT", 0)


def open_stream(
    peer: socket.socket, mode: str, timeout: float, data: bytes = b""
) -> SocketReader | SocketWriter:
    """Returns the reader or, for a mode without ``r``, the writer of a connection.

    Args:
        data: what was read of the connection already.
    """
    peer.setblocking(bool(_DONT_WAIT))
    return SocketReader(peer, timeout, data) if "r" in mode else SocketWriter(peer, timeout)


class StreamReader(ABC):
    """Reader of requests, with a buffer.

    Args:
        data: what was read already.
    """

    def __init__(self, data: bytes = b"") -> None:
        self._data = data
        self._position = 0

    @abstractmethod
    def _receive(self) -> bytes:
        """Waits for data; empty at the end of the connection."""

    @abstractmethod
    def linger(self) -> bool:
        """Waits for the next request for a moment; returns True if there are data, or the end."""

    def has_data(self) -> bool:
        """Returns True if data are in the buffer."""
        return self._position < len(self._data)

    def buffered(self) -> bytes:
        """Returns the data that were received and not used yet."""
        return self._data[self._position :]

    def skip(self, size: int) -> None:
        """Passes over data that are in the buffer."""
        self._position += size

    def receive(self) -> bool:
        """Waits for more data in the buffer; returns False at the end of the connection."""
        return self._keep(self._receive())

    def _keep(self, data: bytes) -> bool:
        self._data = self._data[self._position :] + data
        self._position = 0
        return bool(data)

    def read(self, size: int) -> bytes:
        """Reads a number of bytes; fewer at the end of the connection."""
        pieces = [self._data[self._position : self._position + size]]
        self._position += len(pieces[0])
        left = size - len(pieces[0])
        while left > 0 and self.receive():
            piece = self._data[:left]
            self._position = len(piece)
            left -= len(piece)
            pieces.append(piece)
        return b"".join(pieces)

    def readline(self, limit: int) -> bytes:
        """Reads up to the end of a line, or a number of bytes; fewer at the end of the connection."""
        searched = self._position
        while (end := self._data.find(b"\n", searched) + 1) == 0:
            searched = len(self._data) - self._position
            if searched >= limit or not self.receive():
                end = len(self._data)
                break
        return self.read(min(end - self._position, limit))

    def close(self) -> None:
        """Forgets what is in the buffer; the socket stays as it is."""
        self._data = b""
        self._position = 0


class SocketReader(StreamReader):
    """Reader of a socket.

    Args:
        timeout: the most seconds that a read waits for data.
        data: what was read already.

    Raises:
        TimeoutError: from reads, with the text by which cheroot knows it.
    """

    def __init__(self, peer: socket.socket, timeout: float, data: bytes = b"") -> None:
        super().__init__(data)
        self._peer = peer
        self._timeout = int(timeout * 1000)
        if _DONT_WAIT:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _LINGER)

    def _receive(self) -> bytes:
        while True:
            try:
                return self._peer.recv(_BUFFER_SIZE, _DONT_WAIT)
            except BlockingIOError:
                if not is_readable(self._peer, self._timeout):
                    raise TimeoutError("timed out") from None

    def fill(self) -> bool:
        """Reads what the socket has into the buffer, without waiting; returns False if there is nothing yet."""
        if self.has_data():
            return True
        try:
            return self._keep(self._peer.recv(_BUFFER_SIZE, _DONT_WAIT))
        except BlockingIOError:
            return False

    def linger(self) -> bool:
        if self.has_data():
            return True
        if not _DONT_WAIT:
            return is_readable(self._peer, LINGER_MILLISECONDS)
        # The system waits as long as `SO_RCVTIMEO` says: one call fewer than to wait and to read.
        try:
            self._keep(self._peer.recv(_BUFFER_SIZE))
        except BlockingIOError:
            return False
        except OSError:
            pass  # the next read reports it
        return True


class TlsReader(StreamReader):
    """Reader of a connection with TLS, whose socket has the timeout of a read."""

    def __init__(self, peer: socket.socket) -> None:
        super().__init__()
        self._peer = peer

    def _receive(self) -> bytes:
        return self._peer.recv(_TLS_BUFFER_SIZE)

    def linger(self) -> bool:
        return self.has_data() or is_readable(self._peer, LINGER_MILLISECONDS)


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
        try:
            sent = self._peer.send(data, _DONT_WAIT)
        except BlockingIOError:
            sent = 0
        rest = memoryview(data)[sent:]
        while rest:
            try:
                rest = rest[self._peer.send(rest, _DONT_WAIT) :]
            except BlockingIOError:
                if not is_writable(self._peer, self._timeout):
                    raise TimeoutError("timed out") from None
        return len(data)

    def flush(self) -> None:
        """Nothing is kept back."""
