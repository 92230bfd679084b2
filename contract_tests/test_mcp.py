"""MCP server of a zone: its URLs, the stateless transport, and scenarios as tools."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
import requests

from make_emulator.contract.client import ContractClient
from make_emulator.contract.guard import UNUSED_ID

from .behaviours import live, parsed
from .resources import FreshResources, Resources

#: A name that is longer than a tool's may be.
LONG = "a-very-long-name " * 5


def send(
    api: ContractClient, method: str, params: Mapping[str, Any] | None = None, **how: Any
) -> requests.Response:
    api.require_scopes("mcp:use")
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": dict(params or {})}
    return api.post_to_mcp(message, **how)


def ask(api: ContractClient, method: str, params: Mapping[str, Any] | None = None, **how: Any) -> Any:
    """Returns the message with which the server answers."""
    response = send(api, method, params, **how)
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"].startswith("text/event-stream")
    [data] = [line.removeprefix("data: ") for line in response.text.splitlines() if line.startswith("data: ")]
    return json.loads(data)


def tools(api: ContractClient, **how: Any) -> dict[str, dict[str, Any]]:
    """Returns the tools by their names."""
    return {tool["name"]: tool for tool in ask(api, "tools/list", **how)["result"]["tools"]}


def call(api: ContractClient, tool: str, /, **arguments: Any) -> Any:
    answer = ask(api, "tools/call", {"name": tool, "arguments": arguments})
    return answer.get("result", answer.get("error"))


def tool_of(api: ContractClient, scenario: int, **how: Any) -> str:
    """Returns the name of the tool of a scenario."""
    [name] = [name for name in tools(api, **how) if name.startswith(f"s{scenario}_")]
    return name


@pytest.mark.fidelity("mcp.server-info", "mcp.protocol-versions", "mcp.event-stream")
@pytest.mark.parametrize("version", ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])
def test_the_server_says_what_it_is(version: str, api: ContractClient) -> None:
    client = {
        "protocolVersion": version,
        "capabilities": {},
        "clientInfo": {"name": "contract", "version": "1"},
    }
    answer = ask(api, "initialize", client)["result"]
    assert (answer["protocolVersion"], answer["capabilities"]) == (version, {"tools": {}})
    assert answer["serverInfo"] == {"name": "Make", "version": "0.1.0"}


@pytest.mark.fidelity(
    "mcp.url-forms", "mcp.older-prefix", "mcp.default-transport", "mcp.stateless-calls", "mcp.bearer"
)
@pytest.mark.parametrize("path", ["/mcp", "/mcp/stateless", "/mcp/api/v1/stateless"])
def test_tools_are_listed_without_a_session(path: str, api: ContractClient) -> None:
    assert "scenarios_list" in tools(api, path=path)


@pytest.mark.fidelity("mcp.url-forms")
def test_the_token_may_be_in_the_path(api: ContractClient) -> None:
    path = f"/mcp/u/{api.target.token}/stateless"
    assert "scenarios_list" in tools(api, path=path, headers={"Authorization": None})


@pytest.mark.fidelity("mcp.challenge", "mcp.token-scheme")
@pytest.mark.parametrize("header", [None, "Token", "Bearer 00000000-0000-4000-8000-000000000000"])
def test_a_call_without_a_valid_token_is_challenged(header: str | None, api: ContractClient) -> None:
    sent = f"Token {api.target.token}" if header == "Token" else header
    response = send(api, "tools/list", headers={"Authorization": sent})
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer ")
    assert "/.well-known/oauth-protected-resource" in response.headers["WWW-Authenticate"]
    assert set(response.json()) == {"error", "error_description"}


@pytest.mark.fidelity("mcp.accept", "mcp.transport-errors")
def test_a_client_accepts_json_and_an_event_stream(api: ContractClient) -> None:
    for accepted in ("application/json", "text/event-stream"):
        response = send(api, "tools/list", headers={"Accept": accepted})
        assert (response.status_code, response.json()["error"]["code"]) == (406, -32000)


@pytest.mark.fidelity("mcp.empty-batch")
def test_an_empty_batch_is_refused(api: ContractClient) -> None:
    response = api.post_to_mcp([])
    assert (response.status_code, response.json()["error"]["code"]) == (400, -32600)


@pytest.mark.fidelity(
    "mcp.scenario-tools",
    "mcp.tool-names",
    "mcp.tool-name-underscores",
    "mcp.scenario-tool-description",
    "mcp.input-schema",
)
def test_a_live_scenario_on_demand_is_a_tool(api: ContractClient, make: FreshResources) -> None:
    scenario, idle = make.live_scenario(), make.scenario()["id"]
    row = api.get(f"/scenarios/{scenario}").fits()["scenario"]
    listed = tools(api)
    name = f"s{scenario}_{row['name'].replace('-', '_').replace(' ', '_')}"
    assert listed[name] == {
        "name": name,
        "title": row["name"],
        "description": row["name"],
        "inputSchema": {
            "type": "object",
            "properties": {"name": {"type": "string"}},
            "required": ["name"],
        },
    }
    assert not [name for name in listed if name.startswith(f"s{idle}_")]


@pytest.mark.fidelity("mcp.tool-name-length")
def test_a_long_name_is_cut(api: ContractClient, make: FreshResources) -> None:
    scenario = make.live_scenario()
    api.patch(f"/scenarios/{scenario}", {"name": make.name(LONG)}).ok()
    assert len(tool_of(api, scenario)) <= 56
    assert len(tool_of(api, scenario, path="/mcp/stateless?maxToolNameLength=32")) <= 32
    assert len(tool_of(api, scenario, path="/mcp/stateless?maxToolNameLength=100")) > 56
    response = send(api, "tools/list", path="/mcp/stateless?maxToolNameLength=31")
    assert response.status_code == 400


@pytest.mark.fidelity("mcp.scenario-result", "mcp.scenario-error")
def test_the_tool_of_a_scenario_runs_it(api: ContractClient, make: FreshResources) -> None:
    name = tool_of(api, make.live_scenario())
    outputs = {"greeting": "Hello, Ann!"}
    assert call(api, name, name="Ann") == {
        "content": [{"type": "text", "text": json.dumps(outputs, indent=2)}],
        "structuredContent": outputs,
    }
    failed = call(api, name)
    assert failed["isError"] is True
    assert failed["content"][0]["text"].startswith("MakeError:")
    failing = call(api, tool_of(api, live(make, parsed(1, "{"))))
    assert failing["content"][0]["text"].startswith("MakeError:")


@pytest.mark.fidelity("mcp.unknown-tool")
def test_a_tool_that_there_is_not_is_an_error(api: ContractClient) -> None:
    assert call(api, "contract_none") == {"code": -32602, "message": "Tool contract_none not found"}


@pytest.mark.fidelity("mcp.access-parameters", "mcp.access-parameter-errors")
def test_the_url_restricts_the_scenarios_but_not_the_other_tools(
    api: ContractClient, make: FreshResources
) -> None:
    chosen, other = make.live_scenario(), make.live_scenario()

    def scenarios(query: str) -> set[str]:
        names = tools(api, path=f"/mcp/stateless?{query}")
        assert "scenarios_list" in names
        return {found[1] for name in names if (found := re.match(r"(s\d+)_", name))}

    assert scenarios(f"scenarioId={chosen}") == {f"s{chosen}"}
    assert scenarios(f"scenarioId[]={chosen}&scenarioId[]={other}") == {f"s{chosen}", f"s{other}"}
    assert {f"s{chosen}", f"s{other}"} <= scenarios(f"teamId={api.target.team_id}")
    assert scenarios(f"scenarioId={UNUSED_ID}") == set()
    for query in (f"scenarioId={chosen}&teamId={api.target.team_id}", "teamId=contract"):
        assert send(api, "tools/list", path=f"/mcp/stateless?{query}").status_code == 400


@pytest.mark.fidelity("mcp.management-tools", "mcp.management-descriptions", "mcp.management-results")
def test_a_management_tool_answers_the_json_of_the_api(api: ContractClient) -> None:
    api.require_scopes("teams:read")
    tool = tools(api)["teams_get"]
    assert tool["description"].startswith(f"{tool['title']} (teams): ")
    assert tool["annotations"]["readOnlyHint"] is True
    [content] = call(api, "teams_get", teamId=api.target.team_id)["content"]
    team = json.loads(content["text"])
    assert (team["id"], content["text"]) == (api.target.team_id, json.dumps(team, indent=2))


@pytest.mark.fidelity("mcp.management-tools")
def test_a_token_without_a_scope_has_no_tools_of_it(api: ContractClient) -> None:
    token = api.target.token_without(["teams:read"])
    if token is None:
        pytest.skip("no token without the scope teams:read: --weak-token")
    names = tools(api, headers={"Authorization": f"Bearer {token}"})
    assert "teams_get" not in names


@pytest.mark.fidelity("mcp.management-arguments")
@pytest.mark.parametrize("arguments", [{}, {"teamId": "1"}, {"teamId": 1, "contract": 1}])
def test_arguments_that_do_not_fit_are_an_error(arguments: dict[str, Any], api: ContractClient) -> None:
    api.require_scopes("teams:read")
    assert call(api, "teams_get", **arguments)["isError"] is True


@pytest.mark.fidelity("mcp.hosted-tools")
def test_the_hosted_server_has_tools_beyond_the_sdk(api: ContractClient) -> None:
    assert {"hooks_learn_start", "scenarios_replay", "devices_list"} <= set(tools(api))


@pytest.mark.fidelity("oauth.scope-mcp")
def test_the_scope_of_mcp_is_one_of_api_tokens(api: ContractClient, shared: Resources) -> None:
    names = json.dumps(api.get("/enums/user-api-token-scopes").ok())
    assert '"mcp:use"' in names
