"""Decisions on agents in plain English: who, what, where, and the decision."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.api import ApiClient, assert_ok, json_of
from helpers.mcp import McpHarness
from make_emulator.policies import agents
from make_emulator.policies.grants import parse_grants
from make_emulator.policies.resources import KINDS, SINGLE_KINDS, Resource
from make_emulator.policies.statements import StatedDecision, describe_resource
from make_emulator.world import organizations


def agent_client(api: ApiClient, **allow: Any) -> ApiClient:
    agent = agents.put(api.world, "ops", parse_grants(allow), user=api.world.users[1])
    return ApiClient(api.app, agent.token or "")


def statements(api: ApiClient) -> list[Any]:
    """The statements of the request log, read by the control API."""
    rows = json_of(api.control("GET", "/worlds/default/requests?agent=ops"))["requests"]
    return [row["statement"] for row in rows]


def test_a_request_is_stated_with_its_resource_its_place_and_the_grant(api: ApiClient) -> None:
    ops = agent_client(
        api, **{"scenarios/1": "full", "data-stores": "write", "teams": "read", "team-variables": "read"}
    )
    ops.get("/scenarios/1")
    ops.post("/scenarios/1/run", json={"data": {"name": "Ann"}})
    ops.patch("/scenarios/1", json={"name": "Order intake"})
    ops.delete("/scenarios/2")
    ops.get("/scenarios?teamId=1")
    ops.get("/data-stores?teamId=1")
    ops.post("/data-stores", json={"teamId": 1, "name": "New", "maxSizeMB": 1})
    ops.get("/teams?organizationId=1")
    ops.get("/teams/1")
    ops.get("/teams/1/variables")
    team, second = "in team Example Team", api.world.scenarios[2].name
    assert statements(api) == [
        f'ops read scenario 1 "Greeting" {team}: allowed by scenarios/1: full',
        f'ops ran scenario 1 "Greeting" {team}: allowed by scenarios/1: full',
        f'ops changed scenario 1 "Greeting" {team}: allowed by scenarios/1: full',
        f'ops tried to delete scenario 2 "{second}" {team}: refused, nothing is granted for it',
        f"ops listed scenarios {team}: allowed by scenarios/1: full",
        f"ops listed data stores {team}: allowed by data-stores: write",
        f"ops created a data store {team}: allowed by data-stores: write",
        "ops listed teams in organization Example Organization: allowed by teams: read",
        'ops read team 1 "Example Team": allowed by teams: read',
        'ops read variables of team 1 "Example Team": allowed by team-variables: read',
    ]


def test_what_failed_for_another_reason_says_so(api: ApiClient) -> None:
    ops = agent_client(api, scenarios="full")
    ops.post("/scenarios/1/run", json={"data": {}})
    ops.get("/scenarios/99")
    ops.call("DELETE", "/scenarios/1/nothing")
    name = api.world.scenarios[1].name
    assert statements(api) == [
        f'ops tried to run scenario 1 "{name}" in team Example Team: allowed by scenarios: full, but answered 400',
        "ops tried GET /scenarios/99: answered 404, before any grant was looked at",
        "ops tried DELETE /scenarios/1/nothing: answered 404, before any grant was looked at",
    ]


def test_callers_that_are_no_agents_have_no_statement(api: ApiClient) -> None:
    api.get("/scenarios/1")
    [row] = json_of(api.control("GET", "/worlds/default/requests"))["requests"]
    assert (row["agent"], row["statement"], row["accesses"]) == (None, None, ["scenarios/1: read"])
    assert statements(api) == []


def test_a_tool_is_stated_too(api: ApiClient) -> None:
    agent = agents.put(api.world, "ops", parse_grants({"scenarios/1": "run"}), user=api.world.users[1])
    ops = McpHarness(api, token=agent.token)
    ops.tools()
    ops.call("s1_greeting", {"name": "Ann"})
    assert statements(api) == [
        "ops tried POST /mcp/stateless: no grant is needed",
        'ops ran scenario 1 "Greeting" in team Example Team: allowed by scenarios/1: run',
    ]


def test_a_statement_is_one_line_without_secrets(api: ApiClient) -> None:
    world = api.world
    secret = organizations.create_token(world, world.users[1], [], label="secret").token
    ops = agent_client(api, scenarios="read")
    assert_ok(api.patch("/scenarios/1", json={"name": f'A"\nops read {secret}'}))
    ops.get("/scenarios/1")
    [statement] = statements(api)
    assert "\n" not in statement
    assert secret not in statement
    assert statement.startswith(r'ops read scenario 1 "A\"\x0aops read *')


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_has_words(api: ApiClient, kind: str) -> None:
    place = api.world.teams[1]
    for verb in ("list", "create"):
        assert describe_resource(api.world, Resource(kind), verb=verb, place=place).endswith(
            " in team Example Team"
        )
    if kind in SINGLE_KINDS:
        assert "nowhere" in describe_resource(api.world, Resource(kind, "nowhere"), verb="read")


def test_a_decision_is_stated_by_its_outcome() -> None:
    allowed = StatedDecision(verb="change", subject="hook 1", is_allowed=True, grant="hooks: write")
    assert allowed.state("ops", 200) == "ops changed hook 1: allowed by hooks: write"
    assert (
        allowed.state("ops", 400) == "ops tried to change hook 1: allowed by hooks: write, but answered 400"
    )
    refused = StatedDecision(
        verb="use", subject="the app http", is_allowed=False, module="module 2 (http:MakeRequest)"
    )
    assert (
        refused.state("ops", 200)
        == "the run of ops tried to use the app http by module 2 (http:MakeRequest): refused, nothing is granted for it"
    )
