"""Atomic writing of files."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from stat import S_IMODE


def write_atomically(path: Path, data: bytes) -> None:
    """Replaces a file atomically, readable by its owner only.

    Raises:
        OSError: if it cannot be written.
    """
    write_pieces_atomically(path, [data])


def write_pieces_atomically(path: Path, pieces: Iterable[bytes]) -> None:
    """Replaces a file atomically, piece by piece, readable by its owner only.

    Raises:
        OSError: if it cannot be written.
    """
    temporary = path.with_name(f"{path.name}.tmp")
    write_synced(temporary, pieces)
    replace_synced(temporary, path)


def rewrite_atomically(path: Path, data: bytes) -> None:
    """Replaces an existing file atomically, whose permissions stay; a symbolic link keeps leading to it.

    Raises:
        OSError: if it cannot be written.
    """
    target = path.resolve()
    mode = S_IMODE(target.stat().st_mode)
    # The name of no file of the user.
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    write_synced(temporary, [data])
    try:
        temporary.chmod(mode)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    replace_synced(temporary, target)


def write_synced(path: Path, pieces: Iterable[bytes]) -> int:
    """Writes a file, readable by its owner only, through to the disk; returns its size in bytes.

    Raises:
        OSError: if it cannot be written; then there is none.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
            return file.tell()
    except BaseException:
        # An incomplete file may hold secrets.
        path.unlink(missing_ok=True)
        raise


def replace_synced(temporary: Path, path: Path) -> None:
    """Replaces a file by another one atomically, and syncs the folder.

    Raises:
        OSError: if it cannot be replaced; then the other one is removed.
    """
    try:
        temporary.replace(path)
    except OSError:
        # It may hold secrets.
        temporary.unlink(missing_ok=True)
        raise
    _fsync_folder(path.parent)


def _fsync_folder(folder: Path) -> None:
    """Syncs a folder, where that is possible, so that the new name survives a power failure."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
