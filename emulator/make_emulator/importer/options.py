"""What a pull is to read, and how it tells what it does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """Of which team, and how much.

    ``records`` is how many records of each data store are read, ``None`` for all of them; ``executions`` how many
    past executions of each scenario.
    """

    team_id: int
    organization_id: int | None = None
    records: int | None = 100
    executions: int = 0


class Progress(Protocol):
    """Hears what a pull does."""

    def log_message(self, text: str) -> None:
        """Something that is worth a line, such as a wait."""

    def update(self, what: str, done: int, total: int) -> None:
        """So many of the things of one kind were read."""


class ImportNote(NamedTuple):
    """Something that a seed lacks or has otherwise than the zone, and why."""

    what: str
    why: str

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"


#: An object of JSON, as the API answers it and as a seed holds it.
JsonObject = dict[str, Any]
