"""Management tools of scenarios."""

from __future__ import annotations

from ....json_types import Json
from ..definition import ToolCall
from .group import READ_ONLY, RUN, WRITE, ToolGroup, collection, flag, number, text

tools = ToolGroup("scenarios")

_SCENARIO_ID = number("The scenario ID", required=True)


@tools.tool(
    "list",
    "List scenarios",
    scopes=["scenarios:read"],
    annotations=READ_ONLY,
    inputs={"teamId": number("The team ID", required=True)},
)
def list_scenarios(call: ToolCall) -> Json:
    """Lists the scenarios of a team."""
    scenarios: Json = call.api("GET /scenarios", query={"teamId": call.argument("teamId"), "cols[]": "*"})[
        "scenarios"
    ]
    return scenarios


@tools.tool(
    "activate",
    "Activate scenario",
    scopes=["scenarios:write"],
    annotations=WRITE,
    inputs={"scenarioId": _SCENARIO_ID},
)
def activate_scenario(call: ToolCall) -> Json:
    """Activates a scenario, which then runs by its scheduling."""
    state = call.api("POST /scenarios/{scenarioId}/start", path={"scenarioId": call.argument("scenarioId")})
    is_active = state["scenario"]["isActive"]
    return "Scenario has been activated." if is_active else "Scenario has not been activated."


@tools.tool(
    "run",
    "Run scenario",
    scopes=["scenarios:run"],
    annotations=RUN,
    inputs={
        "scenarioId": _SCENARIO_ID,
        "data": collection("The inputs of the run, by name"),
        "responsive": flag("True to wait for the end of the run"),
        "callbackUrl": text("The URL that is called when the run has ended"),
    },
)
def run_scenario(call: ToolCall) -> Json:
    """Runs an active scenario; unless it is responsive, the answer has the execution ID only."""
    body = {name: value for name, value in call.arguments.items() if name != "scenarioId"}
    answer: Json = call.api(
        "POST /scenarios/{scenarioId}/run", path={"scenarioId": call.argument("scenarioId")}, body=body
    )
    return answer
