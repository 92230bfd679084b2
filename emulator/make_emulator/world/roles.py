"""Roles and their permissions in a team or an organization, which apply besides the scopes of a token.

Permissions by role: vendor's white-label documentation, "Default team permissions" and "Default organizations
permissions"; a later release note takes ``team edit`` from restricted members. The names are those of the API's own
list of roles where a source shows them (``account add``, ``datastores get``), else those of the documentation.
No source names the roles with ``organization users view``, ``organization custom roles edit`` and the permissions of private
spaces: here, those that may add and edit users; everybody may see an own space.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, TypeAlias

from ..lazy_dataclasses import dataclass
from .models import Organization, Role, Team, User
from .world import World


@dataclass(frozen=True, slots=True)
class RolePermission:
    """Permission that roles may include.

    Source: the vendor's OpenAPI document (the first four ids, ``accounts`` as their category); its SDK (the last two
    fields). The other ids follow in alphabetical order.
    """

    id: int
    name: str
    #: The kind of resource that it is about, e.g. ``accounts``.
    category: str
    role_category: str
    custom_roles_hidden: bool
    requires: tuple[str, ...] = ()
    note: str = ""
    label: str = ""


#: Recorded: the creator of a team gets role 1, the creator of an organization role 11.
TEAM_ADMIN = 1
TEAM_MEMBER = 3
TEAM_MONITORING = 4
ORGANIZATION_OWNER = 11
ORGANIZATION_ADMIN = 12
ORGANIZATION_MEMBER = 13

#: The permission of owners only: to be an administrator of every team of the organization.
ACCESS_ALL_TEAMS = "access all teams"
#: The permission to list an organization's users by their permissions; needed for those of a team, too.
USERS_VIEW = "organization users view"
#: The permissions of owners and administrators to change custom roles, and to see and limit private spaces.
CUSTOM_ROLES_EDIT = "organization custom roles edit"
PRIVATE_SPACES_MANAGE = "personal team manage"
#: The permission to see one's own private space.
PRIVATE_SPACE_VIEW = "personal team own view"


def _permissions(resources: str, *actions: str) -> frozenset[str]:
    return frozenset(f"{resource} {action}" for resource in resources.split(", ") for action in actions)


_MONITORING_PERMISSIONS = frozenset(
    [
        "dlq view",
        "scenario logs get",
        "scenario notifications",
        "scenario reset counters",
        "scenario view",
        "scenarios get",
        "team variables get",
        "team view",
        "template view",
        "templates get",
    ]
)

_OPERATOR_PERMISSIONS = _MONITORING_PERMISSIONS | {
    "accounts get",
    "datastore view",
    "datastores get",
    "devices get",
    "functions get",
    "hooks get",
    "keys get",
    "scenario scheduling",
    "scenario start",
    "scenario stop",
    "scenario verify",
    "storage view",
    "team variable edit",
    "udts get",
}

_RESTRICTED_MEMBER_PERMISSIONS = (
    _OPERATOR_PERMISSIONS
    | _permissions("account, datastore, hook, key, template, udt", "add", "edit", "delete")
    | _permissions("device", "add", "delete")
    | {"dlq edit", "function delete", "scenario edit", "storage edit"}
)

_TEAM_MEMBER_PERMISSIONS = _RESTRICTED_MEMBER_PERMISSIONS | {
    "device edit",
    "scenario add",
    "scenario delete",
    "team edit",
}

#: Functions are written by administrators only (Help centre, "Custom functions"; the document says so, too, and yet lists these
#: permissions of members).
_TEAM_ADMIN_PERMISSIONS = _TEAM_MEMBER_PERMISSIONS | {
    "function add",
    "function edit",
    "team delete",
    "team user add and edit",
}

_ORGANIZATION_MEMBER_PERMISSIONS = frozenset(["organization view", PRIVATE_SPACE_VIEW])

_ORGANIZATION_ADMIN_PERMISSIONS = (
    _ORGANIZATION_MEMBER_PERMISSIONS
    | _permissions("organization", "app install", "delete", "edit", "user add", "user edit")
    | {USERS_VIEW, CUSTOM_ROLES_EDIT, PRIVATE_SPACES_MANAGE, "payment edit", "payments get", "team add"}
)

ROLES = (
    Role(
        1,
        "Team Admin",
        "team",
        True,
        _TEAM_ADMIN_PERMISSIONS,
        identifier="company:team-admin",
        description="Manages the team: its members, its settings and all that belongs to it.",
    ),
    Role(3, "Team Member", "team", True, _TEAM_MEMBER_PERMISSIONS, identifier="company:team-member"),
    Role(
        4,
        "Team Monitoring",
        "team",
        True,
        _MONITORING_PERMISSIONS,
        identifier="company:team-monitoring",
        description="Watches the team's scenarios and their executions, and changes nothing.",
    ),
    Role(6, "Team Operator", "team", True, _OPERATOR_PERMISSIONS, identifier="company:team-operator"),
    Role(7, "Team Restricted Member", "team", False, _RESTRICTED_MEMBER_PERMISSIONS, has_known_id=False),
    Role(11, "Owner", "organization", True, _ORGANIZATION_ADMIN_PERMISSIONS | {ACCESS_ALL_TEAMS}),
    Role(12, "Admin", "organization", True, _ORGANIZATION_ADMIN_PERMISSIONS),
    Role(13, "Member", "organization", True, _ORGANIZATION_MEMBER_PERMISSIONS),
    Role(14, "Accountant", "organization", False, _ORGANIZATION_MEMBER_PERMISSIONS | {"payments get"}),
    Role(
        15,
        "App Developer",
        "organization",
        False,
        _ORGANIZATION_MEMBER_PERMISSIONS | {"organization app install"},
        has_known_id=False,
    ),
)

#: Make's own roles by id.
_BUILT_IN_ROLES = {role.id: role for role in ROLES}

#: Permission -> ``team`` or ``organization``: where a role must include it.
PERMISSION_CATEGORIES = {permission: role.category for role in ROLES for permission in role.permissions}

#: Word of a permission's name -> its category, where it is not the plural of its first word.
_RESOURCE_CATEGORIES = {"access": "teams", "dlq": "dlqs", "personal": "personal teams", "storage": "storage"}


def _permission_category(name: str) -> str:
    word = name.split()[0]
    return _RESOURCE_CATEGORIES.get(word) or f"{word.removesuffix('s')}s"


def _all_permissions() -> Iterator[RolePermission]:
    """Yields every permission: those of teams before those of organizations, each in alphabetical order."""
    in_order = sorted(PERMISSION_CATEGORIES.items(), key=lambda item: (item[1] != "team", item[0]))
    for id, (name, category) in enumerate(in_order, 1):
        yield RolePermission(id, name, _permission_category(name), category, name == ACCESS_ALL_TEAMS)


PERMISSIONS = tuple(_all_permissions())

_NO_PERMISSIONS: frozenset[str] = frozenset()


def get_role(world: World, id: int) -> Role | None:
    """The role with an id: one of Make's own, or a custom one."""
    return _BUILT_IN_ROLES.get(id) or world.custom_roles.get(id)


