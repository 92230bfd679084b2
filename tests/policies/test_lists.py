"""Lists of agents: they show what the grants allow one by one, whatever the page and the order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.api import assert_ok, assert_refused
from helpers.populated_app import PopulatedApp
from helpers.valid_requests import ENDPOINTS, VALID_REQUESTS, request_path
from make_emulator.http.endpoint import Endpoint
from make_emulator.policies import agents
from make_emulator.policies.decision import can_ever, decide
from make_emulator.policies.grants import LEVELS
from make_emulator.policies.resources import ROWS, Resource, endpoint_accesses
from make_emulator.world.models import Agent, Grant

LISTS = {route: endpoint for route, endpoint in ENDPOINTS.items() if endpoint.lists}

TARGET = PopulatedApp()

LEVEL_SETS = st.one_of(
    st.just(()), st.lists(st.sampled_from(sorted(set(LEVELS) - {"off"})), min_size=1, unique=True).map(tuple)
)


def kind_of(endpoint: Endpoint) -> str:
    [(kind, action)] = endpoint_accesses(endpoint.method, endpoint.path, endpoint.scopes)
    assert action == "read"
    return kind


def query_of(endpoint: Endpoint, **more: Any) -> dict[str, Any]:
    return {**VALID_REQUESTS[endpoint.route].query, **more}


def ids_in(endpoint: Endpoint, body: Mapping[str, Any]) -> list[str]:
    key = next(iter(endpoint.response.fields))
    name = "scenarioId" if endpoint.lists == "scenario_id" else "id"
    return [str(row[name]) for row in body[key]]


def agent_with(grants: Mapping[str, tuple[str, ...]]) -> Agent:
    world = TARGET.world
    rows = [Grant(resource=name, levels=levels) for name, levels in grants.items()]
    return agents.put(world, "ops", rows, user=world.users[1])


def listed(endpoint: Endpoint, agent: Agent, **query: Any) -> list[str] | None:
    """The ids that an agent lists; ``None`` if it may not list at all."""
    response = TARGET.call(
        "GET", request_path(endpoint), token=agent.token, query_string=query_of(endpoint, **query)
    )
    if response.status_code == 403:
        return None
    return ids_in(endpoint, assert_ok(response))


def all_ids(endpoint: Endpoint, **query: Any) -> list[str]:
    """The ids that a caller without limits lists."""
    response = TARGET.call("GET", request_path(endpoint), query_string=query_of(endpoint, **query))
    return ids_in(endpoint, assert_ok(response))


def draw_grants(data: st.DataObject, endpoint: Endpoint, ids: list[str]) -> dict[str, tuple[str, ...]]:
    kind = kind_of(endpoint)
    names = [kind, "*", *(f"{kind}/{id}" for id in ids)]
    drawn: dict[str, tuple[str, ...]] = data.draw(st.dictionaries(st.sampled_from(names), LEVEL_SETS))
    return drawn


@pytest.mark.parametrize("route", LISTS)
@given(st.data())
def test_a_list_equals_asking_one_by_one(route: str, data: st.DataObject) -> None:
    endpoint = LISTS[route]
    kind, everything = kind_of(endpoint), all_ids(endpoint)
    agent = agent_with(draw_grants(data, endpoint, everything))
    allowed = [id for id in everything if decide(agent, "read", Resource(kind, id)).is_allowed]
    expected = allowed if can_ever(agent, "read", kind) else None
    assert listed(endpoint, agent) == expected
    single = ENDPOINTS.get(f"GET {endpoint.path}/{{{ROWS[kind]}Id}}")
    if single is not None:
        for id in everything:
            path = f"{request_path(endpoint)}/{id}"
            status = TARGET.call("GET", path, token=agent.token).status_code
            assert (id in allowed) == (status == 200), id


@pytest.mark.parametrize("route", LISTS)
@given(st.data())
def test_further_levels_hide_no_row(route: str, data: st.DataObject) -> None:
    endpoint = LISTS[route]
    everything = all_ids(endpoint)
    grants = draw_grants(data, endpoint, everything)
    before = listed(endpoint, agent_with(grants)) or []
    if grants:
        name = data.draw(st.sampled_from(sorted(grants)))
        grants[name] = (*grants[name], data.draw(st.sampled_from(sorted(set(LEVELS) - {"off"}))))
    assert set(before) <= set(listed(endpoint, agent_with(grants)) or [])


@pytest.mark.parametrize("route", [route for route, endpoint in LISTS.items() if endpoint.paging])
def test_pages_of_a_list_are_cut_from_what_the_agent_may_see(route: str) -> None:
    endpoint = LISTS[route]
    kind, paging = kind_of(endpoint), endpoint.paging
    assert paging is not None
    everything = all_ids(endpoint)
    hidden = everything[len(everything) // 2]
    agent = agent_with({kind: ("read",), f"{kind}/{hidden}": ()})
    columns = [column for column in paging.sort_keys if column] if paging.sort else [None]
    for column in columns or [None]:
        order = {} if column is None else {"pg[sortBy]": column}
        expected = [id for id in all_ids(endpoint, **order) if id != hidden]
        pages = [
            listed(endpoint, agent, **order, **{"pg[offset]": offset, "pg[limit]": 1})
            for offset in range(len(everything))
        ]
        assert [id for page in pages for id in page or []] == expected


def test_the_total_count_leaves_out_what_is_hidden() -> None:
    endpoint = LISTS["GET /scenarios-shared"]
    path, query = request_path(endpoint), query_of(endpoint, **{"pg[returnTotalCount]": "true"})
    [id] = all_ids(endpoint)
    agent = agent_with({"scenarios-shared": ("read",), f"scenarios-shared/{id}": ()})
    body = assert_ok(TARGET.call("GET", path, token=agent.token, query_string=query))
    assert (body["scenariosShared"], body["pg"]["totalCount"]) == ([], 0)


def test_a_filtered_list_records_what_it_has_shown() -> None:
    agent = agent_with({"scenarios/1": ("read",), "scenarios/5": ("read",), "scenarios/2": ("run",)})
    body = assert_ok(TARGET.call("GET", "/scenarios?teamId=1", token=agent.token))
    assert [row["id"] for row in body["scenarios"]] == [1]
    entry = list(TARGET.handle.request_log)[-1].to_json()
    assert (entry["agent"], entry["accesses"], entry["missing"]) == ("ops", ["scenarios/1: read"], [])


def test_a_list_without_any_grant_is_refused_and_names_that_of_the_kind() -> None:
    agent = agent_with({"scenarios/1": ("run",), "hooks": ("read",)})
    response = TARGET.call("GET", "/scenarios?teamId=1", token=agent.token)
    assert_refused(response, 403, code="SC403")
    assert "lacks the grant scenarios: read (nothing is granted for it)" in response.headers["X-Emulator-Why"]


#: Lists that name the kind of a resource, but whose rows are none: those that need the grant of the kind.
NO_RESOURCES = {
    # Folders, and the modules and types of apps.
    "GET /scenarios-folders",
    "GET /keys/types",
    "GET /templates/public",
    "GET /templates/public/{templateUrl}",
    "GET /templates/public/{templateUrl}/blueprint",
    # About the caller, or about roles.
    "GET /organizations/invitation",
    "GET /users/me/organization-invitations",
    "GET /users/me",
    "GET /users/me/oauth-connections",
    "GET /users/me/current-authorization",
    "GET /users/unread-notifications",
    "GET /users/roles",
    "GET /users/roles/permissions",
    "GET /users/roles/{roleId}",
}


def names_a_row(endpoint: Endpoint) -> bool:
    rows = {ROWS.get(kind) for kind, _ in endpoint_accesses(endpoint.method, endpoint.path, endpoint.scopes)}
    return any(kind in rows for _, kind in endpoint.path_types)


def test_every_list_of_resources_is_declared_as_one() -> None:
    undeclared = {
        route
        for route, endpoint in ENDPOINTS.items()
        if endpoint.method == "GET" and not endpoint.is_public and not endpoint.lists
        for kind, _ in endpoint_accesses("GET", endpoint.path, endpoint.scopes)
        if kind in ROWS and not names_a_row(endpoint)
    }
    assert undeclared == NO_RESOURCES


def test_every_change_of_a_resource_names_it_or_states_its_accesses() -> None:
    """A change that names no resource creates one, unless the endpoint says otherwise."""
    for route, endpoint in ENDPOINTS.items():
        if endpoint.is_public or endpoint.method == "GET" or endpoint.accesses is not None:
            continue
        pairs = endpoint_accesses(endpoint.method, endpoint.path, endpoint.scopes)
        if any(kind in ROWS for kind, _ in pairs) and not names_a_row(endpoint):
            assert endpoint.method == "POST" or route in CHANGES_OF_NO_RESOURCE, route


CHANGES_OF_NO_RESOURCE = {
    "DELETE /users/me/oauth-connections/{clientId}",
    "PATCH /scenarios-folders/{folderId}",
    "DELETE /scenarios-folders/{folderId}",
    "PATCH /users/custom-roles",
    "PATCH /users/custom-roles/{roleId}",
    "DELETE /users/custom-roles",
    "DELETE /users/custom-roles/{roleId}",
}
