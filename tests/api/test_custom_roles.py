"""Roles, their permissions, and custom roles over the API."""

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
from make_emulator.world import organizations

VIEW_SCENARIOS, VIEW_LOGS = "scenarios get", "scenario logs get"


def permission_ids(api: ApiClient, *names: str) -> list[int]:
    rows = assert_ok(api.get("/users/roles/permissions"))["usersRolesPermissions"]
    return [next(row["id"] for row in rows if row["name"] == name) for name in names]


def create(api: ApiClient, **changes: Any) -> Any:
    body = {"name": "Viewer", "permissionType": "team", "organizationId": 1, **changes}
    return api.post("/users/custom-roles", json={key: value for key, value in body.items() if value != ""})


def role_id(api: ApiClient, **changes: Any) -> int:
    return int(assert_ok(create(api, **changes))["role"]["id"])


def test_roles_can_be_limited_to_a_category(api: ApiClient) -> None:
    response = api.get("/users/roles?category=team").json
    assert response is not None
    assert [role["id"] for role in response["usersRoles"]] == [1, 3, 4, 6, 7]


def test_roles_can_be_limited_to_one_and_some_left_out(api: ApiClient) -> None:
    def ids(query: str) -> list[int]:
        response = api.get(f"/users/roles?{query}").json
        assert response is not None
        return [role["id"] for role in response["usersRoles"]]

    assert ids("roleId=3&teamId=1") == [3]
    assert ids("roleId=99") == []
    assert ids("category=team&excludeRole[]=1&excludeRole[]=7") == [3, 4, 6]
    assert api.get("/users/roles?roleId=owner").status_code == 400
    assert api.get("/users/roles?organizationId=1", token=OUTSIDER_TOKEN).status_code == 403


def test_a_role_shows_its_permissions(api: ApiClient) -> None:
    response = api.get("/users/roles/14").json
    assert response == {
        "usersRole": {
            "id": 14,
            "name": "Accountant",
            "category": "organization",
            "subsidiary": False,
            "managementType": "system_locked",
            "description": None,
            "permissions": ["organization view", "payments get", "personal team own view"],
        }
    }
    for unknown in ("99", "owner"):
        refused = api.get(f"/users/roles/{unknown}")
        assert refused.status_code == 404
        assert refused.json is not None
        assert refused.json["detail"] == f"Role '{unknown}' not found."


def test_roles_show_all_that_is_known_of_them(api: ApiClient) -> None:
    rows = assert_ok(api.get("/users/roles?teamId=1"))["usersRoles"]
    admin, member = rows[:2]
    assert list(admin) == [
        *(
            "id",
            "name",
            "identifier",
            "category",
            "subsidiary",
            "managementType",
            "description",
            "permissions",
        )
    ]
    assert (admin["id"], admin["identifier"], admin["managementType"]) == (
        1,
        "company:team-admin",
        "system_locked",
    )
    assert (member["identifier"], member["description"]) == ("company:team-member", None)
    assert "identifier" not in next(row for row in rows if row["name"] == "Owner")
    some = assert_ok(api.get("/users/roles?cols[]=id&cols[]=category"))["usersRoles"]
    assert {frozenset(row) for row in some} == {frozenset(["id", "category"])}


def test_permissions_are_listed_with_their_ids(api: ApiClient) -> None:
    rows = assert_ok(api.get("/users/roles/permissions"))["usersRolesPermissions"]
    assert [(row["id"], row["name"]) for row in rows[:4]] == [
        (1, "account add"),
        (2, "account delete"),
        (3, "account edit"),
        (4, "accounts get"),
    ]
    assert rows[0] == {
        "id": 1,
        "name": "account add",
        "note": "",
        "category": "accounts",
        "roleCategory": "team",
        "label": "",
        "customRolesHidden": False,
        "requires": [],
    }
    assert len({row["id"] for row in rows}) == len(rows)
    for category in ("team", "organization"):
        some = assert_ok(api.get(f"/users/roles/permissions?roleCategory={category}"))[
            "usersRolesPermissions"
        ]
        assert some == [row for row in rows if row["roleCategory"] == category]
    assert api.get("/users/roles/permissions?roleCategory=zone").status_code == 400


