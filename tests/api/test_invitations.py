"""Invitations to organizations over the API."""

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
from make_emulator.world.enums import SCOPES

INVITE = "/organizations/1/invite"
MINE = "/users/me/organization-invitations"


def invite(api: ApiClient, **changes: Any) -> Any:
    body = {"usersRoleId": 13, "email": "zoe@example.com", "name": "Zoe", **changes}
    return api.post(INVITE, json=body)


def invited(api: ApiClient, **changes: Any) -> tuple[int, str]:
    """The id of an invited user, and a token of it."""
    id = int(assert_ok(invite(api, **changes))["user"]["id"])
    return id, organizations.create_token(api.world, api.world.users[id], SCOPES, label="zoe").token


def hash_of(api: ApiClient, token: str) -> str:
    [row] = assert_ok(api.get(MINE, token=token))["userOrganizationInvitations"]
    return str(row["hash"])


def test_an_invited_user_has_a_pending_role_and_sees_nothing_yet(api: ApiClient) -> None:
    body = assert_ok(invite(api, usersRoleId=12))
    id = body["user"]["id"]
    assert (body["user"]["name"], body["user"]["email"]) == ("Zoe", "zoe@example.com")
    role = {"userId": id, "organizationId": 1, "usersRoleId": 12, "invitation": "pending"}
    assert body["userOrganizationRole"] == role
    roles = assert_ok(api.get("/organizations/1/user-organization-roles"))["userOrganizationRoles"]
    assert [row["invitation"] for row in roles] == [None, None, "pending"]
    token = organizations.create_token(api.world, api.world.users[id], SCOPES, label="zoe").token
    assert assert_ok(api.get("/organizations", token=token))["organizations"] == []
    assert api.get("/teams/1", token=token).status_code == 404
    assert id not in [row["id"] for row in assert_ok(api.get("/users?organizationId=1"))["users"]]


def test_an_invitation_is_accepted_by_its_hash(api: ApiClient) -> None:
    id, token = invited(api, teamsId=[1], note="Welcome")
    [row] = assert_ok(api.get(MINE, token=token))["userOrganizationInvitations"]
    assert row == {
        "hash": row["hash"],
        "invitation": "pending",
        "usersRoleId": 13,
        "organizationId": 1,
        "organizationName": "Example Organization",
        "zone": "eu1.make.com",
    }
    shown = assert_ok(api.get(f"/organizations/invitation?hash={row['hash']}", token=token))
    assert shown["organization"] == {"id": 1, "name": "Example Organization"}
    assert (shown["user"]["id"], shown["userOrganizationRole"]["invitation"]) == (id, "pending")
    accepted = assert_ok(
        api.post("/organizations/accept-invitation", json={"hash": row["hash"]}, token=token)
    )
    assert accepted["userOrganizationRole"] == {
        "userId": id,
        "organizationId": 1,
        "usersRoleId": 13,
        "invitation": None,
    }
    assert assert_ok(api.get("/teams/1", token=token))["team"]["id"] == 1
    role = assert_ok(api.get(f"/users/{id}/user-team-roles/1", token=token))["userTeamRole"]
    assert role["usersRoleId"] == 3
    assert assert_ok(api.get(MINE, token=token))["userOrganizationInvitations"] == []
    again = api.post("/organizations/accept-invitation", json={"hash": row["hash"]}, token=token)
    assert_refused(again, 404, code="SC404")


def test_the_caller_shows_roles_of_invitations_on_request(api: ApiClient) -> None:
    id, token = invited(api)
    path = "/users/me?cols[]=userOrganizationRoles"
    role = {"usersRoleId": 13, "userId": id, "organizationId": 1, "invitation": "pending"}
    for query, roles in (("", []), ("&includeInvitedOrg=false", []), ("&includeInvitedOrg=true", [role])):
        assert assert_ok(api.get(path + query, token=token)) == {"authUser": {"userOrganizationRoles": roles}}


