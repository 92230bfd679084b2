"""Roles, permissions and custom roles. Source: API documentation, "Users > Roles"; the vendor's OpenAPI document and SDK.

The document has the id of a custom role in the body, the SDK, which is newer, in the path: both are served.
"""

from __future__ import annotations

import re
from typing import Any

from ..http.endpoint import ApiCall, EndpointGroup, NoPermissionRequired
from ..http.envelope import many, one, value
from ..schemas.roles import (
    CustomRoleCreate,
    CustomRoleDelete,
    CustomRoleIdDelete,
    CustomRoleIdUpdate,
    CustomRoleOut,
    CustomRoleUpdate,
    RoleListOut,
    RoleOut,
    RolePermissionOut,
    RolePermissionsQuery,
    RoleQuery,
    RolesQuery,
)
from ..world import custom_roles
from ..world.exceptions import NotFoundError
from ..world.models import Organization, Role, Team
from ..world.roles import CUSTOM_ROLES_EDIT, PERMISSIONS, ROLES, RolePermission

group = EndpointGroup("roles")

_NUMBER = re.compile(r"[1-9][0-9]{0,15}", re.ASCII)


@group.get(
    "/users/roles",
    scopes=["user:read"],
    permission=NoPermissionRequired("the roles of whom the caller can see"),
    query=RolesQuery,
    response=many("usersRoles", RoleListOut),
    cols=True,
)
def list_roles(
    call: ApiCall, team: Team | None = None, organization: Organization | None = None
) -> list[Role]:
    """List the roles of users in teams and organizations, custom ones included if a team or an organization is named."""
    if (team or organization) and call.parameters.columns is None:
        # The vendor's SDK tests rely on every column for those of a team; its documents show id and name otherwise.
        call.parameters.columns = tuple(RoleListOut.columns())
    owners = {call.visibility.organization_of(row) for row in (team, organization) if row is not None}
    category, role_id = call.query.get("category"), call.query.get("role_id")
    excluded = call.query.get("exclude_role", ())
    return [
        role
        for role in [*ROLES, *custom_roles.list_custom_roles(call.world, owners)]
        if category in (None, role.category) and role_id in (None, role.id) and role.id not in excluded
    ]


@group.get(
    "/users/roles/permissions",
    scopes=["user:read"],
    permission=NoPermissionRequired("a fixed list"),
    query=RolePermissionsQuery,
    response=many("usersRolesPermissions", RolePermissionOut),
)
def list_role_permissions(call: ApiCall) -> list[RolePermission]:
    """List the permissions that roles can include."""
    category = call.query.get("role_category")
    return [permission for permission in PERMISSIONS if category in (None, permission.role_category)]


@group.get(
    "/users/roles/{roleId}",
    scopes=["user:read"],
    permission=NoPermissionRequired("a role that the caller can see"),
    query=RoleQuery,
    response=one("usersRole", RoleOut),
)
def get_role(call: ApiCall, role_id: str, organization: Organization | None = None) -> Role:
    """Get a role with its permissions; a custom one to members of its organization."""
    owners = call.visibility.organizations() if organization is None else (organization,)
    for role in [*ROLES, *custom_roles.list_custom_roles(call.world, owners)]:
        if str(role.id) == role_id:
            return role
    raise NotFoundError("role", role_id)


@group.post(
    "/users/custom-roles",
    scopes=["user:write"],
    permission=CUSTOM_ROLES_EDIT,
    plan="custom_roles",
    body=CustomRoleCreate,
    response=one("role", CustomRoleOut),
)
def create_custom_role(call: ApiCall, organization: Organization) -> Role:
    """Create a custom role of an organization."""
    body = call.body
    return custom_roles.create(
        call.world,
        organization,
        name=body["name"],
        category=body.get("permission_type") or body["category"],
        description=body.get("description"),
        permissions=custom_roles.permission_names(body.get("permissions", ())),
    )


@group.patch(
    "/users/custom-roles",
    scopes=["user:write"],
    permission=CUSTOM_ROLES_EDIT,
    plan="custom_roles",
    body=CustomRoleIdUpdate,
    response=one("role", CustomRoleOut),
)
def update_custom_role_of_body(call: ApiCall, organization: Organization) -> Role:
    """Change a custom role that the body names."""
    return _update(call, organization, call.body["id"])


@group.patch(
    "/users/custom-roles/{roleId}",
    scopes=["user:write"],
    permission=CUSTOM_ROLES_EDIT,
    plan="custom_roles",
    body=CustomRoleUpdate,
    response=one("role", CustomRoleOut),
    evidence="In the SDK, not in the document.",
)
def update_custom_role(call: ApiCall, role_id: str, organization: Organization) -> Role:
    """Change a custom role: its permissions are replaced as a whole."""
    return _update(call, organization, _parse_role_id(role_id))


@group.delete(
    "/users/custom-roles",
    scopes=["user:write"],
    permission=CUSTOM_ROLES_EDIT,
    plan="custom_roles",
    body=CustomRoleIdDelete,
    response=value("roleId"),
)
def delete_custom_role_of_body(call: ApiCall, organization: Organization) -> int:
    """Delete a custom role that the body names."""
    return custom_roles.delete(call.world, custom_roles.find(call.world, organization, call.body["id"]))


@group.delete(
    "/users/custom-roles/{roleId}",
    scopes=["user:write"],
    permission=CUSTOM_ROLES_EDIT,
    plan="custom_roles",
    body=CustomRoleDelete,
    response=value("roleId"),
    evidence="In the SDK, not in the document.",
)
def delete_custom_role(call: ApiCall, role_id: str, organization: Organization) -> int:
    """Delete a custom role that no user has."""
    role = custom_roles.find(call.world, organization, _parse_role_id(role_id))
    return custom_roles.delete(call.world, role)


def _update(call: ApiCall, organization: Organization, id: int) -> Role:
    role = custom_roles.find(call.world, organization, id)
    changes: dict[str, Any] = {name: call.body[name] for name in ("name", "description") if name in call.body}
    if "permissions" in call.body:
        changes["permissions"] = custom_roles.permission_names(call.body["permissions"])
    return custom_roles.update(call.world, organization, role, **changes)


def _parse_role_id(text: str) -> int:
    """Returns the id in a path.

    Raises:
        NotFoundError: if it is no number.
    """
    if not _NUMBER.fullmatch(text):
        raise NotFoundError("role", text)
    return int(text)
