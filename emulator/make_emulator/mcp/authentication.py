"""Authentication of MCP clients: a token in the path or after ``Bearer``, and the OAuth challenge of the 401.

Sources: developers.make.com, "MCP server > Connect using an MCP token"; the bearer middleware of the official TypeScript
SDK (the form of the 401), which the vendor is assumed to use.
"""

from __future__ import annotations

from flask import Response

from ..http.context import Caller
from ..http.responses import json_response
from ..http.steps.authentication import check_zone
from ..registry import WorldRegistry
from .errors import InvalidTokenError

_UNKNOWN = "Invalid token"


def find_caller(registry: WorldRegistry, header: str | None, path_token: str | None, host: str) -> Caller:
    """Returns the caller that the path, or else an Authorization header, identifies.

    Raises:
        InvalidTokenError: if there is no token, or no world knows it.
        WrongZoneError: if the call went to a zone of Make where the token's user has no organization.
    """
    token = path_token if path_token is not None else _bearer_token(header)
    handle = registry.by_token(token) or registry.by_token(token.lower())
    found = None
    if handle is not None:
        found = handle.world.tokens.get(token) or handle.world.tokens.get(token.lower())
    user = handle.world.users.get(found.user_id) if handle and found else None
    if handle is None or found is None or user is None:
        raise InvalidTokenError(_UNKNOWN, is_missing=False)
    check_zone(handle.world, user, host)
    return Caller(handle, user, found)


def _bearer_token(header: str | None) -> str:
    if not header:
        raise InvalidTokenError("Missing Authorization header", is_missing=True)
    kind, _, text = header.partition(" ")
    if kind.lower() != "bearer" or not text.strip():
        raise InvalidTokenError(
            "Invalid Authorization header format, expected 'Bearer TOKEN'", is_missing=False
        )
    return text.strip()


def challenge_response(description: str, origin: str, *, is_missing: bool) -> Response:
    """Returns the 401 that starts the OAuth login of a client.

    Args:
        origin: scheme and host of the call, under which the metadata of the protected resource are.
    """
    parts = [] if is_missing else ['error="invalid_token"', f'error_description="{description}"']
    parts.append(f'resource_metadata="{origin}/.well-known/oauth-protected-resource"')
    response = json_response({"error": "invalid_token", "error_description": description}, 401)
    response.headers["Content-Type"] = "application/json"
    response.headers["WWW-Authenticate"] = "Bearer " + ", ".join(parts)
    return response