def _permissions_of_role(world: World, id: int) -> frozenset[str]:
    role = get_role(world, id)
    return role.permissions if role else _NO_PERMISSIONS


def find_role(name: str | int, category: str) -> Role | None:
    """The role of a category with an id or a name; the name may lack ``Team``, and its case is ignored."""
    sought = str(name).casefold()
    for role in ROLES:
        names = (str(role.id), role.name.casefold(), role.name.casefold().removeprefix("team "))
        if role.category == category and sought in names:
            return role
    return None


def organization_permissions(world: World, user: User, organization_id: int) -> frozenset[str]:
    """The permissions of a user in an organization."""
    member = world.organization_members.get((user.id, organization_id))
    return _permissions_of_role(world, member.role_id) if member else _NO_PERMISSIONS


def team_permissions(world: World, user: User, team: Team) -> frozenset[str]:
    """The permissions of a user in a team; a user with access to all teams is an administrator of all but private spaces."""
    if team.owner_id is None and ACCESS_ALL_TEAMS in organization_permissions(
        world, user, team.organization_id
    ):
        return _TEAM_ADMIN_PERMISSIONS
    member = world.team_members.get((user.id, team.id))
    return _permissions_of_role(world, member.role_id) if member else _NO_PERMISSIONS


class TeamResource(Protocol):
    """Row that belongs to a team."""

    @property
    def team_id(self) -> int: ...


class OrganizationResource(Protocol):
    """Row that belongs to an organization, and to none of its teams."""

    @property
    def organization_id(self) -> int: ...


OwnedResource: TypeAlias = TeamResource | OrganizationResource
"""Row that belongs to a team or an organization."""

Owner: TypeAlias = Organization | Team | User
"""Row that other rows belong to."""


def owner_of(world: World, row: Organization | Team | OwnedResource) -> Organization | Team:
    """The team or the organization that a row belongs to; a team, or an organization, itself."""
    if isinstance(row, (Organization, Team)):
        return row
    team_id: int | None = getattr(row, "team_id", None)
    if team_id is not None:
        return world.teams[team_id]
    organization_id: int = row.organization_id  # type: ignore[union-attr]
    return world.organizations[organization_id]


def lacks_permission(world: World, user: User, permission: str, row: Owner | OwnedResource) -> bool:
    """Returns True if a user's role lacks a permission for a row, or in the team that owns it.

    A permission of teams is not required of an organization, and vice versa.
    """
    if isinstance(row, User):
        return False
    owner = owner_of(world, row)
    if PERMISSION_CATEGORIES[permission] == "organization":
        return isinstance(owner, Organization) and permission not in organization_permissions(
            world, user, owner.id
        )
    return isinstance(owner, Team) and permission not in team_permissions(world, user, owner)


def users_with_permission(world: World, permission: str, owner: Team | Organization) -> list[User]:
    """The users with a permission in the team, or the organization, to which it applies; the newest come first."""
    if isinstance(owner, Team):
        # A user with access to all teams need not be a member of this one.
        ids = {row.user_id for row in world.team_members.where(team=owner.id)}
        ids |= {row.user_id for row in world.organization_members.where(organization=owner.organization_id)}
    else:
        ids = {row.user_id for row in world.organization_members.where(organization=owner.id)}
    users = (world.users[id] for id in sorted(ids, reverse=True))
    return [user for user in users if not lacks_permission(world, user, permission, owner)]
