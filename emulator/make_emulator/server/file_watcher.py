"""Watcher of files: it compares their times and sizes at intervals, which costs next to nothing and works on every file system."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

#: Seconds between two looks at the files; a change counts when it has not changed further until the next.
INTERVAL = 0.25

_Stamp = tuple[int, int, int]

log = logging.getLogger("make_emulator.watch")


class FileWatcher:
    """Watcher of files, in a thread of its own.

    Args:
        list_files: returns the files to watch, anew at each look: some may be created and deleted.
        on_change: called with the files that were changed, created or deleted.
    """

    def __init__(
        self, list_files: Callable[[], Iterable[Path]], on_change: Callable[[list[Path]], None]
    ) -> None:
        self._list_files = list_files
        self._on_change = on_change
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="file-watcher", daemon=True)
        self._known: Mapping[Path, _Stamp] = {}
        self._known = self._stamps()
        self._unsettled: Mapping[Path, _Stamp] | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def poll(self) -> None:
        """Look at the files once; a change that is as at the look before is handled."""
        stamps = self._stamps()
        if stamps == self._known:
            self._unsettled = None
        elif stamps != self._unsettled:
            # An editor may be in the middle of it.
            self._unsettled = stamps
        else:
            changed = sorted({path for path, _ in stamps.items() ^ self._known.items()})
            self._on_change(changed)
            self._known, self._unsettled = stamps, None

    def _run(self) -> None:
        while not self._stopped.wait(INTERVAL):
            try:
                self.poll()
            except Exception:
                # The next change may be handled again.
                log.exception("a change of files could not be handled")

    def _stamps(self) -> dict[Path, _Stamp]:
        """Returns time, size and number of each file that exists."""
        stamps = {}
        for path in {*self._list_files(), *self._known}:
            try:
                status = path.stat()
            except OSError:
                continue
            stamps[path] = status.st_mtime_ns, status.st_size, status.st_ino
        return stamps
