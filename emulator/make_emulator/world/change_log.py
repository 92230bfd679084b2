"""Log of the changes of a world: records that continue a snapshot, each the changes between two moments as JSON.

A record has the rows and entries that were put, in the form of a snapshot, the keys of those that were removed, and
what else changed: ``{"put": {section: […]}, "removed": {table: [key, …]}, "scalars"?, "clock"?, "ids"?}``.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from operator import index, itemgetter
from typing import Any

import orjson

from . import data_stores, snapshot
from .changes import Changes
from .schema import TABLES
from .snapshot_reader import Rows
from .world import World

#: Parts whose changes wait for a record that something else makes necessary: the calls counted in rate windows, and a
#: date that follows from the organizations.
_DEFERRED_PARTS = frozenset({"rate_windows", "counters_until"})

#: The most words that a generator of ids yields between two records: skipping more would keep the start waiting.
_MAX_WORDS = 2**28


class ChangeRecorder:
    """Recorder of the changes of one world; the caller holds the lock of the world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._tracker = world.track_changes()
        self._scalars = _scalars(world)
        self._clock = _clock(world)
        self._last = dict(world.ids.last)
        self._words = world.ids.words

    def take(self, *, deferred: bool = False) -> bytes | None:
        """Returns a record of the changes since the last one, or ``None`` if there are none.

        Args:
            deferred: make a record also of what reads change, such as calls counted in rate windows.
        """
        world, record = self.world, dict[str, Any]()
        if (clock := _clock(world)) != self._clock:
            record["clock"] = {"frozen": clock[0] is not None, "now": world.now(), "offset": clock[1]}
            self._clock = clock
        words, last = world.ids.words, world.ids.last
        if words != self._words or last != self._last:
            record["ids"] = {
                "last": {kind: number for kind, number in last.items() if self._last.get(kind) != number},
                "words": [now - before for now, before in zip(words, self._words, strict=True)],
            }
            self._words, self._last = words, dict(last)
        scalars: dict[str, Any] = {}
        if (values := _scalars(world)) != self._scalars:
            triples = zip(snapshot.SCALARS, values, self._scalars, strict=True)
            scalars = {name: value for name, value, before in triples if value != before}
        if not (record or deferred or (self._tracker.changed_parts | scalars.keys()) - _DEFERRED_PARTS):
            return None
        if scalars:
            record["scalars"] = scalars
            self._scalars = values
        put: dict[str, Any] = {}
        removed: dict[str, Any] = {}
        for part, changes in self._tracker.drain(self._value_of).items():
            put |= _entries(part, changes)
            if changes.removed:
                removed[part] = list(changes.removed)
        if put:
            record["put"] = put
        if removed:
            record["removed"] = removed
        return snapshot.dumps(record) if record else None

    def take_snapshot(self) -> dict[str, Any]:
        """Snapshot of the world, without the changes of threads that have lent its lock, for `snapshot.iter_dumps`."""
        stored: dict[str, dict[Any, Any]] = {}
        for (part, key), value in self._tracker.stored.items():
            stored.setdefault(part, {})[key] = value
        return snapshot.take(self.world, stored)

    def _value_of(self, part: str, key: Any) -> Any:
        """The present row or entry at a key, ``None`` for none."""
        return getattr(self.world, part).get(key)


def _scalars(world: World) -> tuple[Any, ...]:
    return tuple([getattr(world, name) for name in snapshot.SCALARS])


def _clock(world: World) -> tuple[int | None, int]:
    clock = world.clock
    return clock.now() if clock.frozen else None, clock.offset


def _entries(part: str, changes: Changes) -> dict[str, list[Any]]:
    """Returns section -> what was put there."""
    if not changes.put:
        return {}
    if (entry := snapshot.DICT_ENTRIES.get(part)) is not None:
        return {part: [entry.write(key, value) for key, value in changes.put.items()]}
    sections = TABLES[part].sections
    if len(sections) == 1:
        return {section: list(changes.put.values()) for section in sections}
    return {
        section: [row for row in changes.put.values() if type(row) is kind]
        for section, kind in sections.items()
    }


