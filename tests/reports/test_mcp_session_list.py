"""MCP sessions in the request log: clients, callers, states and calls of tools."""

from __future__ import annotations

from typing import Any

from helpers.api import ADMIN_TOKEN, READER_TOKEN, ApiClient, json_of
from helpers.mcp import McpHarness, frame
from make_emulator import MakeEmulator


def sessions(api: ApiClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json_of(api.control("GET", "/worlds/default/mcp-sessions"))["sessions"]
    return found


def test_without_clients_there_is_no_session(api: ApiClient) -> None:
    api.get("/scenarios/1")
    assert sessions(api) == []


def test_a_session_has_its_client_its_calls_and_its_end(api: ApiClient) -> None:
    mcp = McpHarness(api, "/mcp/stream")
    mcp.initialize()
    mcp.post(frame("notifications/initialized", id=None))
    mcp.request("tools/call", {"name": "scenarios_list", "arguments": {"teamId": 1}})
    mcp.request("tools/call", {"name": "scenarios_get", "arguments": {"scenarioId": 999}})
    [session] = sessions(api)
    assert (session["id"], session["state"]) == (mcp.session, "open")
    assert session["client"] == {"name": "tests", "version": "1"}
    assert session["protocolVersion"] == "2025-11-25"
    assert (session["user"], session["tokenLabel"], session["agent"]) == ("Ada Maker", "admin", None)
    assert len(session["requests"]) == 4
    calls = [(call["tool"], call["isError"]) for call in session["calls"]]
    assert calls == [("scenarios_list", False), ("scenarios_get", True)]
    assert session["calls"][0]["request"] == session["requests"][2]
    mcp.send("DELETE")
    [session] = sessions(api)
    assert (session["state"], len(session["requests"])) == ("ended", 5)


def test_sessions_are_told_apart_and_the_latest_comes_first(api: ApiClient) -> None:
    first, second = McpHarness(api, "/mcp/stream"), McpHarness(api, "/mcp/stream", READER_TOKEN)
    for mcp in (first, second):
        mcp.initialize()
    assert [each["id"] for each in sessions(api)] == [second.session, first.session]
    first.request("tools/list")
    assert [each["id"] for each in sessions(api)] == [first.session, second.session]
    assert [len(each["requests"]) for each in sessions(api)] == [2, 1]


def test_requests_without_a_session_are_listed_by_their_caller(api: ApiClient) -> None:
    for token in (ADMIN_TOKEN, READER_TOKEN, ADMIN_TOKEN):
        McpHarness(api, token=token).request(
            "tools/call", {"name": "teams_list", "arguments": {"organizationId": 1}}
        )
    found = sessions(api)
    assert [(each["id"], each["state"], each["tokenLabel"], len(each["calls"])) for each in found] == [
        (None, None, "admin", 2),
        (None, None, "read-only", 1),
    ]


def test_a_client_that_is_not_known_is_in_no_session(api: ApiClient) -> None:
    McpHarness(api, token="44444444-4444-4444-8444-444444444444").post(frame("ping"))
    assert sessions(api) == []


def test_secrets_in_what_a_client_says_are_masked(api: ApiClient) -> None:
    mcp = McpHarness(api, "/mcp/stream")
    mcp.post(
        frame(
            "initialize",
            {
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": {"name": f"with {ADMIN_TOKEN}", "version": "1"},
            },
        )
    )
    [session] = sessions(api)
    assert ADMIN_TOKEN not in str(session)
    assert session["client"]["name"] == "with ********"


def test_hostile_messages_are_listed_all_the_same(api: ApiClient) -> None:
    mcp = McpHarness(api, "/mcp/stream")
    mcp.initialize()
    for body in (
        "[]",
        "7",
        '{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": 7}',
        "{",
        '{"method": []}',
    ):
        mcp.send("POST", data=body, headers={"Content-Type": "application/json"})
    [session] = sessions(api)
    assert all(isinstance(call["tool"], str | None) for call in session["calls"])


def test_a_test_reads_the_sessions_of_its_world(make: MakeEmulator) -> None:
    world = make.create_world()
    world.mcp.call("teams_list", {"organizationId": world.organization_id})
    [session] = world.mcp.sessions()
    assert [call["tool"] for call in session["calls"]] == ["teams_list"]
    assert session["id"] is None
