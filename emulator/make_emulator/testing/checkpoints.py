"""Checkpoints of a world, from tests."""

from __future__ import annotations

from typing import Any

from ..client.control import WorldClient
from ..client.responses import Change, UndoneChange
from ..json_types import Json, JsonObject


class WorldCheckpoint:
    """Named state of a world, held by the emulator until a reset: the changes since, and their undoing."""

    def __init__(self, client: WorldClient, description: JsonObject) -> None:
        self._client = client
        #: Its name.
        self.name: str = description["name"]
        #: The moment by the world's clock, ISO 8601.
        self.at: str = description["at"]

    def changes(self) -> list[Change]:
        """Returns the resources that were created, changed and deleted since, without executions and logs; secrets are masked.

        Each has ``kind``, ``id`` and ``change``, with the fields ``before`` and ``after``; of a changed one, only those that differ.
        """
        rows: list[Change] = self._fetch()["changes"]
        return rows

    def counts(self) -> dict[str, dict[str, int]]:
        """Returns the numbers of executions and logs that were created or deleted since, such as ``{"execution": {"created": 2}}``."""
        counts: dict[str, dict[str, int]] = self._fetch()["counts"]
        return counts

    def undo(self, kind: str | None = None, id: Json = None) -> list[UndoneChange]:
        """Undoes all changes since but those of clock and request log, or the one with this kind and id; returns what was undone.

        Raises:
            ControlError: if it cannot be undone, such as the deletion of a scenario whose team is gone; nothing was changed then.
        """
        body: dict[str, Any] = {} if kind is None and id is None else {"kind": kind, "id": id}
        rows: list[UndoneChange] = self._client.call("POST", "checkpoints", self.name, "undo", body=body)[
            "undone"
        ]
        return rows

    def _fetch(self) -> JsonObject:
        report: JsonObject = self._client.call("GET", "checkpoints", self.name, "changes")
        return report

    def __repr__(self) -> str:
        return f"<WorldCheckpoint {self.name!r} of {self.at}>"
