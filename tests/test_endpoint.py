from __future__ import annotations

import inspect

import pytest

from emulator.api import endpoints
from emulator.endpoint import Endpoint, snake_case
from emulator.world.enums import SCOPES

#: The numbers of the 47 documented routes that the groups built so far hold.
CORE_SO_FAR = {*range(1, 48)}


def test_every_core_route_of_the_groups_is_declared_once() -> None:
    numbers = [number for endpoint in endpoints() for number in endpoint.core]
    assert sorted(numbers) == sorted(CORE_SO_FAR)


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
        assert ("write" in access) == (endpoint.method != "GET")


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
