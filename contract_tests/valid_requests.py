"""One valid request for each core route; the tests over all routes make one part of it invalid."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from make_emulator.contract.client import ApiResponse, ContractClient
from make_emulator.contract.declarations import aspects_to_test, core_endpoints
from make_emulator.http.endpoint import Endpoint

from .resources import WEBHOOK_BODY, Resources, blueprint


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """Request: route, path parameters, query and body."""

    route: str
    path: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None

    def send(self, api: ContractClient, **how: Any) -> ApiResponse:
        """Sends the request."""
        method, _, path = self.route.partition(" ")
        for name, value in self.path.items():
            path = path.replace(f"{{{name}}}", str(value))
        return api.call(method, path, query=self.query, **({"body": self.body} | how))

    def with_value(self, place: str, name: str, value: Any) -> ApiRequest:
        """Returns a copy with another value in ``path``, ``query`` or ``body``."""
        return self._with(place, {**(getattr(self, place) or {}), name: value})

    def without(self, place: str, name: str) -> ApiRequest:
        """Returns a copy without a parameter."""
        rest = {key: value for key, value in (getattr(self, place) or {}).items() if key != name}
        return self._with(place, rest)

    def _with(self, place: str, values: dict[str, Any]) -> ApiRequest:
        changes: dict[str, Any] = {place: values}
        return replace(self, **changes)


def valid_request(route: str, things: Resources, *, absent: bool = False) -> ApiRequest:
    """Returns a valid request for a route.

    Args:
        things: the source of the ids.
        absent: use unused ids where the token or the plan cannot create a resource.
    """
    return ApiRequest(route, **_REQUEST_BUILDERS[route](_RequestIds(things, absent=absent)))


@dataclass(frozen=True, slots=True)
class _RequestIds:
    """Ids of the resources, the team and the organization of a request."""

    things: Resources
    absent: bool

    @property
    def team(self) -> int:
        return self.things.api.target.team_id

    @property
    def organization(self) -> int:
        return self.things.api.target.organization_id

    def of(self, kind: str) -> Any:
        return self.things.id_or_absent(kind) if self.absent else self.things.id(kind)

    def scenario(self, kind: str = "scenario") -> dict[str, Any]:
        return {"path": {"scenarioId": self.of(kind)}}

    def run(self) -> dict[str, Any]:
        # The execution first: a live scenario that is made for it is the one that it belongs to.
        if not self.absent and not self.things.api.read_only:
            scenario = self.things.id("live scenario")
            return {"path": {"scenarioId": scenario, "executionId": self.things.run(scenario)["executionId"]}}
        execution = self.of("execution")
        return {"path": {"scenarioId": self.of("live scenario"), "executionId": execution}}

    def connection(self) -> dict[str, Any]:
        return {"path": {"connectionId": self.of("connection")}}

    def store(self) -> dict[str, Any]:
        return {"path": {"dataStoreId": self.of("dataStore")}}

    def record(self) -> dict[str, Any]:
        return {"path": {"dataStoreId": self.of("dataStore"), "key": "key-1"}}

    def hook(self) -> dict[str, Any]:
        return {"path": {"hookId": self.of("hook")}}

    def template(self) -> dict[str, Any]:
        return {"path": {"templateId": self.of("template")}}

    def in_team(self) -> dict[str, Any]:
        return {"query": {"teamId": self.team}}

    def name(self, what: str) -> str:
        return self.things.name(what)


_RECORD_DATA = {"sku": "Z-9", "quantity": 7}

_REQUEST_BUILDERS: dict[str, Callable[[_RequestIds], dict[str, Any]]] = {
    "GET /scenarios": lambda ids: ids.in_team(),
    "GET /scenarios/{scenarioId}": lambda ids: ids.scenario(),
    "POST /scenarios": lambda ids: {"body": ids.things.scenario_body()},
    "PATCH /scenarios/{scenarioId}": lambda ids: {
        **ids.scenario(),
        "body": {
            "name": ids.name("renamed"),
            "description": "Changed",
            "blueprint": json.dumps(blueprint(ids.name("renamed"))),
        },
    },
    "POST /scenarios/{scenarioId}/clone": lambda ids: {
        **ids.scenario(),
        "query": {"organizationId": ids.organization},
        "body": {"name": ids.name("clone"), "teamId": ids.team, "states": False},
    },
    "DELETE /scenarios/{scenarioId}": lambda ids: ids.scenario(),
    "POST /scenarios/{scenarioId}/start": lambda ids: ids.scenario(),
    "POST /scenarios/{scenarioId}/stop": lambda ids: ids.scenario("live scenario"),
    "POST /scenarios/{scenarioId}/run": lambda ids: {
        **ids.scenario("live scenario"),
        "body": {"data": {"name": "Zoe"}, "responsive": True},
    },
    "GET /scenarios/{scenarioId}/blueprint": lambda ids: ids.scenario(),
    "GET /scenarios/{scenarioId}/logs": lambda ids: ids.scenario("live scenario"),
    "GET /scenarios/{scenarioId}/logs/{executionId}": lambda ids: ids.run(),
    "GET /scenarios/{scenarioId}/executions/{executionId}": lambda ids: ids.run(),
    "GET /connections": lambda ids: ids.in_team(),
    "GET /connections/{connectionId}": lambda ids: ids.connection(),
    "POST /connections": lambda ids: {**ids.in_team(), "body": ids.things.connection_body()},
    "PATCH /connections/{connectionId}": lambda ids: {
        **ids.connection(),
        "body": {"name": ids.name("renamed")},
    },
    "DELETE /connections/{connectionId}": lambda ids: ids.connection(),
    "POST /connections/{connectionId}/test": lambda ids: ids.connection(),
    "GET /data-stores": lambda ids: ids.in_team(),
    "POST /data-stores": lambda ids: {
        "body": {"name": ids.name("store"), "teamId": ids.team, "maxSizeMB": 1}
    },
    "PATCH /data-stores/{dataStoreId}": lambda ids: {**ids.store(), "body": {"name": ids.name("renamed")}},
    "GET /data-stores/{dataStoreId}/data": lambda ids: ids.store(),
    "POST /data-stores/{dataStoreId}/data": lambda ids: {**ids.store(), "body": {"data": _RECORD_DATA}},
    "PUT /data-stores/{dataStoreId}/data/{key}": lambda ids: {**ids.record(), "body": _RECORD_DATA},
    "PATCH /data-stores/{dataStoreId}/data/{key}": lambda ids: {**ids.record(), "body": {"quantity": 8}},
    "DELETE /data-stores/{dataStoreId}/data": lambda ids: {
        **ids.store(),
        "query": {"confirmed": "true"},
        "body": {"keys": ["key-1"]},
    },
    "GET /hooks": lambda ids: ids.in_team(),
    "POST /hooks": lambda ids: {"body": {"name": ids.name("hook"), "teamId": ids.team, **WEBHOOK_BODY}},
    "GET /hooks/{hookId}": lambda ids: ids.hook(),
    "PATCH /hooks/{hookId}": lambda ids: {**ids.hook(), "body": {"name": ids.name("renamed")}},
    "DELETE /hooks/{hookId}": lambda ids: ids.hook(),
    "GET /hooks/{hookId}/ping": lambda ids: ids.hook(),
    "POST /hooks/{hookId}/enable": lambda ids: ids.hook(),
    "POST /hooks/{hookId}/disable": lambda ids: ids.hook(),
    "GET /teams": lambda ids: {"query": {"organizationId": ids.organization}},
    "GET /teams/{teamId}": lambda ids: {"path": {"teamId": ids.team}},
    "POST /teams": lambda ids: {"body": {"name": ids.name("team"), "organizationId": ids.organization}},
    "GET /organizations": lambda ids: {},
    "GET /organizations/{organizationId}": lambda ids: {"path": {"organizationId": ids.organization}},
    "POST /organizations": lambda ids: {
        "body": {"name": ids.name("organization"), "regionId": 1, "timezoneId": 113, "countryId": 4}
    },
    "GET /users": lambda ids: ids.in_team(),
    "GET /users/by-permission": lambda ids: {
        "query": {
            "type": "organization",
            "permission": "organization users view",
            "organizationId": ids.organization,
        }
    },
    "GET /templates": lambda ids: ids.in_team(),
    "GET /templates/{templateId}": lambda ids: ids.template(),
    "GET /templates/{templateId}/blueprint": lambda ids: ids.template(),
    "POST /templates": lambda ids: {"body": ids.things.template_body()},
}


def each_route(aspect: str, *also: str, method: str | None = None) -> list[Any]:
    """Returns a pytest parameter for each core route that has an aspect, marked as covering it and the others."""
    return [
        pytest.param(route, id=route, marks=pytest.mark.covers(route, aspect, *also))
        for route, endpoint in core_endpoints().items()
        if aspect in aspects_to_test(endpoint) and method in (None, endpoint.method)
    ]


def rows_of(route: str, body: Mapping[str, Any]) -> Any:
    """Returns the value under the first key of a response's envelope."""
    return body[next(iter(core_endpoints()[route].response.fields))]


def endpoint_of(route: str) -> Endpoint:
    """Returns the declaration of a core route."""
    return core_endpoints()[route]


def default_columns(route: str) -> list[str]:
    """Returns the default columns of a row, in the recorded order."""
    schema = core_endpoints()[route].response.schema
    assert schema is not None
    return [name for name, is_default in schema.columns().items() if is_default]
