"""The MCP server of a world, as tests of agents use it."""

from __future__ import annotations

import threading

import httpx
import pytest
import requests

from helpers.waiting import wait_until
from make_emulator import World, mock_make
from make_emulator.json_types import JsonObject
from make_emulator.testing import McpError

PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
ACCEPT = {"Accept": "application/json, text/event-stream"}


def test_tools_are_listed_and_called(world: World) -> None:
    assert "s1_greeting" in world.mcp.tools()
    assert "s1_greeting" not in world.mcp.tools(scenarioId=[2, 3])
    result = world.mcp.call("s1_greeting", {"name": "Ann"})
    assert result["structuredContent"] == {"greeting": "Hello, Ann!"}
    assert world.mcp.call("s1_greeting")["isError"] is True


def test_what_the_server_rejects_is_raised(world: World) -> None:
    with pytest.raises(McpError, match="Tool nothing not found") as unknown:
        world.mcp.call("nothing")
    assert unknown.value.code == -32602
    with pytest.raises(McpError, match="cannot be combined"):
        world.mcp.tools(teamId=1, scenarioId=1)
    world.token = "99999999-9999-4999-8999-999999999999"
    with pytest.raises(McpError, match="Invalid token") as unauthorized:
        world.mcp.tools()
    assert unauthorized.value.code == 401


def test_its_urls_are_those_of_the_server(world: World) -> None:
    mcp = world.mcp
    for url, headers in ((mcp.url, mcp.headers), (mcp.token_url, {})):
        response = requests.post(url, json=PING, headers={**ACCEPT, **headers}, timeout=60)
        assert response.text == 'event: message\ndata: {"jsonrpc":"2.0","id":1,"result":{}}\n\n'
    for url in (mcp.stream_url, mcp.sse_url):
        assert requests.post(url, json=PING, headers=mcp.headers, timeout=60).status_code in (405, 406)


def test_a_scripted_duration_outlives_the_time_limit(world: World) -> None:
    world.modules.script("scenario-service:ReturnData", duration_ms=45_000)
    pending = world.mcp.call("s1_greeting", {"name": "Ann"})["structuredContent"]
    assert (pending["scenarioId"], len(pending["executionId"])) == (1, 32)


def test_a_token_with_few_scopes_sees_few_tools(world: World) -> None:
    world.token = world.create_token(["mcp:use"])
    tools = world.mcp.tools()
    assert "s1_greeting" in tools
    assert "teams_list" not in tools


def test_an_access_token_reaches_the_organization_of_its_grant(world: World) -> None:
    client = world.oauth.create_client(scopes=["mcp:use", "organizations:read"])
    token = world.oauth.log_in(client)["access_token"]
    world.token = token
    assert {"s1_greeting", "organizations_list"} <= set(world.mcp.tools())
    assert "teams_list" not in world.mcp.tools()
    assert world.mcp.call("s1_greeting", {"name": "Ann"})["structuredContent"] == {"greeting": "Hello, Ann!"}
    assert (
        "Ada Maker (client Test client): MCP tools/call s1_greeting" in world.requests.all()[-1]["sentence"]
    )
    world.advance(hours=2)
    with pytest.raises(McpError, match="Invalid token") as expired:
        world.mcp.tools()
    assert expired.value.code == 401


def test_clients_in_this_process_reach_the_server_under_its_own_name() -> None:
    with mock_make() as world:
        assert world.mcp.url == "https://eu1.make.com/mcp/stateless"
        assert "s1_greeting" in world.mcp.tools()
        for url in (world.mcp.token_url, "https://mcp.make.com", "https://mcp.make.com/stateless"):
            headers = {**ACCEPT, **world.mcp.headers}
            assert requests.post(url, json=PING, headers=headers, timeout=60).status_code == 200
            assert httpx.post(url, json=PING, headers=headers).status_code == 200
        challenge = httpx.post("https://mcp.make.com", json=PING).headers["WWW-Authenticate"]
        assert 'resource_metadata="https://mcp.make.com/.well-known/oauth-protected-resource"' in challenge


