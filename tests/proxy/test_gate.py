"""The gate: reads pass by default, and with a policy whatever is granted."""

from __future__ import annotations

import http.client
import json
from typing import Any

import pytest

from helpers.mcp import ACCEPT, frame
from make_emulator import World

from .conftest import ProxiedZone, RunningProxy

WRITES = [
    ("POST", "/api/v2/scenarios/1/run"),
    ("PATCH", "/api/v2/scenarios/1"),
    ("PUT", "/api/v2/data-stores/1/data/a"),
    ("DELETE", "/api/v2/scenarios/1"),
    ("POST", "/hook/abcdefghijklmnopqrstuvwxyz123456"),
    ("PROPFIND", "/api/v2/scenarios"),
]


def call_tool(proxy: RunningProxy, token: str, tool: str, /, **arguments: Any) -> Any:
    """The result of the call of a tool."""
    body = frame("tools/call", {"name": tool, "arguments": arguments})
    response = proxy.call(
        "POST", f"/mcp/u/{token}/stateless", token, {"Authorization": "", "Accept": ACCEPT}, json=body
    )
    return messages(response.text)[0]


def list_tools(proxy: RunningProxy, token: str) -> list[str]:
    response = proxy.call(
        "POST",
        f"/mcp/u/{token}/stateless",
        token,
        {"Authorization": "", "Accept": ACCEPT},
        json=frame("tools/list"),
    )
    return [tool["name"] for tool in messages(response.text)[0]["result"]["tools"]]


def messages(text: str) -> list[Any]:
    if text.startswith("{"):
        return [json.loads(text)]
    return [json.loads(line[5:]) for line in text.splitlines() if line.startswith("data:")]


# --- reads only ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_nothing_passes_that_may_change_something(
    method: str, path: str, proxied: ProxiedZone, world: World
) -> None:
    with proxied.open() as proxy:
        response = proxy.call(method, path, world.token, json={})
    assert response.status_code == 403
    assert response.json()["code"] == "SC403"
    assert "--allow-writes lets it pass" in response.headers["X-Emulator-Why"]
    assert proxy.exchanges == []
    assert [row for row in world.requests.all() if row["method"] == method] == []
    assert proxy.log == [
        f"{method} {path if '/hook/' not in path else '/hook/********'}: refused, {method} may change something: --allow-writes lets it pass"
    ]


def test_a_method_in_a_header_does_not_count(proxied: ProxiedZone, world: World) -> None:
    with proxied.open() as proxy:
        override = {"X-HTTP-Method-Override": "DELETE"}
        assert proxy.call("GET", "/api/v2/teams/1", world.token, override).status_code == 200
    [exchange] = proxy.exchanges
    assert "x-http-method-override" not in exchange.request.headers


def test_tools_that_read_pass_and_others_do_not(proxied: ProxiedZone, world: World) -> None:
    with proxied.open() as proxy:
        read = call_tool(proxy, world.token, "scenarios_get", scenarioId=1)
        run = call_tool(proxy, world.token, "scenarios_run", scenarioId=1)
        tool = call_tool(proxy, world.token, "s1_greeting", name="Zoe")
        unknown = call_tool(proxy, world.token, "rockets_launch")
    assert json.loads(read["result"]["content"][0]["text"])["id"] == 1
    for refused in (run, tool, unknown):
        assert refused["result"]["isError"] is True
        assert refused["result"]["content"][0]["text"].startswith("Refused by the proxy: the tool ")
    assert len(proxy.exchanges) == 1
    assert world.requests.matching("POST", "/scenarios/*/run") == []


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'"tools/list"',
        b'{"jsonrpc": "2.0", "id": 1, "method": "scenarios/purge"}',
        b'{"jsonrpc": "2.0", "id": 1, "method": 5}',
        b'[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"scenarios_run"}}]',
    ],
)
def test_messages_that_are_not_known_to_read_do_not_pass(
    body: bytes, proxied: ProxiedZone, world: World
) -> None:
    with proxied.open() as proxy:
        proxy.call("POST", "/mcp/stateless", world.token, {"Content-Type": "application/json"}, data=body)
    assert proxy.exchanges == []
    assert ": refused, " in proxy.log[0]


