"""The account of the caller: profile, notifications, tokens and roles."""

from __future__ import annotations

import json
from typing import Any

import pytest

from make_emulator.contract.client import ContractClient
from make_emulator.contract.target import Target


@pytest.fixture
def user(api: ContractClient) -> int:
    return int(api.get("/users/me").ok()["authUser"]["id"])


@pytest.mark.fidelity("notifications.list", "notifications.unread", "notifications.zone")
def test_notifications_are_listed_newest_first_and_counted(api: ContractClient) -> None:
    answer = api.get("/notifications").fits()
    ids = [int(row["id"]) for row in answer["notifications"]]
    assert ids == sorted(ids, reverse=True)
    for row in answer["notifications"]:
        assert isinstance(row["id"], str)
        assert {"subject", "read", "created", "type"} <= row.keys()
    assert answer["userUnreadNotifications"] == sum(
        zone["unreadNotifications"] for zone in answer["userZoneNotifications"]
    )
    counted = api.get("/users/unread-notifications").fits()
    assert counted["userUnreadNotifications"] == answer["userUnreadNotifications"]
    zone = answer["userZoneNotifications"][0]["imtZoneId"]
    in_zone = api.get("/notifications", imtZoneId=zone).fits()
    assert in_zone["notifications"] == answer["notifications"]
    api.call("GET", "/notifications", query={"pg[sortBy]": "subject"}).refused(400)


@pytest.mark.fidelity("notifications.team")
def test_e_mails_of_a_team_are_of_three_kinds(api: ContractClient, target: Target, user: int) -> None:
    path = f"/users/{user}/user-team-notifications/{target.team_id}"
    rows = api.get(path).fits()["userTeamNotifications"]
    assert [row["notificationId"] for row in rows] == [1, 2, 6]
    for row in rows:
        one = api.get(f"{path}/{row['notificationId']}").fits()
        assert one[next(iter(one))] == row


@pytest.mark.fidelity("notifications.preferences", "notifications.preferences-scope")
def test_e_mails_of_the_caller_are_of_eight_kinds(api: ContractClient, target: Target, user: int) -> None:
    preferences = api.get(f"/mailhub/users/{user}/preferences").ok()["preferences"]
    assert len(preferences["global"]["preferences"]) == 8
    path = f"/mailhub/users/{user}/organizations/{target.organization_id}/teams/{target.team_id}/preferences"
    in_team = api.get(path).ok()["team"]["preferences"]
    assert {row["id"] for row in in_team["native"]} == {1, 2, 6}
    assert "onboarding" in json.dumps(in_team)
    assert api.get(f"/mailhub/users/{user + 1}/preferences").status in (403, 404)
    token = target.token_without(["user:read"])
    if token is not None:
        api.call("GET", f"/mailhub/users/{user}/preferences", token=token).refused(403, "SC403")


@pytest.mark.fidelity("api-tokens.masked")
def test_tokens_show_their_first_eight_characters(api: ContractClient, target: Target) -> None:
    answer = api.get("/users/me/api-tokens")
    tokens = [row["token"] for row in answer.ok()["apiTokens"]]
    assert f"{target.token[:8]}-****-****-****-************" in tokens
    assert target.token not in answer.text
    created = [row["created"] for row in answer.body["apiTokens"]]
    assert created == sorted(created, reverse=True)


@pytest.mark.fidelity("users.oauth-connections")
def test_the_oauth_clients_of_the_caller_are_listed(api: ContractClient) -> None:
    for row in api.get("/users/me/oauth-connections").fits()["connections"]:
        assert {"name", "scopes"} <= row.keys()


# --- roles ---------------------------------------------------------------------------------------


