"""Segments of a write-ahead log: files of records, each with its length and checksum, that only grow."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

#: First bytes of a segment; the last of them is the version of the format.
MAGIC = b"MAKELOG\x01"

#: Length and CRC-32 of a record, before it.
_FRAME = struct.Struct("<II")


class DamagedSegmentError(ValueError):
    """File that is no segment of a log, or one with a damaged record before its end."""


class Segment:
    """Segment of a log, open for appending; the caller serializes the calls.

    Args:
        path: the file; it is created, with one record that names it, or opened at its end.
        header: the first record.
        keeps_open: false to open the file for each record, where a server has many.
    """

    def __init__(self, path: Path, header: bytes, *, keeps_open: bool = True) -> None:
        self.path = path
        self._keeps_open = keeps_open
        self._file: BinaryIO | None = None
        is_new = not path.exists()
        self._end = 0 if is_new else path.stat().st_size
        if is_new:
            try:
                self._write(MAGIC + _frame(header))
            except OSError:
                self.close()
                path.unlink(missing_ok=True)
                raise

    @property
    def size(self) -> int:
        """The bytes of the file."""
        return self._end

    def append(self, record: bytes) -> None:
        """Append a record: it survives the end of this process.

        Raises:
            OSError: if it could not be written; then the segment is what it was.
        """
        self._write(_frame(record))

    def probe(self, size: int) -> None:
        """Check that a record of ``size`` bytes could be appended.

        Raises:
            OSError: if it could not.
        """
        end = self._end
        self._write(bytes(size))
        self._end = end
        self._truncate()

    def sync(self) -> None:
        """Write the file through to the disk: it survives a power failure.

        Raises:
            OSError: if the disk does not take it.
        """
        file = self._open()
        os.fsync(file.fileno())
        self._release()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self, data: bytes) -> None:
        file = self._open()
        try:
            file.seek(self._end)
            rest = memoryview(data)
            while rest:
                rest = rest[file.write(rest) :]
        except OSError:
            self._truncate()
            raise
        finally:
            self._release()
        self._end += len(data)

    def _truncate(self) -> None:
        """Cut off what is incomplete; where that fails, the next record overwrites it."""
        file = self._open()
        try:
            file.truncate(self._end)
        except OSError:
            pass
        finally:
            self._release()

    def _open(self) -> BinaryIO:
        if self._file is None:
            # Created once only: a segment that was removed stays so. Unbuffered: a record is the system's as soon as it is written.
            flags = os.O_RDWR | getattr(os, "O_BINARY", 0) | (0 if self._end else os.O_CREAT)
            self._file = open(os.open(self.path, flags, 0o600), "r+b", buffering=0)  # noqa: SIM115
        return self._file

    def _release(self) -> None:
        if not self._keeps_open:
            self.close()


def _frame(record: bytes) -> bytes:
    return _FRAME.pack(len(record), zlib.crc32(record)) + record


def read_records(path: Path) -> Iterator[tuple[bytes, int]]:
    """Yields each whole record of a segment, and the offset of its end; stops at one that is incomplete.

    Raises:
        DamagedSegmentError: if the file is no segment.
        OSError: if it cannot be read.
    """
    with path.open("rb") as file:
        magic = file.read(len(MAGIC))
        if not MAGIC.startswith(magic):
            raise DamagedSegmentError(f"{path} is no log of a state")
        end = len(magic)
        size = path.stat().st_size
        while len(frame := file.read(_FRAME.size)) == _FRAME.size:
            length, checksum = _FRAME.unpack(frame)
            # Compared first: a damaged length must not reserve memory. Zeros are space that was reserved.
            if not length or end + _FRAME.size + length > size:
                return
            record = file.read(length)
            if len(record) != length or zlib.crc32(record) != checksum:
                return
            end += _FRAME.size + length
            yield record, end
