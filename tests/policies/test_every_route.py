"""Every declared route under a policy: denied by default, and with the grants of all other kinds; allowed by those it needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from helpers.api import assert_refused
from helpers.populated_app import PopulatedApp, fingerprint
from helpers.valid_requests import ENDPOINTS, VALID_REQUESTS, request_path
from make_emulator.policies import agents
from make_emulator.policies.grants import parse_grants
from make_emulator.policies.resources import KINDS, endpoint_accesses

TARGET = PopulatedApp()

ROUTES = [route for route, endpoint in ENDPOINTS.items() if not endpoint.is_public]


@pytest.fixture(autouse=True)
def fresh_target() -> None:
    TARGET.reset_if_changed()


def call(route: str, allow: Mapping[str, Any]) -> Any:
    """The response to the valid request of a route, from an agent with these grants."""
    world, request = TARGET.world, VALID_REQUESTS[route]
    agent = agents.put(world, "ops", parse_grants(dict(allow)), user=world.users[1])
    return TARGET.call(
        route.partition(" ")[0],
        request_path(ENDPOINTS[route]),
        token=agent.token,
        query_string=dict(request.query),
        json=None if request.body is None else dict(request.body),
    )


def last_entry() -> Any:
    return list(TARGET.handle.request_log)[-1].to_json()


@pytest.mark.parametrize("route", ROUTES)
def test_nothing_is_allowed_and_nothing_changes_without_a_grant(route: str) -> None:
    call("GET /enums/countries", {})
    before = fingerprint(TARGET.world)
    response = call(route, {})
    assert_refused(response, 403)
    assert fingerprint(TARGET.world) == before
    entry = last_entry()
    assert (entry["decision"], entry["agent"]) == ("refused: policy", "ops")
    assert entry["missing"]
    assert entry["statement"].startswith("ops tried to ")
    assert ": refused, nothing is granted for it" in entry["statement"]


@pytest.mark.parametrize("route", ROUTES)
def test_grants_of_all_other_kinds_do_not_suffice(route: str) -> None:
    endpoint = ENDPOINTS[route]
    needed = {kind for kind, _ in endpoint_accesses(endpoint.method, endpoint.path, endpoint.scopes)}
    for kind in needed:
        response = call(
            route, {**{other: "full" if "run" in KINDS[other] else "write" for other in KINDS}, kind: "off"}
        )
        assert_refused(response, 403)
        assert f"it has {kind}: off" in response.headers["X-Emulator-Why"]


@pytest.mark.parametrize("route", ROUTES)
def test_full_use_of_every_kind_allows_it(route: str) -> None:
    response = call(route, {"*": "full"})
    assert response.status_code < 300, response.get_data(as_text=True)
    entry = last_entry()
    assert entry["accesses"]
    assert ": allowed by *: full" in entry["statement"]
