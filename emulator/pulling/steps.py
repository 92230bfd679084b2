"""The steps of a pull: each is read once, and what the token may not read is passed over with the reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .options import Note, Options, Progress
from .part import Part
from .zone import Denied, Zone, ZoneError


class Steps:
    """What the readers of a team share: the zone, what was read before, and what is to be noted."""

    def __init__(self, zone: Zone, part: Part, options: Options, progress: Progress) -> None:
        self.zone = zone
        self.options = options
        self.progress = progress
        self.notes: list[Note] = []
        self._part = part
        self._denied: set[str] = set()

    def step(self, key: str, read: Callable[[], Any]) -> Any:
        """What a step reads, now or before the pull was stopped; as JSON, without secrets.

        Raises:
            Denied, Absent, ZoneError: as reading does.
        """
        try:
            return self._part.step(key, read)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ZoneError(f"{key}: the answer is not in the form of Make's API ({error!r})") from None

    def part(self, what: str, scope: str, key: str, read: Callable[[], Any]) -> Any:
        """A step that may be missing: ``None``, with a note, if the token may not read it."""
        try:
            return self.step(key, read)
        except Denied as denied:
            self.deny(what, scope, denied)
            return None

    def deny(self, what: str, scope: str, denied: Denied) -> None:
        """Note that a part of the team cannot be read, once."""
        if what not in self._denied:
            self._denied.add(what)
            self.note(what, f"not readable with this token ({denied.told}); the scope is {scope}")

    def note(self, what: str, why: str) -> None:
        self.notes.append(Note(what, why))
