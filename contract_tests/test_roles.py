"""Roles of users in the team and the organization, and the permissions that roles include."""

from __future__ import annotations

from typing import Any

import pytest

from make_emulator.contract.client import ContractClient
from make_emulator.contract.target import Target


def caller(api: ContractClient) -> int:
    return int(api.get("/users/me").fits()["authUser"]["id"])


@pytest.mark.fidelity("users.role-permissions")
def test_permissions_of_roles_have_ids_and_a_category(api: ContractClient) -> None:
    rows = api.get("/users/roles/permissions").fits()["usersRolesPermissions"]
    first = {row["id"]: row["name"] for row in rows if row["id"] <= 4}
    assert first == {1: "account add", 2: "account delete", 3: "account edit", 4: "accounts get"}
    for category in ("team", "organization"):
        some = api.get("/users/roles/permissions", roleCategory=category).fits()["usersRolesPermissions"]
        assert {row["roleCategory"] for row in some} == {category}


@pytest.mark.fidelity("user-roles.team")
def test_the_roles_in_a_team_are_those_of_its_users(api: ContractClient, target: Target) -> None:
    rows = api.get(f"/teams/{target.team_id}/user-team-roles").fits()["userTeamRoles"]
    [mine] = [row for row in rows if row["userId"] == caller(api)]
    assert {"usersRoleId", "userId", "teamId", "changeable"} <= mine.keys()
    assert {row["teamId"] for row in rows} == {target.team_id}
    path = f"/users/{mine['userId']}/user-team-roles"
    assert mine in api.get(path).fits()["userTeamRoles"]
    assert api.get(f"{path}/{target.team_id}").fits()["userTeamRole"] == mine


@pytest.mark.fidelity("user-roles.organization")
def test_the_roles_in_an_organization_are_those_of_its_users(api: ContractClient, target: Target) -> None:
    rows = api.get(f"/organizations/{target.organization_id}/user-organization-roles").fits()
    [mine] = [row for row in rows["userOrganizationRoles"] if row["userId"] == caller(api)]
    assert (mine["organizationId"], mine["invitation"]) == (target.organization_id, None)
    path = f"/users/{mine['userId']}/user-organization-roles/{target.organization_id}"
    counts = {"cols[]": ["userId", "organizationTeamsCount", "joinedTeamsCount"]}
    row: dict[str, Any] = api.call("GET", path, query=counts).fits()["userOrganizationRole"]
    assert list(row) == counts["cols[]"]
    assert 0 < row["joinedTeamsCount"] <= row["organizationTeamsCount"]
