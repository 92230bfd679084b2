"""Organizations, teams, users, memberships and tokens."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, TypedDict, Unpack

from . import enums, scenarios
from .clock import add_months
from .exceptions import AccessDeniedError, InvalidParametersError, NotConfirmedError, PlanLimitError
from .models import Organization, OrganizationMember, Team, TeamMember, Token, User
from .plans import PLANS
from .roles import ORGANIZATION_MEMBER, ORGANIZATION_OWNER, TEAM_ADMIN
from .world import World


def create_user(
    world: World, *, name: str, email: str, id: int | None = None, is_admin: bool = False
) -> User:
    """Creates a user, in the time zone of Prague and with a gravatar."""
    id = world.ids.assign("user", id)
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
            is_admin=is_admin,
        )
    )


def create_token(
    world: World, user: User, scopes: Iterable[str], *, label: str, token: str | None = None
) -> Token:
    """Creates an API token of a user; by default its text is generated."""
    row = Token(
        token=token or world.ids.uuid4(),
        label=label,
        user_id=user.id,
        scopes=frozenset(scopes),
        created=world.now(),
    )
    world.tokens.put(row)
    world.register_lookup_key(row.token)
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
    """Creates an organization; its owner becomes its first member."""
    id = world.ids.assign("organization", id)
    now = world.now()
    world.counters_until = 0
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
            next_reset=add_months(now, 1),
        )
    )
    member = add_organization_member(world, owner, organization, role_id=ORGANIZATION_OWNER)
    return organization, member


def add_organization_member(
    world: World, user: User, organization: Organization, *, role_id: int = ORGANIZATION_MEMBER
) -> OrganizationMember:
    """Adds a user to an organization, or changes the role of a member."""
    return world.organization_members.put(
        OrganizationMember(user_id=user.id, organization_id=organization.id, role_id=role_id)
    )


def add_team_member(
    world: World, user: User, team: Team, *, role_id: int = TEAM_ADMIN, changeable: bool = True
) -> TeamMember:
    """Adds a user to a team, or changes the role of a member."""
    return world.team_members.put(
        TeamMember(user_id=user.id, team_id=team.id, role_id=role_id, changeable=changeable)
    )


#: Bytes that a team with a limit of 1,000 operations may transfer. Source: the vendor's samples (536870 for one operation).
_TRANSFER_OF_1000_OPERATIONS = 512 * 1024 * 1024


#: The greatest limit of transfer, in bytes: the greatest whole number that every client reads from JSON.
MAX_TRANSFER = 2**53 - 1


def transfer_limit_of(operations: int) -> int:
    """Returns the bytes that a team with a limit of operations may transfer."""
    return min(operations * _TRANSFER_OF_1000_OPERATIONS // 1000, MAX_TRANSFER)


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
    """Creates a team; its creator becomes its administrator.

    Raises:
        PlanLimitError: if the plan allows no more teams (help centre: plans below Teams have one).
    """
    teams = world.teams.where(organization=organization.id)
    if sum(1 for team in teams if team.owner_id is None) >= organization.license.teams:
        raise PlanLimitError(f"The plan allows {organization.license.teams} team(s).")
    id = world.ids.assign("team", id)
    if operations_limit is not None and transfer_limit is None:
        transfer_limit = transfer_limit_of(operations_limit)
    team = world.teams.put(
        Team(
            id=id,
            name=name,
            organization_id=organization.id,
            operations_limit=operations_limit,
            transfer_limit=transfer_limit,
        )
    )
    return team, add_team_member(world, creator, team, changeable=False)


def change_plan(
    world: World, organization: Organization, plan: str, overrides: Mapping[str, Any] = MappingProxyType({})
) -> Organization:
    """Changes the plan of an organization, with overrides of its license; existing resources stay."""
    return update_organization(world, organization, plan=plan, license=replace(PLANS[plan][1], **overrides))


def create_organization_with_team(
    world: World, user: User, *, name: str, region_id: int, country_id: int, timezone_id: int
) -> tuple[Organization, OrganizationMember]:
    """Creates an organization as the API does, with a first team.

    Raises:
        AccessDeniedError: if the user is no administrator of the zone, whatever the token's scopes.
        InvalidParametersError: if region, country or time zone do not exist.
    """
    if not user.is_admin:
        raise AccessDeniedError("Access denied.")
    if region_id not in {region.id for region in enums.REGIONS}:
        raise InvalidParametersError("Invalid value of parameter 'regionId'.")
    _validate_country_and_timezone(country_id=country_id, timezone_id=timezone_id)
    organization, member = create_organization(
        world, user, name=name, country_id=country_id, timezone_id=timezone_id
    )
    create_team(world, user, organization, name="My Team")
    return organization, member


def _validate_country_and_timezone(*, country_id: int | None = None, timezone_id: int | None = None) -> None:
    if country_id is not None and country_id not in {country.id for country in enums.countries()}:
        raise InvalidParametersError("Invalid value of parameter 'countryId'.")
    if timezone_id is not None and timezone_id not in enums.timezone_codes():
        raise InvalidParametersError("Invalid value of parameter 'timezoneId'.")


class UserChanges(TypedDict, total=False):
    """Parts of a user's profile that can be changed."""

    name: str
    language: str
    timezone_id: int
    locale_id: int
    country_id: int