def test_an_invited_administrator_administers_all_teams_afterwards(api: ApiClient) -> None:
    id, token = invited(api, usersRoleId=12)
    assert_ok(api.post("/organizations/accept-invitation", json={"hash": hash_of(api, token)}, token=token))
    assert assert_ok(api.get(f"/users/{id}/user-team-roles/1"))["userTeamRole"] == {
        "usersRoleId": 1,
        "userId": id,
        "teamId": 1,
        "changeable": False,
    }


def test_the_hash_is_of_use_to_the_invited_user_only(api: ApiClient) -> None:
    _, token = invited(api)
    hash = hash_of(api, token)
    for stranger in (api.token, OUTSIDER_TOKEN):
        assert_refused(api.get(f"/organizations/invitation?hash={hash}", token=stranger), 404, code="SC404")
        response = api.post("/organizations/accept-invitation", json={"hash": hash}, token=stranger)
        assert_refused(response, 404, code="SC404")
    assert hash not in api.control("GET", "/worlds/default/requests").get_data(as_text=True)


def test_an_invitation_expires(api: ApiClient) -> None:
    _, token = invited(api)
    hash = hash_of(api, token)
    api.world.clock.advance(days=7)
    [row] = assert_ok(api.get(MINE, token=token))["userOrganizationInvitations"]
    assert row["invitation"] == "expired"
    response = api.post("/organizations/accept-invitation", json={"hash": hash}, token=token)
    assert_refused(response, 400, code="SC400")


def test_a_second_invitation_replaces_the_first(api: ApiClient) -> None:
    id, token = invited(api)
    first = hash_of(api, token)
    again = assert_ok(invite(api, email="ZOE@example.com", usersRoleId=14))
    assert again["user"]["id"] == id
    [row] = assert_ok(api.get(MINE, token=token))["userOrganizationInvitations"]
    assert (row["usersRoleId"], row["hash"] == first) == (14, False)


def test_a_known_user_is_invited_under_the_own_name(api: ApiClient) -> None:
    body = assert_ok(invite(api, email="otto@example.com", name="Somebody"))
    assert (body["user"]["id"], body["user"]["name"]) == (2, "Otto Other")
    assert len(assert_ok(api.get(MINE, token=OUTSIDER_TOKEN))["userOrganizationInvitations"]) == 1
    assert_refused(invite(api, email="mia@example.com"), 400, code="IM005")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"usersRoleId": 11}, "Invalid value of parameter 'usersRoleId'."),
        ({"usersRoleId": 3}, "Invalid value of parameter 'usersRoleId'."),
        ({"usersRoleId": 999}, "Invalid value of parameter 'usersRoleId'."),
        ({"email": "zoe"}, "Parameter 'email' must be an e-mail address."),
        ({"name": "Zoe <b>"}, "Parameter 'name' has forbidden characters."),
    ],
)
def test_an_invitation_that_is_invalid_is_refused(
    api: ApiClient, changes: dict[str, Any], message: str
) -> None:
    before = len(api.world.users)
    assert suberror_messages(invite(api, **changes)) == [message]
    assert len(api.world.users) == before


def test_the_plan_limits_the_users(api: ApiClient) -> None:
    organizations.change_plan(api.world, api.world.organizations[1], "enterprise", {"users": 3})
    assert_ok(invite(api))
    assert_ok(invite(api))
    assert_refused(invite(api, email="max@example.com"), 400, code="IM011")
    assert [row for row in api.world.users if row.email == "max@example.com"] == []


def test_inviting_takes_a_permission(api: ApiClient) -> None:
    body = {"email": "zoe@example.com", "name": "Zoe"}
    for role, status in (("Member", 403), ("Admin", 200)):
        assert api.post(INVITE, json=body, token=token_of_role(api, role, team=False)).status_code == status


def test_a_custom_role_may_be_offered(api: ApiClient) -> None:
    role = custom_roles.create(api.world, api.world.organizations[1], name="Guest", category="organization")
    _, token = invited(api, usersRoleId=role.id)
    hash = hash_of(api, token)
    custom_roles.delete(api.world, role)
    response = api.post("/organizations/accept-invitation", json={"hash": hash}, token=token)
    assert suberror_messages(response) == ["The role of the invitation is gone."]
