"""Management tools of devices."""

from __future__ import annotations

from .group import ALL_COLUMNS, READ_ONLY, RestCall, ToolGroup, number

tools = ToolGroup("devices")

tools.rest(
    "list",
    "List devices",
    "Lists the devices of a team.",
    RestCall(route="GET /devices", fixed_query=ALL_COLUMNS, answer="devices"),
    scopes=["devices:read"],
    annotations=READ_ONLY,
    inputs={"teamId": number("The team ID", required=True)},
)
