"""Management tools of custom functions."""

from __future__ import annotations

from .group import (
    ALL_COLUMNS,
    CONFIRMED,
    DELETE,
    READ_ONLY,
    REPLACE,
    WRITE,
    RestCall,
    ToolGroup,
    number,
    text,
)

tools = ToolGroup("functions")

_FUNCTION_ID = number("The function ID", required=True)
_TEAM_ID = number("The team ID", required=True)

tools.rest(
    "list",
    "List functions",
    "Lists the custom functions of a team.",
    RestCall(route="GET /functions", fixed_query=ALL_COLUMNS, answer="functions"),
    scopes=["functions:read"],
    annotations=READ_ONLY,
    inputs={"teamId": _TEAM_ID},
)
tools.rest(
    "get",
    "Get function",
    "Returns a custom function with its code.",
    RestCall(route="GET /functions/{functionId}", answer="function"),
    scopes=["functions:read"],
    annotations=READ_ONLY,
    inputs={"functionId": _FUNCTION_ID},
)
tools.rest(
    "create",
    "Create function",
    "Creates a custom function; its name is that of the function in the code.",
    RestCall(route="POST /functions", query=("teamId",), defaults={"description": ""}, answer="function"),
    scopes=["functions:write"],
    annotations=WRITE,
    inputs={
        "teamId": _TEAM_ID,
        "name": text("The name", required=True),
        "code": text("The JavaScript code", required=True),
        "description": text("The description"),
    },
)
tools.rest(
    "update",
    "Update function",
    "Changes a custom function.",
    RestCall(route="PATCH /functions/{functionId}", answer="function"),
    scopes=["functions:write"],
    annotations=REPLACE,
    inputs={
        "functionId": _FUNCTION_ID,
        "name": text("The new name"),
        "code": text("The new JavaScript code"),
        "description": text("The new description"),
    },
)
tools.rest(
    "delete",
    "Delete function",
    "Deletes a custom function.",
    RestCall(
        route="DELETE /functions/{functionId}", fixed_query=CONFIRMED, sentence="Function has been deleted."
    ),
    scopes=["functions:write"],
    annotations=DELETE,
    inputs={"functionId": _FUNCTION_ID},
)
tools.rest(
    "check",
    "Check function syntax",
    "Checks the code of a custom function.",
    RestCall(
        route="POST /functions/eval",
        query=("teamId",),
        reduce=lambda checked: (
            "Function code is valid."
            if checked["success"]
            else f"Function code is not valid: {checked.get('error')}"
        ),
    ),
    scopes=["functions:write"],
    annotations=READ_ONLY,
    inputs={"teamId": _TEAM_ID, "code": text("The JavaScript code", required=True)},
)
