"""Management tools of scenarios."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from ....json_types import Json
from ..definition import ToolCall
from .group import (
    ALL_COLUMNS,
    DELETE,
    READ_ONLY,
    REPLACE,
    RUN,
    WRITE,
    RestCall,
    ToolGroup,
    collection,
    flag,
    json_object,
    number,
    parse_json_object,
    parse_whole_number,
    text,
)

tools = ToolGroup("scenarios")

_SCENARIO_ID = number("The scenario ID", required=True)
_TEAM_ID = number("The team ID", required=True)
_CONFIRMED = flag("True to confirm that apps are installed which the blueprint uses for the first time")
_BLUEPRINT = "The blueprint: name, flow and metadata"
_SCHEDULING = 'The scheduling, e.g. {"type": "on-demand"} or {"type": "indefinitely", "interval": 900}'

tools.rest(
    "list",
    "List scenarios",
    "Lists the scenarios of a team.",
    RestCall(route="GET /scenarios", fixed_query=ALL_COLUMNS, answer="scenarios"),
    scopes=["scenarios:read"],
    annotations=READ_ONLY,
    inputs={"teamId": _TEAM_ID},
)


@tools.tool(
    "get",
    "Get scenario",
    scopes=["scenarios:read"],
    annotations=READ_ONLY,
    inputs={"scenarioId": _SCENARIO_ID},
)
def get_scenario(call: ToolCall) -> Json:
    """Returns a scenario with its blueprint."""
    path = {"scenarioId": call.argument("scenarioId")}
    scenario = call.api("GET /scenarios/{scenarioId}", path=path, query=ALL_COLUMNS)["scenario"]
    blueprint = call.api("GET /scenarios/{scenarioId}/blueprint", path=path)["response"]["blueprint"]
    return {**scenario, "blueprint": blueprint}


@tools.tool(
    "create",
    "Create scenario",
    scopes=["scenarios:write"],
    annotations=WRITE,
    inputs={
        "teamId": _TEAM_ID,
        "folderId": number("The folder ID"),
        "scheduling": json_object(_SCHEDULING, required=True),
        "blueprint": json_object(_BLUEPRINT, required=True),
        "basedon": text("The ID of the template that it is based on"),
        "confirmed": _CONFIRMED,
    },
)
def create_scenario(call: ToolCall) -> Json:
    """Creates a scenario, which starts inactive."""
    return _save(call, "POST /scenarios", path={})


@tools.tool(
    "update",
    "Update scenario",
    scopes=["scenarios:write"],
    annotations=REPLACE,
    inputs={
        "scenarioId": _SCENARIO_ID,
        "name": text("The new name"),
        "description": text("The new description, 240 characters at most"),
        "folderId": number("The folder ID"),
        "scheduling": json_object(_SCHEDULING),
        "blueprint": json_object(f"{_BLUEPRINT}; it replaces the whole of the old one"),
        "confirmed": _CONFIRMED,
    },
)
def update_scenario(call: ToolCall) -> Json:
    """Changes a scenario; a blueprint replaces the whole of the old one."""
    return _save(call, "PATCH /scenarios/{scenarioId}", path={"scenarioId": call.argument("scenarioId")})


def _save(call: ToolCall, route: str, *, path: Mapping[str, object]) -> Json:
    body = {name: value for name, value in call.arguments.items() if name not in ("confirmed", *path)}
    for name in ("blueprint", "scheduling"):
        if name in body:
            # The API takes both as JSON within JSON.
            body[name] = orjson.dumps(parse_json_object(name, body[name])).decode()
    if "basedon" in body:
        body["basedon"] = parse_whole_number(body["basedon"])
    query = {**ALL_COLUMNS, "confirmed": call.argument("confirmed")}
    scenario: Json = call.api(route, path=path, query=query, body=body)["scenario"]
    return scenario


tools.rest(
    "delete",
    "Delete scenario",
    "Deletes a scenario.",
    RestCall(route="DELETE /scenarios/{scenarioId}", sentence="Scenario has been deleted."),
    scopes=["scenarios:write"],
    annotations=DELETE,
    inputs={"scenarioId": _SCENARIO_ID},
)
tools.rest(
    "activate",
    "Activate scenario",
    "Activates a scenario, which then runs by its scheduling; fails with 'Scenario is already running' if there is nothing to do.",
    RestCall(
        route="POST /scenarios/{scenarioId}/start",
        reduce=lambda state: (
            "Scenario has been activated."
            if state["scenario"]["isActive"]
            else "Scenario has not been activated."
        ),
    ),
    scopes=["scenarios:write"],
    annotations=WRITE,
    inputs={"scenarioId": _SCENARIO_ID},
)
tools.rest(
    "deactivate",
    "Deactivate scenario",
    "Deactivates a scenario; fails with 'Scenario is not running' if there is nothing to do.",
    RestCall(
        route="POST /scenarios/{scenarioId}/stop",
        reduce=lambda state: (
            "Scenario has not been deactivated."
            if state["scenario"]["isActive"]
            else "Scenario has been deactivated."
        ),
    ),
    scopes=["scenarios:write"],
    annotations=WRITE,
    inputs={"scenarioId": _SCENARIO_ID},
)
tools.rest(
    "run",
    "Run scenario",
    "Runs an active scenario; unless it is responsive, the answer has the execution ID only.",
    RestCall(route="POST /scenarios/{scenarioId}/run"),
    scopes=["scenarios:run"],
    annotations=RUN,
    inputs={
        "scenarioId": _SCENARIO_ID,
        "data": collection("The inputs of the run, by name"),
        "responsive": flag("True to wait for the end of the run"),
        "callbackUrl": text("The URL that is called when the run has ended"),
    },
)
tools.rest(
    "interface",
    "Get scenario interface",
    "Returns the inputs and outputs of a scenario.",
    RestCall(route="GET /scenarios/{scenarioId}/interface", answer="interface"),
    scopes=["scenarios:read"],
    annotations=READ_ONLY,
    inputs={"scenarioId": _SCENARIO_ID},
)
tools.rest(
    "set-interface",
    "Set scenario interface",
    "Sets the inputs and outputs of a scenario.",
    RestCall(route="PATCH /scenarios/{scenarioId}/interface", answer="interface"),
    scopes=["scenarios:write"],
    annotations=WRITE,
    inputs={
        "scenarioId": _SCENARIO_ID,
        "interface": collection("The interface: input, and output or null", required=True),
    },
)


@tools.tool(
    "replay",
    "Replay scenario execution",
    scopes=["scenarios:run"],
    annotations=RUN,
    inputs={"scenarioId": _SCENARIO_ID, "executionId": text("The execution ID", required=True)},
)
def replay_execution(call: ToolCall) -> Json:
    """Runs a scenario again with the trigger data of an earlier execution."""
    answer: Json = call.api(
        "POST /scenarios/{scenarioId}/replay",
        path={"scenarioId": call.argument("scenarioId")},
        body={"executionIds": [call.argument("executionId")]},
    )
    return answer


#: The hosted server renders a widget for the answers of these tools.
shown = ToolGroup("show")
shown.rest(
    "scenarios_list",
    "Show scenarios",
    "Shows the scenarios of a team.",
    RestCall(route="GET /scenarios", fixed_query=ALL_COLUMNS, answer="scenarios"),
    scopes=["scenarios:read"],
    annotations=READ_ONLY,
    inputs={"teamId": _TEAM_ID},
)
