"""Authentication of MCP clients: a token in the path or after ``Bearer``, and the OAuth challenge of the 401.

Sources: developers.make.com, "MCP server > Connect using an MCP token"; the bearer middleware of the official TypeScript
SDK (the form of the 401), which the vendor is assumed to use.
"""

from __future__ import annotations

from flask import Response

from ..http.bearer import bearer_challenge
from ..http.context import Caller
from ..http.errors import UnauthorizedError
from ..http.responses import json_response
from ..http.steps.authentication import resolve_token
from ..registry import WorldRegistry
from ..world import toolboxes
from .errors import InvalidTokenError

INVALID_TOKEN = "Invalid token"


def find_caller(registry: WorldRegistry, header: str | None, path_token: str | None, host: str) -> Caller:
    """Returns the caller that the path, or else an Authorization header, identifies.

    Raises:
        UnauthorizedError: if there is no token, no world knows it, or it has expired.
        WrongZoneError: if the call went to a zone of Make where the token's user has no organization.
    """
    token = path_token if path_token is not None else _bearer_token(header)
    return resolve_token(registry, token, host)


def find_toolbox_caller(
    registry: WorldRegistry, header: str | None, path_key: str | None, uuid: str
) -> Caller:
    """Returns the caller that a key of a toolbox identifies; it runs scenarios as the user who made the toolbox.

    Raises:
        InvalidTokenError: if there is no key, or it is none of the toolbox with that UUID.
    """
    key = path_key if path_key is not None else _bearer_token(header)
    handle = registry.by_token(key)
    access = toolboxes.find_access(handle.world, key) if handle is not None else None
    if handle is not None and access is not None:
        toolbox = handle.world.toolboxes.get(access.toolbox_id)
        user = handle.world.users.get(access.user_id)
        if toolbox is not None and user is not None and toolbox.uuid == uuid.lower():
            return Caller(handle, user, access)
    raise InvalidTokenError(INVALID_TOKEN, is_missing=False)


def _bearer_token(header: str | None) -> str:
    if not header:
        raise InvalidTokenError("Missing Authorization header", is_missing=True)
    kind, _, text = header.partition(" ")
    if kind.lower() != "bearer" or not text.strip():
        raise InvalidTokenError(
            "Invalid Authorization header format, expected 'Bearer TOKEN'", is_missing=False
        )
    return text.strip()


def challenge_response(error: UnauthorizedError, origin: str) -> Response:
    """Returns the 401 that starts the OAuth login of a client.

    Args:
        origin: scheme and host of the call, under which the metadata of the protected resource are.
    """
    # The reason of an error of the REST API is for its log.
    description = error.detail if isinstance(error, InvalidTokenError) else INVALID_TOKEN
    response = json_response({"error": "invalid_token", "error_description": description}, 401)
    response.headers["Content-Type"] = "application/json"
    is_missing = isinstance(error, InvalidTokenError) and error.is_missing
    response.headers["WWW-Authenticate"] = (
        bearer_challenge(origin)
        if is_missing
        else bearer_challenge(origin, error="invalid_token", description=description)
    )
    return response
