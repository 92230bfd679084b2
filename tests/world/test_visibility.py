from __future__ import annotations

import pytest

from make_emulator.world import data_stores, organizations
from make_emulator.world.exceptions import NotFoundError
from make_emulator.world.visibility import Visibility
from make_emulator.world.world import World


@pytest.fixture
def two_users(empty_world: World) -> World:
    """Ann owns organization 1 with team 1, Bob organization 2 with team 2; each team has a data store."""
    for number, name in ((1, "Ann"), (2, "Bob")):
        user = organizations.create_user(empty_world, name=name, email=f"{name}@example.com", id=number)
        organization, _ = organizations.create_organization(
            empty_world, user, name=name, country_id=1, timezone_id=113, id=number
        )
        team, _ = organizations.create_team(empty_world, user, organization, name=name, id=number)
        data_stores.create_store(empty_world, team, name=name, max_size_mb=1, id=number)
    return empty_world


def test_an_existing_visible_row_is_found(two_users: World) -> None:
    reach = Visibility(two_users, two_users.users[1])
    assert reach.find("organization", 1).name == "Ann"
    assert reach.find("team", 1).name == "Ann"
    assert reach.find("dataStore", 1).name == "Ann"
    assert reach.organization_of(reach.find("dataStore", 1)).id == 1
    assert [row.id for row in reach.organizations()] == [1]


@pytest.mark.parametrize("kind", ["organization", "team", "dataStore", "user"])
def test_an_invisible_row_looks_as_a_missing_one(two_users: World, kind: str) -> None:
    reach = Visibility(two_users, two_users.users[1])
    with pytest.raises(NotFoundError) as hidden:
        reach.find(kind, 2)
    with pytest.raises(NotFoundError) as absent:
        reach.find(kind, 99)
    assert hidden.value.detail.replace("2", "99") == absent.value.detail


def test_a_member_of_an_organization_sees_only_the_teams_that_he_joined(two_users: World) -> None:
    organizations.add_organization_member(two_users, two_users.users[2], two_users.organizations[1])
    reach = Visibility(two_users, two_users.users[2])
    assert reach.find("organization", 1).id == 1
    assert reach.find("user", 1).name == "Ann"
    with pytest.raises(NotFoundError):
        reach.find("team", 1)
    organizations.add_team_member(two_users, two_users.users[2], two_users.teams[1], role_id=3)
    assert reach.find("dataStore", 1).id == 1


def test_a_view_of_one_organization_hides_the_others_of_the_user(two_users: World) -> None:
    organizations.add_organization_member(two_users, two_users.users[1], two_users.organizations[2])
    organizations.add_team_member(two_users, two_users.users[1], two_users.teams[2])
    assert [row.id for row in Visibility(two_users, two_users.users[1]).organizations()] == [1, 2]
    reach = Visibility(two_users, two_users.users[1], 2)
    assert [row.id for row in reach.organizations()] == [2]
    assert reach.find("dataStore", 2).name == "Bob"
    for kind in ("organization", "team", "dataStore"):
        with pytest.raises(NotFoundError):
            reach.find(kind, 1)
