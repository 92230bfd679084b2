"""The steps of a pull: each is read once, and what the token may not read is passed over with the reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .checkpoint import Checkpoint
from .client import ErrorResponseError, ForbiddenError, ZoneClient, ZoneError
from .options import ImportNote, ImportOptions, Progress


class StepRunner:
    """What the readers of a team share: the zone, what was read before, and what is to be noted."""

    def __init__(
        self, zone: ZoneClient, part: Checkpoint, options: ImportOptions, progress: Progress
    ) -> None:
        self.zone = zone
        self.options = options
        self.progress = progress
        self.notes: list[ImportNote] = []
        self._checkpoint = part

    def read(self, key: str, read: Callable[[], Any]) -> Any:
        """What a step reads, now or before the pull was stopped; as JSON, without secrets.

        Raises:
            Denied, Absent, ZoneError: as reading does.
        """
        try:
            return self._checkpoint.get_or_read(key, read)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ZoneError(f"{key}: the answer is not in the form of Make's API ({error!r})") from None

    def read_optional(
        self, what: str, scope: str, key: str, read: Callable[[], Any], *, one: str = ""
    ) -> Any:
        """A step that may be missing: ``None``, with a note, if the zone refuses it to the token."""
        try:
            return self.read(key, read)
        except ErrorResponseError as refused:
            self.note_unreadable(what, scope, refused, one=one)
            return None

    def note_unreadable(self, what: str, scope: str, refused: ErrorResponseError, *, one: str = "") -> None:
        """Note that something cannot be read; once for ``what`` is forbidden as a whole, else for ``one`` of them."""
        if isinstance(refused, ForbiddenError):
            note = ImportNote(what, f"not readable with this token ({refused.summary}); the scope is {scope}")
        else:
            note = ImportNote(one or what, f"not readable ({refused.summary})")
        if note not in self.notes:
            self.notes.append(note)

    def add_note(self, what: str, why: str) -> None:
        self.notes.append(ImportNote(what, why))
