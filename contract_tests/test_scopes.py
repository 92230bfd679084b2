"""Scopes: every core route rejects a token that lacks one of its scopes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from make_emulator.contract.client import ContractClient
from make_emulator.contract.declarations import core_endpoints
from make_emulator.contract.guard import UNUSED_ID
from make_emulator.contract.target import Target

from .resources import Resources
from .valid_requests import endpoint_of, valid_request


def lacking(api: ContractClient, target: Target, scope: str) -> str:
    """A token without a scope: the run's own, if that is one."""
    if scope not in api.scopes:
        return target.token
    token = target.token_without([scope])
    return token or pytest.skip(f"there is no token that lacks {scope}")


def scopes_of_routes() -> Iterator[Any]:
    for route, endpoint in core_endpoints().items():
        for scope in endpoint.scopes:
            yield pytest.param(
                route, scope, id=f"{route} without {scope}", marks=pytest.mark.covers(route, "scope")
            )


@pytest.mark.fidelity("scopes.missing", "scopes.read-write")
@pytest.mark.parametrize(("route", "scope"), list(scopes_of_routes()))
def test_a_token_that_lacks_the_scope_is_refused(
    route: str, scope: str, api: ContractClient, target: Target, shared: Resources
) -> None:
    token = lacking(api, target, scope)
    answer = valid_request(route, shared, absent=True).send(api, token=token)
    body = answer.refused(403, "SC403")
    assert (body["detail"], body["message"]) == ("Access denied.", "Permission denied")
    assert scope not in answer.text


@pytest.mark.fidelity("scopes.no-implication")
@pytest.mark.parametrize("area", ["scenarios", "connections", "datastores", "hooks", "teams", "templates"])
def test_writing_does_not_include_reading(
    area: str, api: ContractClient, target: Target, shared: Resources
) -> None:
    route = {"datastores": "GET /data-stores"}.get(area, f"GET /{area}")
    token = lacking(api, target, f"{area}:read")
    valid_request(route, shared, absent=True).send(api, token=token).refused(403, "SC403")


@pytest.mark.fidelity("scopes.run")
def test_running_takes_a_scope_of_its_own(api: ContractClient, target: Target, shared: Resources) -> None:
    route = "POST /scenarios/{scenarioId}/run"
    assert endpoint_of(route).scopes == ("scenarios:read", "scenarios:write", "scenarios:run")
    token = lacking(api, target, "scenarios:run")
    valid_request(route, shared, absent=True).send(api, token=token).refused(403, "SC403")


@pytest.mark.fidelity("scopes.admin-write")
def test_creating_an_organization_takes_the_scope_of_administrators(
    api: ContractClient, target: Target, shared: Resources
) -> None:
    token = lacking(api, target, "admin:write")
    valid_request("POST /organizations", shared).send(api, token=token).refused(403, "SC403")


@pytest.mark.fidelity("scopes.before-existence")
def test_a_missing_scope_is_told_before_what_is_missing(api: ContractClient, target: Target) -> None:
    token = lacking(api, target, "scenarios:read")
    api.call("GET", f"/scenarios/{UNUSED_ID}", token=token).refused(403, "SC403")


@pytest.mark.fidelity("auth.any-token-routes")
@pytest.mark.parametrize("path", ["/users/me", "/users/me/current-authorization", "/enums/timezones"])
def test_what_every_client_asks_first_takes_no_scope(path: str, api: ContractClient, target: Target) -> None:
    token = lacking(api, target, "user:read")
    assert api.call("GET", path, token=token).fits()
