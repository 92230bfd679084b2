"""Steps of an import: each is read once, and what the token may not read is skipped with a note."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from .checkpoint import Checkpoint
from .client import ErrorResponseError, ForbiddenError, ZoneClient, ZoneError
from .options import ImportNote, ImportOptions, Progress

Result = TypeVar("Result")


class StepRunner:
    """Runner of the steps: shared by the readers, with the zone, the checkpoint and the notes."""

    def __init__(
        self, zone: ZoneClient, part: Checkpoint, options: ImportOptions, progress: Progress
    ) -> None:
        self.zone = zone
        self.options = options
        self.progress = progress
        self.notes: list[ImportNote] = []
        self._checkpoint = part

    def read(self, key: str, read: Callable[[], Result]) -> Result:
        """Returns the result of a step as JSON without secrets, from the checkpoint or from ``read``.

        Raises:
            ZoneError: if ``read`` does, or the response has another format than Make's API.
        """
        try:
            result: Result = self._checkpoint.get_or_read(key, read)
            return result
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ZoneError(
                f"{key}: the response does not have the format of Make's API ({error!r})"
            ) from None

    def read_optional(
        self, what: str, scope: str, key: str, read: Callable[[], Result], *, one: str = ""
    ) -> Result | None:
        """Returns the result of an optional step; ``None``, with a note, if the zone responds with an error."""
        try:
            return self.read(key, read)
        except ErrorResponseError as error:
            self.note_unreadable(what, scope, error, one=one)
            return None

    def note_unreadable(self, what: str, scope: str, error: ErrorResponseError, *, one: str = "") -> None:
        """Notes an error: a 403 once for all of ``what``, any other for ``one`` of them."""
        if isinstance(error, ForbiddenError):
            note = ImportNote(what, f"not readable with this token ({error.summary}); the scope is {scope}")
        else:
            note = ImportNote(one or what, f"not readable ({error.summary})")
        if note not in self.notes:
            self.notes.append(note)

    def add_note(self, what: str, why: str) -> None:
        self.notes.append(ImportNote(what, why))
