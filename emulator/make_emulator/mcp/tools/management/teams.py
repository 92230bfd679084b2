"""Management tools of teams."""

from __future__ import annotations

from ....json_types import Json
from ..definition import ToolCall
from .group import READ_ONLY, ToolGroup, flag, number

tools = ToolGroup("teams")


@tools.tool(
    "list",
    "List teams",
    scopes=["teams:read"],
    annotations=READ_ONLY,
    inputs={
        "organizationId": number("The organization ID", required=True),
        "includePrivateSpaces": flag("True to list private spaces, too"),
    },
)
def list_teams(call: ToolCall) -> Json:
    """Lists the teams of an organization."""
    teams: Json = call.api(
        "GET /teams", query={"organizationId": call.argument("organizationId"), "cols[]": "*"}
    )["teams"]
    return teams


@tools.tool(
    "get",
    "Get team",
    scopes=["teams:read"],
    annotations=READ_ONLY,
    inputs={"teamId": number("The team ID", required=True)},
)
def get_team(call: ToolCall) -> Json:
    """Returns a team."""
    team: Json = call.api(
        "GET /teams/{teamId}", path={"teamId": call.argument("teamId")}, query={"cols[]": "*"}
    )["team"]
    return team
