"""REST API: one module a resource group, one handler of a few lines a route."""

from __future__ import annotations

from importlib import import_module

from ..http.endpoint import Endpoint, EndpointGroup
from ..http.endpoint_table import EndpointTable
from ..http.routing import RouteMatcher


def endpoints() -> list[Endpoint]:
    """Returns every declared route."""
    return list(ENDPOINTS.values())


def _load_group(name: str) -> EndpointGroup:
    # Imported here, so that the server starts early: see `EndpointTable`.
    module = import_module(f".{name}", __name__)
    group: EndpointGroup = module.create_group(endpoints) if name == "general" else module.group
    return group


#: The module of each resource group, with the first segments of its paths.
GROUPS: dict[str, tuple[str, ...]] = {
    "scenarios": ("scenarios",),
    "executions": ("scenarios",),
    "module_logs": ("scenarios",),
    "notes": ("scenarios",),
    "build_variables": ("scenarios",),
    "shared_scenarios": ("scenarios-shared",),
    "custom_properties": (
        "custom-property-structures",
        "scenarios",
    ),
    "incomplete_executions": ("dlqs",),
    "folders": ("scenarios-folders",),
    "consumption": (
        "scenarios",
        "teams",
        "organizations",
    ),
    "functions": ("functions",),
    "connections": ("connections",),
    "keys": ("keys",),
    "credential_requests": (
        "credential-requests",
        "imt",
    ),
    "devices": ("devices",),
    "data_stores": ("data-stores",),
    "data_structures": ("data-structures",),
    "hooks": (
        "hooks",
        "scenarios",
    ),
    "teams": ("teams",),
    "organizations": ("organizations",),
    "invitations": (
        "organizations",
        "users",
    ),
    "billing": ("organizations",),
    "feature_controls": (
        "organizations",
        "teams",
    ),
    "llm_configuration": ("teams",),
    "private_spaces": ("private-spaces",),
    "variables": (
        "organizations",
        "teams",
    ),
    "users": ("users",),
    "memberships": (
        "teams",
        "users",
        "organizations",
    ),
    "notifications": (
        "notifications",
        "users",
        "mailhub",
    ),
    "roles": ("users",),
    "templates": ("templates",),
    "enums": ("enums",),
    "general": (
        "openapi.json",
        "blueprints",
    ),
}

ENDPOINTS = EndpointTable(GROUPS, _load_group)

#: Shared by all applications of a process, so that the rules are compiled once.
MATCHER = RouteMatcher(ENDPOINTS)