def roles(api: ContractClient, **query: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = api.call("GET", "/users/roles", query={"cols[]": "*", **query}).ok()[
        "usersRoles"
    ]
    return rows


@pytest.mark.fidelity("users.roles-descriptions", "users.roles-management", "roles.ids")
def test_the_roles_of_make_are_locked(api: ContractClient) -> None:
    rows = {row["name"]: row for row in roles(api)}
    assert rows["Team Admin"]["identifier"] == "company:team-admin"
    assert rows["Team Restricted Member"]["id"] == 7
    assert rows["App Developer"]["id"] == 15
    assert {row["managementType"] for row in rows.values()} == {"system_locked"}
    described = {name for name, row in rows.items() if row.get("description")}
    assert described == {"Team Admin", "Team Monitoring"}


@pytest.mark.fidelity("users.roles-filters")
def test_roles_are_selected_and_excluded(api: ContractClient, target: Target) -> None:
    ids = [row["id"] for row in roles(api)]
    assert [row["id"] for row in roles(api, roleId=ids[0])] == ids[:1]
    rest = roles(api, **{"excludeRole[]": ids[:2]})
    assert [row["id"] for row in rest] == ids[2:]
    assert set(ids) <= {row["id"] for row in roles(api, organizationId=target.organization_id)}


@pytest.mark.fidelity("users.role", "users.role-unknown", "description.sdk-routes")
def test_one_role_has_its_permissions(api: ContractClient) -> None:
    role = api.get("/users/roles/3").fits()["usersRole"]
    assert (role["name"], "scenario edit" in role["permissions"]) == ("Team Member", True)
    for unknown in ("999999", "contract"):
        api.get(f"/users/roles/{unknown}").refused(404)


@pytest.mark.fidelity("users.role-permissions-ids")
def test_permissions_are_numbered_by_category_and_name(api: ContractClient) -> None:
    query = {"cols[]": "*"}
    rows = api.call("GET", "/users/roles/permissions", query=query).ok()["usersRolesPermissions"]
    numbered = [row for row in sorted(rows, key=lambda row: row["id"]) if row["id"] > 4]
    assert [row["roleCategory"] for row in numbered] == sorted(
        (row["roleCategory"] for row in numbered), reverse=True
    )
    assert {row["note"] for row in rows} == {""}
    assert [row["name"] for row in rows if row["customRolesHidden"]] == ["access all teams"]


@pytest.mark.fidelity("users.by-permission-names", "users.by-permission-texts")
def test_a_permission_that_no_role_has_is_named(api: ContractClient, target: Target) -> None:
    query = {"type": "company", "teamId": target.team_id, "permission": "contract"}
    answer = api.get("/users/by-permission", **query)
    answer.refused(400, "SC400")
    assert "Invalid value of parameter 'permission'." in answer.error_messages
    answer = api.get("/users/by-permission", type="company", permission="team view")
    answer.refused(400, "SC400")
    assert "Missing value of required parameter 'teamId'." in answer.error_messages
    for permission in api.get("/users/roles/3").fits()["usersRole"]["permissions"][:3]:
        api.get("/users/by-permission", **{**query, "permission": permission}).fits()


@pytest.mark.fidelity("users.by-permission-order", "users.by-permission-nulls")
def test_holders_of_a_permission_are_listed_newest_first(api: ContractClient, target: Target) -> None:
    query = {
        "type": "organization",
        "organizationId": target.organization_id,
        "permission": "organization users view",
        "cols[]": "*",
    }
    rows = api.call("GET", "/users/by-permission", query=query).ok()["users"]
    ids = [row["id"] for row in rows]
    assert ids == sorted(ids, reverse=True)
    assert {(row["personalSpaceId"], row["invitationStatus"]) for row in rows} == {(None, None)}


@pytest.mark.fidelity("users.by-permission-hidden", "users.by-permission-both")
def test_an_owner_that_is_out_of_sight_is_refused(api: ContractClient, target: Target) -> None:
    foreign = target.foreign_ids
    if not {"team", "organization"} <= foreign.keys():
        pytest.skip("nothing is known that is out of sight")
    query = {"type": "company", "permission": "team view"}
    answer = api.get("/users/by-permission", **query, teamId=foreign["team"])
    assert answer.status in (400, 403, 404)
    answer = api.get(
        "/users/by-permission", **query, teamId=target.team_id, organizationId=foreign["organization"]
    )
    assert answer.status in (400, 403, 404)
