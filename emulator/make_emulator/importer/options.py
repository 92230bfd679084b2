"""Options, progress and notes of an import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """Options of an import.

    ``records`` is the number of records to read of each data store, ``None`` for all of them; ``executions`` the number
    of past executions of each scenario.
    """

    team_id: int
    organization_id: int | None = None
    records: int | None = 100
    executions: int = 0


class Progress(Protocol):
    """Receiver of the progress of an import."""

    def log_message(self, text: str) -> None:
        """Called with a message, such as one about a wait."""

    def update(self, what: str, done: int, total: int) -> None:
        """Called with the number of resources of one kind read so far; ``total`` is 0 if it is unknown."""


class ImportNote(NamedTuple):
    """Difference between the seed and the zone: ``what`` is missing or changed, and ``why``."""

    what: str
    why: str

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"


#: JSON object of an API response or of a seed.
