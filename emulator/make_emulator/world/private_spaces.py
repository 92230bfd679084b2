"""Private spaces: teams of one user each, in organizations whose plan has them.

Sources: the vendor's SDK ("private spaces"), and its OpenAPI document, which calls them personal spaces.
"""

from __future__ import annotations

from dataclasses import replace

from .consumption import get_consumption
from .exceptions import NotConfirmedError, NotFoundError, PrivateSpacesUnavailableError
from .models import Organization, Team, User
from .organizations import MAX_TRANSFER, add_team_member
from .roles import ORGANIZATION_ADMIN, ORGANIZATION_OWNER, TEAM_MEMBER, TEAM_MONITORING
from .tables import Selection
from .world import World

#: Bytes of transfer for 10,000 operations (documented).
_BYTES = 536_870_912
_OPERATIONS = 10_000


def transfer_limit(operations_limit: int | None) -> int | None:
    """Returns the limit of transfer, in bytes, that goes with a limit of operations."""
    return None if operations_limit is None else min(operations_limit * _BYTES // _OPERATIONS, MAX_TRANSFER)


def create(
    world: World,
    organization: Organization,
    owner: User,
    *,
    name: str | None = None,
    operations_limit: int | None = None,
    id: int | None = None,
) -> Team:
    """Creates the private space of a user; owners and administrators of the organization watch it."""
    space = world.teams.put(
        Team(
            id=world.ids.assign("team", id),
            name=name or f"{owner.name}'s personal space",
            organization_id=organization.id,
            operations_limit=operations_limit,
            transfer_limit=transfer_limit(operations_limit),
            owner_id=owner.id,
        )
    )
    for member in list(world.organization_members.where(organization=organization.id)):
        if member.role_id in (ORGANIZATION_OWNER, ORGANIZATION_ADMIN):
            add_team_member(world, world.users[member.user_id], space, role_id=TEAM_MONITORING)
    add_team_member(world, owner, space, role_id=TEAM_MEMBER, changeable=False)
    return space


def list_spaces(world: World, organization: Organization) -> Selection[Team]:
    """The private spaces of an organization.

    Raises:
        PrivateSpacesUnavailableError: if its plan has none.
    """
    require_feature(organization)
    return world.teams.where(organization=organization.id).filter(lambda team: team.owner_id is not None)


def require_feature(organization: Organization) -> None:
    """Raises PrivateSpacesUnavailableError if the plan of an organization has no private spaces."""
    if not organization.license.private_spaces:
        raise PrivateSpacesUnavailableError("The plan of the organization does not include private spaces.")


def require_space(team: Team) -> Team:
    """Returns a team that is a private space.

    Raises:
        NotFoundError: if it is an ordinary one.
    """
    if team.owner_id is None:
        raise NotFoundError("private space", team.id)
    return team


def limit_operations(world: World, space: Team, limit: int | None, *, confirmed: bool) -> Team:
    """Limits the operations of a private space; one that has consumed more is paused.

    Args:
        limit: the most operations of a period; ``None`` for no limit.

    Raises:
        NotConfirmedError: if it would be paused and the caller did not confirm.
    """
    is_exceeded = limit is not None and limit < get_consumption(world, space).operations
    if is_exceeded and not confirmed:
        raise NotConfirmedError(f"Private space '{space.id}' would be paused.", "pausePrivateSpace")
    return world.teams.put(
        replace(
            space,
            operations_limit=limit,
            transfer_limit=transfer_limit(limit),
            is_paused=is_exceeded,
        )
    )
