"""Invitations of users to organizations. No mail is sent. Source: the vendor's OpenAPI document."""

from __future__ import annotations

from collections.abc import Sequence

from . import organizations
from .clock import DAY
from .exceptions import (
    IncompatibleInputError,
    InvalidParametersError,
    InvalidStateError,
    NotFoundError,
    PlanLimitError,
)
from .memberships import OrganizationRole, join_organization
from .models import Invitation, Organization, Team, User
from .organizations import add_team_member
from .roles import ORGANIZATION_OWNER, TEAM_MEMBER, get_role
from .world import World

#: Time after which an invitation can no longer be accepted (assumed).
LIFETIME = 7 * DAY

PENDING, EXPIRED = "pending", "expired"


def status(world: World, invitation: Invitation) -> str:
    """State of an invitation: ``pending`` or ``expired``."""
    return EXPIRED if world.now() >= invitation.created + LIFETIME else PENDING


def role_of(world: World, invitation: Invitation) -> OrganizationRole:
    """The role that an invitation offers, as the lists of roles show it."""
    return OrganizationRole(
        invitation.user_id,
        invitation.organization_id,
        invitation.role_id,
        status(world, invitation),
    )


def invite(
    world: World,
    organization: Organization,
    *,
    name: str,
    email: str,
    role_id: int,
    teams: Sequence[Team] = (),
    note: str | None = None,
) -> tuple[User, Invitation]:
    """Invites a user, who is created if the address is new; an earlier invitation is replaced.

    Raises:
        InvalidParametersError: if it is no role of the organization, or a team is not one of it.
        IncompatibleInputError: if the user is a member already.
        PlanLimitError: if the plan allows no more users.
    """
    role = get_role(world, role_id)
    if (
        role is None
        or role.category != "organization"
        or role.id == ORGANIZATION_OWNER
        or role.organization_id not in (None, organization.id)
    ):
        raise InvalidParametersError("Invalid value of parameter 'usersRoleId'.")
    if any(team.organization_id != organization.id for team in teams):
        raise InvalidParametersError("Invalid value of parameter 'teamsId'.")
    user = next((row for row in world.users if row.email.casefold() == email.casefold()), None)
    if user is not None and (user.id, organization.id) in world.organization_members:
        raise IncompatibleInputError("The user is a member of the organization already.")
    invited = [
        row
        for row in world.invitations.where(organization=organization.id)
        if user and row.user_id == user.id
    ]
    users = len(world.organization_members.where(organization=organization.id))
    others = len(world.invitations.where(organization=organization.id)) - len(invited)
    if users + others >= organization.license.users:
        raise PlanLimitError(f"The plan allows {organization.license.users} user(s).")
    for row in invited:
        world.invitations.remove(row.hash)
    user = user or organizations.create_user(world, name=name, email=email)
    invitation = Invitation(
        hash=world.ids.uuid4(),
        user_id=user.id,
        organization_id=organization.id,
        role_id=role_id,
        team_ids=tuple(team.id for team in teams),
        note=note,
        created=world.now(),
    )
    return user, world.invitations.put(invitation)


def invitations_of(world: World, user: User) -> list[Invitation]:
    """The invitations of a user, oldest first."""
    return sorted(world.invitations.where(user=user.id), key=lambda row: row.created)


def find(world: World, user: User, hash: str) -> Invitation:
    """The invitation of a user with a hash.

    Raises:
        NotFoundError: if there is none.
    """
    invitation = world.invitations.get(hash)
    if invitation is None or invitation.user_id != user.id:
        raise NotFoundError("invitation", hash)
    return invitation


def accept(world: World, user: User, hash: str) -> OrganizationRole:
    """Makes a user a member of the organization, and of the teams, of an invitation.

    Raises:
        NotFoundError: as `find`.
        InvalidStateError: if it has expired.
        InvalidParametersError: if its custom role is gone.
    """
    invitation = find(world, user, hash)
    if status(world, invitation) == EXPIRED:
        raise InvalidStateError("The invitation has expired.")
    if get_role(world, invitation.role_id) is None:
        raise InvalidParametersError("The role of the invitation is gone.")
    organization = world.organizations[invitation.organization_id]
    role = join_organization(world, organization, user, invitation.role_id)
    for id in invitation.team_ids:
        team = world.teams.get(id)
        if team is not None and (user.id, id) not in world.team_members:
            add_team_member(world, user, team, role_id=TEAM_MEMBER)
    world.invitations.remove(hash)
    return role
