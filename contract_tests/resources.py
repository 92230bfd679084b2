"""Resources of the tests, created through the API: scenarios, hooks, connections, data stores, templates."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from make_emulator.contract.client import ApiResponse, ContractClient
from make_emulator.contract.guard import UNUSED_ID

ON_DEMAND = {"type": "on-demand"}
INPUTS = [{"name": "name", "type": "text", "required": True}]
OUTPUTS = [{"name": "greeting", "type": "text"}]
STRUCTURE_FIELDS = [
    {"name": "sku", "type": "text", "required": True},
    {"name": "quantity", "type": "number", "required": False},
]
#: Fields of a hook of the most common type.
WEBHOOK_BODY = {"typeName": "gateway-webhook", "method": False, "headers": False, "stringify": False}

_SETTINGS = {
    "roundtrips": 1,
    "maxErrors": 3,
    "autoCommit": True,
    "autoCommitTriggerLast": True,
    "sequential": False,
    "slots": None,
    "confidential": False,
    "dataloss": False,
    "dlq": False,
    "freshVariables": False,
}

_name_counter = itertools.count(1)


def blueprint(
    name: str, *flow: Mapping[str, Any], settings: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Returns a blueprint that outputs a greeting, or one of other modules.

    Args:
        settings: settings of the scenario that differ from the usual ones.
    """
    greet = module(
        "scenario-service:ReturnData", mapper={"greeting": "Hello, {{var.input.name}}!"}, version=2
    )
    return {
        "name": name,
        "flow": [{"id": place, **each} for place, each in enumerate(flow or (greet,), 1)],
        "metadata": {
            "instant": False,
            "version": 1,
            "scenario": {**_SETTINGS, **(settings or {})},
            "designer": {"orphans": []},
        },
    }


def module(
    name: str,
    *,
    parameters: Mapping[str, Any] | None = None,
    mapper: Mapping[str, Any] | None = None,
    version: int = 1,
) -> dict[str, Any]:
    """Returns one module of a blueprint."""
    return {
        "module": name,
        "version": version,
        "parameters": dict(parameters or {}),
        "mapper": dict(mapper or {}),
        "metadata": {"designer": {"x": 0, "y": 0}},
    }