# --- policy --------------------------------------------------------------------------------------

GRANTS = {"scenarios/1": ["read", "run"], "data-stores": "full", "hooks": "off"}


def test_only_what_is_granted_passes_and_the_log_says_why(proxied: ProxiedZone, world: World) -> None:
    with proxied.open(allow=GRANTS, allow_writes=True) as proxy:
        statuses = [
            proxy.call("GET", "/api/v2/scenarios/1", world.token).status_code,
            proxy.call(
                "POST", "/api/v2/scenarios/1/run", world.token, json={"data": {"name": "Zoe"}}
            ).status_code,
            proxy.call("DELETE", "/api/v2/scenarios/1", world.token).status_code,
            proxy.call("GET", "/api/v2/scenarios/2", world.token).status_code,
            proxy.call("GET", "/api/v2/hooks?teamId=1", world.token).status_code,
            proxy.call("GET", "/api/v2/data-stores/99", world.token).status_code,
            proxy.call("GET", "/api/v2/nothing", world.token).status_code,
        ]
    assert statuses == [200, 200, 403, 403, 403, 404, 403]
    assert [line.partition(" -> ")[0] for line in proxy.log] == [
        "ops read scenario 1: allowed by scenarios/1: read, run",
        "ops ran scenario 1: allowed by scenarios/1: read, run",
        "ops tried to delete scenario 1: refused, it has scenarios/1: read, run",
        "ops tried to read scenario 2: refused, nothing is granted for it",
        "ops tried to list hooks: refused, it has hooks: off",
        "ops tried to read data store 99: allowed by data-stores: full, but answered 404",
        "ops tried GET /api/v2/nothing: refused, the policy knows no such route",
    ]
    assert [row["path"] for row in world.requests.all()] == [
        "/scenarios/1",
        "/scenarios/1/run",
        "/data-stores/99",
    ]


def test_a_policy_does_not_allow_writes_by_itself(proxied: ProxiedZone, world: World) -> None:
    with proxied.open(allow={"*": "full"}) as proxy:
        assert proxy.call("POST", "/api/v2/scenarios/1/run", world.token, json={}).status_code == 403


def test_public_documents_pass(proxied: ProxiedZone, world: World) -> None:
    path = "/.well-known/oauth-protected-resource/mcp/stateless"
    with proxied.open(allow={}, allow_writes=True) as proxy:
        assert proxy.call("GET", path, world.token).json()["resource"].startswith(proxied.make.url)
        assert proxy.call("POST", path, world.token, json={}).status_code == 403


def test_a_refusal_names_the_grant(proxied: ProxiedZone, world: World) -> None:
    with proxied.open(allow=GRANTS, allow_writes=True) as proxy:
        response = proxy.call("DELETE", "/api/v2/scenarios/1", world.token)
    reason = "the agent ops lacks the grant scenarios/1: write"
    assert response.headers["X-Emulator-Why"] == reason
    assert response.json() == {
        "detail": f"Refused by the proxy: {reason}.",
        "message": "Access denied",
        "code": "SC403",
    }


@pytest.mark.parametrize("compressed", ["identity", "gzip"])
def test_a_list_shows_what_may_be_read(compressed: str, proxied: ProxiedZone, world: World) -> None:
    with proxied.open(allow=GRANTS) as proxy:
        response = proxy.call(
            "GET", "/api/v2/scenarios?teamId=1", world.token, {"Accept-Encoding": compressed}
        )
    assert [row["id"] for row in response.json()["scenarios"]] == [1]
    # The recording is evidence of what the zone answers.
    body: Any = proxy.exchanges[0].response.json()
    assert len(body["scenarios"]) > 1
    assert proxy.log[0].startswith("ops listed scenarios: allowed by scenarios/1: read, run -> 200")


