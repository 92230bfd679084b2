from __future__ import annotations

import pytest

from make_emulator.world import organizations, roles
from make_emulator.world.models import Team, User
from make_emulator.world.world import World

#: Rows of the vendor's table of team permissions: Admin, Member, Monitoring, Operator, Restricted Member.
TABLE = {
    "account add": "YY--Y",
    "accounts get": "YY-YY",
    "datastore edit": "YY--Y",
    "datastore view": "YY-YY",
    "device add": "YY--Y",
    "device edit": "YY---",
    "dlq edit": "YY--Y",
    "dlq view": "YYYYY",
    "function delete": "YY--Y",
    "hook delete": "YY--Y",
    "hooks get": "YY-YY",
    "keys get": "YY-YY",
    "scenario add": "YY---",
    "scenario delete": "YY---",
    "scenario edit": "YY--Y",
    "scenario logs get": "YYYYY",
    "scenario scheduling": "YY-YY",
    "scenario start": "YY-YY",
    "scenario stop": "YY-YY",
    "scenarios get": "YYYYY",
    "team delete": "Y----",
    "team user add and edit": "Y----",
    "team variable edit": "YY-YY",
    "team view": "YYYYY",
    "template add": "YY--Y",
    "templates get": "YYYYY",
    "udt add": "YY--Y",
    "udts get": "YY-YY",
}
TEAM_ROLES = ("admin", "member", "monitoring", "operator", "restricted member")


@pytest.mark.parametrize("permission", TABLE)
def test_team_roles_have_the_permissions_of_the_vendors_table(permission: str) -> None:
    given = ""
    for name in TEAM_ROLES:
        role = roles.find_role(name, "team")
        assert role is not None
        given += "Y" if permission in role.permissions else "-"
    assert given == TABLE[permission]


def test_only_the_owner_has_all_teams() -> None:
    assert [role.name for role in roles.ROLES if roles.ACCESS_ALL_TEAMS in role.permissions] == ["Owner"]


def test_a_permission_belongs_to_one_category() -> None:
    for role in roles.ROLES:
        assert {roles.PERMISSION_CATEGORIES[permission] for permission in role.permissions} == {role.category}


def test_a_role_is_found_by_id_or_name_within_its_category() -> None:
    for name in (3, "3", "Team Member", "member"):
        role = roles.find_role(name, "team")
        assert role is not None
        assert role.id == 3
    organization_role = roles.find_role("member", "organization")
    assert organization_role is not None
    assert organization_role.id == 13
    assert roles.find_role("accountant", "team") is None
    assert roles.find_role(11, "team") is None


def test_ids_that_no_source_shows_are_marked() -> None:
    unknown = {role.name for role in roles.ROLES if not role.has_known_id}
    assert unknown == {"Team Restricted Member", "App Developer"}


@pytest.fixture
def team(empty_world: World) -> Team:
    """Ann's organization 1 with team 1."""
    ann = organizations.create_user(empty_world, name="Ann", email="ann@example.com")
    organization, _ = organizations.create_organization(
        empty_world, ann, name="Ann's", country_id=1, timezone_id=113
    )
    return organizations.create_team(empty_world, ann, organization, name="One")[0]


def joined(world: World, team: Team, *, organization_role: int, team_role: int) -> User:
    bob = organizations.create_user(world, name="Bob", email="bob@example.com")
    organizations.add_organization_member(world, bob, world.organizations[1], role_id=organization_role)
    organizations.add_team_member(world, bob, team, role_id=team_role)
    return bob


def test_an_owner_may_do_everything_in_a_team_in_which_he_only_watches(
    empty_world: World, team: Team
) -> None:
    bob = joined(empty_world, team, organization_role=11, team_role=4)
    assert not roles.lacks_permission(empty_world, bob, "team delete", team)


def test_an_administrator_of_the_organization_has_but_his_role_in_a_team(
    empty_world: World, team: Team
) -> None:
    bob = joined(empty_world, team, organization_role=12, team_role=4)
    assert roles.lacks_permission(empty_world, bob, "team edit", team)
    assert not roles.lacks_permission(empty_world, bob, "team add", empty_world.organizations[1])


def test_who_is_no_member_may_do_nothing(empty_world: World, team: Team) -> None:
    eve = organizations.create_user(empty_world, name="Eve", email="eve@example.com")
    assert roles.lacks_permission(empty_world, eve, "team view", team)
    assert roles.lacks_permission(empty_world, eve, "organization view", empty_world.organizations[1])


def test_a_permission_of_a_team_asks_nothing_of_an_organization(empty_world: World, team: Team) -> None:
    bob = joined(empty_world, team, organization_role=13, team_role=4)
    assert not roles.lacks_permission(empty_world, bob, "scenario add", empty_world.organizations[1])
    assert not roles.lacks_permission(empty_world, bob, "organization edit", team)