class Resources:
    """Cache of resource ids by kind: each resource is created once, on first use.

    A read-only run uses the existing resources of the team.
    """

    def __init__(self, api: ContractClient) -> None:
        self.api = api
        #: Kind and id of all resources that were created here.
        self.created: set[tuple[str, int]] = set()
        self._ids: dict[str, Any] = {}

    def name(self, what: str) -> str:
        """Returns a unique name."""
        return f"{self.api.prefix} {what} {next(_name_counter)}"

    def id(self, kind: str) -> Any:
        """Returns the id of a resource of a kind, such as ``scenario``, ``live scenario`` or ``execution``."""
        __tracebackhide__ = True
        if kind not in self._ids:
            find = self._find_existing if self.api.read_only else self._create
            self._ids[kind] = find(kind)
        return self._ids[kind]

    def id_or_absent(self, kind: str) -> Any:
        """Returns the id of a resource, or an unused one if it cannot be created."""
        try:
            return self.id(kind)
        except pytest.skip.Exception:
            return "0" * 32 if kind == "execution" else UNUSED_ID

    def _create(self, kind: str) -> Any:
        match kind:
            case "scenario":
                return self.scenario()["id"]
            case "live scenario":
                return self.live_scenario()
            case "execution":
                return self.run(self.id("live scenario"))["executionId"]
            case "hook":
                return self.hook()["id"]
            case "connection":
                return self.connection()["id"]
            case "dataStore":
                return self.data_store(records=3)
            case "template":
                return self.template()["id"]
            case "folder":
                body = {"name": self.name("folder"), "teamId": self.api.target.team_id}
                return self._claim(self.api.post("/scenarios-folders", body), "scenarioFolder", "folder")[
                    "id"
                ]
            case "dataStructure":
                return self.structure()
        raise LookupError(kind)

    # --- read-only runs ------------------------------------------------------------------------

    def _find_existing(self, kind: str) -> Any:
        team = self.api.target.team_id
        match kind:
            case "scenario" | "live scenario":
                return self._first_id(self.api.get("/scenarios", teamId=team), "scenarios")
            case "execution":
                logs = self.api.get(f"/scenarios/{self.id('live scenario')}/logs").ok()["scenarioLogs"]
                run = next((row for row in logs if row.get("eventType") == "EXECUTION_END"), None)
                return run["id"] if run else pytest.skip("--read-only: the scenario has not run yet")
            case "hook":
                return self._first_id(self.api.get("/hooks", teamId=team), "hooks")
            case "connection":
                return self._first_id(self.api.get("/connections", teamId=team), "connections")
            case "dataStore":
                return self._first_id(self.api.get("/data-stores", teamId=team), "dataStores")
            case "template":
                return self._first_id(self.api.get("/templates", teamId=team), "templates")
            case "folder":
                return self._first_id(self.api.get("/scenarios-folders", teamId=team), "scenariosFolders")
        raise LookupError(kind)

    @staticmethod
    def _first_id(response: ApiResponse, key: str) -> Any:
        rows = response.ok()[key]
        return rows[0]["id"] if rows else pytest.skip(f"--read-only: the team has no {key}")

    # --- creation --------------------------------------------------------------------------------

    def scenario_body(
        self,
        *flow: Mapping[str, Any],
        scheduling: Mapping[str, Any] = ON_DEMAND,
        inputs: Sequence[Mapping[str, Any]] | None = INPUTS,
        settings: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        """Returns the body that creates a scenario."""
        return {
            "teamId": self.api.target.team_id,
            "blueprint": json.dumps(blueprint(self.name("scenario"), *flow, settings=settings)),
            "scheduling": json.dumps(scheduling),
            "metadata": {"input_spec": inputs, "output_spec": OUTPUTS},
            **more,
        }

    def scenario(self, *flow: Mapping[str, Any], **how: Any) -> dict[str, Any]:
        """Creates a scenario that is not live."""
        return self._claim(self.api.post("/scenarios", self.scenario_body(*flow, **how)), "scenario")

    def live_scenario(self, *flow: Mapping[str, Any], **how: Any) -> int:
        """Creates a live scenario; returns its id."""
        id = int(self.scenario(*flow, **how)["id"])
        self._claim(self.api.post(f"/scenarios/{id}/start"), "scenario")
        return id

    def run(self, scenario_id: int, name: str = "Zoe") -> dict[str, Any]:
        """Runs a scenario and returns the response of the responsive run."""
        body = {"data": {"name": name}, "responsive": True}
        response: dict[str, Any] = self.api.post(f"/scenarios/{scenario_id}/run", body).ok()
        return response

    def hook(self, **data: Any) -> dict[str, Any]:
        """Creates a webhook."""
        body = {"name": self.name("hook"), "teamId": self.api.target.team_id, **WEBHOOK_BODY, **data}
        return self._claim(self.api.post("/hooks", body), "hook")

    def connection_body(self, key: str = "not-a-key") -> dict[str, Any]:
        """Returns the body that creates a connection to Make itself."""
        origin = self.api.target.base_url.removesuffix("/api/v2")
        return {"accountName": self.name("connection"), "accountType": "make", "url": origin, "apiKey": key}

    def connection(self, key: str = "not-a-key") -> dict[str, Any]:
        """Creates a connection to Make itself."""
        response = self.api.post("/connections", self.connection_body(key), teamId=self.api.target.team_id)
        return self._claim(response, "connection")

    def mail_connection(self) -> int:
        """Creates a connection to a mail server; returns its id. Skips the test if the zone checks that there is such a server."""
        server = {
            "host": "smtp.example.com",
            "port": 587,
            "userName": "contract",
            "password": "not-a-password",
        }
        body = {"accountName": self.name("connection"), "accountType": "smtp", **server}
        response = self.api.post("/connections", body, teamId=self.api.target.team_id)
        if response.status != 200:
            pytest.skip("the zone checks connections to mail servers")
        return int(self._claim(response, "connection")["id"])

    def structure(self, *, strict: bool = True) -> int:
        """Creates a data structure; returns its id."""
        body = {
            "name": self.name("structure"),
            "teamId": self.api.target.team_id,
            "spec": STRUCTURE_FIELDS,
            "strict": strict,
        }
        return int(self._claim(self.api.post("/data-structures", body), "dataStructure")["id"])

    def data_store(self, *, records: int = 0, strict: bool = True) -> int:
        """Creates a data store with the records ``key-1`` and so on; returns its id."""
        body = {
            "name": self.name("store"),
            "teamId": self.api.target.team_id,
            "maxSizeMB": 1,
            "datastructureId": self.structure(strict=strict),
        }
        id = int(self._claim(self.api.post("/data-stores", body), "dataStore")["id"])
        for number in range(1, records + 1):
            data = {"sku": f"A-{number}", "quantity": number}
            self.api.post(f"/data-stores/{id}/data", {"key": f"key-{number}", "data": data}).ok()
        return id

    def team(self, organization: int | None = None) -> int:
        """Creates another team in the organization, or in one of this run; returns its id."""
        owner = self.api.target.organization_id if organization is None else organization
        body = {"name": self.name("team"), "organizationId": owner}
        return int(self._claim(self.api.post("/teams", body), "team")["id"])

    def organization(self) -> int:
        """Creates another organization; returns its id."""
        body = {"name": self.name("organization"), "regionId": 1, "timezoneId": 113, "countryId": 4}
        return int(self._claim(self.api.post("/organizations", body), "organization")["id"])

    def template_body(self) -> dict[str, Any]:
        """Returns the body that creates a template."""
        name = self.name("template")
        controller = {"name": name, "modules": {}, "idSequence": 2}
        return {
            "teamId": self.api.target.team_id,
            "language": "en",
            "blueprint": json.dumps(blueprint(name)),
            "scheduling": json.dumps(ON_DEMAND),
            "controller": json.dumps(controller),
        }

    def template(self) -> dict[str, Any]:
        """Creates a template of the team."""
        return self._claim(self.api.post("/templates", self.template_body()), "template")

    def _claim(self, response: ApiResponse, key: str, kind: str | None = None) -> dict[str, Any]:
        """Returns the resource of a response and registers it for cleanup."""
        __tracebackhide__ = True
        row: dict[str, Any] = response.ok()[key]
        if (made := self.api.guard.claim(kind or key, row)) is not None:
            self.created.add(made)
        return row


class FreshResources(Resources):
    """Resources that are created anew on each use."""

    def id(self, kind: str) -> Any:
        __tracebackhide__ = True
        return self._find_existing(kind) if self.api.read_only else self._create(kind)
