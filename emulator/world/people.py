"""Organizations, teams, users and who belongs to what."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from .clock import DAY
from .models import (
    Organization,
    OrganizationMember,
    Team,
    TeamMember,
    Token,
    User,
)
from .plans import PLANS
from .refusals import Unconfirmed
from .tables import Table
from .world import World

#: Observed: the creator of a team gets role 1, the creator of an organization role 11.
TEAM_ADMIN = 1
ORGANIZATION_OWNER = 11
ORGANIZATION_MEMBER = 13


def create_user(world: World, *, name: str, email: str, id: int | None = None) -> User:
    if id is None:
        id = world.ids.next("user")
    world.ids.claim("user", id)
    digest = hashlib.md5(email.strip().lower().encode(), usedforsecurity=False).hexdigest()
    return world.users.put(
        User(
            id=id,
            name=name,
            email=email,
            timezone_id=113,
            locale_id=19,
            country_id=59,
            avatar=f"https://secure.gravatar.com/avatar/{digest}.jpg?d=mm",
            last_login=world.now(),
        )
    )


def create_token(
    world: World, user: User, scopes: Iterable[str], *, label: str, token: str | None = None
) -> Token:
    """Give a user a key to the API; its text is made up unless it is given."""
    row = Token(
        token=token or world.ids.uuid4(),
        label=label,
        user_id=user.id,
        scopes=frozenset(scopes),
        created=world.now(),
    )
    world.tokens.put(row)
    world.announce(row.token)
    return row


def create_organization(
    world: World,
    owner: User,
    *,
    name: str,
    country_id: int,
    timezone_id: int,
    zone: str = "eu1.make.com",
    plan: str = "enterprise",
    id: int | None = None,
) -> tuple[Organization, OrganizationMember]:
    """Found an organization; its owner becomes its first member."""
    if id is None:
        id = world.ids.next("organization")
    world.ids.claim("organization", id)
    now = world.now()
    organization = world.organizations.put(
        Organization(
            id=id,
            name=name,
            zone=zone,
            plan=plan,
            license=PLANS[plan][1],
            country_id=country_id,
            timezone_id=timezone_id,
            created=now,
            last_reset=now,
            next_reset=now + 30 * DAY,
        )
    )
    member = join_organization(world, owner, organization, role_id=ORGANIZATION_OWNER)
    return organization, member


def join_organization(
    world: World, user: User, organization: Organization, *, role_id: int = ORGANIZATION_MEMBER
) -> OrganizationMember:
    return world.organization_members.put(
        OrganizationMember(user_id=user.id, organization_id=organization.id, role_id=role_id)
    )


def join_team(
    world: World, user: User, team: Team, *, role_id: int = TEAM_ADMIN, changeable: bool = True
) -> TeamMember:
    return world.team_members.put(
        TeamMember(user_id=user.id, team_id=team.id, role_id=role_id, changeable=changeable)
    )


def create_team(
    world: World,
    creator: User,
    organization: Organization,
    *,
    name: str,
    operations_limit: int | None = None,
    transfer_limit: int | None = None,
    id: int | None = None,
) -> tuple[Team, TeamMember]:
    """Found a team; its creator becomes its administrator."""
    if id is None:
        id = world.ids.next("team")
    world.ids.claim("team", id)
    team = world.teams.put(
        Team(
            id=id,
            name=name,
            organization_id=organization.id,
            operations_limit=operations_limit,
            transfer_limit=transfer_limit,
        )
    )
    return team, join_team(world, creator, team, changeable=False)


def update_organization(world: World, organization: Organization, **changes: object) -> Organization:
    return world.organizations.put(replace(organization, **changes))  # type: ignore[arg-type]


def update_team(world: World, team: Team, **changes: object) -> Team:
    return world.teams.put(replace(team, **changes))  # type: ignore[arg-type]


def delete_team(world: World, team: Team, *, confirmed: bool) -> int:
    """Delete a team with everything in it.

    Raises:
        Unconfirmed: if the caller did not confirm.
    """
    if not confirmed:
        raise Unconfirmed(f"Team '{team.id}' and everything in it would be deleted.")
    _empty_team(world, team)
    world.teams.remove(team.id)
    return team.id


def delete_organization(world: World, organization: Organization, *, confirmed: bool) -> int:
    """Delete an organization with its teams.

    Raises:
        Unconfirmed: if it has active scenarios and the caller did not confirm.
    """
    if not confirmed and any(row.is_active for row in world.scenarios.where(organization=organization.id)):
        raise Unconfirmed(f"Organization '{organization.id}' has active scenarios.")
    for team in list(world.teams.where(organization=organization.id)):
        delete_team(world, team, confirmed=True)
    for member in list(world.organization_members.where(organization=organization.id)):
        world.organization_members.remove((member.user_id, member.organization_id))
    world.organizations.remove(organization.id)
    return organization.id


def _empty_team(world: World, team: Team) -> None:
    for scenario in list(world.scenarios.where(team=team.id)):
        remove_scenario(world, scenario.id)
    for store in list(world.data_stores.where(team=team.id)):
        for record in list(world.records.where(store=store.id)):
            world.records.remove((store.id, record.key))
        world.data_stores.remove(store.id)
    belongings: list[Table[int, Any]] = [
        world.folders,
        world.data_structures,
        world.connections,
        world.hooks,
        world.templates,
    ]
    for table in belongings:
        for row in list(table.where(team=team.id)):
            table.remove(row.id)
    for member in list(world.team_members.where(team=team.id)):
        world.team_members.remove((member.user_id, member.team_id))


def remove_scenario(world: World, scenario_id: int) -> None:
    """Remove a scenario with its blueprints and logs."""
    for version in list(world.blueprints.where(scenario=scenario_id)):
        world.blueprints.remove((scenario_id, version.version))
    for entry in list(world.logs.where(scenario=scenario_id)):
        world.logs.remove((scenario_id, entry.id))
    world.scenarios.remove(scenario_id)
