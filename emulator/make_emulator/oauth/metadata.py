"""Discovery documents of the two issuers and of the MCP server, whose addresses follow the host that was called.

Sources: API documentation, "OpenID Connect" (the document of the API's issuer); live probes of public projects, July to
September 2026 (the documents of the MCP server and of its issuer).
"""

from __future__ import annotations

from ..http.bearer import authorization_origin
from ..json_types import JsonObject

#: Path of the issuer for MCP clients.
MCP_ISSUER_PATH = "/mcp"


def issuer(origin: str, *, for_mcp: bool = False) -> str:
    """Returns the issuer of the authorization server for a request.

    Args:
        origin: scheme and host of the request.
        for_mcp: true for clients that registered themselves.
    """
    return authorization_origin(origin) + (MCP_ISSUER_PATH if for_mcp else "")


def openid_configuration(origin: str) -> JsonObject:
    """Returns the document of the issuer for clients of the API (OpenID Connect Discovery)."""
    server = authorization_origin(origin)
    return {
        "issuer": issuer(origin),
        "authorization_endpoint": f"{server}/oauth/v2/authorize",
        "token_endpoint": f"{server}/oauth/v2/token",
        "revocation_endpoint": f"{server}/oauth/v2/revoke",
        "jwks_uri": f"{server}/oauth/v2/oidc/jwks",
        "userinfo_endpoint": f"{server}/oauth/v2/oidc/userinfo",
        "rename_connection_endpoint": f"{server}/oauth/v2/rename",
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


def mcp_server_metadata(origin: str) -> JsonObject:
    """Returns the document of the issuer for MCP clients (RFC 8414)."""
    server = authorization_origin(origin)
    return {
        "issuer": issuer(origin, for_mcp=True),
        "authorization_endpoint": f"{server}/oauth/v2/authorize",
        "token_endpoint": f"{server}/oauth/v2/token",
        "registration_endpoint": f"{server}/oauth/v2/register/mcp",
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
    }


def protected_resource(origin: str) -> JsonObject:
    """Returns the document of the MCP server as a resource (RFC 9728)."""
    return {"resource": f"{origin}/", "authorization_servers": [issuer(origin, for_mcp=True)]}
