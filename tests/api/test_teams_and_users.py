from __future__ import annotations

from typing import Any

import pytest

from helpers.api import OUTSIDER_TOKEN, ApiClient
from make_emulator.world import organizations
from make_emulator.world.clock import format_iso


def test_teams_are_listed_as_recorded(api: ApiClient) -> None:
    response = api.get("/teams?organizationId=1").json
    assert response is not None
    assert response["teams"] == [
        {"id": 1, "name": "Example Team", "organizationId": 1, "globalAgentsEnabled": False}
    ]


def test_a_member_sees_only_the_teams_that_he_belongs_to(api: ApiClient) -> None:
    created = api.post("/teams", json={"name": "Ada's own", "organizationId": 1}).json
    assert created is not None
    mia = api.control("POST", "/worlds/default/tokens", json={"scopes": ["teams:read"], "userId": 3}).json
    assert mia is not None
    response = api.get("/teams?organizationId=1", token=mia["token"]).json
    assert response is not None
    assert [team["id"] for team in response["teams"]] == [1]
    assert api.get(f"/teams/{created['team']['id']}", token=mia["token"]).status_code == 404


def test_a_new_team_comes_after_the_role_of_its_creator(api: ApiClient) -> None:
    response = api.post("/teams", json={"name": "New", "organizationId": 1, "operationsLimit": 500}).json
    assert response is not None
    assert list(response) == ["userTeamRole", "team"]
    assert response["userTeamRole"] == {
        "usersRoleId": 1,
        "userId": 1,
        "teamId": 3,
        "changeable": False,
        "ssoPending": False,
    }
    assert response["team"] == {
        "id": 3,
        "name": "New",
        "organizationId": 1,
        "operationsLimit": 500,
        "transferLimit": "268435456",
        "consumedOperations": 0,
        "consumedTransfer": "0",
        "isPaused": False,
        "globalAgentsEnabled": False,
    }


def test_a_team_is_renamed(api: ApiClient) -> None:
    response = api.patch("/teams/1", json={"name": "Renamed"}).json
    assert response is not None
    assert response["team"]["name"] == "Renamed"


def test_deleting_a_team_needs_confirmation_and_takes_everything_along(api: ApiClient) -> None:
    assert api.delete("/teams/1").status_code == 406
    assert api.get("/teams/1").status_code == 200
    assert api.delete("/teams/1?confirmed=true").json == {"team": 1}
    for path in ("/teams/1", "/scenarios/1", "/data-stores/1", "/data-structures/1"):
        assert api.get(path).status_code == 404, path


def test_a_teams_columns_show_what_it_consumed(api: ApiClient) -> None:
    response = api.get("/teams/1?cols[]=operations&cols[]=centicredits&cols[]=activeScenarios").json
    assert response is not None
    operations = response["team"]["operations"]
    assert response["team"] == {
        "operations": operations,
        "centicredits": str(100 * int(operations)),
        "activeScenarios": 3,
    }


def test_a_teams_limit_is_changed_and_shown_on_request(api: ApiClient) -> None:
    path = "/teams/1?cols[]=name&cols[]=operationsLimit"
    assert api.patch(path, json={"operationsLimit": 500, "scenarioDrafts": True}).json == {
        "team": {"name": api.world.teams[1].name, "operationsLimit": 500}
    }
    assert api.patch(path, json={"operationsLimit": 0}).status_code == 400
    assert api.world.teams[1].operations_limit == 500
    assert api.patch("/teams/1?cols[]=transferLimit", json={"operationsLimit": 1}).json == {
        "team": {"transferLimit": "536870"}
    }


def test_users_have_their_last_login_and_on_request_their_teams(api: ApiClient) -> None:
    world = api.world
    second, _ = organizations.create_team(world, world.users[1], world.organizations[1], name="Second")
    response = api.get("/users?organizationId=1&cols[]=id&cols[]=tfaStatus&cols[]=userTeamIds").json
    assert response is not None
    assert response["users"] == [
        {"id": 3, "tfaStatus": 0, "userTeamIds": [1]},
        {"id": 1, "tfaStatus": 0, "userTeamIds": [1, second.id]},
    ]
    response = api.get("/users?teamId=1&cols[]=userTeamIds").json
    assert response is not None
    assert response["users"] == [{"userTeamIds": None}, {"userTeamIds": None}]
    response = api.get("/users?teamId=1").json
    assert response is not None
    ada = response["users"][1]
    assert list(ada)[-3:] == ["avatar", "lastLogin", "tfaStatus"]
    assert ada["lastLogin"] == format_iso(world.users[1].last_login)


