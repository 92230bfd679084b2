"""One isolated Make, as a test sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from ..client.control import ControlClient
from . import coverage
from .executions import WorldExecution
from .external_services import WorldHttp
from .faults import WorldFaults
from .module_scripts import WorldModules
from .outbox import WorldOutbox
from .requests import WorldRequests


class WorldClock:
    """The clock of a world. Nothing in it waits for real time to pass."""

    def __init__(self, control: ControlClient, world: str) -> None:
        self._control = control
        self._world = world

    @property
    def now(self) -> str:
        """The world's time, ISO 8601."""
        return str(self._get()["now"])

    @property
    def frozen(self) -> bool:
        """Whether the clock stands still."""
        return bool(self._get()["frozen"])

    def set(self, now: str) -> None:
        """Jump to a time, e.g. ``2026-01-01T00:00:00Z``."""
        self._patch({"now": now})

    def freeze(self, at: str | None = None) -> None:
        """Stop the clock, where it stands or at a time."""
        self._patch({"frozen": True} if at is None else {"now": at, "frozen": True})

    def unfreeze(self) -> None:
        """Let the clock run on from where it stands."""
        self._patch({"frozen": False})

    def advance(self, seconds: float = 0, *, minutes: float = 0, hours: float = 0, days: float = 0) -> None:
        """Jump ahead; what fell due in between has happened by the next request."""
        total = seconds + 60 * (minutes + 60 * (hours + 24 * days))
        self._control.call("POST", "worlds", self._world, "clock", "advance", body={"seconds": total})

    def _get(self) -> Any:
        return self._control.call("GET", "worlds", self._world, "clock")

    def _patch(self, body: dict[str, Any]) -> None:
        self._control.call("PATCH", "worlds", self._world, "clock", body=body)


class Received(NamedTuple):
    """What a webhook answered its caller."""

    status: int
    text: str


class World:
    """An isolated Make on a running emulator: its address, its token, its clock, its journal."""

    def __init__(self, control: ControlClient, description: dict[str, Any]) -> None:
        self._control = control
        self.name: str = description["name"]
        self.base_url: str = description["baseUrl"]
        self.token: str = description["token"]
        self.organization_id: int = description["organizationId"]
        self.team_id: int = description["teamId"]
        self.user_id: int = description["userId"]
        self.zone: str = description["zone"]
        self.plan: str = description["plan"]
        self.clock = WorldClock(control, self.name)
        self.requests = WorldRequests(control, self.name)
        self.faults = WorldFaults(control, self.name)
        self.modules = WorldModules(control, self.name)
        self.http = WorldHttp(control, self.name)
        self.outbox = WorldOutbox(control, self.name)
        self._own_token = self.token

    @property
    def headers(self) -> dict[str, str]:
        """The ready Authorization header."""
        return {"Authorization": f"Token {self.token}"}

    def create_token(self, scopes: Sequence[str], *, user_id: int | None = None) -> str:
        """Make another token of this world."""
        body = {"scopes": list(scopes), "userId": user_id}
        return str(self._control.call("POST", "worlds", self.name, "tokens", body=body)["token"])

    def run(
        self, scenario_id: int, inputs: Mapping[str, Any] | None = None, *, responsive: bool = True
    ) -> dict[str, Any]:
        """Run a live scenario now, with the world's first token, and return what the API answers.

        Raises:
            ControlError: if the API refuses; ``status`` tells how.
        """
        body = {"responsive": responsive, **({} if inputs is None else {"data": inputs})}
        answer: dict[str, Any] = self._control.api(
            "POST", f"/scenarios/{scenario_id}/run", self._own_token, body
        )
        return answer

    def receive(self, hook_id: int, payload: Any) -> Received:
        """Send to a webhook's address what another service would: JSON, or a text as it is."""
        hook = self._control.api("GET", f"/hooks/{hook_id}", self._own_token)["hook"]
        kind = "text/plain" if isinstance(payload, str) else "application/json"
        body = payload.encode() if isinstance(payload, str) else orjson.dumps(payload)
        status, answer = self._control.post(f"/hook/{hook['udid']}", body, kind)
        return Received(status, answer.decode())

    def advance(self, seconds: float = 0, *, minutes: float = 0, hours: float = 0, days: float = 0) -> None:
        """Let time pass: what falls due in between has happened by the next request."""
        self.clock.advance(seconds, minutes=minutes, hours=hours, days=days)

    def steps(self, execution_id: str) -> list[dict[str, Any]]:
        """What each module of a run was given, what it gave, and how it failed, in order; secrets are masked."""
        rows: list[dict[str, Any]] = self._fetch_execution(execution_id)["steps"]
        return rows

    def execution(self, execution_id: str) -> WorldExecution:
        """A run from the inside: its steps, and what filters, routers and error handlers decided, with assertions."""
        return WorldExecution(execution_id, self._fetch_execution(execution_id))

    def _fetch_execution(self, execution_id: str) -> dict[str, Any]:
        path = ("worlds", self.name, "executions", execution_id, "steps")
        answer: dict[str, Any] = self._control.call("GET", *path)
        return answer

    def access_report(self) -> list[dict[str, Any]]:
        """What each token was granted, used, never used and was refused, and the least set of scopes that would do."""
        rows: list[dict[str, Any]] = self._control.call("GET", "worlds", self.name, "access-report")["tokens"]
        return rows

    def coverage(self) -> dict[str, Any]:
        """Which of the declared endpoints were called, and with which classes of status."""
        report: dict[str, Any] = self._control.call("GET", "worlds", self.name, "coverage")
        return report

    def snapshot(self) -> dict[str, Any]:
        """The whole state of the world, secrets included, as one JSON document."""
        document: dict[str, Any] = self._control.call("GET", "worlds", self.name, "snapshot")
        return document

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Take the world back to a snapshot, its clock, tokens and next ids included.

        Raises:
            ControlError: if the document cannot be restored; nothing was changed then.
        """
        path = ("worlds", self.name, "snapshot")
        described = self._control.call("PUT", *path, body=snapshot)["world"]
        # A token with few scopes that a test put in place stays in place.
        if self.token == self._own_token:
            self.token = described["token"]
        self._own_token = described["token"]

    def reset(self) -> None:
        """Take the world back to its seed."""
        coverage.collect(self._control, self.name)
        self._control.call("POST", "worlds", self.name, "reset")

    def delete(self) -> None:
        """Delete the world; its tokens are unknown from then on."""
        coverage.collect(self._control, self.name)
        self._control.call("DELETE", "worlds", self.name)

    def __repr__(self) -> str:
        return f"<World {self.name!r} at {self.base_url}>"
