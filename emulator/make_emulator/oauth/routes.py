"""Routes of the authorization server, but for the consent page, and their handlers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Response

from ..http.bearer import RESOURCE_METADATA_PATH, bearer_challenge
from ..http.responses import json_response
from ..json_types import JsonObject
from ..registry import WorldHandle
from ..world import oauth
from . import jwt, metadata, token_endpoint
from .client_authentication import authenticate_client
from .errors import OAuthError, invalid_grant, invalid_request
from .pipeline import OAuthContext, OAuthRoute, protocol_response
from .registration import register_client
from .token_endpoint import TokenRequest

#: Key of the WSGI environment under which a worker of a fleet has the credentials of a client that registers itself.
CREDENTIALS_KEY = "make-emulator.client"


def _document(build: Callable[[str], JsonObject]) -> Callable[[OAuthContext], Response]:
    """Returns the handler of a discovery document."""
    return lambda context: json_response(build(context.input.origin))


def _show_keys(_context: OAuthContext) -> Response:
    return json_response(jwt.key_set())


def _issue_tokens(context: OAuthContext) -> Response:
    entry = authenticate_client(context.server, context.parameters, context.input.authorization)
    request = TokenRequest(
        world=context.world,
        client=entry.client,
        parameters=context.parameters,
        origin=context.input.origin,
    )
    return protocol_response(token_endpoint.issue_tokens(request))


def _revoke_token(context: OAuthContext) -> Response:
    """Revokes a token (RFC 7009): a refresh token with the whole grant, an access token alone."""
    client = authenticate_client(context.server, context.parameters, context.input.authorization).client
    text = context.parameters.get("token")
    if not text:
        raise invalid_request("The parameter token is missing.")
    world = context.world
    token = oauth.find_token(world, text)
    if token is not None:
        if world.oauth_grants[token.grant_id].client_id != client.id:
            raise invalid_grant("The token was issued to another client.")
        if token.kind == oauth.REFRESH:
            oauth.revoke_grant(world, token.grant_id)
        else:
            world.oauth_tokens.remove(token.id)
    response = Response(status=200)
    response.headers["Cache-Control"] = "no-store"
    return response


def _show_user(context: OAuthContext) -> Response:
    """Shows the user of an access token with the scope ``openid`` (OpenID Connect Core, 5.3)."""
    text = _bearer_token(context)
    if text is None:
        raise OAuthError(
            "invalid_request",
            "There is no access token.",
            status=401,
            headers={"WWW-Authenticate": bearer_challenge(None)},
        )
    access = oauth.find_access(context.world, text)
    if access is None:
        raise _bearer_error("invalid_token", "The access token is unknown, or has expired.", 401)
    if oauth.OPENID not in access.scopes:
        raise _bearer_error("insufficient_scope", "The access token lacks the scope openid.", 403)
    return protocol_response({"sub": str(access.user_id)})


def _bearer_error(code: str, description: str, status: int) -> OAuthError:
    scope = oauth.OPENID if code == "insufficient_scope" else None
    challenge = bearer_challenge(None, error=code, description=description, scope=scope)
    return OAuthError(code, description, status=status, headers={"WWW-Authenticate": challenge})


def _register_client(context: OAuthContext) -> Response:
    credentials = context.request.environ.get(CREDENTIALS_KEY)
    return protocol_response(register_client(context.server, context.body or b"", credentials), 201)


def _bearer_token(context: OAuthContext) -> str | None:
    scheme, _, text = (context.input.authorization or "").partition(" ")
    return text.strip() or None if scheme.lower() == "bearer" else None


def _world_of_grant(context: OAuthContext) -> WorldHandle | None:
    """Returns the world of a code or a refresh token."""
    return _by_key(context, token_endpoint.lookup_key(context.parameters))


def _world_of_revoked_token(context: OAuthContext) -> WorldHandle | None:
    return _by_key(context, oauth.token_id(context.parameters.get("token", "")))


def _world_of_access_token(context: OAuthContext) -> WorldHandle | None:
    return _by_key(context, oauth.token_id(_bearer_token(context) or ""))


def _by_key(context: OAuthContext, key: str | None) -> WorldHandle | None:
    return context.registry.by_oauth_key(key) if key else None


_DISCOVERY: Mapping[str, Callable[[str], JsonObject]] = {
    "/.well-known/openid-configuration": metadata.openid_configuration,
    "/oidc/.well-known/openid-configuration": metadata.openid_configuration,
    "/.well-known/oauth-authorization-server": metadata.mcp_server_metadata,
    "/.well-known/oauth-authorization-server/mcp": metadata.mcp_server_metadata,
    RESOURCE_METADATA_PATH: metadata.protected_resource,
    f"{RESOURCE_METADATA_PATH}/<path:resource>": metadata.protected_resource,
}

ROUTES = (
    *(OAuthRoute(method="GET", path=path, handler=_document(build)) for path, build in _DISCOVERY.items()),
    OAuthRoute(method="GET", path="/oauth/v2/oidc/jwks", handler=_show_keys),
    *(
        OAuthRoute(
            method=method,
            path="/oauth/v2/oidc/userinfo",
            handler=_show_user,
            find_handle=_world_of_access_token,
            needs_world=True,
        )
        for method in ("GET", "POST")
    ),
    OAuthRoute(
        method="POST",
        path="/oauth/v2/token",
        handler=_issue_tokens,
        find_handle=_world_of_grant,
        needs_world=True,
    ),
    OAuthRoute(
        method="POST",
        path="/oauth/v2/revoke",
        handler=_revoke_token,
        find_handle=_world_of_revoked_token,
        needs_world=True,
    ),
    OAuthRoute(method="POST", path="/oauth/v2/register/mcp", handler=_register_client, has_json_body=True),
)