def test_users_of_a_team_come_newest_first(api: ApiClient) -> None:
    response = api.get("/users?teamId=1").json
    assert response is not None
    assert [user["id"] for user in response["users"]] == [3, 1]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("organizationId=1", [3, 1]),
        ("organizationId=1&organizationRoleId=13", [3]),
        ("teamId=1&teamRoleId=1", [1]),
        ("teamId=1&name=mia", [3]),
        ("teamId=1&email=ADA@", [1]),
        ("teamId=1&pg[sortBy]=name&pg[sortDir]=asc", [1, 3]),
        ("teamId=1&pg[limit]=1&pg[offset]=1", [1]),
        ("organizationId=1&filterByTeamId=1", [3, 1]),
        ("organizationId=1&filterByTeamId=0", []),
        ("teamId=1&tfaStatus=0", [3, 1]),
        ("teamId=1&tfaStatus=1", []),
    ],
)
def test_users_can_be_found_by_role_name_and_address(api: ApiClient, query: str, ids: list[int]) -> None:
    response = api.get(f"/users?{query}").json
    assert response is not None
    assert [user["id"] for user in response["users"]] == ids


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("", "Missing required parameter teamId or organizationId"),
        ("teamId=1&organizationId=1", "teamId and organizationId cannot be used together"),
        ("teamId=1&organizationRoleId=13", "The role filter needs organizationId"),
        ("teamId=1&filterByTeamId=1", "The team filter needs organizationId"),
        ("teamId=1&tfaStatus=3", "Validation failed for 1 parameter(s)."),
    ],
)
def test_a_question_for_users_that_is_invalid_is_rejected(api: ApiClient, query: str, detail: str) -> None:
    response = api.get(f"/users?{query}")
    assert response.status_code == 400
    assert response.json is not None
    assert response.json["detail"] == detail


def test_users_of_a_hidden_team_are_403(api: ApiClient) -> None:
    assert api.get("/users?teamId=1", token=OUTSIDER_TOKEN).status_code == 403
    assert api.get("/users?organizationId=1&filterByTeamId=2").status_code == 403


def found(api: ApiClient, query: str, **options: Any) -> list[int]:
    response = api.get(f"/users/by-permission?{query}", **options).json
    assert response is not None
    assert list(response) == ["users"], response
    return [user["id"] for user in response["users"]]


def joined(api: ApiClient, *, organization: int, team: int | None = None) -> tuple[int, str]:
    """The id, and a token, of a new user with these roles in the first organization and team."""
    world = api.world
    user = organizations.create_user(world, name="New", email="new@example.com")
    organizations.add_organization_member(world, user, world.organizations[1], role_id=organization)
    if team is not None:
        organizations.add_team_member(world, user, world.teams[1], role_id=team)
    return user.id, organizations.create_token(world, user, ["user:read"], label="new").token


VIEWERS = "type=organization&permission=organization users view&organizationId=1"


def test_users_are_found_by_a_permission_in_an_organization(api: ApiClient) -> None:
    admin, _ = joined(api, organization=12)
    assert found(api, VIEWERS) == [admin, 1]
    assert found(api, VIEWERS.replace("users view", "view", 1)) == [admin, 3, 1]
    assert found(api, "type=organization&permission=access all teams&organizationId=1") == [1]


def test_users_are_found_by_a_permission_in_a_team(api: ApiClient) -> None:
    watcher, _ = joined(api, organization=13, team=4)
    assert found(api, "type=company&permission=team view&teamId=1") == [watcher, 3, 1]
    assert watcher not in found(api, "type=company&permission=scenario start&teamId=1")


def test_the_owner_holds_the_permissions_of_a_team_without_being_its_member(api: ApiClient) -> None:
    api.world.team_members.remove((1, 1))
    assert found(api, "type=company&permission=team delete&teamId=1") == [1]