@pytest.mark.parametrize("name", ["permissionType", "category"])
def test_a_custom_role_is_created_under_either_name_of_its_category(api: ApiClient, name: str) -> None:
    ids = permission_ids(api, VIEW_SCENARIOS, VIEW_LOGS)
    body = {"name": "Viewer", "organizationId": 1, name: "team", "permissions": ids, "description": "Looks."}
    role = assert_ok(api.post("/users/custom-roles", json=body))["role"]
    assert role == {
        "id": role["id"],
        "name": "Viewer",
        "category": "team",
        "managementType": "custom_managed",
        "description": "Looks.",
        "permissions": sorted(
            ({"id": id, "name": name} for id, name in zip(ids, (VIEW_SCENARIOS, VIEW_LOGS), strict=True)),
            key=lambda row: str(row["name"]),
        ),
    }
    assert role["id"] > 100
    assert assert_ok(api.get(f"/users/roles/{role['id']}"))["usersRole"] == {
        "id": role["id"],
        "name": "Viewer",
        "category": "team",
        "subsidiary": True,
        "managementType": "custom_managed",
        "description": "Looks.",
        "organizationId": 1,
        "permissions": sorted([VIEW_SCENARIOS, VIEW_LOGS]),
    }


def test_custom_roles_are_listed_for_whom_names_the_organization_or_a_team_of_it(api: ApiClient) -> None:
    id = role_id(api)

    def is_listed(query: str) -> bool:
        return id in [row["id"] for row in assert_ok(api.get(f"/users/roles{query}"))["usersRoles"]]

    assert [is_listed(query) for query in ("", "?category=team")] == [False, False]
    for query in (
        "?organizationId=1",
        "?teamId=1",
        "?teamId=1&category=team",
        f"?organizationId=1&roleId={id}",
    ):
        assert is_listed(query), query
    assert not is_listed("?teamId=1&category=organization")
    assert_refused(api.get(f"/users/roles/{id}", token=OUTSIDER_TOKEN), 404, detail=f"Role '{id}' not found.")
    assert api.get(f"/users/roles/{id}?organizationId=1").status_code == 200


@pytest.mark.parametrize("is_in_path", [True, False])
def test_a_custom_role_is_changed_and_deleted_by_the_id_in_path_or_body(
    api: ApiClient, is_in_path: bool
) -> None:
    id = role_id(api, permissions=permission_ids(api, VIEW_LOGS), description="Old")
    path = f"/users/custom-roles/{id}" if is_in_path else "/users/custom-roles"
    body: dict[str, Any] = {"organizationId": 1} if is_in_path else {"organizationId": 1, "id": id}
    role = assert_ok(api.patch(path, json={**body, "name": "Renamed"}))["role"]
    assert (role["name"], role["description"]) == ("Renamed", "Old")
    assert [row["name"] for row in role["permissions"]] == [VIEW_LOGS]
    ids = permission_ids(api, VIEW_SCENARIOS)
    role = assert_ok(api.patch(path, json={**body, "permissions": ids, "description": None}))["role"]
    assert (role["name"], role["description"]) == ("Renamed", None)
    assert [row["name"] for row in role["permissions"]] == [VIEW_SCENARIOS]
    assert assert_ok(api.delete(path, json=body)) == {"roleId": id}
    assert api.get(f"/users/roles/{id}").status_code == 404


@pytest.mark.parametrize(
    ("changes", "messages"),
    [
        ({"permissionType": ""}, ["Missing value of required parameter 'permissionType'."]),
        ({"category": "organization"}, ["Invalid value of parameter 'permissionType'."]),
        ({"name": "x" * 51}, ["Parameter 'name' has a wrong length."]),
        ({"permissions": [9999]}, ["Parameter 'permissions': there is no permission 9999."]),
    ],
)
def test_a_custom_role_that_is_invalid_is_refused(
    api: ApiClient, changes: dict[str, Any], messages: list[str]
) -> None:
    assert suberror_messages(create(api, **changes)) == messages
    assert len(api.world.custom_roles) == 0


