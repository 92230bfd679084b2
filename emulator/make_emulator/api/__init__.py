"""REST API: one module a resource group, one handler of a few lines a route."""

from __future__ import annotations

from ..http.endpoint import Endpoint, EndpointGroup
from . import (
    billing,
    build_variables,
    connections,
    consumption,
    credential_requests,
    custom_properties,
    data_stores,
    data_structures,
    devices,
    enums,
    executions,
    feature_controls,
    folders,
    functions,
    general,
    hooks,
    incomplete_executions,
    invitations,
    keys,
    llm_configuration,
    memberships,
    module_logs,
    notes,
    notifications,
    organizations,
    private_spaces,
    roles,
    scenarios,
    shared_scenarios,
    teams,
    templates,
    users,
    variables,
)


def endpoints() -> list[Endpoint]:
    """Returns every declared route."""
    return [endpoint for group in GROUPS for endpoint in group.endpoints]


GROUPS: tuple[EndpointGroup, ...] = (
    scenarios.group,
    executions.group,
    module_logs.group,
    notes.group,
    build_variables.group,
    shared_scenarios.group,
    custom_properties.group,
    incomplete_executions.group,
    folders.group,
    consumption.group,
    functions.group,
    connections.group,
    keys.group,
    credential_requests.group,
    devices.group,
    data_stores.group,
    data_structures.group,
    hooks.group,
    teams.group,
    organizations.group,
    invitations.group,
    billing.group,
    feature_controls.group,
    llm_configuration.group,
    private_spaces.group,
    variables.group,
    users.group,
    memberships.group,
    notifications.group,
    roles.group,
    templates.group,
    enums.group,
    general.create_group(endpoints),
)