def test_a_user_found_by_permission_has_three_columns_and_more_when_requested(api: ApiClient) -> None:
    short = api.get(f"/users/by-permission?{VIEWERS}").json
    assert short == {"users": [{"id": 1, "name": "Ada Maker", "email": "ada@example.com"}]}
    long = api.get(f"/users/by-permission?{VIEWERS}&cols[]=*").json
    assert long is not None
    [user] = long["users"]
    assert list(user) == [
        "id",
        "name",
        "email",
        "personalSpaceId",
        "language",
        "timezoneId",
        "localeId",
        "countryId",
        "avatar",
        "lastLogin",
        "invitationStatus",
    ]
    assert (user["personalSpaceId"], user["invitationStatus"], user["lastLogin"][-1]) == (None, None, "Z")


@pytest.mark.parametrize(
    ("query", "faults"),
    [
        (
            "",
            [
                "Missing value of required parameter 'type'.",
                "Missing value of required parameter 'permission'.",
            ],
        ),
        (
            "type=organization&permission=team view&teamId=1",
            [
                "Missing value of required parameter 'organizationId'.",
                "Invalid value of parameter 'permission'.",
            ],
        ),
        (
            "type=company&permission=organization users view&teamId=1",
            ["Invalid value of parameter 'permission'."],
        ),
        ("type=company&permission=team view", ["Missing value of required parameter 'teamId'."]),
        (
            "type=organization&permission=nonsense&organizationId=1",
            ["Invalid value of parameter 'permission'."],
        ),
        (
            "type=team&permission=team view&teamId=1",
            ["Parameter 'type' must be one of: organization, company."],
        ),
    ],
)
def test_a_permission_that_cannot_be_queried_is_rejected(
    api: ApiClient, query: str, faults: list[str]
) -> None:
    response = api.get(f"/users/by-permission?{query}")
    assert response.status_code == 400
    assert response.json is not None
    assert (response.json["code"], [each["message"] for each in response.json["suberrors"]]) == (
        "SC400",
        faults,
    )


def test_a_team_of_another_organization_is_rejected_whatever_the_type(api: ApiClient) -> None:
    made = api.post(
        "/organizations", json={"name": "Other", "regionId": 1, "timezoneId": 113, "countryId": 4}
    ).json
    assert made is not None
    both = f"organizationId={made['organization']['id']}&teamId=1"
    for requested in ("type=organization&permission=organization view", "type=company&permission=team view"):
        query = f"{requested}&{both}"
        response = api.get(f"/users/by-permission?{query}")
        assert response.status_code == 400
        assert response.json is not None
        assert response.json["detail"] == "The team belongs to another organization"


@pytest.mark.parametrize("query", [VIEWERS, "type=company&permission=team view&teamId=1"])
def test_only_who_may_view_the_users_of_an_organization_finds_them(api: ApiClient, query: str) -> None:
    _, member = joined(api, organization=13, team=1)
    _, admin = joined(api, organization=12, team=4)
    refused = api.get(f"/users/by-permission?{query}", token=member)
    assert refused.status_code == 403
    assert refused.json == {
        "detail": 'Insufficient rights, admin permission "organization users view" is needed.',
        "message": "Insufficient rights",
        "code": "IM002",
    }
    assert 1 in found(api, query, token=admin)


def test_users_by_permission_of_what_is_hidden_are_403(api: ApiClient) -> None:
    for query in (VIEWERS, "type=company&permission=team view&teamId=1"):
        assert api.get(f"/users/by-permission?{query}", token=OUTSIDER_TOKEN).status_code == 403
    # An administrator of the organization who is not in the team does not see the team.
    _, admin = joined(api, organization=12)
    hidden = api.get("/users/by-permission?type=company&permission=team view&teamId=1", token=admin)
    assert hidden.status_code == 403


def test_the_current_authorization_lists_the_scopes_of_the_token(api: ApiClient) -> None:
    token = api.token_with("user:read", "hooks:read")
    response = api.get("/users/me/current-authorization", token=token).json
    assert response == {"authorization": {"authUsed": "token", "scope": ["hooks:read", "user:read"]}}


def test_the_fixed_lists_hold_what_sources_show(api: ApiClient) -> None:
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
