"""Change tracking: the rows and entries of a world that were put or removed since the last look.

An untracked world pays one comparison a change.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Changes:
    """The net changes of one part of a world: replayed, removals come first.

    Args:
        put: the last value of each key that was put and not removed after that, in the order of insertion.
        removed: the keys that were removed, some of which may have been put again.
    """

    __slots__ = ("put", "removed")

    def __init__(self) -> None:
        self.put: dict[Any, Any] = {}
        self.removed: dict[Any, None] = {}


class ChangeTracker:
    """Tracker of the changes of all parts of one world: its tables and its `TrackedDict`."""

    __slots__ = ("changes",)

    def __init__(self) -> None:
        #: Part -> its changes; parts without any are left out.
        self.changes: dict[str, Changes] = {}

    def record_put(self, part: str, key: Hashable, value: object) -> None:
        """Record a row or an entry that was put."""
        changes = self.changes.get(part)
        if changes is None:
            changes = self.changes[part] = Changes()
        changes.put[key] = value

    def record_removal(self, part: str, key: Hashable) -> None:
        """Record a row or an entry that was removed."""
        changes = self.changes.get(part)
        if changes is None:
            changes = self.changes[part] = Changes()
        changes.put.pop(key, None)
        changes.removed[key] = None

    def drain(self) -> dict[str, Changes]:
        """The changes since the last call."""
        changes, self.changes = self.changes, {}
        return changes


class TrackedDict(dict[Key, Value]):
    """A dict whose changes can be tracked; values are replaced by assignment, never changed in place."""

    __slots__ = ("part", "tracker")

    def __init__(self, part: str) -> None:
        super().__init__()
        self.part = part
        self.tracker: ChangeTracker | None = None

    def __setitem__(self, key: Key, value: Value) -> None:
        super().__setitem__(key, value)
        if self.tracker is not None:
            self.tracker.record_put(self.part, key, value)

    def __delitem__(self, key: Key) -> None:
        super().__delitem__(key)
        if self.tracker is not None:
            self.tracker.record_removal(self.part, key)

    def discard(self, key: Key) -> None:
        """Remove an entry, if there is one."""
        if key in self:
            del self[key]

    def clear(self) -> None:
        """Remove every entry."""
        for key in list(self):
            del self[key]
