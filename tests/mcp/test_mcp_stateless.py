"""Streamable HTTP without sessions: messages, errors of the transport, the request log."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from helpers.api import ADMIN_TOKEN
from helpers.mcp import INITIALIZE, McpHarness, frame, messages_of
from make_emulator.http.faults import FaultRule, InjectedResetError

VERSIONS = "2025-11-25, 2025-06-18, 2025-03-26, 2024-11-05, 2024-10-07"


def error_of(response: Any) -> tuple[int, int, str]:
    """Status, code and text of an error of the transport."""
    body = response.json
    assert body["jsonrpc"] == "2.0"
    assert body["id"] is None
    assert response.content_type == "application/json"
    return response.status_code, body["error"]["code"], body["error"]["message"]


# --- messages ------------------------------------------------------------------------------------


def test_a_tool_runs_without_an_initialization(mcp: McpHarness) -> None:
    response = mcp.post(frame("tools/call", {"name": "s1_greeting", "arguments": {"name": "Ann"}}, id="a"))
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-cache, no-transform"
    assert response.headers["X-Accel-Buffering"] == "no"
    assert "Mcp-Session-Id" not in response.headers
    [message] = messages_of(response)
    assert (message["jsonrpc"], message["id"]) == ("2.0", "a")
    assert message["result"]["structuredContent"] == {"greeting": "Hello, Ann!"}
    assert response.get_data(as_text=True).startswith("event: message\ndata: {")


@pytest.mark.parametrize("version", VERSIONS.split(", "))
def test_each_version_of_the_protocol_is_accepted(mcp: McpHarness, version: str) -> None:
    result = mcp.request("initialize", {**INITIALIZE, "protocolVersion": version})["result"]
    assert result == {
        "protocolVersion": version,
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "Make", "version": "0.1.0"},
    }
    assert mcp.request("ping", headers={"MCP-Protocol-Version": version})["result"] == {}


def test_an_unknown_version_gets_the_newest(mcp: McpHarness) -> None:
    result = mcp.request("initialize", {**INITIALIZE, "protocolVersion": "2030-01-01"})["result"]
    assert result["protocolVersion"] == "2025-11-25"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"protocolVersion": 1}, "protocolVersion must be a string"),
        ({"capabilities": None}, "capabilities must be an object"),
        ({"clientInfo": {"name": "x"}}, "clientInfo must have a name and a version"),
    ],
)
def test_a_wrong_initialization_is_rejected(mcp: McpHarness, change: dict[str, Any], text: str) -> None:
    error = mcp.request("initialize", {**INITIALIZE, **change})["error"]
    assert error == {"code": -32602, "message": f"Invalid params: {text}"}


def test_notifications_and_responses_are_accepted(mcp: McpHarness) -> None:
    for message in (
        frame("notifications/initialized", id=None),
        {"jsonrpc": "2.0", "id": 3, "result": {}},
        {"jsonrpc": "2.0", "id": 3, "error": {"code": -1, "message": "no"}},
        [
            frame("notifications/initialized", id=None),
            frame("notifications/cancelled", {"requestId": 1}, id=None),
        ],
    ):
        response = mcp.post(message)
        assert (response.status_code, response.get_data()) == (202, b"")


def test_a_batch_is_answered_in_order(mcp: McpHarness) -> None:
    batch = [frame("ping", id=1), frame("notifications/initialized", id=None), frame("nothing", id=2)]
    assert messages_of(mcp.post(batch)) == [
        {"jsonrpc": "2.0", "id": 1, "result": {}},
        {"jsonrpc": "2.0", "id": 2, "error": {"code": -32601, "message": "Method not found"}},
    ]


@pytest.mark.parametrize(
    "method", ["resources/list", "prompts/list", "logging/setLevel", "server/discover", ""]
)
def test_other_methods_are_unknown(mcp: McpHarness, method: str) -> None:
    assert mcp.request(method)["error"] == {"code": -32601, "message": "Method not found"}


def test_a_compressed_body_is_read(mcp: McpHarness) -> None:
    body = gzip.compress(json.dumps(frame("ping")).encode())
    response = mcp.send(
        "POST", data=body, content_type="application/json", headers={"Content-Encoding": "gzip"}
    )
    assert messages_of(response)[0]["result"] == {}


# --- errors of the transport ---------------------------------------------------------------------


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "text/event-stream"])
def test_a_client_must_accept_both_types(mcp: McpHarness, accept: str | None) -> None:
    response = mcp.post(frame("ping"), headers={"Accept": accept})
    text = "Not Acceptable: Client must accept both application/json and text/event-stream"
    assert error_of(response) == (406, -32000, text)


def test_a_body_must_be_declared_as_json(mcp: McpHarness) -> None:
    response = mcp.send("POST", data=json.dumps(frame("ping")), content_type="text/plain")
    assert error_of(response) == (
        415,
        -32000,
        "Unsupported Media Type: Content-Type must be application/json",
    )


@pytest.mark.parametrize("body", ["", "{", "[1, ", '{"a": NaN}', "[" * 300 + "]" * 300])
def test_a_body_must_be_json(mcp: McpHarness, body: str) -> None:
    response = mcp.send("POST", data=body, content_type="application/json")
    assert error_of(response) == (400, -32700, "Parse error: Invalid JSON")


@pytest.mark.parametrize(
    "message",
    [
        1,
        {},
        {"jsonrpc": "1.0", "id": 1, "method": "ping"},
        {"jsonrpc": "2.0", "id": None, "method": "ping"},
        {"jsonrpc": "2.0", "id": 1.5, "method": "ping"},
        {"jsonrpc": "2.0", "id": True, "method": "ping"},
        {"jsonrpc": "2.0", "id": 1, "method": 7},
        {"jsonrpc": "2.0", "id": 1, "method": "ping", "params": []},
        {"jsonrpc": "2.0", "id": 1, "method": "ping", "more": 1},
        {"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {"_meta": 1}},
        {"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {"_meta": {"progressToken": []}}},
        {"jsonrpc": "2.0", "id": 1, "result": 1},
        {"jsonrpc": "2.0", "id": 1, "error": {"code": "x", "message": ""}},
        [{"jsonrpc": "2.0", "id": 1, "method": "ping"}, 1],
    ],
)
def test_other_json_is_no_message(mcp: McpHarness, message: Any) -> None:
    assert error_of(mcp.post(message)) == (400, -32700, "Parse error: Invalid JSON-RPC message")


def test_a_batch_is_bounded(mcp: McpHarness) -> None:
    assert len(messages_of(mcp.post([frame("ping", id=n) for n in range(100)]))) == 100
    too_many = mcp.post([frame("ping", id=n) for n in range(101)])
    assert error_of(too_many) == (400, -32600, "Invalid Request: Batch must not exceed 100 messages")
    assert error_of(mcp.post([])) == (400, -32600, "Invalid Request: Batch must not be empty")


def test_an_initialization_stands_alone(mcp: McpHarness) -> None:
    response = mcp.post([frame("initialize", INITIALIZE), frame("ping", id=2)])
    assert error_of(response) == (
        400,
        -32600,
        "Invalid Request: Only one initialization request is allowed",
    )


def test_a_body_has_at_most_four_mebibytes(mcp: McpHarness) -> None:
    message = frame("ping", {"text": ""})
    room = 4_194_304 - len(json.dumps(message))
    message["params"]["text"] = "x" * room
    assert mcp.send("POST", data=json.dumps(message), content_type="application/json").status_code == 200
    message["params"]["text"] += "x"
    response = mcp.send("POST", data=json.dumps(message), content_type="application/json")
    text = "Payload Too Large: Request body must not exceed 4194304 bytes"
    assert error_of(response) == (413, -32000, text)


def test_an_unsupported_version_in_the_header_is_rejected(mcp: McpHarness) -> None:
    response = mcp.post(frame("ping"), headers={"MCP-Protocol-Version": "2026-07-28"})
    text = f"Bad Request: Unsupported protocol version: 2026-07-28 (supported versions: {VERSIONS})"
    assert error_of(response) == (400, -32000, text)
    # An initialization negotiates its version instead.
    assert mcp.post(frame("initialize", INITIALIZE), headers={"MCP-Protocol-Version": "x"}).status_code == 200


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "PATCH", "OPTIONS"])
def test_other_http_methods_are_not_allowed(mcp: McpHarness, method: str) -> None:
    response = mcp.send(method)
    assert error_of(response) == (405, -32000, "Method not allowed.")
    assert response.headers["Allow"] == "POST"


@pytest.mark.parametrize(
    "path", ["/mcp/nothing", "/mcp/u", "/mcp/", f"/mcp/u/{ADMIN_TOKEN}/", "/mcp.make.com/x"]
)
def test_other_paths_are_not_found(mcp: McpHarness, path: str) -> None:
    assert mcp.post(frame("ping"), path=path).status_code == 404


# --- faults and the request log ------------------------------------------------------------------


def test_a_fault_responds_in_place_of_the_server(mcp: McpHarness) -> None:
    mcp.api.handle.faults.add(FaultRule(path="/mcp/*", status=503, times=1))
    assert error_of(mcp.post(frame("ping"))) == (503, -32000, "Service Unavailable")
    assert mcp.request("ping")["result"] == {}


def test_a_fault_without_a_path_of_the_server_does_not_match(mcp: McpHarness) -> None:
    for path in (None, "/*"):
        mcp.api.handle.faults.add(FaultRule(path=path, status=503))
    assert mcp.request("ping")["result"] == {}


def test_a_fault_resets_the_connection(mcp: McpHarness) -> None:
    mcp.api.handle.faults.add(FaultRule(path="/mcp/stateless", action="reset"))
    with pytest.raises(InjectedResetError):
        mcp.post(frame("ping"))


def test_a_fault_of_a_route_reaches_the_tool_that_calls_it(mcp: McpHarness) -> None:
    mcp.api.handle.faults.add(FaultRule(path="/teams", status=503, times=1))
    mcp.api.handle.faults.add(FaultRule(path="/teams", action="reset", times=1))
    assert mcp.error("teams_list", {"organizationId": 1}) == "MakeError: Service Unavailable"
    assert (
        mcp.error("teams_list", {"organizationId": 1})
        == "MakeError: The connection to the Make API was lost."
    )
    assert [team["id"] for team in mcp.json("teams_list", {"organizationId": 1})] == [1]


def test_the_log_has_a_sentence_for_each_call(mcp: McpHarness) -> None:
    mcp.call("s1_greeting", {"name": "Ann"})
    [run] = mcp.sentences()
    assert run.startswith(
        "Ada Maker (token admin): MCP tools/call s1_greeting in organization 1 -> 200: execution "
    )
    assert run.endswith(" succeeded")
    mcp.call("teams_list", {"organizationId": 2})
    refused = 'Insufficient rights, admin permission "organization view" is needed'
    listing, call = mcp.sentences()[1:]
    # The order of the parameters is not fixed.
    assert listing.startswith("Ada Maker (token admin): GET /teams?")
    assert f" -> 403: {refused}. " in listing
    assert call.startswith(f"Ada Maker (token admin): MCP tools/call teams_list -> 200: MakeError: {refused}")
    mcp.post([frame("ping"), frame("tools/list", id=2)])
    assert mcp.sentences()[-1].startswith(
        "Ada Maker (token admin): MCP batch of 2: ping, tools/list -> 200: "
    )
    entry = next(iter(mcp.api.handle.request_log)).to_json()
    assert entry["decision"] == "served"
    assert entry["requestBody"]["params"] == {"name": "s1_greeting", "arguments": {"name": "Ann"}}
    assert entry["responseBody"]["result"]["structuredContent"] == {"greeting": "Hello, Ann!"}


def test_the_access_report_counts_scenario_tools(mcp: McpHarness) -> None:
    token = mcp.api.token_with("mcp:use", "teams:read")
    McpHarness(mcp.api, token=token).call("s1_greeting", {"name": "Ann"})
    body = mcp.api.control("GET", "/worlds/default/access-report").json
    assert body is not None
    [row] = [row for row in body["tokens"] if row["calls"]]
    assert (row["used"], row["neverUsed"], row["least"]) == (["mcp:use"], ["teams:read"], ["mcp:use"])


def test_the_header_says_why_a_call_was_rejected(mcp: McpHarness) -> None:
    def why(response: Any) -> str | None:
        text: str | None = response.headers.get("X-Emulator-Why")
        return text

    assert why(mcp.post(frame("ping"))) is None
    assert why(mcp.post(frame("ping"), headers={"Accept": "*/*"})) == (
        "Not Acceptable: Client must accept both application/json and text/event-stream"
    )
    unknown = mcp.post(frame("tools/call", {"name": "s99_nothing"}))
    assert why(unknown) == "Tool s99_nothing not found"
    rejected = mcp.post(frame("tools/call", {"name": "teams_list", "arguments": {"organizationId": 2}}))
    assert "organizationId 2 is no organization of the token's user" in str(why(rejected))
