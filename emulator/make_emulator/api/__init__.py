"""REST API: one module a resource group, one handler of a few lines a route."""

from __future__ import annotations

from ..http.endpoint import Endpoint, EndpointGroup
from . import (
    build_variables,
    connections,
    consumption,
    custom_properties,
    data_stores,
    data_structures,
    devices,
    enums,
    executions,
    folders,
    functions,
    hooks,
    incomplete_executions,
    keys,
    memberships,
    module_logs,
    notes,
    notifications,
    organizations,
    roles,
    scenarios,
    teams,
    templates,
    users,
    variables,
)

GROUPS: tuple[EndpointGroup, ...] = (
    scenarios.group,
    executions.group,
    module_logs.group,
    notes.group,
    build_variables.group,
    custom_properties.group,
    incomplete_executions.group,
    folders.group,
    consumption.group,
    functions.group,
    connections.group,
    keys.group,
    devices.group,
    data_stores.group,
    data_structures.group,
    hooks.group,
    teams.group,
    organizations.group,
    variables.group,
    users.group,
    memberships.group,
    notifications.group,
    roles.group,
    templates.group,
    enums.group,
)


def endpoints() -> list[Endpoint]:
    """Returns every declared route."""
    return [endpoint for group in GROUPS for endpoint in group.endpoints]
