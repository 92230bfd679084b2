from __future__ import annotations

import pytest

from conftest import STRANGER, Api


def test_teams_are_listed_as_recorded(api: Api) -> None:
    answer = api.get("/teams?organizationId=1").json
    assert answer is not None
    assert answer["teams"] == [
        {"id": 1, "name": "Example Team", "organizationId": 1, "globalAgentsEnabled": False}
    ]


def test_a_member_sees_only_the_teams_that_he_belongs_to(api: Api) -> None:
    created = api.post("/teams", json={"name": "Ada's own", "organizationId": 1}).json
    assert created is not None
    mia = api.control("POST", "/worlds/default/tokens", json={"scopes": ["teams:read"], "userId": 3}).json
    assert mia is not None
    answer = api.get("/teams?organizationId=1", token=mia["token"]).json
    assert answer is not None
    assert [team["id"] for team in answer["teams"]] == [1]
    assert api.get(f"/teams/{created['team']['id']}", token=mia["token"]).status_code == 404


def test_a_new_team_comes_after_the_role_of_its_creator(api: Api) -> None:
    answer = api.post("/teams", json={"name": "New", "organizationId": 1, "operationsLimit": 500}).json
    assert answer is not None
    assert list(answer) == ["userTeamRole", "team"]
    assert answer["userTeamRole"] == {
        "usersRoleId": 1,
        "userId": 1,
        "teamId": 3,
        "changeable": False,
        "ssoPending": False,
    }
    assert answer["team"] == {
        "id": 3,
        "name": "New",
        "organizationId": 1,
        "operationsLimit": 500,
        "transferLimit": None,
        "consumedOperations": 0,
        "consumedTransfer": "0",
        "isPaused": False,
        "globalAgentsEnabled": False,
    }


def test_a_team_is_renamed(api: Api) -> None:
    answer = api.patch("/teams/1", json={"name": "Renamed"}).json
    assert answer is not None
    assert answer["team"]["name"] == "Renamed"


def test_deleting_a_team_needs_confirmation_and_takes_everything_along(api: Api) -> None:
    assert api.delete("/teams/1").status_code == 406
    assert api.get("/teams/1").status_code == 200
    assert api.delete("/teams/1?confirmed=true").json == {"team": 1}
    for path in ("/teams/1", "/scenarios/1", "/data-stores/1", "/data-structures/1"):
        assert api.get(path).status_code == 404, path


def test_a_teams_columns_tell_what_it_consumed(api: Api) -> None:
    answer = api.get("/teams/1?cols[]=operations&cols[]=centicredits&cols[]=activeScenarios").json
    assert answer is not None
    operations = answer["team"]["operations"]
    assert answer["team"] == {
        "operations": operations,
        "centicredits": str(100 * int(operations)),
        "activeScenarios": 3,
    }


def test_users_of_a_team_come_newest_first(api: Api) -> None:
    answer = api.get("/users?teamId=1").json
    assert answer is not None
    assert [user["id"] for user in answer["users"]] == [3, 1]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("organizationId=1", [3, 1]),
        ("organizationId=1&organizationRoleId=13", [3]),
        ("teamId=1&teamRoleId=1", [1]),
        ("teamId=1&name=mia", [3]),
        ("teamId=1&email=ADA@", [1]),
        ("teamId=1&pg[sortBy]=name&pg[sortDir]=asc", [1, 3]),
    ],
)
def test_users_can_be_found_by_role_name_and_address(api: Api, query: str, ids: list[int]) -> None:
    answer = api.get(f"/users?{query}").json
    assert answer is not None
    assert [user["id"] for user in answer["users"]] == ids


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("", "Missing required parameter teamId or organizationId"),
        ("teamId=1&organizationId=1", "teamId and organizationId cannot be used together"),
        ("teamId=1&organizationRoleId=13", "The role filter needs organizationId"),
    ],
)
def test_a_question_for_users_that_makes_no_sense_is_refused(api: Api, query: str, detail: str) -> None:
    answer = api.get(f"/users?{query}")
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["detail"] == detail


def test_users_of_a_hidden_team_are_404(api: Api) -> None:
    assert api.get("/users?teamId=1", token=STRANGER).status_code == 404


def test_the_current_authorization_lists_the_scopes_of_the_token(api: Api) -> None:
    token = api.token_with("user:read", "hooks:read")
    answer = api.get("/users/me/current-authorization", token=token).json
    assert answer == {"authorization": {"authUsed": "token", "scope": ["hooks:read", "user:read"]}}


def test_roles_can_be_limited_to_a_category(api: Api) -> None:
    answer = api.get("/users/roles?category=team").json
    assert answer is not None
    assert answer["usersRoles"][0] == {"id": 1, "name": "Team Admin"}
    assert [role["id"] for role in answer["usersRoles"]] == [1, 3, 4, 6, 7]


def test_roles_can_be_limited_to_one_and_some_left_out(api: Api) -> None:
    def ids(query: str) -> list[int]:
        answer = api.get(f"/users/roles?{query}").json
        assert answer is not None
        return [role["id"] for role in answer["usersRoles"]]

    assert ids("roleId=3&teamId=1") == [3]
    assert ids("roleId=99") == []
    assert ids("category=team&excludeRole[]=1&excludeRole[]=7") == [3, 4, 6]
    assert api.get("/users/roles?roleId=owner").status_code == 400
    assert api.get("/users/roles?organizationId=1", token=STRANGER).status_code == 404


def test_a_role_tells_its_permissions(api: Api) -> None:
    answer = api.get("/users/roles/14").json
    assert answer == {
        "usersRole": {
            "id": 14,
            "name": "Accountant",
            "identifier": None,
            "category": "organization",
            "subsidiary": False,
            "managementType": "system_locked",
            "description": None,
            "permissions": ["organization view", "payments get"],
        }
    }
    for unknown in ("99", "owner"):
        refused = api.get(f"/users/roles/{unknown}")
        assert refused.status_code == 404
        assert refused.json is not None
        assert refused.json["detail"] == f"Role '{unknown}' not found."


def test_the_fixed_lists_hold_what_sources_show(api: Api) -> None:
    zones = api.get("/enums/timezones").json
    countries = api.get("/enums/countries").json
    regions = api.get("/enums/imt-regions").json
    assert zones is not None
    assert countries is not None
    assert regions is not None
    prague = {"id": 113, "name": "(GMT+01:00) Europe/Prague", "code": "Europe/Prague", "offset": "+0100"}
    assert prague in zones["timezones"]
    assert countries["countries"][:3] == [
        {"id": 4, "name": "Afghanistan", "code": "AFG", "code2": "af"},
        {"id": 5, "name": "Åland Islands", "code": "ALA", "code2": "ax"},
        {"id": 6, "name": "Albania", "code": "ALB", "code2": "al"},
    ]
    assert regions["imtRegions"][0]["id"] == 1
