"""Persistence of the default world for ``serve --state FILE``.

The file is a snapshot. It is written when the server stops, and every few seconds while the state changes; writes are
atomic, so a server that is killed at any moment leaves a file that can be loaded.
"""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from ..io import write_atomically
from ..registry import WorldRegistry
from ..world import snapshot
from ..world.schema import TABLES
from ..world.world import World

#: The interval of checks for changes, in seconds.
SAVE_INTERVAL = 2.0

#: The pause before the next save, as a multiple of the duration of the last one: a large world is not saved all the time.
SAVE_BACKOFF_FACTOR = 10

#: The most seconds that a save waits for the end of runs, so that it does not hold half of their changes.
RUN_TIMEOUT = 1.0

log = logging.getLogger("make_emulator.server.persistence")


class StateFile:
    """Background writer that saves one of a server's worlds to a file."""

    def __init__(
        self, path: Path, registry: WorldRegistry, name: str, *, every: float = SAVE_INTERVAL
    ) -> None:
        self._path = path
        self._registry = registry
        self._name = name
        self._every = every
        self._saved: tuple[World, bytes] | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._save_loop, name="make-emulator-state", daemon=True)

    def load(self) -> bool:
        """Restore the world from the file; false if there is no file yet.

        Raises:
            ValueError: if the file is not a snapshot.
            OSError: if the file cannot be read.
        """
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return False
        # Time went on while the server was stopped: what fell due in between happens with the first request.
        if handle := self._registry.get(self._name):
            self._registry.replace(handle, snapshot.loads(data, self._name, resume=True))
        return True

    def start(self) -> None:
        """Save now, and from now on after changes.

        Raises:
            OSError: if the file cannot be written.
        """
        self.save()
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread, and save a last time.

        Raises:
            OSError: if the file cannot be written.
        """
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self.save()

    def save(self) -> None:
        """Write the file, unless nothing changed since the last save, or the world was deleted."""
        handle = self._registry.get(self._name)
        if handle is None:
            return
        with handle.locked() as world:
            world.wait_for_runs(RUN_TIMEOUT)
            fingerprint = _fingerprint(world)
            if self._saved is not None and self._saved == (world, fingerprint):
                return
            state = snapshot.take(world)
        write_atomically(self._path, snapshot.dumps(state))
        self._saved = (world, fingerprint)

    def _save_loop(self) -> None:
        wait = self._every
        while not self._stopping.wait(wait):
            started = time.monotonic()
            try:
                self.save()
            except OSError as error:
                log.warning("cannot write %s: %s", self._path, error.strerror or error)
            except Exception:
                # The next save may succeed.
                log.exception("cannot save the state")
            wait = max(self._every, SAVE_BACKOFF_FACTOR * (time.monotonic() - started))


def _fingerprint(world: World) -> bytes:
    """Fingerprint of the state, without the time of a running clock."""
    header = snapshot.header(world)
    if not world.clock.frozen:
        del header["clock"]["now"]
    changes = {name: world.table(name).revision for name in TABLES}
    return snapshot.dumps({**header, "scripts": list(world.scripts.values()), "changes": changes})
