"""What a cycle of a run wrote to data stores, kept so that a rollback can undo it.

The modules of the app "Data store" are transactional (Help centre, "ACID modules").
"""

from __future__ import annotations

from dataclasses import replace

from ..world.models import Record
from ..world.world import World


class Transaction:
    """Remembers every record as it was before the cycle touched it for the first time."""

    __slots__ = ("_before",)

    def __init__(self) -> None:
        self._before: dict[tuple[int, str], Record | None] = {}

    def touch(self, world: World, store_id: int, key: str) -> None:
        """A record is about to be written or deleted."""
        self._before.setdefault((store_id, key), world.records.get((store_id, key)))

    def added(self, record: Record) -> None:
        """A record was written under a key that nobody had before."""
        self._before.setdefault((record.data_store_id, record.key), None)

    def commit(self) -> None:
        """What was written so far can be undone no more."""
        self._before.clear()

    def undo(self, world: World) -> None:
        """Set every touched record back to what it was; stores that are gone stay gone."""
        for (store_id, key), before in self._before.items():
            store, now = world.data_stores.get(store_id), world.records.get((store_id, key))
            if store is None or now is before:
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
        self._before.clear()
