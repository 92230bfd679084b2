"""Users: who belongs to a team or an organization, and with which role."""

from __future__ import annotations

from typing import Any

import pytest

from make_emulator.contract.client import ContractClient
from make_emulator.contract.target import Target

from .valid_requests import default_columns

USERS = "GET /users"
BY_PERMISSION = "GET /users/by-permission"


def me(api: ContractClient) -> dict[str, Any]:
    user: dict[str, Any] = api.call("GET", "/users/me", query={"cols[]": "*"}).fits()["authUser"]
    return user


def listed(api: ContractClient, **query: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = api.get("/users", **query).fits()["users"]
    return rows


@pytest.mark.covers(USERS, "success", "query teamId", "query organizationId")
@pytest.mark.fidelity("users.list-fields", "users.list-owner")
def test_the_list_shows_who_belongs_to_a_team_or_an_organization(api: ContractClient, target: Target) -> None:
    in_team = listed(api, teamId=target.team_id)
    assert list(in_team[0]) == default_columns(USERS)
    ids = [user["id"] for user in in_team]
    assert ids == sorted(ids, reverse=True)
    in_organization = listed(api, organizationId=target.organization_id)
    assert me(api)["id"] in [user["id"] for user in in_organization]
    api.get("/users").refused(400, "SC400")
    api.get("/users", teamId=target.team_id, organizationId=target.organization_id).refused(400, "SC400")


@pytest.mark.covers(USERS, "query name", "query email")
@pytest.mark.parametrize("name", ["name", "email"])
def test_the_list_can_be_narrowed_to_a_name_or_an_address(
    name: str, api: ContractClient, target: Target
) -> None:
    caller = me(api)
    found = listed(api, organizationId=target.organization_id, **{name: caller[name]})
    assert caller["id"] in [user["id"] for user in found]
    assert listed(api, organizationId=target.organization_id, **{name: "contract-absent"}) == []


@pytest.mark.covers(USERS, "query teamRoleId", "query organizationRoleId", "success")
@pytest.mark.fidelity("users.role-filter-owner")
def test_the_list_can_be_narrowed_to_a_role(api: ContractClient, target: Target) -> None:
    caller = me(api)
    roles = {row["organizationId"]: row["usersRoleId"] for row in caller["userOrganizationRoles"]}
    own = roles[target.organization_id]
    found = listed(api, organizationId=target.organization_id, organizationRoleId=own)
    assert caller["id"] in [user["id"] for user in found]
    others = listed(api, organizationId=target.organization_id, organizationRoleId=999_999)
    assert others == []
    assert listed(api, teamId=target.team_id, teamRoleId=999_999) == []
    api.get("/users", teamId=target.team_id, organizationRoleId=own).refused(400)
    api.get("/users", organizationId=target.organization_id, teamRoleId=1).refused(400)


@pytest.mark.covers(USERS, "query filterByTeamId", "query tfaStatus")
@pytest.mark.fidelity("users.team-filter")
def test_the_list_can_be_narrowed_to_a_team_or_a_second_factor(api: ContractClient, target: Target) -> None:
    organization = {"organizationId": target.organization_id}
    in_team = {user["id"] for user in listed(api, teamId=target.team_id)}
    assert {user["id"] for user in listed(api, **organization, filterByTeamId=target.team_id)} == in_team
    in_none = {user["id"] for user in listed(api, **organization, filterByTeamId=0)}
    assert in_none & in_team == set()
    caller = me(api)
    for status in (0, 1, 2):
        found = {user["id"] for user in listed(api, **organization, tfaStatus=status)}
        assert (caller["id"] in found) is (caller["tfaStatus"] == status)
    api.get("/users", teamId=target.team_id, filterByTeamId=target.team_id).refused(400)


def holders(api: ContractClient, level: str, permission: str, **owner: int) -> list[dict[str, Any]]:
    query = {"type": level, "permission": permission, **owner}
    body = api.get("/users/by-permission", **query).fits()
    assert list(body) == ["users"]
    rows: list[dict[str, Any]] = body["users"]
    return rows


@pytest.mark.covers(
    BY_PERMISSION, "success", "query type", "query permission", "query organizationId", "query teamId"
)
@pytest.mark.fidelity("users.by-permission", "users.by-permission-columns")
def test_users_are_found_by_what_they_may_do(api: ContractClient, target: Target) -> None:
    for found in (
        holders(api, "organization", "organization users view", organizationId=target.organization_id),
        holders(api, "company", "team view", teamId=target.team_id),
    ):
        assert list(found[0]) == default_columns(BY_PERMISSION)
        # The caller has to have these permissions.
        assert me(api)["id"] in [user["id"] for user in found]


@pytest.mark.covers(BY_PERMISSION, "validation")
@pytest.mark.fidelity("users.by-permission-owner", "users.by-permission-invalid")
@pytest.mark.parametrize(
    ("level", "own", "other"),
    [
        ("organization", "organization users view", "team view"),
        ("company", "team view", "organization users view"),
    ],
)
def test_a_permission_belongs_to_a_type_and_a_type_to_an_owner(
    level: str, own: str, other: str, api: ContractClient, target: Target
) -> None:
    ids = {"organization": target.organization_id, "company": target.team_id}
    names = {"organization": "organizationId", "company": "teamId"}
    owner = {names[level]: ids[level]}
    elsewhere = {names[each]: ids[each] for each in ids if each != level}
    for permission in (other, "contract nothing"):
        query = {"type": level, "permission": permission}
        api.get("/users/by-permission", **query, **owner).refused(400, "SC400")
    query = {"type": level, "permission": own}
    api.get("/users/by-permission", **query).refused(400, "SC400")
    api.get("/users/by-permission", **query, **elsewhere).refused(400, "SC400")


@pytest.mark.fidelity("users.me")
def test_the_caller_comes_under_a_name_of_its_own(api: ContractClient) -> None:
    assert list(api.get("/users/me").fits()) == ["authUser"]


@pytest.mark.fidelity("users.roles")
def test_the_roles_are_a_fixed_list(api: ContractClient) -> None:
    body = api.get("/users/roles").fits()
    assert list(body) == ["usersRoles"]
    assert {tuple(row) for row in body["usersRoles"]} == {("id", "name")}
    teams = api.get("/users/roles", category="team").fits()["usersRoles"]
    assert 0 < len(teams) < len(body["usersRoles"])
