"""Store of one world: a snapshot, continued by a write-ahead log that gets every change before its response goes out."""

from __future__ import annotations

import glob
import logging
import threading
import uuid
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

import orjson

from ..error_reasons import os_error_reason
from ..io import replace_synced, write_synced
from ..registry import WorldHandle, WorldRegistry
from ..world import snapshot
from ..world.change_log import ChangeRecorder
from ..world.exceptions import StateNotStoredError
from ..world.world import World
from .recovery import LogName, StoredState, find_segments, read_state, segment_path
from .write_ahead_log import Segment

#: The bytes of a log from which a new snapshot is written, unless the last snapshot is larger than that.
COMPACTION_SIZE = 4 * 1024 * 1024

#: A server that stops writes snapshots up to this size; a larger one would delay the end, and its log is left as it is.
FINAL_SNAPSHOT_SIZE = 32 * 1024 * 1024

#: The bytes that must be free for changes to be accepted again.
RESERVE = 65_536

#: The most seconds that the end of a server waits for runs that were interrupted; their changes are in the log already.
_RUN_TIMEOUT = 0.5

log = logging.getLogger("make_emulator.server.world_store")


class WorldStore:
    """Snapshot and log of one world.

    Args:
        path: the file of the snapshot.
        is_sync: true to write each change through to the disk.
        is_removable: true if the files of a deleted world are deleted too.
        compaction: the queue of stores that need a new snapshot.
    """

    def __init__(
        self, path: Path, compaction: CompactionQueue, *, is_sync: bool = False, is_removable: bool = False
    ) -> None:
        self._path = path
        self._compaction = compaction
        self._is_sync = is_sync
        self._is_removable = is_removable
        #: Guards the files against a snapshot that is published meanwhile; taken after the lock of the world.
        self._files = threading.Lock()
        self._sync_lock = threading.Lock()
        self._name = LogName(uuid.uuid4().hex, 0)
        self._spec: dict[str, Any] | None = None
        self._segment: Segment | None = None
        self._recorder: ChangeRecorder | None = None
        #: Records that could neither be written nor undone; they go first.
        self._unwritten: list[bytes] = []
        #: The size of the log from which it is compacted.
        self._compaction_size = COMPACTION_SIZE
        self._snapshot_size = 0
        #: Count of bytes ever written, of those that the snapshot has, and of those that are through to the disk.
        self._written = 0
        self._in_snapshot = 0
        self._synced = 0
        #: The size of the record that could not be written; 0 while all is well.
        self._refused = 0
        #: True after a failed sync: only a new snapshot makes sure what is on the disk.
        self._needs_snapshot = False
        #: Changes when another state takes the place of the world's; a snapshot of the former is dropped then.
        self._epoch = 0

    # --- opening and closing ---

    def open(self, handle: WorldHandle, stored: StoredState | None = None) -> None:
        """Store the changes of a world from now on; without a stored state that is continued, write a snapshot first.

        Raises:
            OSError: if the files cannot be written.
        """
        if self._is_removable:
            self._spec = {field.name: getattr(handle.spec, field.name) for field in fields(handle.spec)}
        with handle.world.lock:
            if stored is not None and stored.name is not None:
                self._name = LogName(stored.name.id, stored.last_segment)
                self._written = stored.log_size
                self._snapshot_size = self._path.stat().st_size
                self._segment = self._open_segment(self._name)
                self._compaction_size = max(COMPACTION_SIZE, self._snapshot_size)
            else:
                self._write_snapshot(handle.world)
            self._recorder = ChangeRecorder(handle.world)
        # Of a server that was killed.
        for temporary in self._path.parent.glob(f"{glob.escape(self._path.name)}.*.tmp"):
            temporary.unlink()
        handle.store = self

    def close(self, handle: WorldHandle) -> None:
        """Store what is left, as a snapshot alone if it is small, and store no later change."""
        world = handle.world
        with world.lock:
            if world is not handle.world or self._recorder is None:
                return
            # The server interrupted the runs: what they did last is stored too.
            world.wait_for_runs(_RUN_TIMEOUT)
            is_small = max(self._snapshot_size, self._log_size) <= FINAL_SNAPSHOT_SIZE
            try:
                self._commit_deferred()
                if is_small and self._log_size:
                    self._write_snapshot(world)
                if not self._log_size and self._segment is not None:
                    self._segment.close()
                    self._segment.path.unlink()
            except OSError as error:
                # The log has every change that a client knows of.
                log.warning("cannot write %s: %s", self._path, os_error_reason(error))
            finally:
                self._close_segment()
                self._recorder = None
                handle.store = None

    def flush(self, handle: WorldHandle) -> None:
        """Store the deferred changes too, and write all through to the disk."""
        with handle.world.lock:
            if self._recorder is None or self._segment is None:
                return
            try:
                self._commit_deferred()
                self._segment.sync()
            except OSError as error:
                log.warning("cannot write %s: %s", self._segment.path, os_error_reason(error))

    @property
    def _log_size(self) -> int:
        """The bytes of the log since the snapshot."""
        return self._written - self._in_snapshot

    def _commit_deferred(self) -> None:
        """Store calls counted in rate windows too."""
        assert self._recorder is not None
        if record := self._recorder.take(deferred=True):
            self._append(record)

    # --- changes ---

    @property
    def is_writable(self) -> bool:
        """False while changes cannot be stored."""
        if self._needs_snapshot:
            self._compaction.put(self)
            return False
        if not self._refused or self._segment is None:
            return True
        try:
            self._segment.probe(max(self._refused, RESERVE))
        except OSError:
            return False
        log.warning("%s can be written again", self._segment.path)
        self._refused = 0
        return True

    def commit(self, handle: WorldHandle) -> int:
        """Store the changes since the last commit, or undo them; returns the position for `sync`, 0 for no change."""
        if self._recorder is None:
            return 0
        try:
            record = self._recorder.take()
        except Exception:
            # Nothing that cannot be stored stays in the memory.
            self._undo(handle)
            raise
        if record is None:
            return 0
        try:
            self._append(record)
        except OSError as error:
            assert self._segment is not None
            if not self._refused:
                log.warning(
                    "cannot write %s: %s; changes are refused", self._segment.path, os_error_reason(error)
                )
            self._refused = len(record)
            if not self._undo(handle):
                self._unwritten.append(record)
            raise not_stored(error) from error
        if self._log_size > self._compaction_size:
            self._compaction.put(self)
        return self._written if self._is_sync else 0

    def sync(self, position: int) -> None:
        """Write the log through to the disk up to a position; one call does it for all that wait."""
        with self._sync_lock:
            if self._synced >= position or self._segment is None:
                return
            if self._needs_snapshot:
                raise StateNotStoredError("The state of the emulator cannot be stored.")
            written = self._written
            try:
                self._segment.sync()
            except OSError as error:
                self._needs_snapshot = True
                self._compaction.put(self)
                log.warning(
                    "cannot write %s: %s; changes are refused", self._segment.path, os_error_reason(error)
                )
                raise not_stored(error) from error
            self._synced = written

    def _append(self, *records: bytes) -> None:
        """Append records to the log, after those that could not be written before."""
        assert self._segment is not None
        waiting = len(self._unwritten)
        for record in (*self._unwritten, *records):
            self._segment.append(record)
            self._written += len(record)
            if waiting:
                waiting -= 1
                del self._unwritten[0]
        self._refused = 0

    def _undo(self, handle: WorldHandle) -> bool:
        """Go back to the stored state; false if it cannot be read now."""
        try:
            with self._files:
                stored = read_state(self._path, handle.name)
        except (OSError, ValueError, MemoryError):
            log.exception("cannot undo a change that could not be stored")
            return False
        assert stored is not None
        world = stored.world
        world.rate_windows.update(handle.world.rate_windows)
        handle.replace_world(world)
        self._recorder = ChangeRecorder(world)
        return True

    # --- snapshots ---

    def replace(self, world: World) -> None:
        """Store another state of the world, which takes its place."""
        if self._recorder is None:
            return
        try:
            self._write_snapshot(world)
        except OSError as error:
            raise not_stored(error) from error
        self._recorder = ChangeRecorder(world)

    def delete(self) -> None:
        """Forget the world; its files are deleted too, unless they belong to the default world."""
        self._epoch += 1
        self._recorder = None
        with self._sync_lock:
            self._close_segment()
            self._segment = None
        if self._is_removable:
            with self._files:
                try:
                    self._path.unlink(missing_ok=True)
                    for segment in find_segments(self._path).values():
                        segment.unlink(missing_ok=True)
                except OSError as error:
                    raise not_stored(error) from error

    def compact(self, handle: WorldHandle) -> None:
        """Write a new snapshot in the background; changes go on in a new segment.

        Raises:
            OSError: if it cannot be written; then the log goes on.
        """
        with handle.locked() as world:
            if self._recorder is None or self._segment is None:
                return
            self.commit(handle)
            # A record that the snapshot has must not come after it.
            self._append()
            before = self._segment
            name = self._next_name()
            segment = self._open_segment(name)
            with self._sync_lock:
                try:
                    # After a failed sync no change is accepted until the snapshot is there.
                    if self._is_sync and not self._needs_snapshot:
                        before.sync()
                except OSError:
                    segment.close()
                    segment.path.unlink()
                    raise
                before.close()
                self._name, self._segment = name, segment
            state, epoch, written = self._document(world, name), self._epoch, self._written
        temporary = self._path.with_name(f"{self._path.name}.{name.segment}.tmp")
        try:
            size = write_synced(temporary, snapshot.iter_dumps(state))
            with self._files:
                if self._epoch != epoch:
                    temporary.unlink(missing_ok=True)
                    return
                replace_synced(temporary, self._path)
                self._remove_segments(before=name.segment)
        except OSError:
            # The next attempt comes when the log is much larger.
            self._compaction_size = 2 * self._log_size
            raise
        self._snapshot_size = size
        self._in_snapshot = written
        self._compaction_size = max(COMPACTION_SIZE, size)
        self._needs_snapshot = False

    def _write_snapshot(self, world: World) -> None:
        """Write a snapshot at once, and start a segment."""
        name = self._next_name()
        temporary = self._path.with_name(f"{self._path.name}.{name.segment}.tmp")
        size = write_synced(temporary, snapshot.iter_dumps(self._document(world, name)))
        try:
            segment = self._open_segment(name)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        with self._files:
            replace_synced(temporary, self._path)
            self._epoch += 1
            with self._sync_lock:
                self._close_segment()
                self._name, self._segment = name, segment
            self._remove_segments(before=name.segment)
        self._snapshot_size, self._in_snapshot = size, self._written
        self._compaction_size = max(COMPACTION_SIZE, size)
        self._needs_snapshot = False
        self._unwritten.clear()

    def _document(self, world: World, name: LogName) -> dict[str, Any]:
        recorder = self._recorder
        # Without the changes of runs in progress, which are stored as a whole when they end.
        taken = recorder.take_snapshot() if recorder and recorder.world is world else snapshot.take(world)
        document = {**taken, "log": name.to_json()}
        return document if self._spec is None else {**document, "spec": self._spec}

    def _next_name(self) -> LogName:
        """Returns the next segment, after those that another log may have left."""
        return LogName(self._name.id, max([self._name.segment, *find_segments(self._path)]) + 1)

    def _open_segment(self, name: LogName) -> Segment:
        path = segment_path(self._path, name.segment)
        # Files of other worlds are opened for each change: a server may have more worlds than it may open files.
        return Segment(path, orjson.dumps(name.to_json()), keeps_open=not self._is_removable)

    def _close_segment(self) -> None:
        if self._segment is not None:
            self._segment.close()

    def _remove_segments(self, *, before: int) -> None:
        for number, path in find_segments(self._path).items():
            if number < before:
                with suppress(OSError):
                    path.unlink()


class CompactionQueue:
    """Queue of stores whose logs have grown, and the thread that writes their snapshots."""

    def __init__(self, registry: WorldRegistry) -> None:
        self._registry = registry
        self._waiting: set[WorldStore] = set()
        self._changed = threading.Condition()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="make-emulator-state", daemon=True)

    def put(self, store: WorldStore) -> None:
        """Have a new snapshot written soon."""
        with self._changed:
            self._waiting.add(store)
            self._changed.notify()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Have no further snapshots written; one that is being written is dropped with the process."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._is_stopping)
                if self._is_stopping:
                    return
                store = self._waiting.pop()
            handle = next((handle for handle in self._registry if handle.store is store), None)
            if handle is None:
                continue
            try:
                store.compact(handle)
            except (OSError, StateNotStoredError) as error:
                log.warning("cannot write a snapshot of the world '%s': %s", handle.name, error)
            except Exception:
                log.exception("cannot write a snapshot of the world '%s'", handle.name)


def not_stored(error: OSError) -> StateNotStoredError:
    """Returns the error of a request whose change a file did not take."""
    return StateNotStoredError(f"The state of the emulator cannot be stored: {os_error_reason(error)}.")