class _Overlay:
    """Rows or entries of one section that were put or removed after the snapshot, by key."""

    __slots__ = ("put", "removed")

    def __init__(self) -> None:
        self.put: dict[Hashable, Any] = {}
        self.removed: set[Hashable] = set()

    def remove(self, key: Hashable) -> None:
        self.put.pop(key, None)
        self.removed.add(key)

    def replace(self, values: Iterable[Any], key_of: Callable[[Any], Hashable]) -> list[Any]:
        """Returns values of the snapshot as they are now, without those that were removed, and forgets those it has returned."""
        put, removed = self.put, self.removed
        present = ((key_of(value), value) for value in values)
        return [put.pop(key) if key in put else value for key, value in present if key not in removed]


class Replay:
    """Replay of records upon a snapshot.

    Args:
        document: the document of the snapshot, as parsed by ``orjson.loads``.
        rows: its rows, if they are not in the document; see `snapshot_reader.read`.
    """

    def __init__(self, document: dict[str, Any], rows: Rows | None = None) -> None:
        self._document = document
        self._rows = rows
        #: Section -> what changed in it.
        self._overlays: dict[str, _Overlay] = {}
        self._words = [0, 0]

    def apply(self, data: bytes) -> None:
        """Apply the next record.

        Raises:
            AttributeError, LookupError, TypeError, ValueError: if it is not a record that continues the document.
        """
        record = orjson.loads(data)
        for part, keys in record.get("removed", {}).items():
            for section in _sections(part):
                overlay = self._overlay(section)
                for key in keys:
                    overlay.remove(tuple(key) if isinstance(key, list) else key)
        for section, values in record.get("put", {}).items():
            key_of = _KEY_OF[section]
            self._overlay(section).put.update((key_of(value), value) for value in values)
        document = self._document
        document |= record.get("scalars", {})
        if "clock" in record:
            document["clock"] = record["clock"]
        if "ids" in record:
            document["ids"]["last"] |= record["ids"]["last"]
            words = list(map(index, record["ids"]["words"]))
            if not all(0 <= count <= _MAX_WORDS for count in words):
                raise ValueError("a record yields a number of words that cannot be")
            self._words = [sum(pair) for pair in zip(self._words, words, strict=True)]

    def finish(self, name: str) -> World:
        """Returns the world after the last record; a running clock continues as if it had never stopped.

        Raises:
            InvalidSnapshotError: if the document cannot be restored.
        """
        document = self._document
        for section in snapshot.DICT_ENTRIES.keys() & self._overlays.keys():
            overlay = self._overlays.pop(section)
            # Documents of earlier releases lack some sections.
            entries = overlay.replace(document.get(section, []), _KEY_OF[section])
            document[section] = [*entries, *overlay.put.values()]
        rows = snapshot.rows_of(document) if self._rows is None else self._rows
        world = snapshot.restore(document, name, resume=True, rows=self._replayed(rows))
        world.ids.skip(*self._words)
        # A run that was lost with its records may have shared a store with calls that are not lost.
        data_stores.count_records(world)
        return world

    def _replayed(self, rows: Rows) -> Rows:
        """Sections as they are after the records; what was added comes last."""
        for section, values in rows:
            overlay = self._overlays.get(section)
            if overlay is not None and type(values) is list:
                values = overlay.replace(values, _KEY_OF[section])
            yield section, values
        for section, overlay in self._overlays.items():
            yield section, list(overlay.put.values())

    def _overlay(self, section: str) -> _Overlay:
        overlay = self._overlays.get(section)
        if overlay is None:
            overlay = self._overlays[section] = _Overlay()
        return overlay


def _sections(part: str) -> tuple[str, ...]:
    return (part,) if part in snapshot.DICT_ENTRIES else tuple(TABLES[part].sections)


def _row_key(fields: str | tuple[str, ...]) -> Callable[[Any], Hashable]:
    return itemgetter(fields) if isinstance(fields, str) else itemgetter(*fields)


#: Section of a snapshot -> the function from an entry to its key.
_KEY_OF: Mapping[str, Callable[[Any], Hashable]] = {
    **{name: entry.key for name, entry in snapshot.DICT_ENTRIES.items()},
    **{section: _row_key(spec.key) for spec in TABLES.values() for section in spec.sections},
}
