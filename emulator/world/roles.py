"""Roles: what a user may do in a team or an organization, besides what the token's scopes let pass.

Permissions by role: vendor's white-label documentation, "Default team permissions" and "Default organizations
permissions"; a later release note takes ``team edit`` from restricted members. The names are those of the API's own
list of roles where a source shows them (``account add``, ``datastores get``), else those of the documentation.
No source gives ``organization users view`` to a role: those have it who may add and edit users.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .models import Organization, Team, User
from .world import World


@dataclass(frozen=True, slots=True)
class Role:
    """A set of permissions that a user has in a team or an organization."""

    id: int
    name: str
    category: str
    subsidiary: bool
    permissions: frozenset[str]
    #: Whether a source shows the id; the others are the emulator's own.
    known_id: bool = True
    identifier: str | None = None
    description: str | None = None

    @property
    def permission_list(self) -> list[str]:
        return sorted(self.permissions)


#: Recorded: the creator of a team gets role 1, the creator of an organization role 11.
TEAM_ADMIN = 1
TEAM_MEMBER = 3
ORGANIZATION_OWNER = 11
ORGANIZATION_MEMBER = 13

#: The permission that only an owner has: to be an administrator of every team of the organization.
ALL_TEAMS = "access all teams"
#: The permission to find an organization's users by what they may do; needed for those of a team, too.
USERS_VIEW = "organization users view"


def _each(things: str, *acts: str) -> frozenset[str]:
    return frozenset(f"{thing} {act}" for thing in things.split(", ") for act in acts)


_EVERYBODY = frozenset(
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

_OPERATING = _EVERYBODY | {
    "accounts get",
    "datastore view",
    "datastores get",
    "devices get",
    "function get",
    "hooks get",
    "keys get",
    "scenario scheduling",
    "scenario start",
    "scenario stop",
    "scenario verify",
    "storage view",
    "team variable edit",
    "udt get",
}

_RESTRICTED = (
    _OPERATING
    | _each("account, datastore, hook, key, template, udt", "add", "edit", "delete")
    | _each("device", "add", "delete")
    | {"dlq edit", "function delete", "scenario edit", "storage edit"}
)

_MEMBER = _RESTRICTED | {"device edit", "scenario add", "scenario delete", "team edit"}

#: Functions are written by administrators only (Help centre, "Custom functions"; the table lets members add them, too).
_TEAM_ADMIN = _MEMBER | {"function add", "team delete", "team user add", "team user edit"}

_IN_ORGANIZATION = frozenset(["organization view"])

_ORGANIZATION_ADMIN = (
    _IN_ORGANIZATION
    | _each("organization", "app install", "delete", "edit", "user add", "user edit")
    | {USERS_VIEW, "payment edit", "payments get", "team add"}
)

ROLES = (
    Role(1, "Team Admin", "team", True, _TEAM_ADMIN),
    Role(3, "Team Member", "team", True, _MEMBER),
    Role(4, "Team Monitoring", "team", False, _EVERYBODY),
    Role(6, "Team Operator", "team", False, _OPERATING),
    Role(7, "Team Restricted Member", "team", False, _RESTRICTED, known_id=False),
    Role(11, "Owner", "organization", True, _ORGANIZATION_ADMIN | {ALL_TEAMS}),
    Role(12, "Admin", "organization", True, _ORGANIZATION_ADMIN),
    Role(13, "Member", "organization", True, _IN_ORGANIZATION),
    Role(14, "Accountant", "organization", False, _IN_ORGANIZATION | {"payments get"}),
    Role(
        15,
        "App Developer",
        "organization",
        False,
        _IN_ORGANIZATION | {"organization app install"},
        known_id=False,
    ),
)

_PERMISSIONS = {role.id: role.permissions for role in ROLES}

#: Permission -> ``team`` or ``organization``: where a role must include it.
CATEGORIES = {permission: role.category for role in ROLES for permission in role.permissions}

_NONE: frozenset[str] = frozenset()


def named(name: str | int, category: str) -> Role | None:
    """The role of a category with an id or a name; ``Team`` may be left out, and upper case does not matter."""
    wanted = str(name).casefold()
    for role in ROLES:
        names = (str(role.id), role.name.casefold(), role.name.casefold().removeprefix("team "))
        if role.category == category and wanted in names:
            return role
    return None


def in_organization(world: World, user: User, organization_id: int) -> frozenset[str]:
    """What a user may do in an organization."""
    member = world.organization_members.get((user.id, organization_id))
    return _PERMISSIONS.get(member.role_id, _NONE) if member else _NONE


def in_team(world: World, user: User, team: Team) -> frozenset[str]:
    """What a user may do in a team; who has all teams is an administrator in each, whatever else is said."""
    if ALL_TEAMS in in_organization(world, user, team.organization_id):
        return _TEAM_ADMIN
    member = world.team_members.get((user.id, team.id))
    return _PERMISSIONS.get(member.role_id, _NONE) if member else _NONE


def lacks(world: World, user: User, permission: str, row: Any) -> bool:
    """Whether a user's role does not let them do something to a row, or in the team that owns it.

    What needs a permission of a team asks nothing of an organization, and the other way round.
    """
    if isinstance(row, User):
        return False
    if CATEGORIES[permission] == "organization":
        return isinstance(row, Organization) and permission not in in_organization(world, user, row.id)
    if isinstance(row, Organization):
        return False
    team = row if isinstance(row, Team) else world.teams[row.team_id]
    return permission not in in_team(world, user, team)


def holders(world: World, permission: str, owner: Team | Organization) -> list[User]:
    """The users who have a permission in the team, or the organization, that it is for; the newest come first."""
    if isinstance(owner, Team):
        # Who has all teams need not be a member of this one.
        ids = {row.user_id for row in world.team_members.where(team=owner.id)}
        ids |= {row.user_id for row in world.organization_members.where(organization=owner.organization_id)}
    else:
        ids = {row.user_id for row in world.organization_members.where(organization=owner.id)}
    users = (world.users[id] for id in sorted(ids, reverse=True))
    return [user for user in users if not lacks(world, user, permission, owner)]
