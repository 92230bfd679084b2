"""Bridge between a client on standard input and output and the MCP server, and the tools of the emulator itself."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import pytest

from helpers.api import ADMIN_TOKEN, NOON_ISO, ApiClient, json_of
from helpers.mcp import INITIALIZE, create_tool, frame
from make_emulator.client.control import ControlClient, ControlError, LocalTransport, Transport
from make_emulator.mcp_stdio.bridge import StdioBridge
from make_emulator.mcp_stdio.emulator_tools import EmulatorTools


class Harness:
    """A bridge to the default world."""

    def __init__(
        self, api: ApiClient, *, path: str = "/mcp/stateless", token: str = ADMIN_TOKEN, tools: bool = True
    ) -> None:
        transport = LocalTransport(api.app, "http://127.0.0.1")
        world = ControlClient(transport).world("default")
        self.bridge = StdioBridge(transport, path, token, EmulatorTools(world) if tools else None)

    def answer(self, *messages: Any) -> list[Any]:
        """The answers to some lines, each a message or a text."""
        lines = [each.encode() if isinstance(each, str) else json.dumps(each).encode() for each in messages]
        output = io.BytesIO()
        self.bridge.serve([line + b"\n" for line in lines], output)
        return [json.loads(line) for line in output.getvalue().splitlines()]

    def call(self, name: str, arguments: Mapping[str, Any] | None = None) -> Any:
        """The JSON, or the text, that a tool answers."""
        [answer] = self.answer(frame("tools/call", {"name": name, "arguments": arguments or {}}))
        assert "isError" not in answer["result"], answer
        text = answer["result"]["content"][0]["text"]
        return json.loads(text) if text[:1] in "{[" else text

    def error(self, name: str, arguments: Mapping[str, Any] | None = None) -> str:
        """The text with which a tool fails."""
        [answer] = self.answer(frame("tools/call", {"name": name, "arguments": arguments or {}}))
        assert answer["result"]["isError"] is True
        return str(answer["result"]["content"][0]["text"])


@pytest.fixture
def bridge(api: ApiClient) -> Harness:
    return Harness(api)


# --- messages ------------------------------------------------------------------------------------


def test_messages_are_answered_line_by_line(bridge: Harness) -> None:
    answers = bridge.answer(
        frame("initialize", INITIALIZE, id=1),
        frame("notifications/initialized", id=None),
        "",
        frame("tools/call", {"name": "s1_greeting", "arguments": {"name": "Ann"}}, id="two"),
    )
    assert [answer["id"] for answer in answers] == [1, "two"]
    assert answers[0]["result"]["serverInfo"]["name"] == "Make"
    assert answers[1]["result"]["structuredContent"] == {"greeting": "Hello, Ann!"}


def test_every_request_is_answered_when_a_fault_cuts_the_response(bridge: Harness) -> None:
    bridge.call("emulator_faults_add", {"path": "/mcp*", "action": "truncate", "times": 2})
    [listed] = bridge.answer(frame("tools/list"))
    assert listed["error"] == {"code": -32603, "message": "The connection to the emulator was lost."}
    batch = bridge.answer([frame("ping", id=1), frame("tools/list", id=2)])
    assert [answer["id"] for answer in batch] == [1, 2]
    assert "error" in batch[1]
    assert bridge.answer(frame("ping")) == [{"jsonrpc": "2.0", "id": 1, "result": {}}]


@pytest.mark.parametrize("number", [10**30, 1e308, -(10**30)])
def test_a_number_beyond_all_limits_is_an_error_of_the_tool(bridge: Harness, number: float) -> None:
    assert bridge.error("emulator_faults_add", {"times": number, "status": 500})
    assert bridge.error("emulator_modules_script", {"module": "slack:CreateMessage", "times": number})
    assert bridge.error("emulator_clock_advance", {"seconds": number})
    assert bridge.error("emulator_requests_list", {"limit": number})


def test_a_batch_is_forwarded(bridge: Harness) -> None:
    answers = bridge.answer([frame("ping", id=1), frame("nothing", id=2)])
    assert [answer.get("error", {}).get("code") for answer in answers] == [None, -32601]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("{", "Parse error: Invalid JSON"),
        ("1", "Parse error: Invalid JSON-RPC message"),
        ('{"jsonrpc": "2.0"}', "Parse error: Invalid JSON-RPC message"),
    ],
)
def test_other_lines_are_errors_without_an_id(bridge: Harness, line: str, text: str) -> None:
    assert bridge.answer(line) == [{"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": text}}]


def test_an_error_of_the_transport_is_the_error_of_the_request(api: ApiClient) -> None:
    [unknown] = Harness(api, token="99999999-9999-4999-8999-999999999999").answer(frame("ping", id=4))
    assert unknown == {"jsonrpc": "2.0", "id": 4, "error": {"code": -32600, "message": "401: Invalid token"}}
    [combined] = Harness(api, path="/mcp?teamId=1&scenarioId=1").answer(frame("ping"))
    assert combined["error"]["code"] == -32602
    [elsewhere] = Harness(api, path="/nowhere").answer(frame("ping"))
    assert elsewhere["error"]["message"].startswith("404: ")
    assert Harness(api, path="/nowhere").answer(frame("notifications/initialized", id=None)) == []


def test_a_server_that_is_gone_is_an_error_of_the_request() -> None:
    class Gone(Transport):
        def send(
            self, method: str, path: str, body: bytes | None, headers: Mapping[str, str] | None = None
        ) -> tuple[int, bytes]:
            raise ControlError("no emulator answers")

    answers = [
        json.loads(json.dumps(each))
        for each in StdioBridge(Gone(), "/mcp", "t").answer(json.dumps(frame("ping")).encode())
    ]
    assert answers == [
        {"jsonrpc": "2.0", "id": 1, "error": {"code": -32603, "message": "no emulator answers"}}
    ]


# --- tools of the emulator -----------------------------------------------------------------------


def tool_names(harness: Harness) -> list[str]:
    [answer] = harness.answer(frame("tools/list"))
    return [tool["name"] for tool in answer["result"]["tools"]]


def test_the_tools_of_the_emulator_are_off_unless_asked_for(api: ApiClient) -> None:
    without = tool_names(Harness(api, tools=False))
    assert not [name for name in without if name.startswith("emulator_")]
    [answer] = Harness(api, tools=False).answer(frame("tools/call", {"name": "emulator_reset"}))
    assert answer["error"] == {"code": -32602, "message": "Tool emulator_reset not found"}
    with_them = tool_names(Harness(api))
    assert with_them[: len(without)] == without
    assert set(with_them) - set(without) == {
        "emulator_explain_run",
        "emulator_lint",
        "emulator_mend",
        "emulator_requests_list",
        "emulator_access_report",
        "emulator_checkpoint",
        "emulator_changes",
        "emulator_undo",
        "emulator_clock_get",
        "emulator_clock_set",
        "emulator_clock_advance",
        "emulator_faults_add",
        "emulator_faults_list",
        "emulator_faults_clear",
        "emulator_modules_script",
        "emulator_modules_clear",
        "emulator_reset",
    }


def test_a_run_is_explained(bridge: Harness) -> None:
    bridge.call("s1_greeting", {"name": "Ann"})
    world_runs = bridge.call("emulator_requests_list", {"limit": 1})
    execution = world_runs[0]["sentence"].partition("execution ")[2].partition(" ")[0]
    explained = bridge.call("emulator_explain_run", {"executionId": execution})
    assert explained["steps"][-1]["input"] == {"greeting": "Hello, Ann!"}
    assert explained["story"] == ["module 1 (scenario-service:ReturnData) ran"]
    assert "404" in bridge.error("emulator_explain_run", {"executionId": "0" * 32})


def test_the_latest_run_is_explained_without_its_id(bridge: Harness) -> None:
    assert bridge.error("emulator_explain_run", {"scenarioId": 99}) == "Scenario 99 has not run."
    bridge.call("s1_greeting", {"name": "Ann"})
    bridge.call("s1_greeting", {"name": "Zoe"})
    for arguments in ({}, {"scenarioId": 1}):
        explained = bridge.call("emulator_explain_run", arguments)
        assert explained["steps"][-1]["input"] == {"greeting": "Hello, Zoe!"}
        assert len(explained["executionId"]) == 32
    bridge.call("scenarios_run", {"scenarioId": 3})
    weekly = bridge.call("emulator_explain_run")
    assert weekly["steps"][0]["module"] == "google-sheets:filterRows"
    assert bridge.call("emulator_explain_run", {"scenarioId": 1}) == explained


def test_a_blueprint_is_checked(bridge: Harness) -> None:
    module = {"id": 1, "module": "json:ParseJSON", "version": 1, "mapper": {"json": "{{9.x}}"}}
    findings = bridge.call("emulator_lint", {"blueprint": {"name": "A", "flow": [module], "metadata": {}}})
    assert [finding["rule"] for finding in findings] == ["unknown-reference"]


def test_a_blueprint_is_repaired(bridge: Harness) -> None:
    module = {"id": 1, "module": "json:ParseJSON", "version": 9, "mapper": {"json": "{{uper(now)}}"}}
    mended = bridge.call("emulator_mend", {"blueprint": {"name": "A", "flow": [module], "metadata": {}}})
    repaired = {"id": 1, "module": "json:ParseJSON", "version": 1, "mapper": {"json": "{{upper(now)}}"}}
    assert mended["blueprint"]["flow"] == [repaired]
    assert mended["findings"] == []


def test_changes_are_listed_and_undone(api: ApiClient, bridge: Harness) -> None:
    assert bridge.call("emulator_checkpoint", {"name": "start"}) == {"name": "start", "at": NOON_ISO}
    assert "already" in bridge.error("emulator_checkpoint", {"name": "start"})
    first, second = create_tool(api, name="First"), create_tool(api, name="Second")
    listed = bridge.call("emulator_changes", {"checkpoint": "start"})["changes"]
    assert [each["id"] for each in listed if each["kind"] == "scenario"] == [first, second]
    single = {"checkpoint": "start", "kind": "scenario", "id": float(first)}
    [undone] = bridge.call("emulator_undo", single)
    assert undone == {"kind": "scenario", "id": first, "change": "created", "name": "First"}
    assert api.get(f"/scenarios/{first}").status_code == 404
    assert second in [each["id"] for each in bridge.call("emulator_undo", {"checkpoint": "start"})]
    assert bridge.call("emulator_changes", {"checkpoint": "start"})["changes"] == []
    assert "404" in bridge.error("emulator_undo", {"checkpoint": "gone"})


def test_the_clock_moves(bridge: Harness) -> None:
    assert bridge.call("emulator_clock_get") == {"now": NOON_ISO, "frozen": True}
    assert bridge.call("emulator_clock_advance", {"seconds": 90})["now"] == "2026-03-02T12:01:30.000Z"
    later = bridge.call("emulator_clock_set", {"now": "2027-01-01T00:00:00Z", "frozen": True})
    assert later == {"now": "2027-01-01T00:00:00.000Z", "frozen": True}


def test_a_fault_is_injected_and_cleared(bridge: Harness) -> None:
    fault = bridge.call("emulator_faults_add", {"path": "/teams", "status": 503.0, "times": 1})
    assert (fault["path"], fault["status"]) == ("/teams", 503)
    assert bridge.error("teams_list", {"organizationId": 1}) == "MakeError: Service Unavailable"
    assert [rule["hits"] for rule in bridge.call("emulator_faults_list")] == [1]
    assert bridge.call("emulator_faults_clear") == "Faults have been cleared."
    assert bridge.call("emulator_faults_list") == []


def test_a_module_is_scripted(api: ApiClient, bridge: Harness) -> None:
    module = {
        "id": 1,
        "module": "slack:CreateMessage",
        "version": 4,
        "parameters": {"__IMTCONN__": 1},
        "mapper": {"text": "x"},
    }
    id = create_tool(api, module, name="Post")
    error = {"name": "RuntimeError", "message": "channel_not_found"}
    script = bridge.call(
        "emulator_modules_script", {"module": "slack:CreateMessage", "error": error, "times": 1}
    )
    assert script["module"] == "slack:CreateMessage"
    assert bridge.error(f"s{id}_post") == "MakeError: channel_not_found"
    bridge.call("emulator_modules_script", {"module": "slack:CreateMessage", "output": {"ts": "1"}})
    assert (
        bridge.call("emulator_modules_clear", {"module": "slack:CreateMessage"})
        == "Scripts have been cleared."
    )
    assert bridge.call("emulator_modules_clear") == "Scripts have been cleared."
    assert json_of(api.control("GET", "/worlds/default/modules"))["modules"] == []


def test_the_access_report_and_a_reset(api: ApiClient, bridge: Harness) -> None:
    bridge.call("s1_greeting", {"name": "Ann"})
    [admin] = [row for row in bridge.call("emulator_access_report") if row["calls"]]
    assert admin["used"] == ["mcp:use"]
    create_tool(api, name="New")
    assert bridge.call("emulator_reset") == "The world has been reset."
    assert [name for name in tool_names(bridge) if name.endswith("_new")] == []


@pytest.mark.parametrize(
    ("name", "arguments", "issue"),
    [
        ("emulator_clock_advance", {}, "seconds: Required"),
        ("emulator_clock_advance", {"seconds": "1"}, "seconds: Expected number"),
        ("emulator_reset", {"x": 1}, "x: Unrecognized key"),
    ],
)
def test_wrong_arguments_are_named(bridge: Harness, name: str, arguments: dict[str, Any], issue: str) -> None:
    text = f"Input validation error: Invalid arguments for tool {name}: {issue}"
    assert bridge.error(name, arguments) == text


def test_arguments_must_be_an_object(bridge: Harness) -> None:
    [answer] = bridge.answer(frame("tools/call", {"name": "emulator_reset", "arguments": []}))
    assert answer["error"] == {"code": -32602, "message": "Invalid params: arguments must be an object"}


def test_what_the_control_api_rejects_is_an_error(bridge: Harness) -> None:
    assert "Invalid value of parameter 'now'" in bridge.error("emulator_clock_set", {"now": "soon"})
    assert "400" in bridge.error("emulator_faults_add", {"status": 7})
