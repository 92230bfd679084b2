from __future__ import annotations

from typing import Any

import pytest

from helpers.api import ApiClient, token_of_role
from make_emulator.api import endpoints
from make_emulator.http.endpoint import Endpoint
from make_emulator.world import organizations, roles


def refusal(response: Any) -> str:
    """The permission that was missing; nothing if there was no such refusal."""
    body = response.json or {}
    if body.get("code") != "IM002":
        return ""
    assert response.status_code == 403
    assert set(body) == {"detail", "message", "code"}
    assert body["message"] == "Insufficient rights"
    assert body["detail"].startswith("Insufficient rights, ")
    return str(body["detail"].split('"')[1])


#: A request, the permission that it takes, and the team roles that have it.
EVERY = {"admin", "member", "monitoring", "operator", "restricted member"}
REQUESTS = [
    ("GET", "/scenarios?teamId=1", None, "scenarios get", EVERY),
    ("GET", "/scenarios/1/logs", None, "scenario logs get", EVERY),
    ("POST", "/scenarios/1/stop", None, "scenario stop", EVERY - {"monitoring"}),
    ("PATCH", "/scenarios/4", {"name": "New"}, "scenario edit", {"admin", "member", "restricted member"}),
    (
        "PATCH",
        "/scenarios/4",
        {"scheduling": '{"type":"on-demand"}'},
        "scenario scheduling",
        EVERY - {"monitoring"},
    ),
    ("DELETE", "/scenarios/4", None, "scenario delete", {"admin", "member"}),
    ("GET", "/data-stores?teamId=1", None, "datastores get", EVERY - {"monitoring"}),
    (
        "POST",
        "/data-stores/2/data",
        {"key": "a"},
        "datastore edit",
        {"admin", "member", "restricted member"},
    ),
    ("GET", "/data-structures/1", None, "udts get", EVERY - {"monitoring"}),
    ("PATCH", "/teams/1", {"name": "New"}, "team edit", {"admin", "member"}),
    ("DELETE", "/teams/1?confirmed=true", None, "team delete", {"admin"}),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "permission", "allowed"), REQUESTS, ids=[row[3] for row in REQUESTS]
)
@pytest.mark.parametrize("role", sorted(EVERY))
def test_a_team_role_opens_what_its_permissions_say(
    api: ApiClient, role: str, method: str, path: str, body: Any, permission: str, allowed: set[str]
) -> None:
    response = api.call(method, path, json=body, token=token_of_role(api, role))
    if role in allowed:
        assert response.status_code == 200, response.json
    else:
        assert refusal(response) == permission


@pytest.mark.parametrize(
    ("role", "allowed"), [("admin", True), ("member", False), ("accountant", False), ("app developer", False)]
)
def test_only_owners_and_administrators_change_an_organization_and_add_teams(
    api: ApiClient, role: str, allowed: bool
) -> None:
    token = token_of_role(api, role, team=False)
    assert api.get("/organizations/1", token=token).status_code == 200
    for response, permission in (
        (api.patch("/organizations/1", json={"name": "New"}, token=token), "organization edit"),
        (api.post("/teams", json={"name": "New", "organizationId": 1}, token=token), "team add"),
    ):
        assert refusal(response) == ("" if allowed else permission)


def test_the_owner_of_an_organization_is_an_administrator_of_each_of_its_teams(api: ApiClient) -> None:
    world = api.world
    world.team_members.remove((1, 1))
    assert api.delete("/teams/1?confirmed=true").json == {"team": 1}


def test_the_role_is_checked_in_every_team_that_the_request_names(api: ApiClient) -> None:
    token = token_of_role(api, "member")
    user = api.world.users[api.world.tokens[token].user_id]
    other, _ = organizations.create_team(
        api.world, api.world.users[1], api.world.organizations[1], name="Elsewhere"
    )
    organizations.add_team_member(api.world, user, other, role_id=4)
    body = {"name": "Copy", "targetTeamId": other.id}
    assert refusal(api.post("/data-structures/1/clone", json=body, token=token)) == "udt add"
    del body["targetTeamId"]
    assert api.post("/data-structures/1/clone", json=body, token=token).status_code == 200


def test_an_invisible_row_stays_hidden_whatever_the_role(api: ApiClient) -> None:
    assert api.delete("/scenarios/5", token=token_of_role(api, "monitoring")).status_code == 404


def test_the_request_log_says_that_the_role_lacks_the_permission(api: ApiClient) -> None:
    api.delete("/scenarios/4", token=token_of_role(api, "operator"))
    *_, entry = api.handle.request_log
    view = entry.to_json()
    assert (view["decision"], view["code"], view["organizationId"]) == ("refused: role", "IM002", 1)
    assert view["sentence"] == (
        "operator (token operator): DELETE /scenarios/4 in organization 1 -> 403: "
        'Insufficient rights, admin permission "scenario delete" is needed'
    )


def test_an_unknown_role_permits_nothing(api: ApiClient) -> None:
    token = token_of_role(api, "member")
    user_id = api.world.tokens[token].user_id
    organizations.add_team_member(api.world, api.world.users[user_id], api.world.teams[1], role_id=999)
    assert refusal(api.get("/scenarios/1", token=token)) == "scenario view"


@pytest.mark.parametrize("endpoint", endpoints(), ids=lambda e: e.name)
def test_every_endpoint_says_which_permission_it_takes_or_why_none(endpoint: Endpoint) -> None:
    assert bool(endpoint.permissions) != bool(endpoint.no_permission), (
        f"declare the permission= that {endpoint.route} takes, or no_permission= with the reason"
    )
    for permission in (*endpoint.permissions, *endpoint.permission_of.values()):
        assert permission in roles.PERMISSION_CATEGORIES


def test_roles_are_listed_with_their_permissions_when_requested(api: ApiClient) -> None:
    columns = "&".join(
        f"cols[]={name}"
        for name in ("id", "name", "identifier", "subsidiary", "category", "permissions", "description")
    )
    response = api.get(f"/users/roles?category=team&{columns}").json
    assert response is not None
    monitoring = next(role for role in response["usersRoles"] if role["name"] == "Team Monitoring")
    assert monitoring == {
        "id": 4,
        "name": "Team Monitoring",
        "identifier": "company:team-monitoring",
        "subsidiary": True,
        "category": "team",
        "permissions": [
            "dlq view",
            "scenario logs get",
            "scenario notifications",
            "scenario reset counters",
            "scenario view",
            "scenarios get",
            "team variables get",
            "team view",
            "template view",
            "templates get",
        ],
        "description": "Watches the team's scenarios and their executions, and changes nothing.",
    }
