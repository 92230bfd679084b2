"""Roles of users in organizations and teams over the API."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.api import (
    OUTSIDER_TOKEN,
    ApiClient,
    assert_ok,
    assert_refused,
    suberror_messages,
    token_of_role,
)
from make_emulator.world import custom_roles, organizations

#: Of the default world: Ada owns organization 1, Mia is a member of it and of team 1.
ADA, MIA = 1, 3
TEAM_PATH, ORGANIZATION_PATH = f"/users/{MIA}/user-team-roles/1", f"/users/{MIA}/user-organization-roles/1"


def team_row(user: int, role: int | None, *, team: int = 1, changeable: bool = True) -> dict[str, Any]:
    return {"usersRoleId": role, "userId": user, "teamId": team, "changeable": changeable}


def organization_row(user: int, role: int | None) -> dict[str, Any]:
    return {"userId": user, "organizationId": 1, "usersRoleId": role, "invitation": None}


def new_team(api: ApiClient) -> int:
    return int(assert_ok(api.post("/teams", json={"name": "Second", "organizationId": 1}))["team"]["id"])


# --- teams ---------------------------------------------------------------------------------------


def test_the_roles_in_a_team_are_listed_by_user(api: ApiClient) -> None:
    rows = [team_row(ADA, 1, changeable=False), team_row(MIA, 3)]
    assert assert_ok(api.get("/teams/1/user-team-roles")) == {"userTeamRoles": rows}
    for path in (f"/teams/1/user-team-roles/{MIA}", TEAM_PATH):
        assert assert_ok(api.get(path)) == {"userTeamRole": rows[1]}
    response = assert_ok(api.get("/teams/1/user-team-roles?cols[]=userId&cols[]=ssoPending"))
    assert response["userTeamRoles"][0] == {"userId": ADA, "ssoPending": False}


def test_the_team_roles_of_a_user_are_those_in_teams_that_the_caller_sees(api: ApiClient) -> None:
    second = new_team(api)
    rows = assert_ok(api.get(f"/users/{ADA}/user-team-roles"))["userTeamRoles"]
    assert rows == [team_row(ADA, 1, changeable=False), team_row(ADA, 1, team=second, changeable=False)]
    member = token_of_role(api, "Team Member")
    seen = assert_ok(api.get(f"/users/{ADA}/user-team-roles", token=member))["userTeamRoles"]
    assert [row["teamId"] for row in seen] == [1]
    assert api.get(f"/users/{ADA}/user-team-roles/{second}", token=member).status_code == 404


def test_a_role_in_a_team_is_set_and_takes_effect(api: ApiClient) -> None:
    assert assert_ok(api.post(TEAM_PATH, json={"usersRoleId": 4})) == {"userTeamRole": team_row(MIA, 4)}
    assert assert_ok(api.get(TEAM_PATH))["userTeamRole"] == team_row(MIA, 4)
    second = new_team(api)
    path = f"/users/{MIA}/user-team-roles/{second}"
    assert_refused(api.get(path), 404, detail=f"User '{MIA}' not found.")
    assert assert_ok(api.post(path, json={"usersRoleId": 1}))["userTeamRole"] == team_row(MIA, 1, team=second)
    role = custom_roles.create(api.world, api.world.organizations[1], name="Viewer", category="team")
    assert assert_ok(api.post(path, json={"usersRoleId": role.id}))["userTeamRole"]["usersRoleId"] == role.id


@pytest.mark.parametrize("options", [{"json": {}}, {}])
def test_an_empty_body_takes_a_user_out_of_a_team(api: ApiClient, options: dict[str, Any]) -> None:
    assert assert_ok(api.post(TEAM_PATH, **options)) == {"userTeamRole": team_row(MIA, None)}
    assert api.get(TEAM_PATH).status_code == 404
    assert_refused(api.post(TEAM_PATH, **options), 404, detail=f"User '{MIA}' not found.")
    assert assert_ok(api.get(ORGANIZATION_PATH))["userOrganizationRole"] == organization_row(MIA, 13)


@pytest.mark.parametrize("role", [13, 999])
def test_a_role_that_is_none_of_teams_is_refused(api: ApiClient, role: int) -> None:
    response = api.post(TEAM_PATH, json={"usersRoleId": role})
    assert suberror_messages(response) == ["Invalid value of parameter 'usersRoleId'."]


def test_the_role_of_the_creator_of_a_team_cannot_be_changed(api: ApiClient) -> None:
    response = api.post(f"/users/{ADA}/user-team-roles/1", json={"usersRoleId": 3})
    assert_refused(response, 400, code="IM005", detail="The role of user '1' in the team cannot be changed.")


def test_only_members_of_the_organization_join_a_team(api: ApiClient) -> None:
    world = api.world
    second, _ = organizations.create_organization(
        world, world.users[ADA], name="Second", country_id=1, timezone_id=113
    )
    guest = organizations.create_user(world, name="Guest", email="guest@example.com")
    organizations.add_organization_member(world, guest, second)
    response = api.post(f"/users/{guest.id}/user-team-roles/1", json={"usersRoleId": 3})
    assert_refused(response, 400, code="IM005")
    assert (guest.id, 1) not in world.team_members


def test_a_custom_role_of_another_organization_is_refused(api: ApiClient) -> None:
    role = custom_roles.create(api.world, api.world.organizations[2], name="Theirs", category="team")
    response = api.post(TEAM_PATH, json={"usersRoleId": role.id})
    assert suberror_messages(response) == ["Invalid value of parameter 'usersRoleId'."]


@pytest.mark.parametrize(("role", "status"), [("Team Admin", 200), ("Team Member", 403)])
def test_administrators_of_a_team_set_its_roles(api: ApiClient, role: str, status: int) -> None:
    response = api.post(TEAM_PATH, json={"usersRoleId": 6}, token=token_of_role(api, role))
    assert response.status_code == status


# --- organizations -------------------------------------------------------------------------------


def test_the_roles_in_an_organization_are_listed_by_user(api: ApiClient) -> None:
    rows = [organization_row(ADA, 11), organization_row(MIA, 13)]
    path = "/organizations/1/user-organization-roles"
    assert assert_ok(api.get(path)) == {"userOrganizationRoles": rows}
    for one in (f"{path}/{MIA}", ORGANIZATION_PATH):
        assert assert_ok(api.get(one)) == {"userOrganizationRole": rows[1]}
    new_team(api)
    counts = "cols[]=userId&cols[]=organizationTeamsCount&cols[]=joinedTeamsCount"
    assert assert_ok(api.get(f"{path}?{counts}"))["userOrganizationRoles"] == [
        {"userId": ADA, "organizationTeamsCount": 2, "joinedTeamsCount": 2},
        {"userId": MIA, "organizationTeamsCount": 2, "joinedTeamsCount": 1},
    ]


def test_the_organization_roles_of_a_user_are_those_in_organizations_of_the_caller(api: ApiClient) -> None:
    world = api.world
    other, _ = organizations.create_organization(
        world, world.users[MIA], name="Mia's", country_id=1, timezone_id=113
    )
    rows = assert_ok(api.get(f"/users/{MIA}/user-organization-roles"))["userOrganizationRoles"]
    assert rows == [organization_row(MIA, 13)]
    assert api.get(f"/users/{MIA}/user-organization-roles/{other.id}").status_code == 404


def test_an_administrator_of_an_organization_administers_all_its_teams(api: ApiClient) -> None:
    second = new_team(api)
    changed = assert_ok(api.post(ORGANIZATION_PATH, json={"usersRoleId": 12}))
    assert changed == {"userOrganizationRole": organization_row(MIA, 12)}
    rows = assert_ok(api.get(f"/users/{MIA}/user-team-roles"))["userTeamRoles"]
    assert rows == [team_row(MIA, 1, changeable=False), team_row(MIA, 1, team=second, changeable=False)]
    assert_refused(api.post(TEAM_PATH, json={"usersRoleId": 3}), 400, code="IM005")
    assert_ok(api.post(ORGANIZATION_PATH, json={"usersRoleId": 14}))
    assert assert_ok(api.get(TEAM_PATH))["userTeamRole"] == team_row(MIA, 1)
    assert_ok(api.post(TEAM_PATH, json={"usersRoleId": 3}))


def test_the_owner_is_changed_by_transfer_only(api: ApiClient) -> None:
    detail = "The role of the owner can only be transferred."
    owner = f"/users/{ADA}/user-organization-roles/1"
    for path, body in ((owner, {"usersRoleId": 12}), (owner, {}), (ORGANIZATION_PATH, {"usersRoleId": 11})):
        assert_refused(api.post(path, json=body), 400, code="IM005", detail=detail)
    response = api.post(ORGANIZATION_PATH, json={"usersRoleId": 3})
    assert suberror_messages(response) == ["Invalid value of parameter 'usersRoleId'."]


def test_an_empty_body_takes_a_user_out_of_an_organization_and_its_teams(api: ApiClient) -> None:
    mia = organizations.create_token(api.world, api.world.users[MIA], ["teams:read"], label="mia").token
    assert api.get("/teams/1", token=mia).status_code == 200
    assert assert_ok(api.post(ORGANIZATION_PATH)) == {"userOrganizationRole": organization_row(MIA, None)}
    assert api.get("/teams/1", token=mia).status_code == 404
    # Without a common organization the caller no longer sees the user.
    assert api.get(f"/users/{MIA}/user-organization-roles").status_code == 404


def created_by_mia(api: ApiClient) -> int:
    scopes = ["connections:write"]
    mia = organizations.create_token(api.world, api.world.users[MIA], scopes, label="mia").token
    body = {"accountName": "Mia's", "accountType": "openai-gpt-3", "apiKey": "k"}
    response = api.post("/connections?teamId=1", json=body, token=mia)
    return int(assert_ok(response)["connection"]["id"])


def test_the_connections_of_a_removed_user_stay_unless_their_deletion_is_confirmed(api: ApiClient) -> None:
    id = created_by_mia(api)
    assert_refused(api.post(f"{ORGANIZATION_PATH}?deleteConnections=true"), 406, code="IM004")
    assert (MIA, 1) in api.world.organization_members
    assert_ok(api.post(f"{ORGANIZATION_PATH}?deleteConnections=true&confirmed=true"))
    assert api.get(f"/connections/{id}").status_code == 404
    assert api.get("/connections/1").status_code == 200


def test_removing_a_user_keeps_the_connections(api: ApiClient) -> None:
    id = created_by_mia(api)
    assert_ok(api.post(f"{ORGANIZATION_PATH}?confirmed=true"))
    assert api.get(f"/connections/{id}").status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/organizations/1/user-organization-roles/transfer", {"userId": MIA}),
        (f"{ORGANIZATION_PATH}/transfer", None),
    ],
)
def test_the_ownership_goes_to_another_member(api: ApiClient, path: str, body: Any) -> None:
    rows = [organization_row(MIA, 11), organization_row(ADA, 12)]
    assert assert_ok(api.post(path, json=body) if body else api.post(path)) == {"userOrganizationRoles": rows}
    response = api.post(path, json=body) if body else api.post(path)
    assert_refused(response, 403, code="IM002")


def test_only_the_owner_hands_an_organization_over_and_not_to_himself(api: ApiClient) -> None:
    admin = token_of_role(api, "Admin", team=False)
    assert_refused(api.post(f"{ORGANIZATION_PATH}/transfer", token=admin), 403, code="IM002")
    response = api.post(f"/users/{ADA}/user-organization-roles/1/transfer")
    assert suberror_messages(response) == ["Invalid value of parameter 'userId'."]


@pytest.mark.parametrize(("role", "status"), [("Admin", 200), ("Member", 403), ("Accountant", 403)])
def test_owners_and_administrators_set_the_roles_of_an_organization(
    api: ApiClient, role: str, status: int
) -> None:
    token = token_of_role(api, role, team=False)
    assert api.post(ORGANIZATION_PATH, json={"usersRoleId": 14}, token=token).status_code == status


def test_users_of_others_are_hidden(api: ApiClient) -> None:
    for path in (TEAM_PATH, ORGANIZATION_PATH, f"/users/{MIA}/user-team-roles"):
        assert_refused(api.get(path, token=OUTSIDER_TOKEN), 404, code="SC404")
