"""Least policy: the fewest grants with which the same calls pass again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.api import ADMIN_TOKEN, ApiClient, assert_ok
from helpers.mcp import McpHarness
from helpers.populated_app import PopulatedApp
from helpers.valid_requests import ENDPOINTS, VALID_REQUESTS, request_path
from make_emulator.policies import agents
from make_emulator.policies.decision import is_allowed
from make_emulator.policies.grants import parse_grants
from make_emulator.policies.resources import KINDS, SINGLE_KINDS, Access, Resource
from make_emulator.reports import policy
from make_emulator.reports.policy import MAX_SINGLES, least_grants
from make_emulator.world.models import Agent

IDS = st.sampled_from(["1", "2", "3"])
RESOURCES = st.one_of(
    st.sampled_from(sorted(KINDS)).map(Resource),
    st.builds(Resource, st.sampled_from(sorted(SINGLE_KINDS)), IDS),
)
ACCESSES = st.sets(
    st.builds(Access, st.sampled_from(["read", "write", "run"]), RESOURCES).filter(
        lambda access: access.action in KINDS[access.resource.kind]
    )
)

TARGET = PopulatedApp()


def agent_with(allow: Mapping[str, Any]) -> Agent:
    return Agent(name="ops", grants=parse_grants(dict(allow)), created=0)


@given(ACCESSES)
def test_the_least_grants_allow_what_was_done(accesses: set[Access]) -> None:
    agent = agent_with(least_grants(accesses))
    assert all(is_allowed(agent, access) for access in accesses)


@given(ACCESSES)
def test_none_of_the_least_grants_can_be_left_out(accesses: set[Access]) -> None:
    allow = least_grants(accesses)
    for name in allow:
        others = agent_with({other: level for other, level in allow.items() if other != name})
        assert not all(is_allowed(others, access) for access in accesses), name


@given(ACCESSES, RESOURCES)
def test_the_least_grants_allow_no_action_on_a_kind_that_nothing_needed(
    accesses: set[Access], resource: Resource
) -> None:
    agent = agent_with(least_grants(accesses))
    if all(access.resource.kind != resource.kind for access in accesses):
        assert not any(is_allowed(agent, Access(action, resource)) for action in ("read", "write", "run"))


def access(text: str) -> Access:
    name, _, action = text.partition(": ")
    kind, slash, id = name.partition("/")
    return Access(action, Resource(kind, id if slash else None))


@pytest.mark.parametrize(
    ("done", "allow"),
    [
        (["scenarios/1: read", "scenarios/1: run"], {"scenarios/1": ["read", "run"]}),
        (["scenarios: read", "scenarios/1: read"], {"scenarios": "read"}),
        # A grant of a single resource takes the place of that of its kind: it must not vanish from the list.
        (["scenarios: read", "scenarios/1: run"], {"scenarios": "read", "scenarios/1": ["read", "run"]}),
        (["scenarios: write", "scenarios/1: write"], {"scenarios": "write"}),
        (["scenarios: write", "scenarios/1: run"], {"scenarios": "write", "scenarios/1": "run"}),
        (["hooks/10: read", "hooks/2: read"], {"hooks/2": "read", "hooks/10": "read"}),
        ([f"hooks/{n}: read" for n in range(MAX_SINGLES + 1)], {"hooks": "read"}),
        ([], {}),
    ],
)
def test_a_kind_is_granted_as_a_whole_only_where_that_is_needed(done: list[str], allow: Any) -> None:
    assert least_grants(map(access, done)) == allow


# --- the round trip --------------------------------------------------------------------------------


def call_route(route: str) -> Any:
    request = VALID_REQUESTS[route]
    return TARGET.call(
        route.partition(" ")[0],
        request_path(ENDPOINTS[route]),
        query_string=dict(request.query),
        json=None if request.body is None else dict(request.body),
    )


def limit_to_least_policy() -> dict[str, Any]:
    """Makes the admin an agent that may do what it did; returns the grants."""
    [row] = [row for row in policy.report(TARGET.handle) if row["name"] == "admin"]
    allow: Any = row["allow"]
    TARGET.reset()
    world = TARGET.world
    agents.put(world, "admin", parse_grants(allow), user=world.users[1], token=world.tokens[ADMIN_TOKEN])
    return dict(allow)


@pytest.fixture(autouse=True)
def fresh_target() -> None:
    TARGET.reset()
    TARGET.handle.usage_stats.clear()


@pytest.mark.parametrize("route", [route for route, endpoint in ENDPOINTS.items() if not endpoint.is_public])
def test_a_call_passes_again_with_the_least_policy_of_it(route: str) -> None:
    before = call_route(route)
    assert before.status_code < 300, before.get_data(as_text=True)
    allow = limit_to_least_policy()
    assert allow
    after = call_route(route)
    assert (after.status_code, after.json) == (before.status_code, before.json), allow


def test_all_reads_pass_again_with_the_least_policy_of_them() -> None:
    routes = [
        route for route, endpoint in ENDPOINTS.items() if endpoint.method == "GET" and not endpoint.is_public
    ]
    before = {route: call_route(route).json for route in routes}
    limit_to_least_policy()
    assert {route: call_route(route).json for route in routes} == before


def test_requests_that_a_policy_or_a_look_up_stopped_need_no_grant() -> None:
    TARGET.call("GET", "/scenarios/999")
    assert [row for row in policy.report(TARGET.handle) if row["name"] == "admin"] == []
    world = TARGET.world
    agents.put(world, "ops", parse_grants({"scenarios/1": "read"}), user=world.users[1], runs="check")
    token = world.agents["ops"].token
    for path in ("/scenarios/1", "/scenarios/2", "/scenarios?teamId=1", "/hooks/1"):
        TARGET.call("GET", path, token=token)
    assert policy.report(TARGET.handle) == [
        {"name": "ops", "token": "ops", "runs": "check", "allow": {"scenarios/1": "read"}}
    ]


def test_the_tokens_that_an_agent_makes_count_as_its_own(api: ApiClient) -> None:
    agent = agents.put(api.world, "ops", parse_grants({"*": "full"}), user=api.world.users[1])
    ops = ApiClient(api.app, agent.token or "")
    body = {"label": "made", "scope": ["scenarios:read"]}
    made = assert_ok(ops.post("/users/me/api-tokens", json=body))["apiToken"]["token"]
    assert_ok(api.get("/scenarios/1", token=made))
    assert policy.report(api.handle) == [
        {"name": "ops", "token": "ops", "allow": {"api-tokens": "write", "scenarios/1": "read"}}
    ]


def test_tools_count_with_what_they_need(api: ApiClient) -> None:
    mcp = McpHarness(api)
    calls: tuple[tuple[str, dict[str, Any]], ...] = (
        ("s1_greeting", {"name": "Ann"}),
        ("scenarios_get", {"scenarioId": 2}),
        ("apps_list", {}),
        ("validate_scheduling_schema", {"scheduling": {"type": "on-demand"}}),
    )
    for name, arguments in calls:
        mcp.call(name, arguments)
    [row] = policy.report(api.handle)
    assert row["allow"] == {
        "apps": "read",
        "scenarios": "read",
        "scenarios/1": ["read", "run"],
    }
    allow: Any = row["allow"]
    agents.put(
        api.world, "admin", parse_grants(allow), user=api.world.users[1], token=api.world.tokens[ADMIN_TOKEN]
    )
    for name, arguments in calls:
        assert "isError" not in mcp.call(name, arguments)


def test_so_many_resources_are_counted_by_their_kind(api: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("make_emulator.http.usage_stats.MAX_ACCESSES", 1)
    for path in ("/scenarios/1", "/scenarios/2", "/data-stores/1"):
        assert_ok(api.get(path))
    [row] = policy.report(api.handle)
    assert row["allow"] == {"data-stores": "read", "scenarios": "read"}