def test_rows_without_an_id_are_not_shown(proxied: ProxiedZone, world: World) -> None:
    with proxied.open(allow=GRANTS) as proxy:
        response = proxy.call("GET", "/api/v2/scenarios?teamId=1&cols[]=name", world.token)
    assert response.json()["scenarios"] == []


def test_a_single_resource_can_be_left_out_of_a_list(proxied: ProxiedZone, world: World) -> None:
    with proxied.open(allow={"scenarios": "read", "scenarios/1": "off"}) as proxy:
        response = proxy.call("GET", "/api/v2/scenarios?teamId=1", world.token)
    ids = [row["id"] for row in response.json()["scenarios"]]
    assert ids
    assert 1 not in ids


@pytest.mark.parametrize(
    "path",
    [
        "/api/v2/scenarios/1/../2",
        "/api/v2/scenarios/1/%2e%2e/2",
        "/api/v2/scenarios/1%2F..%2F2",
        "/api/v2/scenarios/1/..%5C2",
        "/api/v2/scenarios/%2531",
        "/api/v2//scenarios/2",
        "/api/v2/Scenarios/2",
    ],
)
def test_a_path_that_may_mean_another_one_does_not_pass(
    path: str, proxied: ProxiedZone, world: World
) -> None:
    with proxied.open(allow=GRANTS, allow_writes=True) as proxy:
        connection = http.client.HTTPConnection("127.0.0.1", int(proxy.url.rpartition(":")[2]), timeout=30)
        connection.request("GET", path, headers={"Authorization": f"Token {world.token}"})
        response = connection.getresponse()
        assert response.status == 403, response.read()
        response.read()
        connection.close()
    assert proxy.exchanges == []


def test_tools_are_limited_as_routes_are(proxied: ProxiedZone, world: World) -> None:
    with proxied.open(allow=GRANTS, allow_writes=True) as proxy:
        names = list_tools(proxy, world.token)
        run = call_tool(proxy, world.token, "s1_greeting", name="Zoe")
        read = call_tool(proxy, world.token, "scenarios_get", scenarioId=1)
        other = call_tool(proxy, world.token, "scenarios_get", scenarioId=2)
        all_scenarios = call_tool(proxy, world.token, "scenarios_list", teamId=1)
        hooks = call_tool(proxy, world.token, "hooks_list", teamId=1)
    assert {"s1_greeting", "scenarios_get", "data-stores_list"} <= set(names)
    assert {"scenarios_list", "hooks_list", "scenarios_delete"}.isdisjoint(names)
    assert "isError" not in run["result"]
    assert "isError" not in read["result"]
    for refused in (other, all_scenarios, hooks):
        assert refused["result"]["isError"] is True
    statements = [line.partition(" -> ")[0] for line in proxy.log[1:]]
    assert statements == [
        "ops ran scenario 1: allowed by scenarios/1: read, run",
        "ops read scenario 1: allowed by scenarios/1: read, run",
        "ops tried to read scenario 2: refused, nothing is granted for it",
        "ops tried to call the tool scenarios_list: refused, it lists what is not granted",
        "ops tried to list hooks: refused, it has hooks: off",
    ]


def test_a_delivery_needs_the_grant_of_all_hooks(proxied: ProxiedZone, world: World) -> None:
    path = "/hook/abcdefghijklmnopqrstuvwxyz123456"
    with proxied.open(allow={"hooks/1": "write"}, allow_writes=True) as proxy:
        assert proxy.call("POST", path, world.token, json={}).status_code == 403
    with proxied.open(allow={"hooks": "write"}, allow_writes=True) as proxy:
        assert proxy.call("POST", path, world.token, json={}).status_code == 410
