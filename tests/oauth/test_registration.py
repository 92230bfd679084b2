from __future__ import annotations

from typing import Any

import pytest

from helpers.api import ApiClient
from helpers.oauth import CALLBACK, OAuthHarness, assert_oauth_error


def test_a_client_registers_itself(oauth: OAuthHarness) -> None:
    client = oauth.register(client_uri="https://agent.example", software_id="agent", unknown={"a": 1})
    id, secret = client.pop("client_id"), client.pop("client_secret")
    assert len(id) == 36
    assert len(secret) >= 32
    assert client.pop("client_id_issued_at") > 1_700_000_000
    assert client == {
        "client_secret_expires_at": 0,
        "client_name": "Agent",
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "client_secret_post",
        "client_uri": "https://agent.example",
        "software_id": "agent",
    }
    other = oauth.register()
    assert (other["client_id"], other["client_secret"]) != (id, secret)


@pytest.mark.parametrize("method", ["none", "client_secret_basic", "client_secret_post"])
def test_every_client_gets_a_secret(oauth: OAuthHarness, method: str) -> None:
    client = oauth.register(token_endpoint_auth_method=method)
    assert client["token_endpoint_auth_method"] == "client_secret_post"
    assert client["client_secret"]


def test_a_registered_scope_limits_the_client(oauth: OAuthHarness) -> None:
    assert oauth.register(scope="teams:read mcp:use profile")["scope"] == "mcp:use teams:read"


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example/cb",
        "https://app.example:8443/cb?x=1",
        "http://localhost/cb",
        "http://127.0.0.1:1/",
        "http://[::1]:3000/cb",
        "cursor://anysphere.cursor-mcp/oauth/callback",
        "com.example.app:/cb",
    ],
)
def test_redirect_uris_of_web_and_native_apps_are_accepted(oauth: OAuthHarness, uri: str) -> None:
    assert oauth.register(redirect_uris=[uri])["redirect_uris"] == [uri]


@pytest.mark.parametrize(
    "uris",
    [
        None,
        [],
        "https://app.example/cb",
        [1],
        [""],
        ["/relative"],
        ["app.example/cb"],
        ["https://"],
        ["https:///cb"],
        ["http://app.example/cb"],
        ["http://localhost.evil.example/cb"],
        ["https://app.example/cb#part"],
        ["https://app.example/#"],
        ["https://user:password@app.example/cb"],
        ["https://app.example\\@evil.example/"],
        ["https://app.example/a b"],
        ["https://app.example/\r\nX: 1"],
        ["https://äpp.example/cb"],
        ["https://app.example:99999/cb"],
        ["https://[::1/cb"],
        ["javascript:alert(1)"],
        ["JavaScript:alert(1)"],
        ["data:text/html,x"],
        ["file:///etc/passwd"],
        ["https://app.example/" + "x" * 2048],
        ["https://app.example/cb"] * 21,
    ],
)
def test_other_redirect_uris_are_refused(oauth: OAuthHarness, uris: Any) -> None:
    response = oauth.post("/oauth/v2/register/mcp", json={"redirect_uris": uris})
    assert assert_oauth_error(response, "invalid_redirect_uri").endswith(".")


@pytest.mark.parametrize(
    "metadata",
    [
        {"grant_types": ["password"]},
        {"grant_types": ["refresh_token"]},
        {"grant_types": []},
        {"grant_types": "authorization_code"},
        {"grant_types": [["authorization_code"]]},
        {"response_types": ["token"]},
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"token_endpoint_auth_method": ["none"]},
        {"client_name": 1},
        {"client_name": "x" * 201},
        {"scope": ["mcp:use"]},
        {"client_uri": {}},
    ],
)
def test_other_metadata_are_refused(oauth: OAuthHarness, metadata: dict[str, Any]) -> None:
    body = {"redirect_uris": [CALLBACK], **metadata}
    response = oauth.post("/oauth/v2/register/mcp", json=body)
    assert assert_oauth_error(response, "invalid_client_metadata").endswith(".")


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"1", b"null", b"{", b'{"redirect_uris":', b"\xff", b'"\\ud800"']
)
def test_other_bodies_are_refused(oauth: OAuthHarness, body: bytes) -> None:
    response = oauth.post("/oauth/v2/register/mcp", data=body, content_type="application/json")
    assert_oauth_error(response, "invalid_client_metadata")


def test_the_body_is_json(oauth: OAuthHarness) -> None:
    response = oauth.post("/oauth/v2/register/mcp", data={"redirect_uris": CALLBACK})
    assert_oauth_error(response, "invalid_client_metadata")


def test_a_name_is_one_line(oauth: OAuthHarness) -> None:
    assert oauth.register(client_name=" My\r\n agent ")["client_name"] == "My agent"
    assert oauth.register(client_name="  ")["client_name"] == "MCP client"


def test_registered_clients_are_bounded(oauth: OAuthHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("make_emulator.oauth.authorization_server.MAX_CLIENTS", 2)
    first, second, third = (oauth.register()["client_id"] for _ in range(3))
    statuses = [oauth.authorize(client_id=id).status_code for id in (first, second, third)]
    assert statuses == [400, 302, 302]


def test_the_secret_of_a_registered_client_is_not_logged(oauth: OAuthHarness, api: ApiClient) -> None:
    client = oauth.register()
    log = api.control("GET", "/worlds/default/requests").get_data(as_text=True)
    assert client["client_id"] in log
    assert client["client_secret"] not in log
