"""Management tools of organizations."""

from __future__ import annotations

from ....json_types import Json
from ..definition import ToolCall
from .group import READ_ONLY, ToolGroup

tools = ToolGroup("organizations")


@tools.tool("list", "List organizations", scopes=["organizations:read"], annotations=READ_ONLY)
def list_organizations(call: ToolCall) -> Json:
    """Lists the organizations of the user."""
    organizations: Json = call.api("GET /organizations", query={"cols[]": "*"})["organizations"]
    return organizations
