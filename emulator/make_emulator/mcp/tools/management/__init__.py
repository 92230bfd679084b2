"""Management tools: the vendor's SDK run against the REST API, one module for each category.

Sources: the lists of tools that clients of the hosted server published (names, keys), the vendor's SDK (titles, annotations,
answers). They are on paid plans only (developers.make.com).
"""

from __future__ import annotations

from collections.abc import Iterable

from ..definition import McpClient, ToolDefinition
from . import (
    apps,
    connections,
    credential_requests,
    custom_properties,
    data_stores,
    data_structures,
    devices,
    executions,
    folders,
    functions,
    hooks,
    scenarios,
    single_module_tools,
    teams,
    templates,
    validation,
)
from .group import ToolGroup

#: The categories, in the order in which a list shows them.
GROUPS: tuple[ToolGroup, ...] = (
    scenarios.tools,
    scenarios.shown,
    executions.tools,
    executions.shown,
    executions.incomplete_executions,
    folders.tools,
    functions.tools,
    hooks.tools,
    hooks.incomings,
    devices.tools,
    data_structures.tools,
    connections.tools,
    connections.keys,
    credential_requests.tools,
    data_stores.tools,
    data_stores.records,
    teams.tools,
    teams.organizations,
    teams.users,
    teams.enums,
    templates.tools,
    custom_properties.tools,
    single_module_tools.tools,
    apps.apps,
    apps.app_modules,
    apps.app_module,
    apps.documentation,
    validation.schemas,
    validation.components,
)

#: Names of the tools whose arguments have credentials.
SECRET_TOOLS = frozenset(tool.name for group in GROUPS for tool in group.tools if tool.has_secrets)

_FREE = "free"


class ManagementTools:
    """Management tools that a client may use: it has their scopes, its grants if it is an agent, and one of its organizations has a paid plan."""

    def __init__(self, groups: Iterable[ToolGroup] = GROUPS) -> None:
        self._tools = {tool.name: tool for group in groups for tool in group.tools}

    def list_tools(self, client: McpClient) -> list[ToolDefinition]:
        """Returns the tools, in the order of their declaration."""
        if not _has_paid_plan(client):
            return []
        tools = [tool for tool in self._tools.values() if client.scopes >= set(tool.scopes)]
        return [tool for tool in tools if client.may_use(tool)]

    def find(self, client: McpClient, name: str) -> ToolDefinition | None:
        """Returns the tool of a name; ``None`` if the client has none."""
        tool = self._tools.get(name)
        if tool is None or not client.scopes >= set(tool.scopes) or not client.may_use(tool):
            return None
        return tool if _has_paid_plan(client) else None


def _has_paid_plan(client: McpClient) -> bool:
    with client.caller.handle.locked() as world:
        return any(row.plan != _FREE for row in client.visibility(world).organizations())
