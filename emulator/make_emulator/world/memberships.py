"""Roles of users in organizations and teams: changes, removal, transfer of ownership.

Sources: the vendor's OpenAPI document ("Users > User organization roles", "Users > User team roles", and what its
administrators' part says of the same roles).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..lazy_dataclasses import dataclass
from . import blueprint_refs, connections
from .exceptions import (
    IncompatibleInputError,
    InvalidParametersError,
    NotConfirmedError,
    NotFoundError,
    ResourceInUseError,
)
from .models import Connection, Organization, OrganizationMember, Team, TeamMember, User
from .organizations import add_organization_member, add_team_member
from .roles import ORGANIZATION_ADMIN, ORGANIZATION_OWNER, TEAM_ADMIN, TEAM_MONITORING, get_role
from .world import World


@dataclass(frozen=True, slots=True)
class OrganizationRole:
    """Role of a user in an organization; ``None`` after its removal."""

    user_id: int
    organization_id: int
    role_id: int | None
    invitation: str | None = None


@dataclass(frozen=True, slots=True)
class TeamRole:
    """Role of a user in a team; ``None`` after its removal."""

    user_id: int
    team_id: int
    role_id: int | None
    changeable: bool


def organization_roles_of(world: World, owner: User | Organization) -> list[OrganizationRole]:
    """The roles in an organization, by user; or those of a user, by organization."""
    index = "user" if isinstance(owner, User) else "organization"
    rows = [_organization_role(row) for row in world.organization_members.where(**{index: owner.id})]
    return sorted(rows, key=lambda row: (row.organization_id, row.user_id))


def team_roles_of(world: World, owner: User | Team) -> list[TeamRole]:
    """The roles in a team, by user; or those of a user, by team."""
    index = "user" if isinstance(owner, User) else "team"
    rows = [_team_role(row) for row in world.team_members.where(**{index: owner.id})]
    return sorted(rows, key=lambda row: (row.team_id, row.user_id))


def find_organization_role(world: World, organization: Organization, user: User) -> OrganizationRole:
    """The role of a user in an organization.

    Raises:
        NotFoundError: if the user is no member.
    """
    return _organization_role(_find_organization_member(world, organization, user))


def find_team_role(world: World, team: Team, user: User) -> TeamRole:
    """The role of a user in a team.

    Raises:
        NotFoundError: if the user is no member.
    """
    member = world.team_members.get((user.id, team.id))
    if member is None:
        raise NotFoundError("user", user.id)
    return _team_role(member)


def set_team_role(world: World, team: Team, user: User, role_id: int) -> TeamRole:
    """Sets the role of a member of the organization in a team.

    Raises:
        InvalidParametersError: if it is no role of the team.
        IncompatibleInputError: if the user is not in the organization, or the role cannot be changed.
    """
    _check_role(world, role_id, "team", team.organization_id)
    if (user.id, team.organization_id) not in world.organization_members:
        raise IncompatibleInputError(f"User '{user.id}' is not in the organization of the team.")
    _check_changeable(world, team, user)
    return _team_role(add_team_member(world, user, team, role_id=role_id))


def remove_from_team(world: World, team: Team, user: User) -> TeamRole:
    """Takes a user out of a team.

    Raises:
        NotFoundError: if the user is no member.
    """
    member = find_team_role(world, team, user)
    world.team_members.remove((user.id, team.id))
    return replace(member, role_id=None)


def set_organization_role(
    world: World, organization: Organization, user: User, role_id: int
) -> OrganizationRole:
    """Sets the role of a member of an organization; an administrator becomes the administrator of its teams.

    Raises:
        NotFoundError: if the user is no member.
        InvalidParametersError: if it is no role of the organization.
        IncompatibleInputError: if it is, or was, the role of the owner, which is transferred instead.
    """
    member = _find_organization_member(world, organization, user)
    _check_role(world, role_id, "organization", organization.id)
    _check_owner(member, role_id)
    return _put_organization_role(world, organization, user, role_id)


def remove_from_organization(
    world: World, organization: Organization, user: User, *, delete_connections: bool, confirmed: bool
) -> OrganizationRole:
    """Takes a user out of an organization and its teams.

    Args:
        delete_connections: delete the connections that the user created in the organization.

    Raises:
        NotFoundError: if the user is no member.
        IncompatibleInputError: if the user owns the organization.
        NotConfirmedError: if connections would be deleted and the caller did not confirm.
        ResourceInUseError: if one of these connections is used by a hook.
    """
    member = _find_organization_member(world, organization, user)
    _check_owner(member)
    own = _connections_of(world, organization, user) if delete_connections else []
    if delete_connections and not confirmed:
        raise NotConfirmedError(f"The connections of user '{user.id}' would be deleted.", "removeMember")
    for connection in own:
        if any(_uses(hook.data, connection) for hook in world.hooks.where(team=connection.team_id)):
            raise ResourceInUseError(f"Connection '{connection.id}' is used by a hook.")
    for connection in own:
        connections.delete(world, connection, confirmed=True)
    for team in world.teams.where(organization=organization.id):
        if (user.id, team.id) in world.team_members:
            world.team_members.remove((user.id, team.id))
    world.organization_members.remove((user.id, organization.id))
    return OrganizationRole(user.id, organization.id, None)


def transfer_ownership(
    world: World, organization: Organization, owner: User, heir: User
) -> list[OrganizationRole]:
    """Hands an organization over to another member; its former owner becomes an administrator.

    Raises:
        NotFoundError: if the heir is no member.
        InvalidParametersError: if the heir owns it already.
    """
    member = _find_organization_member(world, organization, heir)
    if member.role_id == ORGANIZATION_OWNER:
        raise InvalidParametersError("Invalid value of parameter 'userId'.")
    return [
        _put_organization_role(world, organization, heir, ORGANIZATION_OWNER),
        _put_organization_role(world, organization, owner, ORGANIZATION_ADMIN),
    ]


def joined_teams(world: World, role: OrganizationRole) -> Iterator[Team]:
    """The teams of the organization that the user is in."""
    for team in world.teams.where(organization=role.organization_id):
        if (role.user_id, team.id) in world.team_members:
            yield team


def join_organization(world: World, organization: Organization, user: User, role_id: int) -> OrganizationRole:
    """Adds a user to an organization; an administrator becomes the administrator of its teams."""
    return _put_organization_role(world, organization, user, role_id)


def _put_organization_role(
    world: World, organization: Organization, user: User, role_id: int
) -> OrganizationRole:
    before = world.organization_members.get((user.id, organization.id))
    member = add_organization_member(world, user, organization, role_id=role_id)
    if role_id == ORGANIZATION_ADMIN:
        for team in list(world.teams.where(organization=organization.id)):
            if team.owner_id is None:
                add_team_member(world, user, team, role_id=TEAM_ADMIN, changeable=False)
            elif (user.id, team.id) not in world.team_members:
                add_team_member(world, user, team, role_id=TEAM_MONITORING)
    elif before is not None and before.role_id == ORGANIZATION_ADMIN:
        for row in [row for row in world.team_members.where(user=user.id) if not row.changeable]:
            if world.teams[row.team_id].organization_id == organization.id:
                world.team_members.put(replace(row, changeable=True))
    return _organization_role(member)


def _organization_role(row: OrganizationMember) -> OrganizationRole:
    return OrganizationRole(row.user_id, row.organization_id, row.role_id)


def _team_role(row: TeamMember) -> TeamRole:
    return TeamRole(row.user_id, row.team_id, row.role_id, row.changeable)


def _find_organization_member(world: World, organization: Organization, user: User) -> OrganizationMember:
    member = world.organization_members.get((user.id, organization.id))
    if member is None:
        raise NotFoundError("user", user.id)
    return member


def _check_role(world: World, role_id: int, category: str, organization_id: int) -> None:
    role = get_role(world, role_id)
    if role is None or role.category != category or role.organization_id not in (None, organization_id):
        raise InvalidParametersError("Invalid value of parameter 'usersRoleId'.")


def _check_owner(member: OrganizationMember, role_id: int | None = None) -> None:
    if ORGANIZATION_OWNER in (member.role_id, role_id):
        raise IncompatibleInputError("The role of the owner can only be transferred.")


def _check_changeable(world: World, team: Team, user: User) -> None:
    member = world.team_members.get((user.id, team.id))
    if member is not None and not member.changeable:
        raise IncompatibleInputError(f"The role of user '{user.id}' in the team cannot be changed.")


def _connections_of(world: World, organization: Organization, user: User) -> list[Connection]:
    return [
        connection
        for team in world.teams.where(organization=organization.id)
        for connection in world.connections.where(team=team.id)
        if connection.author_id == user.id
    ]


def _uses(data: object, connection: Connection) -> bool:
    field = blueprint_refs.REFERENCE_FIELDS["connection"][0]
    return isinstance(data, dict) and data.get(field) == connection.id
