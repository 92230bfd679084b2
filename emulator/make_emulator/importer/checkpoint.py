"""Checkpoint of an import: the steps read so far, in a file, so that an interrupted import can resume.

The file has lines of JSON: the first identifies the import, each other has one step and its masked values. Lines are
appended and flushed one by one; after a crash in the middle of one, the lines before it are valid. Secrets are masked
before they are written.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from ..redaction.blueprints import MaskedValue, Masker

FORMAT = "make-emulator pull 1"


class CheckpointError(Exception):
    """A part file that cannot be used; the text is one line."""


class Checkpoint:
    """Store of the steps of an import, in memory and optionally in a file.

    Args:
        masker: masks the secrets of each step.
        path: the file; ``None`` for none.
    """

    def __init__(self, masker: Masker, path: Path | None = None) -> None:
        self.masked: list[MaskedValue] = []
        self.path = path
        self._masker = masker
        self._loaded_steps: dict[str, tuple[Any, list[MaskedValue]]] = {}
        self._stored_keys: set[str] = set()
        self._file: BinaryIO | None = None

    def open(self, subject: Mapping[str, object], *, resume: bool) -> int:
        """Starts the file, or resumes it; returns the number of steps in it.

        Args:
            subject: the identity of the import, e.g. zone and team.

        Raises:
            CheckpointError: if the file belongs to another import, or is not a checkpoint.
            OSError: if it cannot be read or written.
        """
        if self.path is None:
            return 0
        end = self._load(subject) if resume else 0
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        self._file = os.fdopen(descriptor, "r+b")
        self._file.truncate(end)
        self._file.seek(end)
        if end == 0:
            self._write({"format": FORMAT, "of": dict(subject)})
        self._stored_keys.update(self._loaded_steps)
        return len(self._loaded_steps)

    def get_or_read(self, key: str, read: Callable[[], Any]) -> Any:
        """Returns the result of a step without secrets: from the file if it was read before, else from ``read``."""
        if key in self._loaded_steps:
            value, masked = self._loaded_steps[key]
        else:
            value, masked = self._masker.mask(key, read())
            if self._file is not None:
                self._stored_keys.add(key)
                self._write({"step": key, "value": value, "masked": [list(each) for each in masked]})
        self.masked += masked
        return value

    @property
    def steps(self) -> int:
        """Number of steps in the file."""
        return len(self._stored_keys)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def remove(self) -> None:
        """Removes the file, once the seed is written."""
        self.close()
        if self.path is not None:
            self.path.unlink(missing_ok=True)

    def _write(self, line: Mapping[str, object]) -> None:
        assert self._file is not None
        self._file.write(orjson.dumps(line) + b"\n")
        self._file.flush()

    def _load(self, subject: Mapping[str, object]) -> int:
        """Reads the complete lines; returns the offset of their end."""
        assert self.path is not None
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return 0
        end = 0
        for number, line in enumerate(data.splitlines(keepends=True)):
            try:
                if not line.endswith(b"\n"):
                    break
                row = orjson.loads(line)
                if number == 0:
                    self._check_header(row, subject)
                else:
                    self._loaded_steps[row["step"]] = (
                        row["value"],
                        [MaskedValue(*each) for each in row["masked"]],
                    )
            except (orjson.JSONDecodeError, KeyError, TypeError):
                if number == 0:
                    raise CheckpointError(f"{self.path} is not a checkpoint of a pull") from None
                break
            end += len(line)
        return end

    def _check_header(self, header: Any, subject: Mapping[str, object]) -> None:
        if not isinstance(header, dict) or header.get("format") != FORMAT:
            raise CheckpointError(f"{self.path} is not a checkpoint of a pull")
        if header.get("of") != dict(subject):
            raise CheckpointError(
                f"{self.path} is a checkpoint of another pull; without --resume it is overwritten"
            )
