"""The vendor's local MCP server, ``@makehq/mcp-server`` as published, offers an assistant the scenarios of a team as tools."""

from __future__ import annotations

import json

import pytest

from make_emulator import World

from ..conftest import RunScript

pytestmark = pytest.mark.e2e

#: One input of each type that a scenario can have.
INPUTS = [
    {"name": "text", "type": "text", "required": True, "help": "What to say."},
    {"name": "number", "type": "number", "required": False, "default": 15},
    {"name": "boolean", "type": "boolean", "required": False},
    {"name": "date", "type": "date", "required": False},
    {"name": "array", "type": "array", "required": False, "spec": {"type": "text"}},
    {
        "name": "collection",
        "type": "collection",
        "required": False,
        "spec": [{"name": "inner", "type": "number", "required": True}],
    },
]

VALUES = {
    "text": "Hello",
    "number": 3,
    "boolean": True,
    "date": "2026-01-01T10:00:00.000Z",
    "array": ["a", "b"],
    "collection": {"inner": 4},
}


def failed(*texts: str) -> dict[str, object]:
    """Error result of a tool whose call was rejected by the service."""
    return {"isError": True, "text": "MakeError: " + "\n - ".join(texts)}


@pytest.mark.make_world(rate_limit=False)
def test_an_assistant_runs_scenarios_as_tools(mcp: RunScript, make_world: World) -> None:
    done = mcp(
        "tools",
        inputs=INPUTS,
        values=VALUES,
        reader=make_world.create_token(["scenarios:read", "scenarios:run"]),
        stranger="99999999-9999-4999-8999-999999999999",
    )

    greeting, intake = done["before"]
    assert greeting == {
        "name": "run_scenario_1",
        "description": "Greeting",
        "inputSchema": {
            "type": "object",
            "properties": {"name": {"type": "string", "description": "Whom to greet."}},
            "required": ["name"],
        },
    }
    assert (intake["name"], intake["inputSchema"]["required"]) == ("run_scenario_4", ["sku"])

    assert done["greeted"]["isError"] is False
    assert json.loads(done["greeted"]["text"]) == {"greeting": "Hello, Zoe!"}
    one_fault = "Validation failed for 1 parameter(s)."
    assert done["missing"] == failed(one_fault, "Missing value of required parameter 'name'.")
    assert done["surplus"] == failed(one_fault, "Unknown parameter 'colour'.")
    assert done["inactive"] == failed("Scenario is not activated")
    assert done["hidden"] == failed("Scenario '5' not found.")
    assert done["unknown"] == "MCP error -32603: Unknown tool: run_everything"

    assert done["tool"]["description"] == "Receiver (takes anything)"
    assert done["tool"]["inputSchema"] == {
        "type": "object",
        "properties": {
            "text": {"type": "string", "description": "What to say."},
            "number": {"type": "number", "default": 15},
            "boolean": {"type": "boolean"},
            "date": {"type": "string"},
            "array": {"type": "array", "items": {"type": "string"}},
            "collection": {
                "type": "object",
                "properties": {"inner": {"type": "number"}},
                "required": ["inner"],
            },
        },
        "required": ["text"],
    }
    assert done["received"]["isError"] is False
    assert json.loads(done["received"]["text"]) == VALUES
    assert done["after"] == ["run_scenario_1", "run_scenario_4"]

    # Its documentation names these two scopes; that of the API asks for scenarios:write as well.
    assert done["reader"] == {"tools": done["after"], "run": failed("Access denied.")}
    assert done["stranger"] == "MCP error -32603: Invalid token header."
    make_world.requests.assert_called(
        "POST", "/scenarios/1/run", json={"data": {"name": "Zoe"}, "responsive": True}
    )
