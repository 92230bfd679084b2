"""OAuth clients in the control API; requests are tested with the authorization server."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.api import ApiClient, assert_ok, assert_refused, assert_status
from helpers.oauth import CLIENT_ID


def test_the_default_world_has_a_well_known_client(api: ApiClient) -> None:
    [client] = assert_ok(api.control("GET", "/worlds/default/oauth/clients"))["clients"]
    assert len(client.pop("scopes")) > 40
    assert client == {
        "id": CLIENT_ID,
        "name": "Example App",
        "redirectUris": [],
        "public": False,
        "dynamic": False,
        "allowLoopback": True,
        "autoApprove": False,
        "rotateRefreshTokens": True,
    }


def test_another_world_of_the_seed_has_a_client_of_its_own(api: ApiClient) -> None:
    assert_status(api.control("POST", "/worlds", json={"name": "other"}), 201)
    [client] = assert_ok(api.control("GET", "/worlds/other/oauth/clients"))["clients"]
    assert client["name"] == "Example App"
    assert client["id"] != CLIENT_ID


def test_a_client_is_created_with_its_settings(api: ApiClient) -> None:
    body = {
        "name": " App ",
        "redirectUris": ["https://app.example/cb"],
        "scopes": ["teams:read", "openid"],
        "autoApprove": True,
        "rotateRefreshTokens": False,
    }
    client = assert_status(api.control("POST", "/worlds/default/oauth/clients", json=body), 201)["client"]
    assert len(client.pop("secret")) == 32
    assert client in assert_ok(api.control("GET", "/worlds/default/oauth/clients"))["clients"]
    client.pop("id")
    assert client == {
        **body,
        "name": "App",
        "scopes": ["openid", "teams:read"],
        "public": False,
        "dynamic": False,
        "allowLoopback": False,
    }


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "Parameter 'name' must have 1 to 200 characters."),
        ({"name": " "}, "Parameter 'name' must have 1 to 200 characters."),
        ({"name": "x" * 201}, "Parameter 'name' must have 1 to 200 characters."),
        (
            {"name": "x", "redirectUris": ["x"]},
            "Invalid value of parameter 'redirectUris': a redirect URI is absolute",
        ),
        ({"name": "x", "redirectUris": [1]}, "Parameter 'redirectUris' must be a list of strings."),
        ({"name": "x", "allowLoopback": False}, "A client needs 'redirectUris', or 'allowLoopback'."),
        ({"name": "x", "scopes": []}, "Parameter 'scopes' must be a list of Make's scopes and openid."),
        (
            {"name": "x", "scopes": ["profile"]},
            "Parameter 'scopes' must be a list of Make's scopes and openid.",
        ),
        ({"name": "x", "public": 1}, "Invalid value of parameter 'public'."),
        ({"name": "x", "secret": "mine"}, "Unknown parameter 'secret'."),
    ],
)
def test_an_invalid_client_is_refused(api: ApiClient, body: dict[str, Any], reason: str) -> None:
    response = api.control("POST", "/worlds/default/oauth/clients", json=body)
    assert str(assert_refused(response)["detail"]).startswith(reason)
    assert len(api.world.oauth_clients) == 1


@pytest.mark.parametrize("url", ["", "http://[", "https://www.make.com/?client_id=a&client_id=b", "x"])
def test_an_invalid_url_of_a_request_is_refused(api: ApiClient, url: str) -> None:
    response = api.control("POST", "/worlds/default/oauth/requests", json={"url": url})
    assert response.status_code == 400
    assert assert_ok(api.control("GET", "/worlds/default/oauth/requests")) == {"requests": []}


def test_an_unknown_world_has_no_oauth(api: ApiClient) -> None:
    for method, path in (
        ("GET", "clients"),
        ("POST", "clients"),
        ("GET", "requests"),
        ("POST", "requests"),
        ("POST", "requests/1/approve"),
        ("POST", "requests/1/refuse"),
    ):
        assert api.control(method, f"/worlds/nowhere/oauth/{path}").status_code == 404


def test_a_snapshot_restores_into_another_world_only_without_the_clients_of_this_one(api: ApiClient) -> None:
    document = assert_ok(api.control("GET", "/worlds/default/snapshot"))
    assert_status(api.control("POST", "/worlds", json={"name": "other"}), 201)
    refused = api.control("PUT", "/worlds/other/snapshot", json=document)
    assert refused.status_code == 400
    assert_ok(api.control("PUT", "/worlds/default/snapshot", json=document))
    [client] = assert_ok(api.control("GET", "/worlds/default/oauth/clients"))["clients"]
    assert client["id"] == CLIENT_ID


def test_a_reset_brings_back_the_clients_of_the_seed(api: ApiClient) -> None:
    api.control("POST", "/worlds/default/oauth/clients", json={"name": "more"})
    assert_ok(api.control("POST", "/worlds/default/reset"))
    assert [client.name for client in api.world.oauth_clients] == ["Example App"]
