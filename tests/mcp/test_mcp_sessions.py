"""Streamable HTTP with sessions, and HTTP+SSE of 2024-11-05."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from werkzeug.test import TestResponse

from helpers.api import ADMIN_TOKEN, ApiClient
from helpers.mcp import ACCEPT, INITIALIZE, McpHarness, create_tool, frame, messages_of
from helpers.waiting import wait_until
from make_emulator import MakeEmulator
from make_emulator.mcp import sse
from make_emulator.mcp.access_parameters import AccessParameters
from make_emulator.mcp.sessions import Session, SessionStore

EVENTS = {"Accept": "text/event-stream"}


@pytest.fixture
def stream(api: ApiClient) -> McpHarness:
    """Client of the transport with sessions, which has opened one."""
    mcp = McpHarness(api, "/mcp/stream")
    mcp.initialize()
    return mcp


def error_of(response: TestResponse) -> tuple[int, int, str]:
    body: Any = response.json
    return response.status_code, body["error"]["code"], body["error"]["message"]


def events_of(response: TestResponse) -> Iterator[bytes]:
    return iter(response.response)  # type: ignore[arg-type]


# --- streamable HTTP -----------------------------------------------------------------------------


def test_an_initialization_opens_a_session(api: ApiClient) -> None:
    mcp = McpHarness(api, "/mcp/stream")
    response = mcp.initialize()
    assert messages_of(response)[0]["result"]["serverInfo"]["name"] == "Make"
    assert mcp.session is not None
    assert len(mcp.session) == 36
    assert mcp.post(frame("notifications/initialized", id=None)).status_code == 202
    answer = mcp.post(frame("ping"))
    assert answer.headers["Mcp-Session-Id"] == mcp.session
    assert mcp.call("s1_greeting", {"name": "Ann"})["structuredContent"] == {"greeting": "Hello, Ann!"}


def test_a_wrong_initialization_opens_none(api: ApiClient) -> None:
    response = McpHarness(api, "/mcp/stream").post(frame("initialize", {}))
    assert messages_of(response)[0]["error"]["code"] == -32602
    assert "Mcp-Session-Id" not in response.headers


def test_calls_need_a_session(stream: McpHarness) -> None:
    missing = stream.post(frame("ping"), headers={"Mcp-Session-Id": None})
    assert error_of(missing) == (400, -32000, "Bad Request: Server not initialized")
    unknown = stream.post(frame("ping"), headers={"Mcp-Session-Id": "x"})
    assert error_of(unknown) == (404, -32001, "Session not found")
    for method in ("GET", "DELETE"):
        missing = stream.send(method, headers={"Mcp-Session-Id": None})
        assert error_of(missing) == (400, -32000, "Bad Request: Mcp-Session-Id header is required")
        unknown = stream.send(method, headers={"Mcp-Session-Id": "x"})
        assert error_of(unknown) == (404, -32001, "Session not found")


def test_a_session_is_initialized_once(stream: McpHarness) -> None:
    again = stream.post(frame("initialize", INITIALIZE))
    assert error_of(again) == (400, -32600, "Invalid Request: Server already initialized")


def test_a_session_belongs_to_its_token_and_url(stream: McpHarness) -> None:
    other = stream.api.token_with("mcp:use")
    by_other = stream.post(frame("ping"), headers={"Authorization": f"Bearer {other}"})
    elsewhere = stream.post(frame("ping"), path=f"/mcp/u/{ADMIN_TOKEN}/stream")
    for response in (by_other, elsewhere):
        assert error_of(response) == (404, -32001, "Session not found")


def test_the_access_parameters_of_the_initialization_hold(api: ApiClient) -> None:
    mcp = McpHarness(api, "/mcp/stream?scenarioId=99")
    mcp.initialize()
    assert "s1_greeting" not in mcp.tools(path="/mcp/stream")
    assert "s1_greeting" not in mcp.tools(path="/mcp/stream?scenarioId=1")


def test_a_deleted_session_is_gone(stream: McpHarness) -> None:
    response = stream.send("DELETE")
    assert (response.status_code, response.get_data()) == (200, b"")
    assert error_of(stream.post(frame("ping"))) == (404, -32001, "Session not found")
    assert stream.sentences()[-2] == "Ada Maker (token admin): MCP ends the session -> 200"


def test_a_session_has_one_stream_at_a_time(stream: McpHarness) -> None:
    first = stream.send("GET", headers=EVENTS)
    assert (first.status_code, first.content_type) == (200, "text/event-stream")
    assert first.headers["Mcp-Session-Id"] == stream.session
    events = events_of(first)
    assert next(events) == b": keepalive\n\n"
    second = stream.send("GET", headers=EVENTS)
    assert error_of(second) == (409, -32000, "Conflict: Only one SSE stream is allowed per session")
    first.close()
    third = stream.send("GET", headers=EVENTS)
    assert third.status_code == 200
    third.close()


def test_a_stream_needs_the_type_of_events(stream: McpHarness) -> None:
    response = stream.send("GET", headers={"Accept": "application/json"})
    assert error_of(response) == (406, -32000, "Not Acceptable: Client must accept text/event-stream")


def test_the_end_of_a_session_ends_its_stream(stream: McpHarness) -> None:
    opened = stream.send("GET", headers=EVENTS)
    events = events_of(opened)
    next(events)
    stream.send("DELETE")
    assert list(events) == []


def test_an_open_stream_sends_comments(stream: McpHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "KEEPALIVE_INTERVAL", 0)
    monkeypatch.setattr(sse, "POLL_INTERVAL", 0)
    opened = stream.send("GET", headers=EVENTS)
    events = events_of(opened)
    assert [next(events) for _ in range(3)] == [b": keepalive\n\n"] * 3
    opened.close()


def test_other_methods_are_not_allowed(stream: McpHarness) -> None:
    response = stream.send("PUT")
    assert error_of(response) == (405, -32000, "Method not allowed.")
    assert response.headers["Allow"] == "GET, POST, DELETE"


def test_a_session_outlives_a_reset_if_its_token_does(stream: McpHarness) -> None:
    stream.api.control("POST", "/worlds/default/reset")
    assert stream.request("ping")["result"] == {}


def test_a_cancelled_request_is_not_answered() -> None:
    session = Session("id", "token", "stream", "/mcp", AccessParameters())
    session.cancel(1)
    session.in_progress.add(1)
    assert not session.is_cancelled(1)
    session.in_progress.add(1)
    session.cancel(1)
    assert session.is_cancelled(1)
    assert not session.is_cancelled(1)


def test_a_run_that_its_client_cancels_goes_on(stream: McpHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    from make_emulator.mcp.tools import scenario_tools

    run = scenario_tools.run_scenario

    def cancel_and_run(call: Any, *, scenario_id: int) -> Any:
        cancelled = frame("notifications/cancelled", {"requestId": 7}, id=None)
        thread = threading.Thread(target=stream.post, args=(cancelled,))
        thread.start()
        thread.join()
        return run(call, scenario_id=scenario_id)

    monkeypatch.setattr(scenario_tools, "run_scenario", cancel_and_run)
    # Tools are kept with their handlers.
    monkeypatch.setattr(scenario_tools, "_definitions", {})
    before = len(stream.api.world.logs.where(scenario=1))
    response = stream.post(frame("tools/call", {"name": "s1_greeting", "arguments": {"name": "Ann"}}, id=7))
    assert (response.status_code, messages_of(response)) == (200, [])
    assert len(stream.api.world.logs.where(scenario=1)) == before + 1


def test_the_progress_of_a_run_comes_before_its_result(stream: McpHarness) -> None:
    module = {
        "id": 1,
        "module": "util:SetVariable2",
        "version": 1,
        "mapper": {"name": "a", "value": "1", "scope": "roundtrip"},
    }
    id = create_tool(stream.api, module, {**module, "id": 2})
    params = {"name": f"s{id}_echo", "_meta": {"progressToken": "p"}}
    *progress, last = messages_of(stream.post(frame("tools/call", params)))
    assert [message["method"] for message in progress] == ["notifications/progress"] * 2
    assert progress[0]["params"] == {
        "progressToken": "p",
        "progress": 1,
        "total": 2,
        "message": "util:SetVariable2",
    }
    assert last["result"]["content"][0]["text"] == "Scenario executed successfully."


def test_the_least_recently_used_session_ends_first(api: ApiClient) -> None:
    store, handle = SessionStore(limit=2), api.handle
    first, second = (store.create(handle, "token", "stream", "/mcp", AccessParameters()) for _ in range(2))
    assert store.find(first.id, handle, "token", "stream", "/mcp") is first
    third = store.create(handle, "token", "stream", "/mcp", AccessParameters())
    assert store.find(second.id, handle, "token", "stream", "/mcp") is None
    assert list(handle.sessions) == [first.id, third.id]


def test_the_sessions_of_a_world_end_with_it(stream: McpHarness) -> None:
    opened = stream.send("GET", headers=EVENTS)
    events = events_of(opened)
    next(events)
    handle = stream.api.handle
    assert list(handle.sessions) == [stream.session]
    assert stream.api.control("DELETE", "/worlds/default").status_code == 204
    assert list(events) == []
    assert handle.sessions == {}


# --- HTTP+SSE ------------------------------------------------------------------------------------


class SseClient:
    """Client of HTTP+SSE over a socket."""

    def __init__(self, make: MakeEmulator, path: str) -> None:
        self.address = urlsplit(make.base_url).netloc
        self.connection = http.client.HTTPConnection(self.address, timeout=30)
        self.connection.request("GET", path, headers=EVENTS)
        self.response = self.connection.getresponse()
        self.endpoint = self.read_event()[1]

    def read_event(self) -> tuple[str, str]:
        """The next event and its data."""
        name = self.response.readline().decode().removeprefix("event: ").strip()
        data = self.response.readline().decode().removeprefix("data: ").strip()
        assert self.response.readline() == b"\n"
        return name, data

    def post(self, message: Any, path: str | None = None, kind: str = "application/json") -> tuple[int, str]:
        connection = http.client.HTTPConnection(self.address, timeout=30)
        connection.request("POST", path or self.endpoint, json.dumps(message), {"Content-Type": kind})
        response = connection.getresponse()
        body = response.read().decode()
        connection.close()
        return response.status, body

    def close(self) -> None:
        self.response.close()
        self.connection.close()


@pytest.fixture
def events(make: MakeEmulator) -> Iterator[SseClient]:
    client = SseClient(make, f"/mcp/u/{make.token}/sse?scenarioId=1")
    yield client
    client.close()


def test_responses_come_on_the_stream(make: MakeEmulator, events: SseClient) -> None:
    assert events.endpoint.startswith(f"/mcp/u/{make.token}/sse/message?sessionId=")
    assert events.post(frame("initialize", {**INITIALIZE, "protocolVersion": "2024-11-05"})) == (
        202,
        "Accepted",
    )
    name, data = events.read_event()
    assert (name, json.loads(data)["result"]["protocolVersion"]) == ("message", "2024-11-05")
    assert events.post(frame("notifications/initialized", id=None)) == (202, "Accepted")
    events.post(frame("tools/call", {"name": "s1_greeting", "arguments": {"name": "Ann"}}, id=2))
    assert json.loads(events.read_event()[1])["result"]["structuredContent"] == {"greeting": "Hello, Ann!"}


def test_wrong_posts_are_rejected(events: SseClient) -> None:
    status, body = events.post(frame("ping"), kind="text/plain")
    assert (status, json.loads(body)["error"]["code"]) == (415, -32000)
    status, body = events.post({"no": "message"})
    assert (status, json.loads(body)["error"]["code"]) == (400, -32700)
    path = events.endpoint.partition("?")[0]
    status, body = events.post(frame("ping"), path)
    assert (status, json.loads(body)["error"]["message"]) == (400, "Bad Request: Missing sessionId parameter")
    status, body = events.post(frame("ping"), path + "?sessionId=x")
    assert (status, json.loads(body)["error"]["message"]) == (404, "Session not found")


def test_a_session_ends_with_its_stream(make: MakeEmulator) -> None:
    client = SseClient(make, f"/mcp/u/{make.token}/sse")
    client.close()
    wait_until(lambda: client.post(frame("ping"))[0] == 404)


def test_the_stream_of_the_own_host_names_its_path(api: ApiClient) -> None:
    mcp = McpHarness(api, "/sse")
    opened = mcp.send("GET", headers={**EVENTS, "Host": "mcp.make.com"})
    assert next(events_of(opened)).startswith(b"event: endpoint\ndata: /sse/message?sessionId=")
    opened.close()
    opened = mcp.send("GET", path="/mcp.make.com/sse", headers=EVENTS)
    assert next(events_of(opened)).startswith(b"event: endpoint\ndata: /mcp.make.com/sse/message?sessionId=")
    opened.close()
    assert mcp.send("POST", headers={"Host": "mcp.make.com", "Accept": ACCEPT}).status_code == 405
