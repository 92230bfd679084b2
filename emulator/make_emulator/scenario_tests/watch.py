"""Watcher of test files: finds those that a changed file belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from .documents import find_test_files

#: Time of the last change of a file and its size; ``None`` for a file that does not exist.
_State = tuple[int, int] | None


class FileWatcher:
    """Watcher of the test files of some paths, and of the files that these depend on.

    Args:
        paths: files and folders, in which new test files are found, too.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self._paths = list(paths)
        self._dependencies: dict[Path, set[Path]] = {}
        self._states: dict[Path, _State] = {}

    def add(self, dependencies: Mapping[Path, set[Path]]) -> None:
        """Adds test files with the files that each depends on, in their present state."""
        self._dependencies |= dependencies
        for files in dependencies.values():
            for file in files:
                self._states[file] = _state_of(file)

    def poll(self) -> Sequence[Path]:
        """Returns the test files that are new, or that belong to a file which has changed since they were added."""
        present = [path for path in find_test_files(self._paths) if path.exists()]
        for gone in self._dependencies.keys() - set(present):
            del self._dependencies[gone]
        changed = {file for file, state in self._states.items() if _state_of(file) != state}
        return [
            path
            for path in present
            if path not in self._dependencies or not changed.isdisjoint(self._dependencies[path])
        ]


def _state_of(file: Path) -> _State:
    try:
        found = file.stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size
