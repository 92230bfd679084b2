"""The accesses of the proxy: for every route at least those that the emulator's own policy demands, with the state at hand."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from helpers.populated_app import PopulatedApp
from helpers.valid_requests import ENDPOINTS, VALID_REQUESTS, request_path
from make_emulator.policies import agents
from make_emulator.policies.grants import parse_grants
from make_emulator.policies.resources import Access, parse_access
from make_emulator.proxy.accesses import RULES, NamedResources, find_accesses

TARGET = PopulatedApp()

ROUTES = [route for route, endpoint in ENDPOINTS.items() if not endpoint.is_public]

#: Routes whose accesses name what the emulator looks up, and the whole kind here.
LOOKED_UP = {
    "DELETE /credential-requests/requests/{requestId}",
    "DELETE /custom-property-structures/custom-property-structure-items/{customPropertyStructureItemId}",
    "GET /users/me",
    "GET /users/me/current-authorization",
    "GET /users/me/oauth-connections",
    "GET /users/me/organization-invitations",
    "DELETE /users/me/oauth-connections/{clientId}",
    "PATCH /custom-property-structures/custom-property-structure-items/{customPropertyStructureItemId}",
    "POST /credential-requests/credentials/{credentialId}/decline",
    "POST /credential-requests/credentials/{credentialId}/delete-remote",
    "POST /credential-requests/credentials/{credentialId}/request-reauthorize",
    "POST /dlqs/retry",
    "POST /dlqs/{dlqId}/retry",
}


@pytest.fixture(autouse=True)
def fresh_target() -> None:
    TARGET.reset_if_changed()


def emulated(route: str) -> list[Access]:
    """The accesses that the emulator demands for the valid request of a route."""
    world, request = TARGET.world, VALID_REQUESTS[route]
    agent = agents.put(world, "ops", parse_grants({"*": "full"}), user=world.users[1])
    TARGET.call(
        route.partition(" ")[0],
        request_path(ENDPOINTS[route]),
        token=agent.token,
        query_string=dict(request.query),
        json=None if request.body is None else dict(request.body),
    )
    entry: dict[str, Any] = list(TARGET.handle.request_log)[-1].to_json()
    return [parse_access(text) for text in entry["accesses"]]


def proxied(route: str) -> list[Access]:
    """The accesses that the proxy demands for it."""
    endpoint, request = ENDPOINTS[route], VALID_REQUESTS[route]
    path = request_path(endpoint).removeprefix("/api/v2")
    names = dict(
        zip(
            (part[1:-1] for part in endpoint.path.split("/") if part.startswith("{")),
            (
                found
                for found, part in zip(path.split("/"), endpoint.path.split("/"), strict=True)
                if part.startswith("{")
            ),
            strict=True,
        )
    )
    query = [
        (name, str(each))
        for name, value in dict(request.query).items()
        for each in (value if isinstance(value, (list, tuple)) else [value])
    ]
    body = orjson.loads(orjson.dumps(request.body)) if request.body is not None else None
    return list(find_accesses(NamedResources(endpoint, names, query, body)))


@pytest.mark.parametrize("route", ROUTES)
def test_the_proxy_demands_at_least_what_the_emulator_does(route: str) -> None:
    needed, demanded = emulated(route), set(proxied(route))
    assert needed
    assert demanded
    for access in needed:
        assert access in demanded or access.of_kind() in demanded, (access, demanded)


@pytest.mark.parametrize("route", [route for route in ROUTES if route not in LOOKED_UP])
def test_it_demands_no_more_where_the_request_names_all(route: str) -> None:
    if ENDPOINTS[route].lists is not None:
        assert {access.of_kind() for access in proxied(route)} == {
            access.of_kind() for access in emulated(route)
        }
    else:
        assert set(proxied(route)) == set(emulated(route))


def test_every_endpoint_with_accesses_of_its_own_has_a_rule() -> None:
    assert {route for route, endpoint in ENDPOINTS.items() if endpoint.accesses is not None} == set(RULES)


def resources(route: str, path: dict[str, str], query: list[tuple[str, str]], body: Any = None) -> list[str]:
    return [str(access) for access in find_accesses(NamedResources(ENDPOINTS[route], path, query, body))]


def test_every_way_to_name_a_resource_counts() -> None:
    run = "POST /scenarios/{scenarioId}/run"
    assert resources(run, {"scenarioId": "007"}, []) == ["scenarios/7: run"]
    delete = "DELETE /data-stores"
    assert resources(delete, {}, [], {"ids": [1, "02"]}) == ["data-stores/1: write", "data-stores/2: write"]
    assert resources(delete, {}, [("ids[]", "3")], {"ids": [1]}) == ["data-stores: write"]
    assert resources(delete, {}, [], {"all": True}) == ["data-stores: write"]
    assert resources(delete, {}, [], {"ids": [1, {"id": 2}]}) == ["data-stores: write"]
    assert resources(delete, {}, [], [1]) == ["data-stores: write"]
    retries = "POST /dlqs/retry"
    assert resources(retries, {}, [("scenarioId", "1"), ("scenarioId", "2")], {"ids": ["a"]}) == [
        "dlqs/a: write",
        "scenarios/1: run",
        "scenarios/2: run",
    ]
    assert resources(retries, {}, [], {}) == ["dlqs: write", "scenarios: run"]
