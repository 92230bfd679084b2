"""`World`: one isolated Make on a running emulator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Unpack

import orjson

from ..client.control import ControlClient, WorldClient
from ..client.responses import (
    CoverageReport,
    ExecutionRow,
    Finding,
    ImportResult,
    MendResult,
    ProvenanceReport,
    RunResult,
    RunStatus,
    StepRow,
    TokenAccess,
)
from ..json_types import Json, JsonObject
from ..world.plans import Plan
from ..world.settings import WorldSettings
from . import activity, collectors
from .agents import WorldAgents
from .checkpoints import WorldCheckpoint
from .credential_requests import WorldCredentialRequests
from .external_services import WorldHttp
from .faults import WorldFaults
from .mcp import WorldMcp
from .module_scripts import WorldModules
from .oauth import WorldOAuth
from .outbox import WorldOutbox
from .requests import WorldRequests

if TYPE_CHECKING:
    from .executions import WorldExecution


class WorldClock:
    """Clock of a world. None of its methods waits for real time to pass."""

    def __init__(self, client: WorldClient) -> None:
        self._client = client

    @property
    def now(self) -> str:
        """Current time of the world, ISO 8601."""
        return str(self._client.clock()["now"])

    @property
    def frozen(self) -> bool:
        """True while the clock is frozen."""
        return bool(self._client.clock()["frozen"])

    def set(self, now: str) -> None:
        """Sets the time, e.g. ``2026-01-01T00:00:00Z``."""
        self._client.set_clock(now=now)

    def freeze(self, at: str | None = None) -> None:
        """Freezes the clock, at its current time or another one."""
        self._client.set_clock(now=at, frozen=True)

    def unfreeze(self) -> None:
        """Lets the clock run, from its current time."""
        self._client.set_clock(frozen=False)

    def advance(self, seconds: float = 0, *, minutes: float = 0, hours: float = 0, days: float = 0) -> None:
        """Advances the clock; what was due in between has happened by the next request."""
        total = seconds + 60 * (minutes + 60 * (hours + 24 * days))
        self._client.advance_clock(total)


class Received(NamedTuple):
    """Response of a webhook to its caller."""

    status: int
    text: str


class World:
    """Isolated Make on a running emulator: its base URL, token, clock and request log."""

    def __init__(self, control: ControlClient, description: JsonObject) -> None:
        self._control = control
        self._client = client = control.world(description["name"])
        self.name: str = description["name"]
        self.base_url: str = description["baseUrl"]
        self.token: str = description["token"]
        self.organization_id: int = description["organizationId"]
        self.team_id: int = description["teamId"]
        self.user_id: int = description["userId"]
        self.zone: str = description["zone"]
        self.plan: Plan = description["plan"]
        self.agents = WorldAgents(client)
        self.clock = WorldClock(client)
        self.requests = WorldRequests(client)
        self.faults = WorldFaults(client)
        self.modules = WorldModules(client)
        self.http = WorldHttp(client)
        self.oauth = WorldOAuth(control, client, self.base_url)
        self.outbox = WorldOutbox(client)
        self.credential_requests = WorldCredentialRequests(client)
        self._own_token = self.token

    @property
    def headers(self) -> dict[str, str]:
        """Authorization header with the world's token."""
        return {"Authorization": f"Token {self.token}"}

    @property
    def mcp(self) -> WorldMcp:
        """MCP server of the world, with the world's token."""
        return WorldMcp(self._control, self._client, self.base_url.removesuffix("/api/v2"), self.token)

    def create_toolbox(self, name: str, tools: Sequence[int | Mapping[str, Any]]) -> WorldMcp:
        """Creates an MCP toolbox of the first team, and returns its server with its key as the token.

        Args:
            tools: the ids of active on-demand scenarios, or objects with ``scenarioId``, ``label``, ``description`` and
                ``readOnly``.
        """
        body = {"name": name, "tools": list(tools)}
        toolbox: JsonObject = self._client.call("POST", "toolboxes", body=body)["toolbox"]
        root = self.base_url.removesuffix("/api/v2")
        return WorldMcp(self._control, self._client, root, toolbox["keys"][0]["key"], toolbox["path"])

    def create_token(self, scopes: Sequence[str], *, user_id: int | None = None) -> str:
        """Creates another token of this world."""
        return self._client.create_token(scopes, user_id=user_id)

    def import_blueprints(
        self, path: str | PathLike[str], *, team_id: int | None = None, activate: bool = False
    ) -> ImportResult:
        """Imports an exported blueprint, or those of a folder, with stubs of the connections, hooks … that they refer to.

        Args:
            team_id: the team of the scenarios; the first one, by default.
            activate: activate the scenarios, as far as they can be.

        Returns:
            The response of the control API: ``scenarios``, ``stubs`` and ``rejected`` files.

        Raises:
            OSError: if a file cannot be read.
            ValueError: if there is no blueprint.
        """
        return self._client.import_blueprints(Path(path), team_id=team_id, activate=activate)

    def lint(
        self,
        blueprint: Mapping[str, Any] | str | None = None,
        *,
        scenario_id: int | None = None,
        scheduling: Mapping[str, Any] | None = None,
        team_id: int | None = None,
        ignore: Sequence[str] = (),
    ) -> list[Finding]:
        """Returns the findings of lint on a blueprint, or on that of a scenario: what the team has and its plan count.

        Args:
            team_id: the team; that of the scenario, or the first one, by default.
            ignore: ids of rules that are switched off.

        Raises:
            ControlError: if there is no such scenario, team or rule.
        """
        return self._client.lint(
            dict(blueprint) if isinstance(blueprint, Mapping) else blueprint,
            scenario_id=scenario_id,
            scheduling=dict(scheduling) if scheduling is not None else None,
            team_id=team_id,
            ignore=ignore,
        )

    def mend(
        self,
        blueprint: Mapping[str, Any] | str | None = None,
        *,
        scenario_id: int | None = None,
        scheduling: Mapping[str, Any] | None = None,
        team_id: int | None = None,
        ignore: Sequence[str] = (),
    ) -> MendResult:
        """Returns a blueprint, or that of a scenario, with its obvious repairs; the scenario stays as it is.

        Args:
            team_id: the team; that of the scenario, or the first one, by default.
            ignore: ids of rules that are switched off.

        Returns:
            The response of the control API: ``blueprint``, ``patch``, ``repairs``, the ``findings`` that stay, and ``run``.

        Raises:
            ControlError: if there is no such scenario, team or rule.
        """
        return self._client.mend(
            dict(blueprint) if isinstance(blueprint, Mapping) else blueprint,
            scenario_id=scenario_id,
            scheduling=dict(scheduling) if scheduling is not None else None,
            team_id=team_id,
            ignore=ignore,
        )

    def run(
        self, scenario_id: int, inputs: Mapping[str, Any] | None = None, *, responsive: bool = True
    ) -> RunResult:
        """Runs an active scenario now, with the world's first token, and returns the JSON of the API's response.

        Raises:
            ControlError: if the API responds with an error; ``status`` is the HTTP status.
        """
        body = {"responsive": responsive, **({} if inputs is None else {"data": inputs})}
        response: RunResult = self._control.api(
            "POST", f"/scenarios/{scenario_id}/run", self._own_token, body
        )
        return response

    def receive(self, hook_id: int, payload: Any) -> Received:
        """Posts a payload to a webhook, as an external service does: JSON, or a text unchanged."""
        hook = self._control.api("GET", f"/hooks/{hook_id}", self._own_token)["hook"]
        kind = "text/plain" if isinstance(payload, str) else "application/json"
        body = payload.encode() if isinstance(payload, str) else orjson.dumps(payload)
        status, response = self._control.post(f"/hook/{hook['udid']}", body, kind)
        return Received(status, response.decode())

    def advance(self, seconds: float = 0, *, minutes: float = 0, hours: float = 0, days: float = 0) -> None:
        """Advances the clock: what was due in between has happened by the next request."""
        self.clock.advance(seconds, minutes=minutes, hours=hours, days=days)

    def executions(self, status: RunStatus | None = None) -> list[ExecutionRow]:
        """Returns the latest 100 runs, the latest first, or those with a status such as ``ERROR``; secrets are masked."""
        query = None if status is None else {"status": status}
        rows: list[ExecutionRow] = self._client.call("GET", "executions", query=query)["executions"]
        return rows

    def steps(self, execution_id: str) -> list[StepRow]:
        """Returns the operations of a run in order, with input, output and error; secrets are masked."""
        rows: list[StepRow] = self._fetch_execution(execution_id)["steps"]
        return rows

    def execution(self, execution_id: str) -> WorldExecution:
        """Returns the trace of a run: its steps and the decisions of filters, routers and error handlers, with assertions."""
        # Imported on use: few tests look at traces.
        from .executions import WorldExecution

        return WorldExecution(execution_id, self._fetch_execution(execution_id))

    def _fetch_execution(self, execution_id: str) -> JsonObject:
        trace: JsonObject = self._client.call("GET", "executions", execution_id, "steps")
        return trace

    def describe_activity(self) -> str:
        """Returns the requests, and the last runs with their stories, as text: what the pytest plugin shows under a failed test."""
        return activity.describe_activity(self._client)

    def access_report(self) -> list[TokenAccess]:
        """Returns for each token the scopes granted, used, never used and missing, and the minimum scopes."""
        return self._client.access_report()

    def provenance(self) -> ProvenanceReport:
        """Returns the provenance report: the behaviours of the fidelity ledger that the responses rest on."""
        return self._client.provenance()

    def coverage(self) -> CoverageReport:
        """Returns the coverage report: which of the declared endpoints were called, by class of status."""
        return self._client.coverage()

    def call_unlogged(self, method: str, path: str, body: Json = None) -> Any:
        """Calls the API as an owner of what the path names, without a trace in the request log, its counts, rate limit and faults.

        It is for the preparation of a test, whose assertions on the request log then see the calls of the tested code only.

        Args:
            path: the path with its query, with or without ``/api/v2``.
            body: the JSON value of the body.

        Returns:
            the JSON of the response.

        Raises:
            ControlError: if the API refuses the call; ``status`` is that of its response.
        """
        return self._client.call_unlogged(method, path, body)

    def checkpoint(self, name: str) -> WorldCheckpoint:
        """Creates a checkpoint of the present state, whose changes can be listed and undone.

        Raises:
            ControlError: if there is one of that name.
        """
        created: JsonObject = self._client.call("POST", "checkpoints", body={"name": name})["checkpoint"]
        return WorldCheckpoint(self._client, created)

    def snapshot(self) -> JsonObject:
        """Returns the state of the world, secrets included, as one JSON document."""
        return self._client.snapshot()

    def restore(self, snapshot: Mapping[str, Any], *, copy: bool = False) -> None:
        """Restores a snapshot, including its clock, tokens and next ids.

        Args:
            copy: give tokens, hooks and OAuth clients new keys, so that the world of the snapshot may still be there.

        Raises:
            ControlError: if the document cannot be restored; the world is unchanged then.
        """
        description = self._client.restore(snapshot, copy=copy)
        activity.replace_state(self._client)
        # A token with few scopes that a test has set stays set.
        if self.token == self._own_token:
            self.token = description["token"]
        self._own_token = description["token"]

    def change_settings(self, *, rate_limit: bool | None = None, **settings: Unpack[WorldSettings]) -> None:
        """Changes settings of the world, such as ``api_access=False``; a reset returns to those of its creation."""
        self._client.change_settings(rate_limit=rate_limit, **settings)

    def reset(self) -> None:
        """Resets the world to its seed."""
        collectors.collect(self._client)
        self._client.reset()
        activity.replace_state(self._client)

    def delete(self) -> None:
        """Deletes the world; its tokens are unknown from then on."""
        collectors.collect(self._client)
        activity.end_world(self._client)
        self._client.delete()

    def __repr__(self) -> str:
        return f"<World {self.name!r} at {self.base_url}>"
