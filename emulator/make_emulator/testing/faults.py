"""The faults of a world, as a test asks for them."""

from __future__ import annotations

from typing import Any

from .rows import RemoteSequence


class WorldFaults(RemoteSequence):
    """Rules that make the world's API fail; the first one that fits a request strikes. Iterating shows them with ``hits``."""

    def add(
        self,
        name: str | None = None,
        *,
        method: str | None = None,
        path: str | None = None,
        token: str | None = None,
        status: int | None = None,
        action: str | None = None,
        delay_ms: int | None = None,
        times: int | None = None,
        probability: float | None = None,
        seed: int | None = None,
    ) -> dict[str, Any]:
        """Add a rule, and return it.

        Args:
            name: a case by name: ``rate-limit``, ``unavailable``, ``failed-dependency`` or ``run-timeout``.
            method: only requests of this method.
            path: only requests whose path, without ``/api/v2``, fits a glob such as ``/scenarios/*/run``.
            token: only requests with this token, or the token of this label.
            status: answer with this status, 400 to 599, and Make's body for it.
            action: ``reset`` the connection; answer nothing until the client gives up (``timeout``); or carry the
                request out and send half of the answer (``truncate``).
            delay_ms: let real time pass first, up to 60,000 ms.
            times: strike only so often.
            probability: strike with this probability, from 0 to 1; ``seed`` decides which requests.
        """
        wishes = {
            "name": name,
            "method": method,
            "path": path,
            "token": token,
            "status": status,
            "action": action,
            "delayMs": delay_ms,
            "times": times,
            "probability": probability,
            "seed": seed,
        }
        body = {field: wish for field, wish in wishes.items() if wish is not None}
        fault: dict[str, Any] = self._control.call("POST", "worlds", self._world, "faults", body=body)[
            "fault"
        ]
        return fault

    def clear(self) -> None:
        """Take all faults away; requests that are being held up go on."""
        self._control.call("DELETE", "worlds", self._world, "faults")

    def all(self) -> list[dict[str, Any]]:
        """The rules, in the order in which they were added."""
        rows: list[dict[str, Any]] = self._control.call("GET", "worlds", self._world, "faults")["faults"]
        return rows
