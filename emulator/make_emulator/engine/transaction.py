"""Transaction of a cycle: its changes of data stores, which a rollback undoes.

The modules of the app "Data store" are transactional (Help centre, "ACID modules"). A change committed before the end of the
cycle cannot be undone: with ``autoCommit`` that of any module, and with ``autoCommitTriggerLast`` besides, that of any but the first
one (Help centre, "Scenario settings", "Overview of error handling").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..world.models import Record
from ..world.world import World


class Transaction:
    """Original of every record that the cycle has changed."""

    __slots__ = ("_auto_commit", "_auto_commit_trigger_last", "_conflicts", "_originals")

    def __init__(self, *, at_once: bool = False, trigger_last: bool = True) -> None:
        self._auto_commit = at_once
        self._auto_commit_trigger_last = trigger_last
        self._originals: dict[tuple[int, str], Record | None] = {}
        #: Records that another run has changed since.
        self._conflicts: set[tuple[int, str]] = set()

    @property
    def defers_trigger_commit(self) -> bool:
        """True if the changes of the first module are committed only at the end of the cycle."""
        return self._auto_commit_trigger_last or not self._auto_commit

    def record_change(self, world: World, store_id: int, key: str, *, first: bool) -> None:
        """Records that a record is about to be written or deleted, by the first module or another one."""
        self._remember((store_id, key), world.records.get((store_id, key)), first=first)

    def record_insert(self, record: Record, *, first: bool) -> None:
        """Records that a record was inserted."""
        self._remember((record.data_store_id, record.key), None, first=first)

    def _remember(self, key: tuple[int, str], before: Record | None, *, first: bool) -> None:
        if not self._auto_commit or (first and self._auto_commit_trigger_last):
            self._originals.setdefault(key, before)
        else:
            # A commit is final, also for what the first module wrote there.
            self._originals.pop(key, None)

    def commit(self) -> None:
        """Makes the changes final."""
        self._originals.clear()
        self._conflicts.clear()

    def pending_records(self, world: World) -> Mapping[tuple[int, str], Record | None]:
        """Returns the current records that a rollback would restore; see `mark_conflicts`."""
        return {key: world.records.get(key) for key in self._originals}

    def mark_conflicts(self, world: World, records: Mapping[tuple[int, str], Record | None]) -> None:
        """Marks the records that another run has changed: they cannot be restored safely (Help centre, "Types of errors")."""
        self._conflicts.update(key for key, record in records.items() if world.records.get(key) is not record)

    def rollback(self, world: World) -> bool:
        """Restores every changed record, except those of deleted stores; returns false if any could not be restored."""
        for (store_id, key), before in self._originals.items():
            store, now = world.data_stores.get(store_id), world.records.get((store_id, key))
            if store is None or now is before or (store_id, key) in self._conflicts:
                continue
            if before is not None:
                world.records.put(before)
            else:
                world.records.remove((store_id, key))
            world.data_stores.put(
                replace(
                    store,
                    records=store.records + (before is not None) - (now is not None),
                    size=store.size + (before.size if before else 0) - (now.size if now else 0),
                )
            )
        complete = self._conflicts.isdisjoint(self._originals)
        self.commit()
        return complete
