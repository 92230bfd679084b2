"""Calls of the API with access tokens of OAuth."""

from __future__ import annotations

import base64
import json

import pytest
from werkzeug.test import TestResponse

from helpers.api import ADMIN_TOKEN, ApiClient
from make_emulator.app import registry_of
from make_emulator.http.errors import UnauthorizedError
from make_emulator.http.steps.authentication import resolve_token
from make_emulator.world import oauth, organizations
from make_emulator.world.world import World


@pytest.fixture
def world(api: ApiClient) -> World:
    handle = registry_of(api.app).default()
    assert handle is not None
    return handle.world


@pytest.fixture
def token(world: World) -> str:
    """An access token of Ada for organization 3, which she joined besides organization 1."""
    ada, otto = world.users[1], world.users[2]
    organization, _ = organizations.create_organization(
        world, otto, name="Third", country_id=1, timezone_id=113, id=3
    )
    organizations.create_team(world, otto, organization, name="Third team", id=3)
    organizations.add_organization_member(world, ada, organization)
    organizations.add_team_member(world, ada, world.teams[3])
    client = oauth.create_client(
        world, name="Reporter", redirect_uris=["https://app.example/cb"], scopes=["teams:read"]
    )
    grant = oauth.create_grant(world, client, ada, organization, ["teams:read", "organizations:read"])
    id = world.ids.uuid4()
    claims = base64.urlsafe_b64encode(json.dumps({"jti": id}).encode()).rstrip(b"=").decode()
    return oauth.add_token(
        world,
        grant,
        oauth.ACCESS,
        id=id,
        text=f"eyJhbGciOiJSUzI1NiJ9.{claims}.c2lnbmF0dXJl",
        scopes=grant.scopes,
        expires=world.now() + oauth.ACCESS_TOKEN_LIFETIME,
    ).text


def _get(api: ApiClient, path: str, token: str, scheme: str = "Bearer") -> TestResponse:
    return api.get(path, token=None, headers={"Authorization": f"{scheme} {token}"})


def test_the_organization_of_the_grant_is_served_and_others_do_not_exist(api: ApiClient, token: str) -> None:
    assert _get(api, "/teams/3", token).get_json()["team"]["name"] == "Third team"
    listed = _get(api, "/organizations", token).get_json()["organizations"]
    assert [row["id"] for row in listed] == [3]
    hidden, absent = _get(api, "/teams/1", token), _get(api, "/teams/99", token)
    assert (hidden.status_code, absent.status_code) == (404, 404)
    assert hidden.get_data(as_text=True).replace("1", "99") == absent.get_data(as_text=True)
    assert api.get("/teams/1").status_code == 200, "the same user has access with an API token"


def test_scopes_are_those_of_api_tokens(api: ApiClient, token: str) -> None:
    response = _get(api, "/scenarios?teamId=3", token)
    assert (response.status_code, response.get_json()["code"]) == (403, "SC403")
    authorization = _get(api, "/users/me/current-authorization", token).get_json()["authorization"]
    assert authorization == {"authUsed": "oauth", "scope": ["organizations:read", "teams:read"]}
    assert _get(api, "/users/me", token).headers["authtype"] == "oauth"


def test_an_expired_access_token_is_401(api: ApiClient, world: World, token: str) -> None:
    world.clock.advance(3600)
    response = _get(api, "/teams/3", token)
    assert (response.status_code, response.get_json()["code"]) == (401, "SC401")


def test_the_scheme_of_an_access_token_is_bearer(api: ApiClient, token: str) -> None:
    assert _get(api, "/teams/3", token, scheme="Token").status_code == 401


def test_the_log_names_the_client_and_not_its_token(api: ApiClient, token: str) -> None:
    _get(api, "/teams/3", token)
    entry = api.control("GET", "/worlds/default/requests").get_json()["requests"][-1]
    assert entry["sentence"] == "Ada Maker (client Reporter): GET /teams/3 in organization 3 -> 200"
    assert entry["tokenLabel"] == "Reporter"


def test_an_expired_access_token_is_logged_in_its_own_world(api: ApiClient, token: str, world: World) -> None:
    api.control("POST", "/worlds", json={"name": "other"})
    document = api.control("GET", "/worlds/default/snapshot").get_json()
    api.control("DELETE", "/worlds/default")
    restored = api.control("PUT", "/worlds/other/snapshot", json=document)
    assert restored.status_code == 200
    assert _get(api, "/teams/3", token).status_code == 200
    api.control("POST", "/worlds", json={"name": "default"})
    api.control("POST", "/worlds/other/clock/advance", json={"seconds": 3600})
    assert _get(api, "/teams/3", token).status_code == 401
    entry = api.control("GET", "/worlds/other/requests").get_json()["requests"][-1]
    assert entry["sentence"].endswith(
        "-> 401: Invalid token header. The access token has expired or was revoked"
    )


def test_the_access_report_counts_the_calls_of_the_client(api: ApiClient, token: str) -> None:
    _get(api, "/teams/3", token)
    _get(api, "/scenarios?teamId=3", token)
    rows = api.control("GET", "/worlds/default/access-report").get_json()["tokens"]
    [row] = [row for row in rows if row["label"] == "Reporter"]
    assert (row["calls"], row["used"], row["refused"]) == (2, ["teams:read"], ["scenarios:read"])
    assert row["neverUsed"] == ["organizations:read"]


def test_the_access_report_lists_a_grant_that_was_not_used(api: ApiClient, token: str) -> None:
    rows = api.control("GET", "/worlds/default/access-report").get_json()["tokens"]
    [row] = [row for row in rows if row["label"] == "Reporter"]
    assert (row["calls"], row["user"]) == (0, "Ada Maker")
    assert row["granted"] == row["neverUsed"] == ["organizations:read", "teams:read"]


def test_a_token_is_resolved_whatever_carried_it(api: ApiClient, token: str) -> None:
    registry = registry_of(api.app)
    caller = resolve_token(registry, token)
    assert (caller.handle.name, caller.user.name, caller.token.only_organization_id) == (
        "default",
        "Ada Maker",
        3,
    )
    caller = resolve_token(registry, ADMIN_TOKEN)
    assert (caller.token.label, caller.token.only_organization_id) == ("admin", None)
    for text in ("", "x", token + "x", ADMIN_TOKEN[:-1]):
        with pytest.raises(UnauthorizedError):
            resolve_token(registry, text)


def test_a_fault_of_the_client_strikes_its_calls_only(api: ApiClient, token: str) -> None:
    api.control("POST", "/worlds/default/faults", json={"token": "Reporter", "status": 503})
    assert _get(api, "/teams/3", token).status_code == 503
    assert api.get("/teams/3").status_code == 200
