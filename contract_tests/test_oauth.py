"""OAuth 2.0: the public documents of the authorization server, and what it answers to strangers."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from make_emulator.contract.target import Target

AUTHORIZATION_HOST, MCP_HOST = "www.make.com", "mcp.make.com"

#: A redirect URI that no client has.
STRANGE_REDIRECT = "https://contract.invalid/callback"


def document(response: requests.Response) -> dict[str, Any]:
    """The JSON object of a response that must be 200."""
    assert response.status_code == 200, response.text[:300]
    body: dict[str, Any] = response.json()
    return body


@pytest.mark.fidelity("oauth.discovery", "oauth.issuers")
def test_the_document_of_openid_connect_has_the_documented_keys(target: Target) -> None:
    found = document(target.get_public(AUTHORIZATION_HOST, "/.well-known/openid-configuration"))
    issuer = found["issuer"]
    assert {name: value for name, value in found.items() if str(value).startswith(issuer)} == {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/v2/authorize",
        "token_endpoint": f"{issuer}/oauth/v2/token",
        "revocation_endpoint": f"{issuer}/oauth/v2/revoke",
        "jwks_uri": f"{issuer}/oauth/v2/oidc/jwks",
        "userinfo_endpoint": f"{issuer}/oauth/v2/oidc/userinfo",
        "rename_connection_endpoint": f"{issuer}/oauth/v2/rename",
    }
    assert found["response_types_supported"] == ["code"]
    assert found["scopes_supported"] == ["openid"]
    assert found["claims_supported"] == ["sub"]
    assert found["id_token_signing_alg_values_supported"] == ["RS256"]
    assert found["code_challenge_methods_supported"] == ["S256"]


@pytest.mark.fidelity("oauth.client-authentication")
def test_clients_authenticate_in_the_form(target: Target) -> None:
    found = document(target.get_public(AUTHORIZATION_HOST, "/.well-known/openid-configuration"))
    assert found["token_endpoint_auth_methods_supported"] == ["client_secret_post"]


@pytest.mark.fidelity("oauth.discovery-mcp", "oauth.issuers")
def test_the_issuer_for_mcp_clients_offers_registration(target: Target) -> None:
    path = "/.well-known/oauth-authorization-server/mcp"
    found = document(target.get_public(AUTHORIZATION_HOST, path))
    origin = found["issuer"].removesuffix("/mcp")
    assert found["issuer"] == f"{origin}/mcp"
    assert found["authorization_endpoint"] == f"{origin}/oauth/v2/authorize"
    assert found["token_endpoint"] == f"{origin}/oauth/v2/token"
    assert found["registration_endpoint"] == f"{origin}/oauth/v2/register/mcp"
    assert found["token_endpoint_auth_methods_supported"] == ["client_secret_post"]
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert not found.get("scopes_supported")


@pytest.mark.fidelity("oauth.resource-metadata")
def test_the_mcp_server_names_its_issuer(target: Target) -> None:
    found = document(target.get_public(MCP_HOST, "/.well-known/oauth-protected-resource"))
    assert found["resource"].endswith("/")
    [issuer] = found["authorization_servers"]
    assert issuer.endswith("/mcp")


@pytest.mark.fidelity("oauth.redirect-match")
def test_an_unknown_client_is_not_redirected_to_where_it_wants(target: Target) -> None:
    query = f"client_id=contract-unknown&response_type=code&redirect_uri={STRANGE_REDIRECT}"
    response = target.get_public(AUTHORIZATION_HOST, f"/oauth/v2/authorize?{query}")
    assert not response.headers.get("Location", "").startswith(STRANGE_REDIRECT)


@pytest.mark.fidelity("oauth.userinfo")
def test_userinfo_takes_a_token(target: Target) -> None:
    assert target.get_public(AUTHORIZATION_HOST, "/oauth/v2/oidc/userinfo").status_code == 401
