"""The steps of a pull: each is read once, and what the token may not read is passed over with the reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .options import Note, Options, Progress
from .part import Part
from .zone import Denied, Refused, Zone, ZoneError


class Steps:
    """What the readers of a team share: the zone, what was read before, and what is to be noted."""

    def __init__(self, zone: Zone, part: Part, options: Options, progress: Progress) -> None:
        self.zone = zone
        self.options = options
        self.progress = progress
        self.notes: list[Note] = []
        self._part = part

    def step(self, key: str, read: Callable[[], Any]) -> Any:
        """What a step reads, now or before the pull was stopped; as JSON, without secrets.

        Raises:
            Denied, Absent, ZoneError: as reading does.
        """
        try:
            return self._part.step(key, read)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ZoneError(f"{key}: the answer is not in the form of Make's API ({error!r})") from None

    def part(self, what: str, scope: str, key: str, read: Callable[[], Any], *, one: str = "") -> Any:
        """A step that may be missing: ``None``, with a note, if the zone refuses it to the token."""
        try:
            return self.step(key, read)
        except Refused as refused:
            self.refused(what, scope, refused, one=one)
            return None

    def refused(self, what: str, scope: str, refused: Refused, *, one: str = "") -> None:
        """Note that something cannot be read; once for ``what`` is forbidden as a whole, else for ``one`` of them."""
        if isinstance(refused, Denied):
            note = Note(what, f"not readable with this token ({refused.told}); the scope is {scope}")
        else:
            note = Note(one or what, f"not readable ({refused.told})")
        if note not in self.notes:
            self.notes.append(note)

    def note(self, what: str, why: str) -> None:
        self.notes.append(Note(what, why))
