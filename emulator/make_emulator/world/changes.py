"""Change tracking: the rows and entries of a world that were put or removed since the last look.

A run that lends the lock of its world takes its changes along, so that no other commit stores a part of them. An untracked
world pays one comparison a change.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

ValueLookup = Callable[[str, Any], Any]
"""Returns the present value of a part of the world at a key, ``None`` for none."""


class Changes:
    """The net changes of one part of a world: replayed, removals come first.

    Args:
        put: the last value of each key that was put and not removed after that, in the order of insertion.
        removed: the keys that were removed, some of which may have been put again.
        before: the value that each key had before its first change, ``None`` for none.
    """

    __slots__ = ("before", "put", "removed")

    def __init__(self) -> None:
        self.put: dict[Any, Any] = {}
        self.removed: dict[Any, None] = {}
        self.before: dict[Any, Any] = {}


class LentChanges:
    """Changes of a thread that has lent the lock of the world, or had lent it: they are stored together, or not at all."""

    __slots__ = ("removed", "steps")

    def __init__(self) -> None:
        #: Part -> key -> its values before and after each series of changes that no other thread has interrupted.
        self.steps: dict[str, dict[Any, list[tuple[Any, Any]]]] = {}
        #: Part -> the keys that were removed, some of which may have been put again.
        self.removed: dict[str, dict[Any, None]] = {}

    def add(self, changes: Mapping[str, Changes]) -> None:
        """Add later changes."""
        for part, changed in changes.items():
            steps = self.steps.setdefault(part, {})
            self.removed.setdefault(part, {}).update(changed.removed)
            for key, before in changed.before.items():
                _add_step(steps.setdefault(key, []), before, changed.put.get(key))

    def join(self, later: LentChanges) -> None:
        """Add the changes of another thread, which did not store them itself."""
        for part, added in later.steps.items():
            steps = self.steps.setdefault(part, {})
            self.removed.setdefault(part, {}).update(later.removed[part])
            for key, pairs in added.items():
                steps.setdefault(key, []).extend(pairs)

    def has(self, part: str, key: Hashable) -> bool:
        return key in self.steps.get(part, ())


def _add_step(steps: list[tuple[Any, Any]], before: Any, after: Any) -> None:
    if steps and steps[-1][1] is before:
        before = steps.pop()[0]
    steps.append((before, after))


class ChangeTracker:
    """Tracker of the changes of all parts of one world: its tables and its `TrackedDict`."""

    __slots__ = ("_lent", "_taken_back", "changes", "stored")

    def __init__(self) -> None:
        #: Part -> its changes; parts without any are left out.
        self.changes: dict[str, Changes] = {}
        #: Changes of the threads that have lent the lock, and earlier ones of a thread that has it again.
        self._lent: list[LentChanges] = []
        self._taken_back: LentChanges | None = None
        #: Part, key -> the stored value, ``None`` for none, of what such threads have changed.
        self.stored: dict[tuple[str, Any], Any] = {}

    def record_put(self, part: str, key: Hashable, value: object, before: object) -> None:
        """Record a row or an entry that was put."""
        changes = self.changes.get(part)
        if changes is None:
            changes = self.changes[part] = Changes()
        changes.put[key] = value
        changes.before.setdefault(key, before)

    def record_removal(self, part: str, key: Hashable, before: object) -> None:
        """Record a row or an entry that was removed."""
        changes = self.changes.get(part)
        if changes is None:
            changes = self.changes[part] = Changes()
        changes.put.pop(key, None)
        changes.removed[key] = None
        changes.before.setdefault(key, before)

    @property
    def changed_parts(self) -> set[str]:
        """The parts with changes to store."""
        earlier = self._taken_back.steps if self._taken_back is not None else ()
        return {*self.changes, *earlier}

    def lend(self) -> LentChanges:
        """Set the changes of this thread aside while others have the lock."""
        lent, self._taken_back = self._taken_back or LentChanges(), None
        for part, changes in self.changes.items():
            for key, before in changes.before.items():
                self.stored.setdefault((part, key), before)
        lent.add(self.changes)
        self.changes = {}
        self._lent.append(lent)
        return lent

    def take_back(self, lent: LentChanges) -> None:
        """Go on with the changes of a thread that has the lock again."""
        self._lent.remove(lent)
        if self._taken_back is not None:
            lent.join(self._taken_back)
        self._taken_back = lent

    def drain(self, value_of: ValueLookup) -> dict[str, Changes]:
        """The changes since the last call, without those of threads that have lent the lock.

        Where such a thread has changed the same row, the row is returned as it were without that.
        """
        changes, self.changes = self.changes, {}
        if self._taken_back is None and not self._lent:
            return changes
        own, self._taken_back = self._taken_back or LentChanges(), None
        own.add(changes)
        drained: dict[str, Changes] = {}
        for part, steps in own.steps.items():
            net = drained[part] = Changes()
            net.removed.update(own.removed[part])
            for key, pairs in steps.items():
                if any(lent.has(part, key) for lent in self._lent):
                    value = self.stored[part, key] = _apply(self.stored[part, key], pairs)
                else:
                    self.stored.pop((part, key), None)
                    value = value_of(part, key)
                if value is None:
                    net.removed[key] = None
                else:
                    net.put[key] = value
        return drained


def _apply(value: Any, steps: Sequence[tuple[Any, Any]]) -> Any:
    """Returns a value with the changes that others of its key have undergone, field by field."""
    for before, after in steps:
        if value is None and before is not None:
            value = _zero(after)
        if value is None or before is None or after is None or type(before) is not type(after):
            value = after
        elif is_dataclass(after):
            value = replace(value, **_changed_fields(value, before, after))
        elif type(after) is int:
            value += after - before
        else:
            value = after
    return value


def _zero(value: Any) -> Any:
    """Returns what a number, or a row of nothing but counters, is before the first addition; else ``None``."""
    if type(value) is int:
        return 0
    counters = getattr(value, "COUNTERS", ())
    return type(value)() if counters and len(counters) == len(fields(value)) else None


def _changed_fields(value: Any, before: Any, after: Any) -> dict[str, Any]:
    """Returns the fields of a row that another change has changed, with what it has added to counters."""
    changed = {}
    for field in fields(after):
        name = field.name
        old, new, own = getattr(before, name), getattr(after, name), getattr(value, name)
        if old == new:
            continue
        adds = name in getattr(after, "COUNTERS", ()) and all(type(each) is int for each in (old, new, own))
        changed[name] = own + new - old if adds else new
    return changed


class TrackedDict(dict[Key, Value]):
    """A dict whose changes can be tracked; values are replaced by assignment, never changed in place."""

    __slots__ = ("part", "tracker")

    def __init__(self, part: str) -> None:
        super().__init__()
        self.part = part
        self.tracker: ChangeTracker | None = None

    def __setitem__(self, key: Key, value: Value) -> None:
        if self.tracker is not None:
            self.tracker.record_put(self.part, key, value, self.get(key))
        super().__setitem__(key, value)

    def __delitem__(self, key: Key) -> None:
        if self.tracker is not None:
            self.tracker.record_removal(self.part, key, self[key])
        super().__delitem__(key)

    def discard(self, key: Key) -> None:
        """Remove an entry, if there is one."""
        if key in self:
            del self[key]

    def clear(self) -> None:
        """Remove every entry."""
        for key in list(self):
            del self[key]
