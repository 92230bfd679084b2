"""Persistence of worlds for ``serve --state FILE``: a snapshot, continued by a write-ahead log.

Every change is appended to the log before its response goes out, so a server that is killed at any moment loses no
change that a client knows of; with ``sync`` neither does a machine that loses its power. A change is one record, which
is there as a whole or not at all; so is a run, whatever calls of the world it let through meanwhile. When the log has grown, a thread writes a new snapshot, and the log starts again. A
server that stops leaves a snapshot alone. Counts of rate windows are stored with the next change.

``FILE`` is the snapshot and ``FILE.log.N`` are the segments of the log that continue it. A snapshot names its log and
its first segment, so that no log continues another snapshot.
"""

from __future__ import annotations

import hashlib
from dataclasses import fields
from pathlib import Path
from urllib.parse import quote, unquote

from ..registry import WorldHandle, WorldNameTakenError, WorldRegistry, WorldSpec
from ..world.snapshot_reader import InvalidSnapshotError
from .recovery import StoredState, read_state
from .world_store import CompactionQueue, WorldStore, not_stored


class StateFiles:
    """State of a server's default world, or of all its worlds, in files.

    Args:
        path: the file of the default world; the other worlds have theirs in the folder ``FILE.worlds``.
        default: the name of the default world.
        all_worlds: true to keep all worlds.
        sync: true to write each change through to the disk before its response goes out.
    """

    def __init__(
        self,
        path: Path,
        registry: WorldRegistry,
        default: str,
        *,
        all_worlds: bool = False,
        sync: bool = False,
    ) -> None:
        self._path = path
        self._folder = path.with_name(f"{path.name}.worlds")
        self._registry = registry
        self._default = default
        self._all_worlds = all_worlds
        self._sync = sync
        self._compaction = CompactionQueue(registry)
        self._stored: dict[str, tuple[Path, StoredState]] = {}

    def load(self) -> bool:
        """Restore the worlds from their files; false if the default world has none yet.

        Raises:
            ValueError: if a file holds no state that can be restored.
            OSError: if a file cannot be read.
        """
        if self._all_worlds and self._folder.is_dir():
            for path in sorted(self._folder.glob("*.json")):
                self._load_world(path)
        if not self._registry.shard.has_name(self._default):
            return False
        stored = read_state(self._path, self._default, cut=True)
        if stored is None:
            return False
        # Time went on while the server was stopped: what fell due in between happens with the first request.
        if handle := self._registry.get(self._default):
            self._registry.replace(handle, stored.world)
            self._stored[self._default] = self._path, stored
        return True

    def start(self) -> None:
        """Store every change from now on.

        Raises:
            OSError: if the files cannot be written.
        """
        for handle in self._registry:
            if handle.name == self._default or self._all_worlds:
                self._open_store(handle)
        if self._all_worlds:
            self._registry.open_store = self._create_store
        self._compaction.start()

    def flush(self) -> None:
        """Write everything through to the disk at once."""
        for handle in self._registry:
            if isinstance(handle.store, WorldStore):
                handle.store.flush(handle)

    def stop(self) -> None:
        """Leave snapshots alone, as far as they are small, and store no later change."""
        self._compaction.stop()
        self._registry.open_store = None
        for handle in self._registry:
            if isinstance(handle.store, WorldStore):
                handle.store.close(handle)

    def _load_world(self, path: Path) -> None:
        shard = self._registry.shard
        # The files of other workers are theirs alone: reading a log may cut it.
        if shard.count > 1 and not shard.has_name(_world_name(path)):
            return
        stored = read_state(path, "", cut=True)
        assert stored is not None
        known = {field.name for field in fields(WorldSpec)}
        spec = {name: value for name, value in (stored.spec or {}).items() if name in known}
        if "name" not in spec:
            raise InvalidSnapshotError(f"{path} names no world")
        stored.world.rename(spec["name"])
        try:
            self._registry.create(WorldSpec(**spec), stored.world)
        except WorldNameTakenError:
            raise InvalidSnapshotError(f"{path} is a second world '{spec['name']}'") from None
        self._stored[spec["name"]] = path, stored

    def _create_store(self, handle: WorldHandle) -> WorldStore:
        try:
            return self._open_store(handle)
        except OSError as error:
            raise not_stored(error) from error

    def _open_store(self, handle: WorldHandle) -> WorldStore:
        is_default = handle.name == self._default
        path, stored = self._stored.pop(handle.name, (None, None))
        if path is None:
            path = self._path if is_default else self._world_path(handle.name)
        if not is_default:
            self._folder.mkdir(mode=0o700, exist_ok=True)
        store = WorldStore(path, self._compaction, is_sync=self._sync, is_removable=not is_default)
        store.open(handle, stored)
        return store

    def _world_path(self, name: str) -> Path:
        """Returns a file name that is valid and different for each world, whatever the file system makes of case and length."""
        return self._folder / f"{quote(name, safe='', errors='replace')[:80]}-{_digest(name)}.json"


def _world_name(path: Path) -> str:
    """Returns the name of the world of a file, from that of the file, or from its content if the name is too long.

    Raises:
        ValueError: if the file holds no state that can be restored.
        OSError: if it cannot be read.
    """
    text, _, digest = path.stem.rpartition("-")
    if _digest(name := unquote(text)) == digest:
        return name
    stored = read_state(path, "")
    spec = stored.spec if stored is not None else None
    return str((spec or {}).get("name", ""))


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
