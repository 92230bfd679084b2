"""Custom roles of organizations. Sources: the vendor's OpenAPI document and SDK."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import TypedDict, Unpack

from .exceptions import IncompatibleInputError, InvalidParametersError, NotFoundError, ResourceInUseError
from .models import Organization, Role
from .roles import PERMISSIONS, ROLES, RolePermission
from .world import World

#: Ids up to this one are left to Make's own roles.
LAST_BUILT_IN_ID = 100


def list_custom_roles(world: World, organizations: Iterable[Organization]) -> list[Role]:
    """The custom roles of organizations whose plan has them, by id."""
    return sorted(
        (
            role
            for organization in organizations
            if organization.license.custom_roles
            for role in world.custom_roles.where(organization=organization.id)
        ),
        key=lambda role: role.id,
    )


def find(world: World, organization: Organization, id: int) -> Role:
    """The custom role of an organization with an id.

    Raises:
        IncompatibleInputError: if it is one of Make's own roles, which cannot be changed.
        NotFoundError: if the organization has no such role.
    """
    role = world.custom_roles.get(id)
    if role is not None and role.organization_id == organization.id:
        return role
    if any(role.id == id for role in ROLES):
        raise IncompatibleInputError("Only custom roles can be changed.")
    raise NotFoundError("role", id)


def create(
    world: World,
    organization: Organization,
    *,
    name: str,
    category: str,
    description: str | None = None,
    permissions: Collection[str] = (),
    id: int | None = None,
) -> Role:
    """Creates a custom role.

    Args:
        category: ``team`` or ``organization``.
        permissions: the names of permissions of that category.

    Raises:
        InvalidParametersError: if a permission is not one of the category.
        IncompatibleInputError: if the organization has a role of that name in the category.
    """
    _check_name(world, organization, category, name)
    _check_permissions(category, permissions)
    world.ids.reserve("role", LAST_BUILT_IN_ID)
    return world.custom_roles.put(
        Role(
            world.ids.assign("role", id),
            name,
            category,
            True,
            frozenset(permissions),
            description=description,
            organization_id=organization.id,
        )
    )


class RoleChanges(TypedDict, total=False):
    """Parts of a custom role that can be changed."""

    name: str
    description: str | None
    permissions: Collection[str]


def update(world: World, organization: Organization, role: Role, **changes: Unpack[RoleChanges]) -> Role:
    """Changes the name, the description or all permissions of a custom role.

    Raises:
        InvalidParametersError, IncompatibleInputError: as `create`.
    """
    name = changes.get("name", role.name)
    permissions = changes.get("permissions", role.permissions)
    if name != role.name:
        _check_name(world, organization, role.category, name)
    _check_permissions(role.category, permissions)
    changed = replace(
        role,
        name=name,
        description=changes.get("description", role.description),
        permissions=frozenset(permissions),
    )
    return world.custom_roles.put(changed)


def delete(world: World, role: Role) -> int:
    """Deletes a custom role.

    Raises:
        ResourceInUseError: if a user has it.
    """
    members = [*world.organization_members, *world.team_members]
    if any(member.role_id == role.id for member in members):
        raise ResourceInUseError(f"Role '{role.id}' is assigned to users.")
    return world.custom_roles.remove(role.id).id


def permission_names(ids: Iterable[int]) -> list[str]:
    """The names of the permissions with some ids.

    Raises:
        InvalidParametersError: if there is no such permission.
    """
    names = {permission.id: permission.name for permission in PERMISSIONS}
    if unknown := [id for id in ids if id not in names]:
        raise InvalidParametersError(
            *(f"Parameter 'permissions': there is no permission {id}." for id in unknown)
        )
    return [names[id] for id in ids]


def permissions_of(role: Role) -> list[RolePermission]:
    """The permissions of a role, by id."""
    return [permission for permission in PERMISSIONS if permission.name in role.permissions]


def _check_name(world: World, organization: Organization, category: str, name: str) -> None:
    taken = [*ROLES, *world.custom_roles.where(organization=organization.id)]
    if any(role.category == category and role.name.casefold() == name.casefold() for role in taken):
        raise IncompatibleInputError(f"There is a {category} role '{name}' already.")


def _check_permissions(category: str, names: Collection[str]) -> None:
    selectable = {
        permission.name
        for permission in PERMISSIONS
        if permission.role_category == category and not permission.custom_roles_hidden
    }
    if wrong := sorted(set(names) - selectable):
        raise InvalidParametersError(
            *(
                f"Parameter 'permissions': '{name}' is no permission of custom {category} roles."
                for name in wrong
            )
        )
