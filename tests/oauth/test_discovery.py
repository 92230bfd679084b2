from __future__ import annotations

import pytest

from helpers.api import ApiClient, assert_ok
from helpers.oauth import OAuthHarness


def test_the_document_of_openid_connect_is_the_documented_one(oauth: OAuthHarness) -> None:
    assert assert_ok(oauth.get("/.well-known/openid-configuration")) == {
        "issuer": "http://localhost",
        "authorization_endpoint": "http://localhost/oauth/v2/authorize",
        "token_endpoint": "http://localhost/oauth/v2/token",
        "revocation_endpoint": "http://localhost/oauth/v2/revoke",
        "jwks_uri": "http://localhost/oauth/v2/oidc/jwks",
        "userinfo_endpoint": "http://localhost/oauth/v2/oidc/userinfo",
        "rename_connection_endpoint": "http://localhost/oauth/v2/rename",
        "request_uri_parameter_supported": True,
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid"],
        "claims_supported": ["sub"],
        "grant_types_supported": ["authorization_code"],
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
    }
    other = oauth.get("/oidc/.well-known/openid-configuration")
    assert other.get_json() == oauth.get("/.well-known/openid-configuration").get_json()


def test_the_document_of_the_issuer_for_mcp_offers_registration(oauth: OAuthHarness) -> None:
    document = assert_ok(oauth.get("/.well-known/oauth-authorization-server/mcp"))
    assert document["issuer"] == "http://localhost/mcp"
    assert document["registration_endpoint"] == "http://localhost/oauth/v2/register/mcp"
    assert document["token_endpoint_auth_methods_supported"] == ["client_secret_post"]
    assert "scopes_supported" not in document
    assert oauth.get("/.well-known/oauth-authorization-server").get_json() == document


@pytest.mark.parametrize("path", ["", "/stateless", "/mcp/u/x"])
def test_the_document_of_the_mcp_server_names_its_issuer(oauth: OAuthHarness, path: str) -> None:
    document = assert_ok(oauth.get(f"/.well-known/oauth-protected-resource{path}"))
    assert document == {"resource": "http://localhost/", "authorization_servers": ["http://localhost/mcp"]}


@pytest.mark.parametrize(
    ("called", "issuer"),
    [
        ("https://www.make.com", "https://www.make.com"),
        ("https://mcp.make.com", "https://www.make.com"),
        ("https://eu1.make.com:4747", "https://www.make.com:4747"),
        ("http://127.0.0.1:4747", "http://127.0.0.1:4747"),
        ("http://[::1]:4747", "http://[::1]:4747"),
    ],
)
def test_issuers_follow_the_host_that_was_called(api: ApiClient, called: str, issuer: str) -> None:
    oauth = OAuthHarness(api, base_url=called)
    assert assert_ok(oauth.get("/.well-known/openid-configuration"))["issuer"] == issuer
    resource = assert_ok(oauth.get("/.well-known/oauth-protected-resource"))
    assert resource == {"resource": f"{called}/", "authorization_servers": [f"{issuer}/mcp"]}


def test_a_host_that_is_not_of_this_server_gets_no_document(api: ApiClient) -> None:
    oauth = OAuthHarness(api, base_url="https://www.make.com.example")
    assert oauth.get("/.well-known/openid-configuration").status_code == 421


def test_the_key_set_has_no_private_part(oauth: OAuthHarness) -> None:
    [key] = assert_ok(oauth.get("/oauth/v2/oidc/jwks"))["keys"]
    assert set(key) == {"kty", "use", "alg", "kid", "n", "e"}
    assert (key["kty"], key["use"], key["alg"], key["e"]) == ("RSA", "sig", "RS256", "AQAB")


def test_the_openapi_document_names_the_authorization_server_and_the_scopes(api: ApiClient) -> None:
    document = assert_ok(api.control("GET", "/openapi.json"))
    flow = document["components"]["securitySchemes"]["oauth"]["flows"]["authorizationCode"]
    assert flow["authorizationUrl"] == "http://localhost/oauth/v2/authorize"
    assert flow["tokenUrl"] == flow["refreshUrl"] == "http://localhost/oauth/v2/token"
    assert flow["scopes"]["scenarios:run"] == "Run scenarios"
    run = document["paths"]["/scenarios/{scenarioId}/run"]["post"]
    assert run["security"] == [{"token": []}, {"oauth": run["x-scopes"]}]
    used = {
        scope for path in document["paths"].values() for each in path.values() for scope in each["x-scopes"]
    }
    assert used <= flow["scopes"].keys()
