"""Ways around the grants of an agent that are closed: tokens, copies, selections, parts, ids in bodies, and tools."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from helpers.api import ApiClient, assert_ok, assert_refused, assert_status
from helpers.mcp import McpHarness, create_tool
from helpers.oauth import CLIENT_ID, OAuthHarness
from helpers.populated_app import PopulatedApp, fingerprint
from make_emulator.policies import agents
from make_emulator.policies.grants import parse_grants
from make_emulator.world import data_stores, snapshot
from make_emulator.world.models import Agent
from make_emulator.world.world import World


def agent_of(world: World, allow: Mapping[str, Any], name: str = "ops") -> Agent:
    return agents.put(world, name, parse_grants(dict(allow)), user=world.users[1])


def client_of(api: ApiClient, allow: Mapping[str, Any]) -> ApiClient:
    return ApiClient(api.app, agent_of(api.world, allow).token or "")


def missing(response: Any) -> str:
    """The grants that a rejection says are missing."""
    assert_refused(response, 403, code="SC403")
    text: str = response.headers["X-Emulator-Why"]
    return text


# --- tokens --------------------------------------------------------------------------------------


def make_token(client: ApiClient) -> ApiClient:
    """A client with a token that another one makes for itself."""
    body = {"label": "made", "scope": ["scenarios:read", "scenarios:write", "user:read", "user:write"]}
    token = assert_ok(client.post("/users/me/api-tokens", json=body))["apiToken"]["token"]
    return ApiClient(client.app, token)


def test_a_token_that_an_agent_makes_has_its_limits(api: ApiClient) -> None:
    made = make_token(client_of(api, {"*": "full", "scenarios/1": "off"}))
    assert_ok(made.get("/scenarios/2"))
    assert "lacks the grant scenarios/1: read" in missing(made.get("/scenarios/1"))
    further = make_token(made)
    assert "the agent ops lacks" in missing(further.get("/scenarios/1"))
    assert list(api.handle.request_log)[-1].agent == "ops"


def test_a_made_token_that_outlives_its_agent_may_do_nothing(api: ApiClient) -> None:
    ops = client_of(api, {"*": "full"})
    made = make_token(ops)
    tokens = assert_ok(ops.get("/users/me/api-tokens"))["apiTokens"]
    own = next(row for row in tokens if row["label"] == "ops")
    assert_ok(made.delete(f"/users/me/api-tokens/{own['created']}"))
    assert_refused(ops.get("/scenarios/1"), 401)
    assert len(api.world.agents) == 0
    assert "lacks the grant scenarios/1: read" in missing(made.get("/scenarios/1"))


def test_made_tokens_go_with_the_agent(api: ApiClient) -> None:
    ops = client_of(api, {"*": "full"})
    made = make_token(ops)
    assert_status(api.control("DELETE", "/worlds/default/agents/ops"), 204)
    assert_refused(made.get("/scenarios/1"), 401)
    assert_ok(ops.get("/scenarios/1"))


def test_a_made_token_can_become_that_of_another_agent(api: ApiClient) -> None:
    made = make_token(client_of(api, {"*": "full"}))
    body = {"allow": {"scenarios/1": "read"}, "token": made.token}
    assert_status(api.control("PUT", "/worlds/default/agents/other", json=body), 201)
    assert_status(api.control("DELETE", "/worlds/default/agents/ops"), 204)
    assert_ok(made.get("/scenarios/1"))
    assert "the agent other lacks" in missing(made.get("/scenarios/2"))


def test_a_snapshot_keeps_the_maker_of_a_token(api: ApiClient) -> None:
    made = make_token(client_of(api, {"*": "full"}))
    restored = snapshot.loads(snapshot.dumps(snapshot.take(api.world)), "copy")
    assert restored.tokens[made.token].agent == "ops"


def test_the_user_of_the_agent_is_a_resource(api: ApiClient) -> None:
    assert_ok(client_of(api, {"users/1": "read"}).get("/users/me"))
    assert "users/1: read" in missing(client_of(api, {"users": "full", "users/1": "off"}).get("/users/me"))


def test_a_client_of_oauth_gets_filtered_lists(oauth: OAuthHarness) -> None:
    api = oauth.api
    world = api.world
    agents.put(
        world,
        "ops",
        parse_grants({"scenarios/1": "read"}),
        user=world.users[1],
        client=world.oauth_clients[CLIENT_ID],
    )
    token = oauth.tokens(scope="scenarios:read")["access_token"]
    rows = assert_ok(oauth.call("/scenarios?teamId=1", token))["scenarios"]
    assert [row["id"] for row in rows] == [1]
    assert "scenarios/2: read" in missing(oauth.call("/scenarios/2", token))


# --- copies, selections, parts -------------------------------------------------------------------


def test_a_copy_of_a_scenario_needs_what_a_creation_needs(api: ApiClient) -> None:
    path, body = "/scenarios/1/clone?organizationId=1", {"teamId": 1, "name": "Copy", "states": False}
    count = len(api.world.scenarios)
    ops = client_of(api, {"scenarios/1": "full"})
    assert "lacks the grant scenarios: write" in missing(ops.post(path, json=body))
    ops = client_of(api, {"scenarios": "write", "scenarios/1": "run"})
    assert "lacks the grant scenarios/1: read" in missing(ops.post(path, json=body))
    assert len(api.world.scenarios) == count
    assert_ok(client_of(api, {"scenarios": "write"}).post(path, json=body))


def test_a_copy_of_a_data_structure_needs_what_a_creation_needs(api: ApiClient) -> None:
    path, body = "/data-structures/1/clone", {"name": "Copy"}
    ops = client_of(api, {"data-structures/1": "write"})
    assert "lacks the grant data-structures: write" in missing(ops.post(path, json=body))
    assert_ok(client_of(api, {"data-structures": "write"}).post(path, json=body))


def add_stores(world: World) -> list[int]:
    return [
        data_stores.create_store(world, world.teams[1], name=f"Store {n}", max_size_mb=1, structure=None).id
        for n in range(2)
    ]


@pytest.mark.parametrize("selection", ["ids", "exceptIds", "all"])
def test_a_deletion_of_several_data_stores_needs_every_one(api: ApiClient, selection: str) -> None:
    first, second = add_stores(api.world)
    bodies: dict[str, Any] = {
        "ids": {"ids": [first, second]},
        "exceptIds": {"all": True, "exceptIds": [1]},
        "all": {"all": True},
    }
    path = "/data-stores?teamId=1&confirmed=true"
    ops = client_of(api, {"data-stores": "write", f"data-stores/{second}": "read"})
    before = fingerprint(api.world)
    response = ops.delete(path, json=bodies[selection])
    assert f"lacks the grant data-stores/{second}: write" in missing(response)
    assert fingerprint(api.world) == before


def test_a_deletion_needs_no_more_than_what_it_deletes(api: ApiClient) -> None:
    first, _ = add_stores(api.world)
    ops = client_of(api, {f"data-stores/{first}": "write"})
    others = [row.id for row in api.world.data_stores.where(team=1) if row.id != first]
    body = {"all": True, "exceptIds": others}
    assert assert_ok(ops.delete("/data-stores?teamId=1", json=body))["dataStores"] == [first]


@pytest.fixture
def target() -> PopulatedApp:
    return PopulatedApp()


def call(target: PopulatedApp, allow: Mapping[str, Any], method: str, path: str, **options: Any) -> Any:
    """The response to an agent with these grants."""
    return target.call(method, path, token=agent_of(target.world, allow).token, **options)


@pytest.mark.parametrize(("method", "path"), [("DELETE", "/dlqs"), ("POST", "/dlqs/retry")])
@pytest.mark.parametrize("body", [{"ids": ["broken-1"]}, {"all": True}])
def test_a_selection_of_incomplete_executions_needs_every_one(
    target: PopulatedApp, method: str, path: str, body: Any
) -> None:
    allow = {"dlqs": "write", "dlqs/broken-1": "read", "scenarios": "run"}
    query = "?scenarioId=1" + ("&confirmed=true" if method == "DELETE" else "")
    response = call(target, allow, method, path + query, json=body)
    assert "lacks the grant dlqs/broken-1: write" in missing(response)
    assert "broken-1" in target.world.incomplete_executions


@pytest.mark.parametrize("path", ["/dlqs/broken-1/retry", "/dlqs/retry?scenarioId=1"])
def test_a_retry_runs_the_scenario(target: PopulatedApp, path: str) -> None:
    body = {"ids": ["broken-1"]} if "?" in path else None
    retries = len(target.world.retries)
    response = call(target, {"dlqs": "write"}, "POST", path, json=body)
    assert "lacks the grant scenarios/1: run" in missing(response)
    assert len(target.world.retries) == retries
    assert_ok(call(target, {"dlqs/broken-1": "write", "scenarios/1": "run"}, "POST", path, json=body))


def test_a_custom_property_is_a_part_of_its_structure(target: PopulatedApp) -> None:
    [item] = [row for row in target.world.custom_property_items if row.organization_id == 1][:1]
    path = f"/custom-property-structures/custom-property-structure-items/{item.id}"
    kind = "custom-property-structures"
    for method, body in (("PATCH", {"label": "Changed"}), ("DELETE", None)):
        response = call(
            target, {kind: "write", f"{kind}/{item.structure_id}": "read"}, method, path, json=body
        )
        assert f"lacks the grant {kind}/{item.structure_id}: write" in missing(response)
    allow = {f"{kind}/{item.structure_id}": "write"}
    assert_ok(call(target, allow, "PATCH", path, json={"label": "Changed"}))


@pytest.mark.parametrize("action", ["decline", "delete-remote", "request-reauthorize"])
def test_a_credential_is_a_part_of_its_request(target: PopulatedApp, action: str) -> None:
    path = f"/credential-requests/credentials/broken-credential-1/{action}"
    allow = {"*": "full", "credential-requests/request-1": "read"}
    response = call(target, allow, "POST", path, json={} if action == "decline" else None)
    assert "lacks the grant credential-requests/request-1: write" in missing(response)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/credential-requests/credentials/broken-credential-1/delete-remote"),
        ("DELETE", "/credential-requests/requests/request-1?confirmed=true"),
    ],
)
def test_connections_that_go_with_a_credential_have_grants_of_their_own(
    target: PopulatedApp, method: str, path: str
) -> None:
    allow = {"credential-requests": "write", "connections": "read", "keys": "write"}
    assert "lacks the grant connections/903: write" in missing(call(target, allow, method, path))
    assert 903 in target.world.connections
    assert_ok(call(target, {**allow, "connections/903": "write"}, method, path))
    assert 903 not in target.world.connections


def test_more_scopes_for_a_connection_need_the_connection(target: PopulatedApp) -> None:
    body = {"connectionId": 903, "scopes": ["mail"]}
    path = "/credential-requests/actions/extend"
    response = call(target, {"credential-requests": "write"}, "POST", path, json=body)
    assert "lacks the grant connections/903: write" in missing(response)


def test_what_a_body_names_must_be_readable(target: PopulatedApp) -> None:
    body = {"teamId": 1, "name": "Spy", "maxSizeMB": 1, "datastructureId": 1}
    allow = {"data-stores": "full", "data-structures/1": "off"}
    response = call(target, allow, "POST", "/data-stores", json=body)
    assert "lacks the grant data-structures/1: read" in missing(response)
    response = call(target, allow, "PATCH", "/data-stores/1", json={"datastructureId": 1})
    assert "lacks the grant data-structures/1: read" in missing(response)
    allow["data-structures/1"] = "read"
    assert_ok(call(target, allow, "POST", "/data-stores", json=body))


# --- tools ---------------------------------------------------------------------------------------


MODULE = {"module": "util:SetVariable2", "parameters": {}, "mapper": {"name": "a", "scope": "roundtrip"}}


def mcp_of(api: ApiClient, allow: Mapping[str, Any], path: str = "/mcp/stateless") -> McpHarness:
    return McpHarness(api, path, token=agent_of(api.world, allow).token)


def test_tools_of_a_single_module_pass_the_policy(api: ApiClient) -> None:
    fields = {"name": "Spy", "description": "Looks", "inputs": [], "module": MODULE}
    own = McpHarness(api).json("tools_create", {"teamId": 1, **fields})
    ops = mcp_of(api, {"scenarios": "read", f"scenarios/{own['id']}": "off", "scenarios/2": "write"})
    count = len(api.world.scenarios)
    for name, arguments, grant in (
        ("tools_create", {"teamId": 1, **fields}, "scenarios: write"),
        ("tools_get", {"toolId": own["id"]}, f"scenarios/{own['id']}: read"),
        ("tools_update", {"toolId": own["id"], "name": "Changed"}, f"scenarios/{own['id']}: write"),
    ):
        assert "Access denied." in ops.error(name, arguments)
        entry = list(api.handle.request_log)[-1].to_json()
        assert (entry["decision"], entry["missing"], entry["agent"]) == ("refused: policy", [grant], "ops")
    assert len(api.world.scenarios) == count
    assert api.world.scenarios[own["id"]].name == "Spy"


def test_tools_of_the_second_generation_are_hidden_too(api: ApiClient) -> None:
    ops = mcp_of(api, {"scenarios/1": "read", "data-stores": "read"}, "/mcp/v2")
    names = set(ops.tools())
    assert {"scenario_get", "scenario_list", "data_store_get", "app_find"} <= names
    assert not names & {
        "scenario_run",
        "scenario_create",
        "scenario_delete",
        "data_store_create",
        "connection_get",
    }
    shown = ops.call("scenario_list", {"teamId": 1})["structuredContent"]["scenarios"]
    assert [row["id"] for row in shown] == [1]


def test_a_new_scenario_is_no_tool_of_an_agent_that_may_run_another(api: ApiClient) -> None:
    ops = mcp_of(api, {"scenarios/1": "run"})
    before = set(ops.tools())
    id = create_tool(api, name="New")
    assert set(ops.tools()) == before
    assert (
        "not found" in ops.request("tools/call", {"name": f"s{id}_new", "arguments": {}})["error"]["message"]
    )
