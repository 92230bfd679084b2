"""Streams of bytes that a test gives, as the server reads them."""

from __future__ import annotations

from make_emulator.server.socket_stream import StreamReader


class PieceReader(StreamReader):
    """Reader of bytes that arrive in pieces.

    Args:
        size: the size of a piece.
    """

    def __init__(self, data: bytes, size: int = 65_536) -> None:
        super().__init__()
        self._pieces = [data[start : start + size] for start in range(0, len(data), size)]

    def _receive(self) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""

    def linger(self) -> bool:
        return True

    def rest(self) -> bytes:
        """The bytes that were not used yet."""
        return self.buffered() + b"".join(self._pieces)
