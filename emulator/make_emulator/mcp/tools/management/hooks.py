"""Management tools of webhooks and mailhooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....json_types import Json, as_mapping
from ..definition import ToolCall
from .group import (
    CONFIRMED,
    DELETE,
    READ_ONLY,
    REPLACE,
    WRITE,
    RestCall,
    ToolGroup,
    array,
    collection,
    number,
    text,
)

tools = ToolGroup("hooks")

_HOOK_ID = number("The hook ID", required=True)
_TEAM_ID = number("The team ID", required=True)

tools.rest(
    "list",
    "List webhooks/mailhooks",
    "Lists the webhooks and mailhooks of a team.",
    RestCall(route="GET /hooks", answer="hooks"),
    scopes=["hooks:read"],
    annotations=READ_ONLY,
    inputs={"teamId": _TEAM_ID},
)
tools.rest(
    "get",
    "Get webhook/mailhook",
    "Returns a webhook or mailhook.",
    RestCall(route="GET /hooks/{hookId}", answer="hook"),
    scopes=["hooks:read"],
    annotations=READ_ONLY,
    inputs={"hookId": _HOOK_ID},
)


@tools.tool(
    "create",
    "Create webhook/mailhook",
    scopes=["hooks:write"],
    annotations=WRITE,
    inputs={
        "teamId": _TEAM_ID,
        "name": text("The name", required=True),
        "typeName": text("The type, e.g. gateway-webhook or gateway-mailhook", required=True),
        "data": collection("The settings of that type"),
    },
)
def create_hook(call: ToolCall) -> Json:
    """Creates a webhook or mailhook."""
    body = {**as_mapping(call.argument("data")), **_without(call.arguments, "data")}
    hook: Json = call.api("POST /hooks", query={"useDefaults": "requiredOnly"}, body=body)["hook"]
    return hook


@tools.tool(
    "update",
    "Update webhook/mailhook",
    scopes=["hooks:write"],
    annotations=REPLACE,
    inputs={"hookId": _HOOK_ID, "data": collection("The new settings", required=True)},
)
def update_hook(call: ToolCall) -> Json:
    """Changes the settings of a webhook or mailhook."""
    call.api(
        "POST /hooks/{hookId}/set-data", path={"hookId": call.argument("hookId")}, body=call.argument("data")
    )
    return "Hook has been updated."


def _without(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != name}


tools.rest(
    "delete",
    "Delete webhook/mailhook",
    "Deletes a webhook or mailhook.",
    RestCall(route="DELETE /hooks/{hookId}", fixed_query=CONFIRMED, sentence="Hook has been deleted."),
    scopes=["hooks:write"],
    annotations=DELETE,
    inputs={"hookId": _HOOK_ID},
)
tools.rest(
    "learn_start",
    "Start learning request body structure",
    "Starts to learn the structure of the next request to a webhook.",
    RestCall(route="POST /hooks/{hookId}/learn-start", sentence="Learning has been started."),
    scopes=["hooks:write"],
    annotations=WRITE,
    inputs={"hookId": _HOOK_ID},
)
tools.rest(
    "learn_stop",
    "Stop learning request body structure",
    "Stops learning.",
    RestCall(route="POST /hooks/{hookId}/learn-stop", sentence="Learning has been stopped."),
    scopes=["hooks:write"],
    annotations=WRITE,
    inputs={"hookId": _HOOK_ID},
)
tools.rest(
    "ping",
    "Ping webhook/mailhook",
    "Returns the address of a webhook or mailhook, and whether it is attached and learning.",
    RestCall(route="GET /hooks/{hookId}/ping"),
    scopes=["hooks:read"],
    annotations=READ_ONLY,
    inputs={"hookId": _HOOK_ID},
)

incomings = ToolGroup("hook-incomings")
incomings.rest(
    "list",
    "List queued hook requests",
    "Lists the requests that wait in the queue of a hook.",
    RestCall(route="GET /hooks/{hookId}/incomings", answer="incomings"),
    scopes=["hooks:read"],
    annotations=READ_ONLY,
    inputs={"hookId": _HOOK_ID},
)
incomings.rest(
    "get",
    "Get queued hook request",
    "Returns a request that waits in the queue of a hook.",
    RestCall(route="GET /hooks/{hookId}/incomings/{incomingId}", answer="incoming"),
    scopes=["hooks:read"],
    annotations=READ_ONLY,
    inputs={"hookId": _HOOK_ID, "incomingId": text("The ID of the queued request", required=True)},
)
incomings.rest(
    "stats",
    "Get hook queue statistics",
    "Returns the length and the limit of the queue of a hook.",
    RestCall(route="GET /hooks/{hookId}/incomings/stats"),
    scopes=["hooks:read"],
    annotations=READ_ONLY,
    inputs={"hookId": _HOOK_ID},
)


@incomings.tool(
    "delete",
    "Delete queued hook requests",
    scopes=["hooks:write"],
    annotations=DELETE,
    inputs={
        "hookId": _HOOK_ID,
        "ids": array("The IDs of the queued requests", required=True, items={"type": "string"}),
    },
)
def delete_incomings(call: ToolCall) -> Json:
    """Deletes requests that wait in the queue of a hook."""
    call.api(
        "DELETE /hooks/{hookId}/incomings",
        path={"hookId": call.argument("hookId")},
        query=CONFIRMED,
        body={"ids": call.argument("ids")},
    )
    return "Queued requests have been deleted."
