"""Segments of a write-ahead log: files of records, each with its length and checksum, that only grow."""

from __future__ import annotations

import os
import struct
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

if sys.platform != "win32":
    import fcntl

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
        try:
            if is_new:
                self._write(MAGIC + _frame(header))
            else:
                with self._opened():
                    pass
        except OSError:
            self.close()
            if is_new:
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
        with self._opened() as file:
            self._truncate(file)

    def sync(self) -> None:
        """Write the file through to the disk: it survives a power failure. Other threads may append meanwhile.

        Raises:
            OSError: if the disk does not take it.
        """
        with self._opened() as file:
            os.fsync(file.fileno())

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self, data: bytes) -> None:
        with self._opened() as file:
            try:
                file.seek(self._end)
                rest = memoryview(data)
                while rest:
                    rest = rest[file.write(rest) :]
            except OSError:
                self._truncate(file)
                raise
        self._end += len(data)

    def _truncate(self, file: BinaryIO) -> None:
        """Cut off what is incomplete; where that fails, the next record overwrites it."""
        with suppress(OSError):
            file.truncate(self._end)

    @contextmanager
    def _opened(self) -> Iterator[BinaryIO]:
        if self._keeps_open:
            if self._file is None:
                self._file = self._open()
                reserve(self._file)
            yield self._file
        else:
            with self._open() as file:
                yield file

    def _open(self) -> BinaryIO:
        # Created once only: a segment that was removed stays so. Unbuffered: a record is the system's as soon as it is written.
        flags = os.O_RDWR | getattr(os, "O_BINARY", 0) | (0 if self._end else os.O_CREAT)
        return open(os.open(self.path, flags, 0o600), "r+b", buffering=0)


def reserve(file: BinaryIO) -> None:
    """Reserve a segment for this process, where the system has such locks, until the file is closed.

    Raises:
        BlockingIOError: if another process has it open.
    """
    if sys.platform != "win32":
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BlockingIOError(error.errno, "another server has it open") from None
        except OSError:
            # Some network file systems have no locks.
            return


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
