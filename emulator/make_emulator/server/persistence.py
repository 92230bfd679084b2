"""``serve --state FILE``: the state of the default world outlives the server.

The file is a snapshot. It is written when the server stops, and every few seconds while something changes; a server
that is killed at any moment leaves a file that can be loaded.
"""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from ..io import write_atomically
from ..registry import WorldRegistry
from ..world import snapshot
from ..world.tables import Table
from ..world.world import World

#: How often it is looked for changes, in seconds.
SAVE_INTERVAL = 2.0

#: So much longer than the last saving took is waited before the next one: a huge world is not saved all the time.
SAVE_BACKOFF_FACTOR = 10

log = logging.getLogger("make_emulator.server.persistence")


class StateFile:
    """Keeps a file in step with one of a server's worlds."""

    def __init__(
        self, path: Path, tenants: WorldRegistry, name: str, *, every: float = SAVE_INTERVAL
    ) -> None:
        self._path = path
        self._tenants = tenants
        self._name = name
        self._every = every
        self._saved: tuple[World, bytes] | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._save_loop, name="make-emulator-state", daemon=True)

    def load(self) -> bool:
        """Bring back the state that the file holds; false if there is no file yet.

        Raises:
            ValueError: if the file holds no state.
            OSError: if the file cannot be read.
        """
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return False
        # The world lived on while the server was stopped: what fell due in between happens with the first request.
        if tenant := self._tenants.get(self._name):
            self._tenants.replace(tenant, snapshot.loads(data, self._name, resume=True))
        return True

    def start(self) -> None:
        """Save now, and from now on whenever something changed.

        Raises:
            OSError: if the file cannot be written.
        """
        self.save()
        self._thread.start()

    def stop(self) -> None:
        """Save for the last time.

        Raises:
            OSError: if the file cannot be written.
        """
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self.save()

    def save(self) -> None:
        """Write the file, unless nothing changed since it was written, or the world was deleted."""
        tenant = self._tenants.get(self._name)
        if tenant is None:
            return
        with tenant.locked() as world:
            mark = _fingerprint(world)
            if self._saved is not None and self._saved[0] is world and self._saved[1] == mark:
                return
            state = snapshot.take(world)
        write_atomically(self._path, snapshot.dumps(state))
        self._saved = (world, mark)

    def _save_loop(self) -> None:
        wait = self._every
        while not self._stopping.wait(wait):
            started = time.monotonic()
            try:
                self.save()
            except OSError as error:
                log.warning("cannot write %s: %s", self._path, error.strerror or error)
            except Exception:
                # Whatever it was, the next change may be saved again.
                log.exception("cannot save the state")
            wait = max(self._every, SAVE_BACKOFF_FACTOR * (time.monotonic() - started))


def _fingerprint(world: World) -> bytes:
    """What is another as soon as anything but the time of a clock that runs has changed."""
    header = snapshot.header(world)
    if not world.clock.frozen:
        del header["clock"]["now"]
    changes = {name: table.revision for name, table in vars(world).items() if isinstance(table, Table)}
    return snapshot.dumps({**header, "scripts": list(world.scripts.values()), "changes": changes})
