"""Clients of agents connect to the MCP server as they connect to Make's, with and without TLS."""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
import sys
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from helpers.blueprints import BROKEN_BLUEPRINT
from make_emulator import MakeEmulator, World

from .conftest import CLIENTS, FOLDER, WHOLE_JOB, RunClient, python_packages, run_script

pytestmark = pytest.mark.e2e

SLEEP = {"id": 1, "module": "util:FunctionSleep", "version": 1, "mapper": {"duration": 90}}

CALLS = {
    "greeting": ["s1_greeting", {"name": "Ann"}],
    "wrong": ["s1_greeting", {}],
    "unknown": ["s99_nothing", {}],
    "slow": ["s6_slow", {}],
    "teams": ["teams_list", {"organizationId": 1}],
}


def root_of(world: World) -> str:
    return world.base_url.removesuffix("/api/v2")


def create_slow_scenario(world: World, verify: Any) -> None:
    """Scenario 6, which takes longer than the server waits."""
    body = {
        "teamId": world.team_id,
        "blueprint": json.dumps({"name": "Slow", "flow": [SLEEP], "metadata": {}}),
        "scheduling": json.dumps({"type": "on-demand"}),
    }
    url = f"{world.base_url}/scenarios"
    done = requests.post(f"{url}?confirmed=true", json=body, headers=world.headers, verify=verify, timeout=60)
    assert done.json()["scenario"]["id"] == 6
    assert (
        requests.post(f"{url}/6/start", headers=world.headers, verify=verify, timeout=60).status_code == 200
    )


@pytest.mark.parametrize(
    ("secure_or_not", "transport"),
    [("http", "stateless"), ("http", "stream"), ("http", "sse"), ("https", "stream")],
    indirect=["secure_or_not"],
)
@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_lists_and_calls_tools(
    run_client: RunClient, agent_world: World, secure_or_not: MakeEmulator, client: str, transport: str
) -> None:
    create_slow_scenario(agent_world, str(secure_or_not.ca_file or "") or True)
    seen = run_client(
        client,
        url=f"{root_of(agent_world)}/mcp/{transport}?teamId={agent_world.team_id}",
        transport=transport,
        headers={"Authorization": f"Bearer {agent_world.token}"},
        calls=CALLS,
        reconnect=client == "typescript" and transport == "stream",
    )
    assert seen["server"] == "Make"
    assert {"s1_greeting", "s6_slow", "teams_list"} <= set(seen["tools"])
    assert seen["greeting"] == {
        "isError": False,
        "text": '{\n  "greeting": "Hello, Ann!"\n}',
        "structured": {"greeting": "Hello, Ann!"},
    }
    issue = "MakeError: Validation failed for 1 parameter(s).\n - Missing value of required parameter 'name'."
    assert seen["wrong"] == {"isError": True, "text": issue, "structured": None}
    assert seen["unknown"]["code"] == -32602
    assert seen["unknown"]["message"].endswith("Tool s99_nothing not found")
    assert seen["slow"]["isError"] is False
    assert seen["slow"]["structured"].keys() == {"instruction", "executionId", "scenarioId"}
    assert [team["name"] for team in json.loads(seen["teams"]["text"])] == ["Example Team"]
    if "again" in seen:
        assert seen["again"] == len(seen["tools"])


@pytest.mark.parametrize("secure_or_not", ["https"], indirect=True)
@pytest.mark.parametrize("client", CLIENTS)
def test_a_token_in_the_path_is_enough(run_client: RunClient, agent_world: World, client: str) -> None:
    seen = run_client(
        client,
        url=f"{root_of(agent_world)}/mcp/u/{agent_world.token}/sse?scenarioId[]=1&scenarioId[]=2",
        transport="sse",
        headers={},
        calls={"greeting": CALLS["greeting"]},
    )
    assert seen["greeting"]["structured"] == {"greeting": "Hello, Ann!"}


def test_an_agent_builds_runs_mends_and_cleans_up_a_scenario(
    run_client: RunClient, agent_world: World
) -> None:
    seen = run_client(
        WHOLE_JOB,
        url=f"{root_of(agent_world)}/mcp/stream",
        headers={"Authorization": f"Bearer {agent_world.token}"},
        blueprint=BROKEN_BLUEPRINT,
    )
    assert "error" not in seen["valid"]
    assert "not activated" in seen["inactive"]["error"]
    assert seen["activated"] == "Scenario has been activated."
    assert seen["broken"]["status"] == 3
    assert "json" in json.dumps(seen["failed"]).lower()
    assert seen["mended"]["outputs"] == {"total": 12.5}
    assert [(row["key"], row["data"]) for row in seen["records"]] == [("A1", {"total": 12.5})]
    assert seen["deleted"] == [
        "Scenario has been deleted.",
        "Records have been deleted.",
        "Data store has been deleted.",
    ]
    assert "error" in seen["gone"]


def test_a_bare_client_posts_without_an_initialization(
    agent_world: World, secure_or_not: MakeEmulator
) -> None:
    response = requests.post(
        f"{root_of(agent_world)}/mcp/u/{agent_world.token}/stateless",
        json={
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": "s1_greeting", "arguments": {"name": "Ann"}},
        },
        headers={"Accept": "application/json, text/event-stream"},
        verify=str(secure_or_not.ca_file or "") or True,
        timeout=60,
    )
    lines = [line for line in response.text.splitlines() if line.startswith("data:")]
    message = json.loads(lines[-1].removeprefix("data:"))
    assert json.loads(message["result"]["content"][0]["text"]) == {"greeting": "Hello, Ann!"}


def test_a_client_that_resolves_mcp_make_com_to_the_server_reaches_it() -> None:
    with MakeEmulator(tls=True) as make:
        address = urlsplit(make.base_url)
        context = ssl.create_default_context(cafile=str(make.ca_file))
        connection = http.client.HTTPSConnection("mcp.make.com", context=context, timeout=60)
        plain = socket.create_connection((address.hostname, address.port), timeout=60)
        connection.sock = context.wrap_socket(plain, server_hostname="mcp.make.com")
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
        headers = {
            "Accept": "application/json, text/event-stream",
            "Content-Type": "application/json",
            "Authorization": f"Bearer {make.token}",
        }
        connection.request("POST", "/", body, headers)
        response = connection.getresponse()
        assert response.status == 200
        assert b"s1_greeting" in response.read()
        connection.close()


def test_a_client_in_the_process_of_mock_make_needs_no_socket() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(python_packages("python_1")), *sys.path])}
    seen = run_script([sys.executable, str(FOLDER / "mocked.py")], {}, environment)
    hosts = [
        "https://mcp.make.com",
        *(f"https://eu1.make.com/mcp/{name}" for name in ("stateless", "stream", "sse")),
    ]
    assert seen == {host: {"greeting": "Hello, Ann!"} for host in hosts}
