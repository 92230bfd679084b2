"""What a cycle of a run wrote to data stores, kept so that a rollback can undo it.

The modules of the app "Data store" are transactional (Help centre, "ACID modules"). What is committed before the end of the
cycle cannot be undone: with ``autoCommit`` what any module wrote, and with ``autoCommitTriggerLast`` besides, what any but the first
one wrote (Help centre, "Scenario settings", "Overview of error handling").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ...world.models import Record
from ...world.world import World


class Transaction:
    """Remembers every record as it was before the cycle touched it for the first time."""

    __slots__ = ("_auto_commit", "_auto_commit_trigger_last", "_conflicts", "_originals")

    def __init__(self, *, at_once: bool = False, trigger_last: bool = True) -> None:
        self._auto_commit = at_once
        self._auto_commit_trigger_last = trigger_last
        self._originals: dict[tuple[int, str], Record | None] = {}
        #: The records that another run has changed since.
        self._conflicts: set[tuple[int, str]] = set()

    @property
    def defers_trigger_commit(self) -> bool:
        """Whether what the first module did is committed no sooner than the cycle ends."""
        return self._auto_commit_trigger_last or not self._auto_commit

    def record_change(self, world: World, store_id: int, key: str, *, first: bool) -> None:
        """A record is about to be written or deleted, by the first module or another one."""
        self._remember((store_id, key), world.records.get((store_id, key)), first=first)

    def record_insert(self, record: Record, *, first: bool) -> None:
        """A record was written under a key that nobody had before."""
        self._remember((record.data_store_id, record.key), None, first=first)

    def _remember(self, place: tuple[int, str], before: Record | None, *, first: bool) -> None:
        if not self._auto_commit or (first and self._auto_commit_trigger_last):
            self._originals.setdefault(place, before)
        else:
            # What is committed now stays, whatever the first module wrote there.
            self._originals.pop(place, None)

    def commit(self) -> None:
        """What was written so far can be undone no more."""
        self._originals.clear()
        self._conflicts.clear()

    def pending_records(self, world: World) -> Mapping[tuple[int, str], Record | None]:
        """The records that a rollback would set back, as they are now; see `lose`."""
        return {place: world.records.get(place) for place in self._originals}

    def mark_conflicts(self, world: World, held: Mapping[tuple[int, str], Record | None]) -> None:
        """Another run was at work: what it changed cannot be set back safely any more (Help centre, "Types of errors")."""
        self._conflicts.update(
            place for place, record in held.items() if world.records.get(place) is not record
        )

    def rollback(self, world: World) -> bool:
        """Set every touched record back to what it was; stores that are gone stay gone. Whether nothing was lost."""
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
