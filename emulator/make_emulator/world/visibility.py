"""Visibility of resources to a user; those that are not visible seem not to exist.

Every id in a request is resolved by one function, `Visibility.find`, so no handler can omit the check. Source: API
documentation, "HTTP status codes" (404 hides what the caller may not see).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .exceptions import NotFoundError, OwnerNotVisibleError
from .models import Organization, Team, User
from .roles import ACCESS_ALL_TEAMS, OwnedResource, organization_permissions, owner_of
from .world import World

#: The most ids that a hint lists.
MAX_IDS_SHOWN = 10


class Visibility:
    """A user's view of a world.

    Args:
        organization_id: the only organization in view; ``None`` for all of the user.
    """

    __slots__ = ("organization_id", "user", "world")

    def __init__(self, world: World, user: User, organization_id: int | None = None) -> None:
        self.world = world
        self.user = user
        self.organization_id = organization_id

    def find(self, kind: str, key: Any) -> Any:
        """The row of a kind (``"scenario"``, ``"dataStore"`` …) with that key.

        Raises:
            NotFoundError: if there is none, or it is not visible to the user.
        """
        row = self.world.resource_table(kind).get(key)
        if row is None or not self._can_see(kind, row):
            raise NotFoundError(kind, key)
        return row

    def find_owner(self, kind: str, key: int, parameter: str) -> Any:
        """The team or the organization that a parameter of a query or a body names.

        Raises:
            OwnerNotVisibleError: if there is none, or it is not visible to the user.
        """
        row = self.world.resource_table(kind).get(key)
        if row is None or not self._can_see(kind, row):
            ids = self._visible_ids(kind)
            shown = ", ".join(map(str, ids[:MAX_IDS_SHOWN])) or "none"
            more = ", ..." if len(ids) > MAX_IDS_SHOWN else ""
            raise OwnerNotVisibleError(
                hint=f"{parameter} {key} is no {kind} of the token's user, who has: {shown}{more}."
            )
        return row

    def _visible_ids(self, kind: str) -> list[int]:
        """The ids of the teams, or organizations, that the user sees."""
        organizations = list(self.organizations())
        if kind == "organization":
            return sorted(organization.id for organization in organizations)
        return sorted(
            team.id
            for organization in organizations
            for team in self.world.teams.where(organization=organization.id)
            if self.can_see_team(team.id)
        )

    def _can_see(self, kind: str, row: Any) -> bool:
        if kind == "organization":
            return self._can_see_organization(row.id)
        if kind == "team":
            return self.can_see_team(row.id)
        if kind == "user":
            return row.id == self.user.id or any(
                (row.id, organization.id) in self.world.organization_members
                for organization in self.organizations()
            )
        if hasattr(row, "team_id"):
            return self.can_see_team(row.team_id)
        return self._can_see_organization(row.organization_id)

    def can_see_team(self, team_id: int) -> bool:
        """Returns True if the user belongs to a team, or owns its organization (owners have access to all teams but private spaces)."""
        organization_id = self.world.teams[team_id].organization_id
        if self.organization_id not in (None, organization_id):
            return False
        if (self.user.id, team_id) in self.world.team_members:
            return True
        if self.world.teams[team_id].owner_id is not None:
            return False
        return ACCESS_ALL_TEAMS in organization_permissions(self.world, self.user, organization_id)

    def organizations(self) -> Iterator[Organization]:
        """The organizations that the user belongs to, as far as they are in view."""
        for member in self.world.organization_members.where(user=self.user.id):
            if self.organization_id in (None, member.organization_id):
                yield self.world.organizations[member.organization_id]

    def _can_see_organization(self, organization_id: int) -> bool:
        in_view = self.organization_id in (None, organization_id)
        return in_view and (self.user.id, organization_id) in self.world.organization_members

    def organization_of(self, row: Organization | Team | OwnedResource) -> Organization:
        """The organization that owns a row."""
        owner = owner_of(self.world, row)
        return owner if isinstance(owner, Organization) else self.world.organizations[owner.organization_id]
