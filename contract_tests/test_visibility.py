"""Visibility: an invisible resource gets the same response as one that does not exist, wherever a route takes an id.

It is 404, but for the team or the organization that a query or a body names: 403 IM002.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from make_emulator.contract.client import ContractClient
from make_emulator.contract.declarations import core_endpoints
from make_emulator.contract.guard import UNUSED_ID
from make_emulator.contract.target import Target
from make_emulator.http.endpoint import Endpoint
from make_emulator.schemas.base import ListField, ResourceId

from .resources import Resources
from .valid_requests import valid_request


def references(endpoint: Endpoint) -> Iterator[tuple[str, str, str]]:
    """Place, name and kind of every id that a route takes; lists of ids are another matter."""
    for name, kind in endpoint.path_types:
        if kind:
            yield "path", name, kind
    for place, schema in (("query", endpoint.query), ("body", endpoint.body)):
        for name, field in schema.load_fields.items() if schema else ():
            if isinstance(field, ResourceId) and not isinstance(field, ListField):
                yield place, field.data_key or name, field.kind


def places(wanted: str) -> Iterator[Any]:
    for route, endpoint in core_endpoints().items():
        for place, name, kind in references(endpoint):
            if place == wanted:
                marks = pytest.mark.covers(route, "hidden")
                yield pytest.param(route, name, kind, id=f"{route} {name}", marks=marks)


def check(
    api: ContractClient, target: Target, things: Resources, route: str, place: str, name: str, kind: str
) -> None:
    """Checks that a resource that does not exist and one of another user get the same response."""
    valid = valid_request(route, things)
    if place == "query" and name != "teamId" and route in ("GET /scenarios", "GET /users"):
        # One of the two owners only.
        valid = valid.without("query", "teamId") if name == "organizationId" else valid
    if route == "GET /users/by-permission" and name == "teamId":
        # The type is that of the owner.
        valid = valid.with_value("query", "type", "company").with_value("query", "permission", "team view")
        valid = valid.without("query", "organizationId")
    is_owner = place != "path" and kind in ("team", "organization")
    status, code = (403, "IM002") if is_owner else (404, "SC404")
    bodies = [
        valid.with_value(place, name, id).send(api).refused(status, code)
        for id in (UNUSED_ID, target.foreign_ids.get(kind))
        if id is not None
    ]
    assert {body["message"] for body in bodies} == {"Insufficient rights" if is_owner else "Not found"}
    if is_owner:
        assert {body["detail"] for body in bodies} == {
            'Insufficient rights, admin permission "organization view" is needed.'
        }
    assert len({tuple(body) for body in bodies}) == 1


@pytest.mark.fidelity("visibility.not-found", "visibility.body")
@pytest.mark.parametrize(("route", "name", "kind"), list(places("path")))
def test_a_path_to_what_is_out_of_sight_is_404(
    route: str, name: str, kind: str, api: ContractClient, target: Target, shared: Resources
) -> None:
    check(api, target, shared, route, "path", name, kind)


@pytest.mark.fidelity("visibility.not-found", "visibility.foreign-owner")
@pytest.mark.parametrize(("route", "name", "kind"), list(places("query")))
def test_a_query_for_what_is_out_of_sight_is_refused(
    route: str, name: str, kind: str, api: ContractClient, target: Target, shared: Resources
) -> None:
    check(api, target, shared, route, "query", name, kind)


@pytest.mark.fidelity("visibility.not-found", "visibility.foreign-owner")
@pytest.mark.parametrize(("route", "name", "kind"), list(places("body")))
def test_a_body_that_names_what_is_out_of_sight_is_refused(
    route: str, name: str, kind: str, api: ContractClient, target: Target, shared: Resources
) -> None:
    check(api, target, shared, route, "body", name, kind)