def test_the_fixture_is_the_server_of_the_tests_world(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        def test_tools(make_mcp, make_world):
            assert make_mcp.token == make_world.token
            assert make_mcp.url == make_world.mcp.url
            assert "s1_greeting" in make_mcp.tools()

        @pytest.mark.make_world(scopes=["teams:read"])
        def test_scopes(make_mcp):
            assert "s1_greeting" not in make_mcp.tools()
        """
    )
    pytester.runpytest("-W", "error").assert_outcomes(passed=2)


def test_a_stream_that_its_client_closes_ends_at_once() -> None:
    with mock_make() as world:
        headers = {"Accept": "text/event-stream", **world.mcp.headers}
        before = threading.active_count()
        with httpx.stream("GET", world.mcp.sse_url, headers=headers) as response:
            lines = response.iter_lines()
            assert next(lines) == "event: endpoint"
            path = next(lines).removeprefix("data: ")
        url = "https://eu1.make.com" + path
        wait_until(
            lambda: requests.post(url, json=PING, headers=world.mcp.headers, timeout=60).status_code == 404
        )
        assert threading.active_count() <= before


def post_call(url: str, tool: str, arguments: JsonObject, headers: dict[str, str]) -> None:
    message = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": tool, "arguments": arguments},
    }
    response = requests.post(url, json=message, headers={**ACCEPT, **headers}, timeout=60)
    assert response.status_code == 200


def test_the_calls_of_tools_are_recorded(world: World) -> None:
    mcp = world.mcp
    mcp.tools()
    mcp.call("s1_greeting", {"name": "Ann"})
    post_call(mcp.token_url, "scenarios_delete", {"scenarioId": 99}, {})
    greeted, deleted = mcp.calls()
    assert (greeted.name, greeted.arguments, greeted.is_error) == ("s1_greeting", {"name": "Ann"}, False)
    assert greeted.text == '{\n  "greeting": "Hello, Ann!"\n}'
    assert (deleted.name, deleted.arguments, deleted.is_error) == (
        "scenarios_delete",
        {"scenarioId": 99},
        True,
    )
    assert deleted.text == "MakeError: Scenario '99' not found."
    assert deleted.sentence.endswith("-> 200: MakeError: Scenario '99' not found")
    assert [call.id for call in mcp.calls("scenarios_*")] == [deleted.id]
    assert mcp.calls("scenarios_*", {"scenarioId": 1}) == []


def test_a_tool_whose_run_failed_is_an_error(world: World) -> None:
    world.modules.script("scenario-service:ReturnData", error="RuntimeError")
    world.mcp.call("s1_greeting", {"name": "Ann"})
    world.mcp.assert_called("s1_greeting", is_error=True, times=1)


def test_a_call_with_a_very_long_body_has_its_name(world: World) -> None:
    world.mcp.call("scenarios_create", {"blueprint": "x" * 20_000, "teamId": 1})
    [call] = world.mcp.calls()
    assert (call.name, call.arguments, call.is_error) == ("scenarios_create", {}, True)


def test_a_toolbox_has_its_own_calls(world: World) -> None:
    box = world.create_toolbox("Support", [1])
    world.mcp.call("s1_greeting", {"name": "Ann"})
    box.call("t1_greeting", {"name": "Zoe"})
    assert [call.name for call in box.calls()] == ["t1_greeting"]
    assert [call.name for call in world.mcp.calls()] == ["s1_greeting", "t1_greeting"]


def test_assertions_over_calls(world: World) -> None:
    mcp = world.mcp
    mcp.assert_not_called()
    with pytest.raises(AssertionError, match="received 0 times; no tool was called"):
        mcp.assert_called("s1_greeting")
    mcp.call("s1_greeting", {"name": "Ann"})
    mcp.call("s1_greeting", {})
    mcp.assert_called("s1_*", times=2)
    mcp.assert_called("s1_greeting", {"name": "Ann"}, times=1, is_error=False)
    mcp.assert_called("s1_greeting", is_error=True)
    mcp.assert_not_called("*_delete")
    with pytest.raises(AssertionError) as missing:
        mcp.assert_called("s1_greeting", {"name": "Zoe"}, times=1)
    first, *lines = str(missing.value).splitlines()
    assert first == (
        'expected a call of s1_greeting with arguments like {"name":"Zoe"} 1 time, but it was received 0 times; received:'
    )
    assert lines[1] == '    with the arguments {"name":"Ann"}'
    with pytest.raises(AssertionError, match="expected a failed call of s1_greeting 2 times") as failed:
        mcp.assert_called("s1_greeting", is_error=True, times=2)
    assert len(str(failed.value).splitlines()) == 3
    with pytest.raises(AssertionError, match=r"expected no call of s1_\*, but it was received 2 times"):
        mcp.assert_not_called("s1_*")