def test_a_custom_role_takes_only_permissions_of_its_category(api: ApiClient) -> None:
    ids = permission_ids(api, "organization edit")
    text = "Parameter 'permissions': 'organization edit' is no permission of custom team roles."
    assert suberror_messages(create(api, permissions=ids)) == [text]
    all_teams = permission_ids(api, "access all teams")
    assert create(api, permissionType="organization", permissions=all_teams).status_code == 400


def test_two_roles_of_a_category_have_different_names(api: ApiClient) -> None:
    id = role_id(api)
    detail = "There is a team role 'viewer' already."
    assert_refused(create(api, name="viewer"), 400, code="IM005", detail=detail)
    assert_refused(create(api, name="Team Admin"), 400, code="IM005")
    other = role_id(api, permissionType="organization")
    renamed = api.patch(f"/users/custom-roles/{other}", json={"organizationId": 1, "name": "Owner"})
    assert_refused(renamed, 400, code="IM005")
    assert_ok(api.patch(f"/users/custom-roles/{id}", json={"organizationId": 1, "name": "Viewer"}))


def test_roles_of_make_and_of_others_cannot_be_changed(api: ApiClient) -> None:
    body = {"organizationId": 1, "name": "Mine"}
    assert_refused(api.patch("/users/custom-roles/3", json=body), 400, code="IM005")
    assert_refused(api.delete("/users/custom-roles", json={"organizationId": 1, "id": 11}), 400, code="IM005")
    for id in ("9999", "owner"):
        assert_refused(
            api.patch(f"/users/custom-roles/{id}", json=body), 404, detail=f"Role '{id}' not found."
        )
    hidden = role_id(api)
    organizations.change_plan(api.world, api.world.organizations[2], "enterprise")
    foreign = {"organizationId": 2, "name": "Theirs"}
    refused = api.patch(f"/users/custom-roles/{hidden}", json=foreign, token=OUTSIDER_TOKEN)
    assert_refused(refused, 404, code="SC404")


def test_a_custom_role_that_somebody_has_is_not_deleted(api: ApiClient) -> None:
    id = role_id(api)
    organizations.add_team_member(api.world, api.world.users[3], api.world.teams[1], role_id=id)
    path = f"/users/custom-roles/{id}"
    assert_refused(api.delete(path, json={"organizationId": 1}), 422, code="IM016")
    organizations.add_team_member(api.world, api.world.users[3], api.world.teams[1], role_id=3)
    assert assert_ok(api.delete(path, json={"organizationId": 1})) == {"roleId": id}


def test_a_custom_role_gives_its_permissions_and_no_others(api: ApiClient) -> None:
    id = role_id(api, permissions=permission_ids(api, VIEW_SCENARIOS))
    token = token_of_role(api, "member", team=False)
    [user] = [row for row in api.world.users if row.name == "member"]
    organizations.add_team_member(api.world, user, api.world.teams[1], role_id=id)
    assert api.get("/scenarios?teamId=1", token=token).status_code == 200
    refused = assert_refused(api.get("/scenarios/1", token=token), 403, code="IM002")
    assert '"scenario view"' in refused["detail"]
    ids = permission_ids(api, VIEW_SCENARIOS, "scenario view")
    assert_ok(api.patch(f"/users/custom-roles/{id}", json={"organizationId": 1, "permissions": ids}))
    assert api.get("/scenarios/1", token=token).status_code == 200


def test_custom_roles_take_a_permission_and_a_plan(api: ApiClient) -> None:
    member = token_of_role(api, "member", team=False)
    body = {"name": "Mine", "permissionType": "team", "organizationId": 1}
    refused = assert_refused(api.post("/users/custom-roles", json=body, token=member), 403, code="IM002")
    assert '"organization custom roles edit"' in refused["detail"]
    admin = token_of_role(api, "Admin", team=False)
    assert api.post("/users/custom-roles", json=body, token=admin).status_code == 200
    organizations.change_plan(api.world, api.world.organizations[1], "teams")
    assert_refused(create(api, name="Other"), 403, code="SC403")
    listed = assert_ok(api.get("/users/roles?organizationId=1"))["usersRoles"]
    assert "Mine" not in [row["name"] for row in listed]
