from __future__ import annotations

import inspect

import pytest

from make_emulator.api import endpoints
from make_emulator.http.endpoint import Endpoint, snake_case
from make_emulator.http.openapi import build_document
from make_emulator.world.enums import SCOPES

CORE = [endpoint for endpoint in endpoints() if endpoint.core]


def test_the_core_routes_are_the_47_documented_ones() -> None:
    numbers = {number: endpoint for endpoint in CORE for number in endpoint.core}
    assert sorted(numbers) == list(range(1, 48))
    assert len(CORE) == 47
    reading = [number for number, endpoint in numbers.items() if endpoint.method == "GET"]
    assert (len(reading), len(numbers) - len(reading)) == (22, 25)


def test_the_core_routes_need_sixteen_scopes_and_that_of_administrators() -> None:
    scopes = {scope for endpoint in CORE for scope in endpoint.scopes}
    areas = ["connections", "datastores", "hooks", "organizations", "scenarios", "teams", "templates"]
    wanted = {f"{area}:{access}" for area in areas for access in ("read", "write")}
    assert scopes - {"admin:write"} == wanted | {"scenarios:run", "user:read"}
    assert len(scopes - {"admin:write"}) == 16


def test_each_core_route_has_its_operation_in_the_openapi_document() -> None:
    # That each serves a valid request and refuses a missing scope, a hidden resource and bad input is tested for
    # every declared route in tests/robustness.
    paths = build_document(endpoints(), "http://localhost/api/v2")["paths"]
    for endpoint in CORE:
        operation = paths[endpoint.path][endpoint.method.lower()]
        assert operation["operationId"] == endpoint.name
        assert operation["x-core"] == list(endpoint.core)
        assert operation["x-scopes"] == list(endpoint.scopes)
        assert {"200", "400", "401", "403", "404", "429"} <= set(operation["responses"])


def test_methods_and_paths_and_names_are_unique() -> None:
    declared = [(endpoint.method, endpoint.path) for endpoint in endpoints()]
    names = [endpoint.name for endpoint in endpoints()]
    assert len(set(declared)) == len(declared)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("endpoint", endpoints(), ids=lambda e: e.name)
def test_a_declaration_is_complete(endpoint: Endpoint) -> None:
    assert set(endpoint.scopes) <= SCOPES
    assert endpoint.summary, "the handler's docstring is the summary of the operation"
    if endpoint.scopes:
        access = {scope.partition(":")[2] for scope in endpoint.scopes}
        # The vendor's document: one GET takes the scope to write.
        is_writing = endpoint.method != "GET" or endpoint.path == "/scenarios/{scenarioId}/data/{moduleId}"
        assert bool(access & {"write", "run"}) == is_writing


@pytest.mark.parametrize("endpoint", endpoints(), ids=lambda e: e.name)
def test_a_handler_takes_what_the_endpoint_finds_for_it(endpoint: Endpoint) -> None:
    parameters = list(inspect.signature(endpoint.handler).parameters.values())
    required = {p.name for p in parameters[1:] if p.default is p.empty}
    found = {
        snake_case(name).removesuffix("_id") if kind else snake_case(name)
        for name, kind in endpoint.path_types
    }
    assert found <= {p.name for p in parameters}
    mandatory = {
        name.removesuffix("_id")
        for schema in (endpoint.query, endpoint.body)
        if schema is not None
        for name, field in schema.load_fields.items()
        if field.required
    }
    assert required <= found | mandatory
