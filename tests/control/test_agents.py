"""Agents: grants in the control API and in seeds, and what they allow over HTTP, MCP and OAuth."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.api import ADMIN_TOKEN, ApiClient, assert_ok, assert_refused, assert_status, json_of
from helpers.mcp import McpHarness
from make_emulator.app import create_app
from make_emulator.seeds.issues import SeedError
from make_emulator.world import snapshot

OPS_TOKEN = "88888888-8888-4888-8888-888888888888"


def put(api: ApiClient, name: str = "ops", *, status: int = 201, **fields: Any) -> Any:
    body = {"allow": {}, **fields}
    return assert_status(api.control("PUT", f"/worlds/default/agents/{name}", json=body), status).get("agent")


def agent_client(api: ApiClient, **allow: Any) -> ApiClient:
    """A client with the token of an agent with these grants."""
    return ApiClient(api.app, put(api, allow=allow)["token"])


def last_entry(api: ApiClient) -> Any:
    return list(api.handle.request_log)[-1].to_json()


def test_an_agent_may_do_nothing_that_was_not_granted(api: ApiClient) -> None:
    ops = agent_client(api)
    for method, path in (
        ("GET", "/scenarios/1"),
        ("GET", "/users/me"),
        ("GET", "/enums/countries"),
        ("POST", "/scenarios/1/run"),
    ):
        assert_refused(
            ops.call(method, path), 403, code="SC403", message="Permission denied", detail="Access denied."
        )
    assert_ok(api.get("/scenarios/1"))


def test_a_refusal_names_the_missing_grant(api: ApiClient) -> None:
    ops = agent_client(api, scenarios="read")
    assert_ok(ops.get("/scenarios/1"))
    response = ops.post("/scenarios/1/run", json={"data": {"name": "Ann"}})
    assert_refused(response, 403, code="SC403")
    why = "the agent ops lacks the grant scenarios/1: run (it has scenarios: read)"
    assert response.headers["X-Emulator-Why"] == why
    entry = last_entry(api)
    assert (entry["decision"], entry["agent"]) == ("refused: policy", "ops")
    assert entry["accesses"] == entry["missing"] == ["scenarios/1: run"]
    assert (
        entry["sentence"]
        == f"Ada Maker (token ops, agent ops): POST /scenarios/1/run in organization 1 -> 403: Access denied. {why}"
    )


def test_a_single_resource_beats_its_kind(api: ApiClient) -> None:
    ops = agent_client(api, **{"scenarios": "full", "scenarios/1": "off", "data-stores/1": "write"})
    shown = [row["id"] for row in assert_ok(ops.get("/scenarios?teamId=1"))["scenarios"]]
    assert (1 in shown, bool(shown)) == (False, True)
    assert_refused(ops.get("/scenarios/1"), 403)
    assert_ok(ops.get("/data-stores/1"))
    assert [row["id"] for row in assert_ok(ops.get("/data-stores?teamId=1"))["dataStores"]] == [1]


def test_what_the_caller_cannot_see_is_404_all_the_same(api: ApiClient) -> None:
    ops = agent_client(api)
    assert_refused(ops.get("/scenarios/999999"), 404)


def test_grants_are_replaced_and_the_token_stays(api: ApiClient) -> None:
    first = put(api, allow={"scenarios": ["read", "run"], "hooks": "off"})
    assert first["allow"] == {"scenarios": ["read", "run"], "hooks": "off"}
    second = put(api, status=200, allow={"hooks": "full"})
    assert second == {
        "name": "ops",
        "oauthClient": None,
        "runs": "trust",
        "allow": {"hooks": "full"},
        "token": first["token"],
    }
    listed = json_of(api.control("GET", "/worlds/default/agents"))
    assert listed == {
        "agents": [{"name": "ops", "oauthClient": None, "runs": "trust", "allow": {"hooks": "full"}}]
    }
    assert json_of(api.control("GET", "/worlds/default/agents/ops"))["agent"] == second
    assert_status(api.control("DELETE", "/worlds/default/agents/ops"), 204)
    assert_refused(api.control("GET", "/worlds/default/agents/ops"), 404)
    assert_ok(ApiClient(api.app, first["token"]).get("/scenarios/1"))


def test_an_agent_may_have_a_token_of_the_world(api: ApiClient) -> None:
    assert put(api, token="admin", allow={"teams": "read"})["token"] == ADMIN_TOKEN
    assert_refused(api.get("/scenarios/1"), 403)
    assert_ok(api.get("/teams/1"))


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, "Missing value of required parameter 'allow'."),
        ({"allow": []}, "Invalid value of parameter 'allow'."),
        (
            {"allow": {"scenario": "read"}},
            "there is no kind of resource 'scenario'; did you mean 'scenarios'?",
        ),
        ({"allow": {}, "token": "nobody"}, "There is no such token."),
        ({"allow": {}, "oauthClient": "nobody"}, "There is no such OAuth client."),
        ({"allow": {}, "userId": 99}, "There is no such user."),
        ({"allow": {}, "runs": "maybe"}, "Parameter 'runs' must be one of: trust, check."),
        ({"allow": {}, "more": 1}, "Unknown parameter 'more'."),
    ],
)
def test_invalid_agents_are_refused_whole(api: ApiClient, body: Any, text: str) -> None:
    response = api.control("PUT", "/worlds/default/agents/ops", json=body)
    assert text in assert_refused(response, 400)["detail"]
    assert len(api.world.agents) == 0
    assert "ops" not in [row.label for row in api.world.tokens]


def test_two_agents_do_not_share_a_token(api: ApiClient) -> None:
    put(api, token="admin")
    response = api.control("PUT", "/worlds/default/agents/other", json={"allow": {}, "token": "admin"})
    assert_refused(response, 400, detail="The agent ops has that token.")
    assert [row.name for row in api.world.agents] == ["ops"]


def test_the_agent_goes_with_its_token(api: ApiClient) -> None:
    token = put(api)["token"]
    api.world.tokens.remove(token)
    assert len(api.world.agents) == 0


def test_a_snapshot_has_agents_and_its_shared_form_no_tokens(api: ApiClient) -> None:
    token = put(api, allow={"scenarios": "run"})["token"]
    state = snapshot.take(api.world)
    restored = snapshot.loads(snapshot.dumps(state), "copy")
    assert list(restored.agents) == list(api.world.agents)
    assert token.encode() not in b"".join(snapshot.iter_dumps(snapshot.redact(state)))
    assert token not in repr(api.world.agents["ops"])


# --- MCP -----------------------------------------------------------------------------------------


def test_tools_that_the_grants_do_not_allow_are_hidden(api: ApiClient) -> None:
    agent = McpHarness(api, token=put(api, allow={"scenarios": "read", "data-stores/1": "write"})["token"])
    names = set(agent.tools())
    assert "scenarios_list" in names
    assert "s1_greeting" not in names
    assert not any(name.startswith(("hooks_", "teams_")) for name in names)
    assert {"data-stores_list", "data-stores_delete"} <= names
    error = agent.request("tools/call", {"name": "s1_greeting", "arguments": {"name": "Ann"}})["error"]
    assert error == {"code": -32602, "message": "Tool s1_greeting not found"}


def test_scenario_tools_need_the_grant_to_run(api: ApiClient) -> None:
    agent = McpHarness(api, token=put(api, allow={"scenarios/1": "run"})["token"])
    assert "s1_greeting" in agent.tools()
    assert agent.call("s1_greeting", {"name": "Ann"})["structuredContent"] == {"greeting": "Hello, Ann!"}
    assert last_entry(api)["accesses"] == ["scenarios/1: run"]


def test_a_tool_call_passes_the_policy_of_its_route(api: ApiClient) -> None:
    agent = McpHarness(api, token=put(api, allow={"scenarios/1": "read"})["token"])
    assert [row["id"] for row in agent.json("scenarios_list", {"teamId": 1})] == [1]
    result = agent.call("scenarios_get", {"scenarioId": 2})
    assert result["isError"] is True
    assert "Access denied." in result["content"][0]["text"]


# --- seeds ---------------------------------------------------------------------------------------


SEED: dict[str, Any] = {
    "tokens": [{"label": "admin", "token": ADMIN_TOKEN}, {"label": "ci"}],
    "oauthClients": [{"name": "Reporter", "allowLoopback": True}],
    "organizations": [{"name": "Acme", "teams": [{"name": "Ops"}]}],
}


def seeded(*agents: Any) -> ApiClient:
    return ApiClient(create_app(seed={**SEED, "agents": list(agents)}))


def test_agents_of_a_seed_have_tokens_or_clients() -> None:
    api = seeded(
        {"name": "ci", "token": "ci", "allow": {"teams": "read"}},
        {"name": "ops", "token": OPS_TOKEN, "allow": {"scenarios": "full", "teams/1": False}},
        {"name": "reporter", "oauthClient": "Reporter", "runs": "check"},
        {"name": "own"},
    )
    rows = {row.name: row for row in api.world.agents}
    labels = {row.token: row.label for row in api.world.tokens}
    assert labels[rows["ci"].token or ""] == "ci"
    assert (rows["ops"].token, labels[OPS_TOKEN]) == (OPS_TOKEN, "ops")
    [client] = api.world.oauth_clients
    assert (rows["reporter"].token, rows["reporter"].client_id) == (None, client.id)
    assert [rows[name].runs for name in ("reporter", "own")] == ["check", "trust"]
    assert labels[rows["own"].token or ""] == "own"
    assert_refused(api.get("/teams/1", token=OPS_TOKEN), 403)
    assert_ok(api.get("/scenarios?teamId=1", token=OPS_TOKEN))
    assert_ok(api.get("/teams/1"))


def test_a_token_of_its_own_belongs_to_the_default_world_only() -> None:
    api = seeded({"name": "ops", "token": OPS_TOKEN})
    seed = {**SEED, "agents": [{"name": "ops", "token": OPS_TOKEN}]}
    assert_status(api.control("POST", "/worlds", json={"name": "second", "seed": seed}), 201)
    agent = json_of(api.control("GET", "/worlds/second/agents/ops"))["agent"]
    assert agent["token"] not in (None, OPS_TOKEN)


@pytest.mark.parametrize(
    ("agent", "issue"),
    [
        ({"name": "x", "token": "cj"}, "there is no token 'cj'; there are: admin, ci"),
        (
            {"name": "x", "oauthClient": "Reporters"},
            "there is no OAuth client 'Reporters'; there are: Reporter",
        ),
        ({"name": "x", "allow": {"scenarios": "rum"}}, "there is no grant 'rum'"),
        ({"name": "x", "allow": ["scenarios"]}, "must be a mapping, not a list"),
        ({"name": "first"}, "another agent has the name 'first'"),
        ({"name": "x", "token": "admin"}, "another agent has the same"),
        ({"allow": {}}, "name: is missing"),
        ({"name": "x", "runs": "maybe"}, "agents[1].runs: there is no 'maybe'; there are: trust, check"),
        ({"name": "x", "alow": {}}, "unknown key; did you mean 'allow'?"),
    ],
)
def test_issues_of_agents_are_found(agent: Any, issue: str) -> None:
    with pytest.raises(SeedError) as caught:
        seeded({"name": "first", "token": "admin"}, agent)
    assert issue in str(caught.value)
