"""The whole way of an MCP client: from the challenge of a 401 to a call with an access token."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from werkzeug.datastructures import WWWAuthenticate

from helpers.api import ApiClient, assert_ok, assert_status
from helpers.mcp import McpHarness, frame
from helpers.oauth import CALLBACK, PKCE, VERIFIER, OAuthHarness, query_of


def document(api: ApiClient, url: str) -> dict[str, Any]:
    """The JSON at a URL of the application."""
    parts = urlsplit(url)
    response = api.app.test_client().get(parts.path, base_url=f"{parts.scheme}://{parts.netloc}")
    return assert_ok(response)


@pytest.mark.parametrize(
    ("origin", "path"),
    [
        ("http://localhost", "/mcp/stateless"),
        ("https://mcp.make.com", "/"),
        ("https://eu1.make.com", "/mcp/stateless"),
    ],
)
def test_a_client_finds_its_way_from_the_challenge(api: ApiClient, origin: str, path: str) -> None:
    mcp = McpHarness(api, path, token=None)
    refused = mcp.post(frame("tools/list"), base_url=origin)
    assert refused.status_code == 401
    challenge = WWWAuthenticate.from_header(refused.headers["WWW-Authenticate"])
    assert challenge is not None
    resource = document(api, challenge["resource_metadata"] or "")
    assert f"{origin}{path}".startswith(resource["resource"])
    [issuer] = resource["authorization_servers"]
    parts = urlsplit(issuer)
    metadata = document(
        api, f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server{parts.path}"
    )
    assert metadata["issuer"] == issuer

    oauth = OAuthHarness(api, base_url=f"{parts.scheme}://{parts.netloc}")
    for name in ("authorization", "token", "registration"):
        assert metadata[f"{name}_endpoint"].startswith(f"{oauth.base_url}/oauth/v2/")
    agent = oauth.register(token_endpoint_auth_method="none")
    own = {"client_id": agent["client_id"], "client_secret": agent["client_secret"]}
    target = {"resource": resource["resource"]}
    code = oauth.code(client_id=agent["client_id"], scope="openid email profile", **PKCE, **target)
    tokens = assert_ok(oauth.token(code=code, code_verifier=VERIFIER, redirect_uri=CALLBACK, **own, **target))

    mcp.token = tokens["access_token"]
    tools = mcp.tools(base_url=origin)
    assert "s1_greeting" in tools
    assert "teams_list" in tools
    fresh = assert_ok(oauth.refresh(tokens["refresh_token"], **own, **target))
    mcp.token = fresh["access_token"]
    assert mcp.tools(base_url=origin).keys() == tools.keys()


def test_an_access_token_serves_the_tools_of_its_organization_and_scopes(oauth: OAuthHarness) -> None:
    tokens = oauth.tokens(user_id=2, scope="mcp:use teams:read")
    mcp = McpHarness(oauth.api, token=tokens["access_token"])
    tools = mcp.tools()
    assert "teams_list" in tools
    assert "s1_greeting" not in tools
    assert "connections_list" not in tools


def test_an_expired_access_token_starts_the_login_again(oauth: OAuthHarness) -> None:
    tokens = oauth.tokens()
    oauth.api.world.clock.advance(3600)
    response = McpHarness(oauth.api, token=tokens["access_token"]).post(frame("tools/list"))
    assert response.status_code == 401
    assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]


def test_the_log_of_a_tool_call_names_the_client(oauth: OAuthHarness) -> None:
    tokens = oauth.tokens()
    mcp = McpHarness(oauth.api, token=tokens["access_token"])
    mcp.request("tools/call", {"name": "users_me", "arguments": {}})
    entries = oauth.api.control("GET", "/worlds/default/requests").get_json()["requests"]
    assert any("client Example App" in entry["sentence"] and "mcp" in entry["path"] for entry in entries)


def test_a_refused_consent_reaches_the_client(oauth: OAuthHarness) -> None:
    agent = oauth.register()
    assert_status(oauth.authorize(client_id=agent["client_id"], **PKCE))
    response = oauth.api.control("POST", "/worlds/default/oauth/requests/1/refuse")
    assert query_of(assert_status(response)["redirectTo"])["error"] == "access_denied"
