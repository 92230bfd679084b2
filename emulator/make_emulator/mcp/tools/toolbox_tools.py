"""Tools of a toolbox: the scenarios that its owner chose, under labels and descriptions of the owner's.

Sources: help centre, "MCP toolboxes"; names of tools seen in published configurations (``t3044_scenario_name``).
"""

from __future__ import annotations

from ...world.models import ToolboxAccess, ToolboxTool
from ...world.toolboxes import is_callable
from ...world.world import World
from .definition import McpClient, ToolAnnotations, ToolDefinition
from .scenario_tools import scenario_tool
from .tool_names import id_in_name, tool_name

_PREFIX = "t"


class ToolboxTools:
    """Tools of the toolbox whose key the client has."""

    def list_tools(self, client: McpClient) -> list[ToolDefinition]:
        """Returns the tools in the order in which they were added; those of inactive scenarios are left out."""
        with client.locked() as world:
            tools = [
                _definition(world, row, client)
                for row in world.toolbox_tools.where(toolbox=_toolbox_id(client))
            ]
        return [tool for tool in tools if tool is not None]

    def find(self, client: McpClient, name: str) -> ToolDefinition | None:
        """Returns the tool of a name; ``None`` if the toolbox has none."""
        id = id_in_name(_PREFIX, name)
        with client.locked() as world:
            row = world.toolbox_tools.get(id) if id is not None else None
            if row is None or row.toolbox_id != _toolbox_id(client):
                return None
            tool = _definition(world, row, client)
        return tool if tool is not None and tool.name == name else None


def _toolbox_id(client: McpClient) -> int:
    access = client.caller.token
    assert isinstance(access, ToolboxAccess)
    return access.toolbox_id


def _definition(world: World, row: ToolboxTool, client: McpClient) -> ToolDefinition | None:
    """Returns a tool; ``None`` if its scenario cannot be called now."""
    scenario = world.scenarios[row.scenario_id]
    if not is_callable(scenario) or not client.visibility(world).can_see_team(scenario.team_id):
        return None
    label = row.label or scenario.name
    return scenario_tool(
        world,
        scenario,
        tool_name(_PREFIX, row.id, label, client.access.max_name_length),
        title=label,
        description=row.description or scenario.description or label,
        annotations=ToolAnnotations(read_only=row.is_read_only, destructive=not row.is_read_only),
    )
