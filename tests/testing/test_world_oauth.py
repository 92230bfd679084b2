"""OAuth 2.0 in tests of users: `World.oauth`, and the fixture ``make_oauth``."""

from __future__ import annotations

import pytest
import requests

from helpers.oauth import query_of
from make_emulator import World
from make_emulator.client.control import ControlError
from make_emulator.testing.oauth import WorldOAuth


def call(world: World, path: str, access_token: str) -> requests.Response:
    headers = {"Authorization": f"Bearer {access_token}"}
    return requests.get(world.base_url + path, headers=headers, timeout=60)


def test_the_fixture_is_that_of_the_world(make_world: World, make_oauth: WorldOAuth) -> None:
    assert make_oauth is make_world.oauth
    origin = make_world.base_url.removesuffix("/api/v2")
    assert make_oauth.issuer == origin
    assert make_oauth.mcp_issuer == f"{origin}/mcp"
    document = requests.get(f"{origin}/.well-known/openid-configuration", timeout=60).json()
    assert document["issuer"] == make_oauth.issuer
    assert document["authorization_endpoint"] == make_oauth.authorization_url
    assert document["token_endpoint"] == make_oauth.token_url
    assert document["revocation_endpoint"] == make_oauth.revocation_url


def test_a_test_logs_in_without_a_browser(make_world: World, make_oauth: WorldOAuth) -> None:
    client = make_oauth.create_client("Reporter", scopes=["teams:read"])
    tokens = make_oauth.log_in(client)
    assert call(make_world, f"/teams/{make_world.team_id}", tokens["access_token"]).status_code == 200
    assert call(make_world, "/scenarios?teamId=1", tokens["access_token"]).status_code == 403
    make_world.clock.advance(hours=1)
    assert call(make_world, "/users/me", tokens["access_token"]).status_code == 401
    tokens = make_oauth.refresh(client, tokens["refresh_token"])
    assert call(make_world, "/users/me", tokens["access_token"]).status_code == 200
    [row] = [row for row in make_world.access_report() if row["label"] == "Reporter"]
    assert row["refused"] == ["scenarios:read"]
    make_world.requests.assert_called("GET", "/users/me", times=2)


def test_a_public_client_logs_in_as_another_user(make_world: World, make_oauth: WorldOAuth) -> None:
    client = make_oauth.create_client(public=True, redirect_uris=["https://app.example/cb"])
    assert client.secret is None
    tokens = make_oauth.log_in(client, ["openid", "teams:read"], user_id=2, organization_id=2)
    assert "refresh_token" not in tokens
    assert "id_token" in tokens
    assert call(make_world, f"/teams/{make_world.team_id}", tokens["access_token"]).status_code == 404


def test_a_request_of_the_code_under_test_is_approved_or_refused(make_oauth: WorldOAuth) -> None:
    client = make_oauth.create_client(redirect_uris=["https://app.example/cb"])
    query = {
        "client_id": client.id,
        "redirect_uri": "https://app.example/cb",
        "response_type": "code",
        "state": "x",
    }
    response = requests.get(make_oauth.authorization_url, params=query, timeout=60)
    assert response.status_code == 200
    [request] = make_oauth.requests()
    assert request["clientName"] == "Test client"
    assert set(query_of(make_oauth.approve(request["id"], scopes=["teams:read"]))) == {"code", "state"}
    assert make_oauth.requests() == []
    assert query_of(make_oauth.refuse(response.url))["error"] == "access_denied"
    assert [row["id"] for row in make_oauth.clients() if row["name"] == "Test client"] == [client.id]


def test_what_is_invalid_raises_with_the_reason(make_oauth: WorldOAuth) -> None:
    client = make_oauth.create_client(scopes=["teams:read"])
    with pytest.raises(ControlError, match="There is no waiting authorization request 99"):
        make_oauth.approve(99)
    with pytest.raises(ControlError, match="There is no client of this client_id"):
        make_oauth.approve("https://www.make.com/oauth/v2/authorize?client_id=x")
    with pytest.raises(ControlError, match="The client may not ask for hooks:read"):
        make_oauth.log_in(client, ["hooks:read"])
    with pytest.raises(ControlError, match="does not belong to that organization"):
        make_oauth.log_in(client, organization_id=2)
    with pytest.raises(ControlError, match="invalid_grant"):
        make_oauth.refresh(client, "eyJ.eyJ.x")
    with pytest.raises(ControlError, match="a redirect URI with http is on loopback"):
        make_oauth.create_client(redirect_uris=["http://app.example/"])


def test_the_client_of_another_world_is_refused(make_world: World, make_emulator: object) -> None:
    from make_emulator import MakeEmulator

    assert isinstance(make_emulator, MakeEmulator)
    other = make_emulator.create_world()
    try:
        client = other.oauth.create_client()
        with pytest.raises(ControlError, match="The client belongs to another world"):
            make_world.oauth.log_in(client)
    finally:
        other.delete()


def test_secrets_are_not_shown_by_repr(make_oauth: WorldOAuth) -> None:
    client = make_oauth.create_client()
    assert client.secret is not None
    assert client.secret not in repr(client)