def update_user(world: World, user: User, **changes: Unpack[UserChanges]) -> User:
    """Changes the profile of a user.

    Raises:
        InvalidParametersError: if language, locale, country or time zone do not exist.
    """
    _validate_country_and_timezone(
        country_id=changes.get("country_id"), timezone_id=changes.get("timezone_id")
    )
    if "language" in changes and changes["language"] not in {row.code for row in enums.languages()}:
        raise InvalidParametersError("Invalid value of parameter 'language'.")
    if "locale_id" in changes and changes["locale_id"] not in {row.id for row in enums.locales()}:
        raise InvalidParametersError("Invalid value of parameter 'localeId'.")
    return world.users.put(replace(user, **changes))


class OrganizationChanges(TypedDict, total=False):
    """Settings of an organization that can be changed."""

    name: str
    country_id: int
    timezone_id: int


def update_organization_settings(
    world: World, organization: Organization, **changes: Unpack[OrganizationChanges]
) -> Organization:
    """Changes settings of an organization.

    Raises:
        InvalidParametersError: if the country or the time zone does not exist.
    """
    _validate_country_and_timezone(
        country_id=changes.get("country_id"), timezone_id=changes.get("timezone_id")
    )
    return update_organization(world, organization, **changes)


def update_organization(world: World, organization: Organization, **changes: object) -> Organization:
    """Changes fields of an organization, unchecked."""
    return world.organizations.put(replace(organization, **changes))  # type: ignore[arg-type]


def update_team(world: World, team: Team, **changes: object) -> Team:
    """Changes fields of a team, unchecked; a new limit of operations sets that of the transfer."""
    if isinstance(limit := changes.get("operations_limit"), int):
        changes.setdefault("transfer_limit", transfer_limit_of(limit))
    return world.teams.put(replace(team, **changes))  # type: ignore[arg-type]


def delete_team(world: World, team: Team, *, confirmed: bool) -> int:
    """Deletes a team with everything in it.

    Raises:
        NotConfirmedError: if the caller did not confirm.
    """
    if not confirmed:
        raise NotConfirmedError(f"Team '{team.id}' and everything in it would be deleted.", "deleteTeam")
    for scenario in list(world.scenarios.where(team=team.id)):
        scenarios.remove(world, scenario)
    world.teams.remove(team.id)
    return team.id


def delete_organization(world: World, organization: Organization, *, confirmed: bool) -> int:
    """Deletes an organization with its teams.

    Raises:
        NotConfirmedError: if it has active scenarios and the caller did not confirm.
    """
    if not confirmed and any(row.is_active for row in world.scenarios.where(organization=organization.id)):
        raise NotConfirmedError(
            f"Organization '{organization.id}' has active scenarios.", "deleteOrganization"
        )
    for team in list(world.teams.where(organization=organization.id)):
        delete_team(world, team, confirmed=True)
    world.organizations.remove(organization.id)
    return organization.id
