"""Management tools of the custom properties of scenarios."""

from __future__ import annotations

from ....json_types import Json
from ..definition import ToolAnnotations, ToolCall
from .group import ADD, READ_ONLY, REPLACE, WRITE, RestCall, ToolGroup, collection, number

tools = ToolGroup("scenario-custom-properties")

_ROUTE = "/scenarios/{scenarioId}/custom-properties"
_SCENARIO_ID = number("The scenario ID", required=True)
_VALUES = collection("The values by the name of the property", required=True)

tools.rest(
    "get",
    "Get scenario custom properties data",
    "Returns the custom properties of a scenario.",
    RestCall(route=f"GET {_ROUTE}"),
    scopes=["scenarios:read"],
    annotations=READ_ONLY,
    inputs={"scenarioId": _SCENARIO_ID},
)


def _declare(name: str, title: str, method: str, description: str, annotations: ToolAnnotations) -> None:
    def save(call: ToolCall) -> Json:
        path = {"scenarioId": call.argument("scenarioId")}
        answer: Json = call.api(f"{method} {_ROUTE}", path=path, body=call.argument("customProperties"))
        return answer

    save.__doc__ = description
    tools.tool(
        name,
        title,
        scopes=["scenarios:write"],
        annotations=annotations,
        inputs={"scenarioId": _SCENARIO_ID, "customProperties": _VALUES},
    )(save)


_declare(
    "create",
    "Fill in scenario custom properties data",
    "POST",
    "Fills in the custom properties of a scenario that has none; fails with IM005 if there are some.",
    ADD,
)
_declare(
    "replace",
    "Replace scenario custom properties data",
    "PUT",
    "Replaces all custom properties of a scenario; fails with IM013 if there are none.",
    REPLACE,
)
_declare(
    "update",
    "Update scenario custom properties data",
    "PATCH",
    "Changes some custom properties of a scenario; fails with IM013 if there are none.",
    WRITE,
)
tools.rest(
    "delete",
    "Delete scenario custom properties data",
    "Deletes the custom properties of a scenario.",
    RestCall(route=f"DELETE {_ROUTE}", sentence="Scenario custom properties data has been deleted."),
    scopes=["scenarios:write"],
    annotations=REPLACE,
    inputs={"scenarioId": _SCENARIO_ID},
)
