"""Tools of the emulator itself, ``emulator_…``, for agents that debug their own scenarios offline. They are no part of Make.

Each calls the control API; a new one is a function in this file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..client.control import ControlError, WorldClient, drop_none
from ..client.responses import ExecutionRow, Finding, MendResult, TokenAccess
from ..json_types import Json, JsonObject
from ..mcp.tools.arguments import find_issues
from ..mcp.tools.definition import ToolAnnotations, ToolResult
from ..mcp.tools.management.group import (
    DELETE,
    READ_ONLY,
    WRITE,
    Input,
    anything,
    collection,
    flag,
    number,
    object_schema,
    text,
)

_PREFIX = "emulator_"

#: Returns what JSON can hold; types of objects with known keys are no `Json` for type checkers.
Handler = Callable[[WorldClient, Mapping[str, Any]], object]


@dataclass(frozen=True, slots=True)
class _EmulatorTool:
    definition: JsonObject
    handler: Handler


_TOOLS: dict[str, _EmulatorTool] = {}


def _tool(
    name: str, title: str, annotations: ToolAnnotations, /, **inputs: Input
) -> Callable[[Handler], Handler]:
    """Declares a tool; the docstring of the function is its description."""

    def declare(handler: Handler) -> Handler:
        definition: JsonObject = {
            "name": _PREFIX + name,
            "title": title,
            "description": " ".join((handler.__doc__ or "").split()),
            "inputSchema": object_schema(inputs),
            "annotations": annotations.to_json(),
        }
        _TOOLS[_PREFIX + name] = _EmulatorTool(definition, handler)
        return handler

    return declare


class EmulatorTools:
    """Tools for one world of an emulator."""

    def __init__(self, world: WorldClient) -> None:
        self._world = world

    def has(self, name: object) -> bool:
        """Returns true if there is a tool of a name."""
        return isinstance(name, str) and name in _TOOLS

    def list_tools(self) -> list[JsonObject]:
        """Returns the tools as ``tools/list`` shows them."""
        return [tool.definition for tool in _TOOLS.values()]

    def call(self, name: str, arguments: Mapping[str, Json]) -> JsonObject:
        """Returns the result of a tool; a failure is a result too."""
        tool = _TOOLS[name]
        if issues := find_issues(tool.definition["inputSchema"], arguments):
            text = f"Input validation error: Invalid arguments for tool {name}: {'; '.join(issues)}"
            return ToolResult(text, is_error=True).to_json()
        try:
            value: Any = tool.handler(self._world, arguments)
            return ToolResult.of(value).to_json()
        except ControlError as error:
            return ToolResult(str(error), is_error=True).to_json()


@_tool(
    "explain_run",
    "Explain a run",
    READ_ONLY,
    executionId=text("The ID of the execution; by default, the latest run is explained"),
    scenarioId=number("The ID of a scenario, whose latest run is explained"),
)
def _explain_run(world: WorldClient, arguments: Mapping[str, Any]) -> Json:
    """Explains a run of a scenario: input, output and error of each module, the decisions between them, and a story of both."""
    id = arguments.get("executionId") or _find_latest_run(world, arguments.get("scenarioId"))
    trace: JsonObject = world.call("GET", "executions", id, "steps")
    # A model reads the sentences first.
    return {"executionId": id, "story": trace["story"], **trace}


def _find_latest_run(world: WorldClient, scenario_id: float | None) -> str:
    rows: list[ExecutionRow] = world.call("GET", "executions", query={"limit": "1000"})["executions"]
    for row in rows:
        if scenario_id is None or row["scenarioId"] == scenario_id:
            return row["id"]
    raise ControlError(
        "No scenario has run." if scenario_id is None else f"Scenario {scenario_id:g} has not run."
    )


#: Parameters of the tools that check or repair a blueprint for a team.
_BLUEPRINT_PARAMETERS = {
    "blueprint": anything("The blueprint; that of the scenario, by default"),
    "scheduling": collection("The scheduling"),
    "scenarioId": number("The ID of the scenario"),
    "teamId": number("The ID of the team"),
}


def _blueprint_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "scenario_id": arguments.get("scenarioId"),
        "scheduling": arguments.get("scheduling"),
        "team_id": arguments.get("teamId"),
    }


@_tool(
    "lint",
    "Check a blueprint",
    READ_ONLY,
    **_BLUEPRINT_PARAMETERS,
)
def _lint(world: WorldClient, arguments: Mapping[str, Any]) -> list[Finding]:
    """Checks a blueprint for a team without running it: mistakes and suspicious places, each with its module and a suggestion."""
    return world.lint(arguments.get("blueprint"), **_blueprint_arguments(arguments))


@_tool(
    "mend",
    "Repair a blueprint",
    READ_ONLY,
    **_BLUEPRINT_PARAMETERS,
)
def _mend(world: WorldClient, arguments: Mapping[str, Any]) -> MendResult:
    """Repairs slips in a blueprint: returns it with the obvious repairs that helped when they were tried, and the findings that stay; nothing is saved."""
    return world.mend(arguments.get("blueprint"), **_blueprint_arguments(arguments))


@_tool("requests_list", "List requests", READ_ONLY, limit=number("The most requests, the last ones"))
def _list_requests(world: WorldClient, arguments: Mapping[str, Any]) -> Json:
    """Lists the last requests to the emulator, each with a sentence that says who did what and why it was refused."""
    query = {"limit": str(int(arguments.get("limit", 20)))}
    rows: Json = world.call("GET", "requests", query=query)["requests"]
    return rows


@_tool("access_report", "Report the access of tokens", READ_ONLY)
def _report_access(world: WorldClient, _arguments: Mapping[str, Any]) -> list[TokenAccess]:
    """Reports for each token the scopes that it has, used, and lacked, and the fewest that it needs."""
    return world.access_report()


@_tool("checkpoint", "Create a checkpoint", ToolAnnotations(), name=text("A new name", required=True))
def _create_checkpoint(world: WorldClient, arguments: Mapping[str, Any]) -> Json:
    """Creates a checkpoint of the emulated Make, so that the changes after it can be listed and undone."""
    checkpoint: Json = world.call("POST", "checkpoints", body=arguments)["checkpoint"]
    return checkpoint


@_tool(
    "changes",
    "List changes",
    READ_ONLY,
    checkpoint=text("The name of the checkpoint", required=True),
)
def _list_changes(world: WorldClient, arguments: Mapping[str, Any]) -> Json:
    """Lists the scenarios, connections, records and other resources that were created, changed or deleted since a checkpoint."""
    report: Json = world.call("GET", "checkpoints", arguments["checkpoint"], "changes")
    return report


@_tool(
    "undo",
    "Undo changes",
    DELETE,
    checkpoint=text("The name of the checkpoint", required=True),
    kind=text("The kind of a single change, as listed"),
    id=anything("Its ID, as listed"),
)
def _undo(world: WorldClient, arguments: Mapping[str, Any]) -> Json:
    """Undoes all changes since a checkpoint, or the one with a kind and an ID."""
    body = _whole_numbers({name: value for name, value in arguments.items() if name != "checkpoint"})
    undone: Json = world.call("POST", "checkpoints", arguments["checkpoint"], "undo", body=body)["undone"]
    return undone


@_tool("clock_get", "Get the time", READ_ONLY)
def _get_clock(world: WorldClient, _arguments: Mapping[str, Any]) -> Json:
    """Returns the time of the emulated Make, and whether its clock is frozen."""
    return world.clock()


@_tool(
    "clock_set",
    "Set the time",
    WRITE,
    now=text("The time, ISO 8601"),
    frozen=flag("True to freeze the clock, false to let it run"),
)
def _set_clock(world: WorldClient, arguments: Mapping[str, Any]) -> Json:
    """Sets the time of the emulated Make, freezes its clock, or lets it run."""
    world.set_clock(now=arguments.get("now"), frozen=arguments.get("frozen"))
    return world.clock()


@_tool(
    "clock_advance",
    "Advance the time",
    ToolAnnotations(),
    seconds=number("The seconds", required=True),
)
def _advance_clock(world: WorldClient, arguments: Mapping[str, Any]) -> Json:
    """Advances the time of the emulated Make without waiting: scheduled scenarios and retries that fall due run."""
    world.advance_clock(arguments["seconds"])
    return world.clock()


@_tool(
    "faults_add",
    "Add a fault",
    ToolAnnotations(),
    method=text("The HTTP method of the requests that get it"),
    path=text("A glob of their paths, relative to /api/v2, such as /scenarios*"),
    name=text("A named fault: rate-limit, unavailable, failed-dependency or run-timeout"),
    status=number("The HTTP status of the response"),
    action=text("reset, timeout or truncate, instead of a status"),
    delayMs=number("The delay in milliseconds"),
    times=number("How often; without it until the faults are cleared"),
)
def _add_fault(world: WorldClient, arguments: Mapping[str, Any]) -> Json:
    """Injects a failure into matching requests, to see how an agent or a client copes with it."""
    fault: Json = world.call("POST", "faults", body=_whole_numbers(arguments))["fault"]
    return fault


@_tool("faults_list", "List the faults", READ_ONLY)
def _list_faults(world: WorldClient, _arguments: Mapping[str, Any]) -> Json:
    """Lists the faults, each with the number of requests that got it."""
    faults: Json = world.call("GET", "faults")["faults"]
    return faults


@_tool("faults_clear", "Clear the faults", DELETE)
def _clear_faults(world: WorldClient, _arguments: Mapping[str, Any]) -> Json:
    """Removes all faults."""
    world.call("DELETE", "faults")
    return "Faults have been cleared."


@_tool(
    "modules_script",
    "Script a module",
    WRITE,
    module=text("The module, such as slack:CreateMessage", required=True),
    output=anything("The bundle that it outputs, or a list of bundles"),
    error=collection("The error that it throws: name and message"),
    times=number("How often; without it until the script is cleared"),
    durationMs=number("The time that each operation takes, in milliseconds"),
)
def _script_module(world: WorldClient, arguments: Mapping[str, Any]) -> Json:
    """Scripts what a module of a third-party app outputs, or the error with which it fails, in all scenarios."""
    body = _whole_numbers({name: value for name, value in arguments.items() if name != "module"})
    script: Json = world.call("PUT", "modules", arguments["module"], body=body)["module"]
    return script


@_tool("modules_clear", "Clear scripts of modules", DELETE, module=text("The module; without it all"))
def _clear_modules(world: WorldClient, arguments: Mapping[str, Any]) -> Json:
    """Removes the script of a module, or all scripts."""
    world.call("DELETE", "modules", *drop_none(module=arguments.get("module")).values())
    return "Scripts have been cleared."


@_tool("reset", "Reset the emulated Make", DELETE)
def _reset(world: WorldClient, _arguments: Mapping[str, Any]) -> Json:
    """Resets the emulated Make to the seed that it started with: scenarios, data, faults and the request log."""
    world.reset()
    return "The world has been reset."


def _whole_numbers(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the arguments with integers for whole numbers, which JSON Schema does not tell apart.

    Those that no double holds exactly stay as they are.
    """
    return {
        name: int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value
        for name, value in arguments.items()
    }
