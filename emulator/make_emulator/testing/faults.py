"""Fault injection for one world, from tests."""

from __future__ import annotations

from ..client.control import drop_none
from ..client.responses import Fault
from ..http.faults import FaultAction, FaultName
from .rows import RemoteSequence


class WorldFaults(RemoteSequence[Fault]):
    """Rules that make the world's API fail; the first one that matches a request applies. Iterating shows them with ``hits``."""

    def add(
        self,
        name: FaultName | None = None,
        *,
        method: str | None = None,
        path: str | None = None,
        token: str | None = None,
        status: int | None = None,
        action: FaultAction | None = None,
        delay_ms: int | None = None,
        times: int | None = None,
        probability: float | None = None,
        seed: int | None = None,
    ) -> Fault:
        """Adds a rule and returns it.

        Args:
            name: a named case: ``rate-limit``, ``unavailable``, ``failed-dependency`` or ``run-timeout``.
            method: only requests of this method.
            path: only requests whose path, without ``/api/v2``, matches a glob such as ``/scenarios/*/run``.
            token: only requests with this token, or the token of this label.
            status: respond with this status, 400 to 599, and Make's body for it.
            action: ``reset`` the connection; send no response until the client gives up (``timeout``); or carry the
                request out and send half of the response (``truncate``).
            delay_ms: let real time pass first, up to 60,000 ms.
            times: apply at most so often.
            probability: apply with this probability, from 0 to 1; ``seed`` decides which requests.

        Raises:
            ControlError: if the rule is invalid.
        """
        body = drop_none(
            name=name,
            method=method,
            path=path,
            token=token,
            status=status,
            action=action,
            delayMs=delay_ms,
            times=times,
            probability=probability,
            seed=seed,
        )
        fault: Fault = self._client.call("POST", "faults", body=body)["fault"]
        return fault

    def clear(self) -> None:
        """Removes all rules; requests that are being delayed continue."""
        self._client.call("DELETE", "faults")

    def all(self) -> list[Fault]:
        """Returns the rules, in the order in which they were added."""
        rows: list[Fault] = self._client.call("GET", "faults")["faults"]
        return rows
