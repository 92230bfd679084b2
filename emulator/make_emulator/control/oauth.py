"""OAuth clients of a world, and authorization requests that wait for consent, in the control API."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from flask import Blueprint, Response

from ..http.errors import ResourceNotFoundError
from ..http.responses import json_response
from ..json_types import Json
from ..oauth import authorization, redirect_uris
from ..oauth.authorization_server import AuthorizationRequest, AuthorizationServer
from ..oauth.errors import OAuthError, RedirectedError, UntrustedRequestError
from ..oauth.scopes import CLIENT_SCOPES
from ..registry import WorldHandle
from ..world import oauth
from ..world.exceptions import InvalidParametersError
from ..world.models import OAuthClient
from .params import bad_request, parse_body
from .worlds import find_world


def add_routes(blueprint: Blueprint, server: AuthorizationServer) -> None:
    """Adds the routes to the control API."""
    registry = server.registry

    @blueprint.get("/worlds/<name>/oauth/clients")
    def list_oauth_clients(name: str) -> Response:
        """Lists the OAuth clients of the world, without their secrets; of those that registered themselves, those with access."""
        with find_world(registry, name).locked() as world:
            return json_response({"clients": [_describe_client(client) for client in world.oauth_clients]})

    @blueprint.post("/worlds/<name>/oauth/clients")
    def create_oauth_client(name: str) -> Response:
        """Creates an OAuth client; the response is the only one that shows its secret.

        ``{"name", "redirectUris"?: […], "scopes"?: […], "public"?, "allowLoopback"?, "autoApprove"?,
        "rotateRefreshTokens"?}``.
        """
        handle = find_world(registry, name)
        with handle.locked():
            client = _create_client(handle)
            return json_response({"client": {**_describe_client(client), "secret": client.secret}}, 201)

    @blueprint.get("/worlds/<name>/oauth/requests")
    def list_oauth_requests(name: str) -> Response:
        """Lists the authorization requests that wait for consent; those of clients that registered themselves in every world."""
        handle = find_world(registry, name)
        return json_response(
            {"requests": [_describe_request(id, request) for id, request in server.requests_of(handle)]}
        )

    @blueprint.post("/worlds/<name>/oauth/requests")
    def add_oauth_request(name: str) -> Response:
        """``{"url": …}``: opens the URL of the authorization endpoint as a browser does, without a page."""
        handle = find_world(registry, name)
        id, request = _open_url(server, handle)
        return json_response({"request": _describe_request(id, request)}, 201)

    @blueprint.post("/worlds/<name>/oauth/requests/<int:id>/approve")
    def approve_oauth_request(name: str, id: int) -> Response:
        """Approves a request: ``{"userId"?, "organizationId"?, "scopes"?: […]}``; returns the redirect to the client."""
        handle = find_world(registry, name)
        params = parse_body({"userId": (int,), "organizationId": (int,), "scopes": (list,)})
        try:
            location = authorization.approve(
                server,
                handle,
                id,
                user_id=params.get("userId"),
                organization_id=params.get("organizationId"),
                scopes=_texts(params.get("scopes"), "scopes"),
            )
        except InvalidParametersError as error:
            raise bad_request(" ".join(error.issues)) from None
        return _decided(location, id)

    @blueprint.post("/worlds/<name>/oauth/requests/<int:id>/refuse")
    def refuse_oauth_request(name: str, id: int) -> Response:
        """Refuses a request; returns the redirect to the client."""
        handle = find_world(registry, name)
        parse_body({})
        return _decided(authorization.refuse(server, id, handle), id)


def _open_url(server: AuthorizationServer, handle: WorldHandle) -> tuple[int, AuthorizationRequest]:
    url = parse_body({"url": (str,)}).get("url", "")
    try:
        parts = urlsplit(url)
        pairs = parse_qsl(parts.query)
    except ValueError:
        raise bad_request("Parameter 'url' is not a URL.") from None
    parameters = dict(pairs)
    if len(parameters) < len(pairs):
        raise bad_request("A parameter of the URL occurs more than once.")
    try:
        entry = authorization.find_trusted_client(server, parameters)
        if entry.handle not in (None, handle):
            raise UntrustedRequestError("The client belongs to another world.")
        origin = f"{parts.scheme}://{parts.netloc}"
        request = authorization.parse_request(entry, parameters, origin=origin)
    except (OAuthError, RedirectedError) as error:
        raise bad_request(f"The authorization request is invalid: {error}") from None
    return server.add_request(request), request


def _decided(location: str | None, id: int) -> Response:
    if location is None:
        raise ResourceNotFoundError(f"There is no waiting authorization request {id}.")
    return json_response({"redirectTo": location})


def _create_client(handle: WorldHandle) -> OAuthClient:
    params = parse_body(
        {
            "name": (str,),
            "redirectUris": (list,),
            "scopes": (list,),
            "public": (bool,),
            "allowLoopback": (bool,),
            "autoApprove": (bool,),
            "rotateRefreshTokens": (bool,),
        }
    )
    name = params.get("name", "").strip()
    if not name or len(name) > oauth.MAX_NAME_LENGTH:
        raise bad_request(f"Parameter 'name' must have 1 to {oauth.MAX_NAME_LENGTH} characters.")
    uris = _texts(params.get("redirectUris"), "redirectUris") or []
    for uri in uris:
        if issue := redirect_uris.find_issue(uri):
            raise bad_request(f"Invalid value of parameter 'redirectUris': {issue}.")
    allows_loopback = params.get("allowLoopback", not uris)
    if not uris and not allows_loopback:
        raise bad_request("A client needs 'redirectUris', or 'allowLoopback'.")
    scopes = _texts(params.get("scopes"), "scopes")
    if scopes is not None and not (scopes and CLIENT_SCOPES.issuperset(scopes)):
        raise bad_request("Parameter 'scopes' must be a list of Make's scopes and openid.")
    return oauth.create_client(
        handle.world,
        name=name,
        redirect_uris=uris,
        scopes=CLIENT_SCOPES if scopes is None else scopes,
        is_public=params.get("public", False),
        allows_loopback=allows_loopback,
        auto_approve=params.get("autoApprove", False),
        rotates_refresh_tokens=params.get("rotateRefreshTokens", True),
    )


def _texts(values: Json, name: str) -> list[str] | None:
    if values is None:
        return None
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise bad_request(f"Parameter '{name}' must be a list of strings.")
    return [str(value) for value in values]


def _describe_client(client: OAuthClient) -> dict[str, Json]:
    return {
        "id": client.id,
        "name": client.name,
        "redirectUris": list(client.redirect_uris),
        "scopes": sorted(client.scopes),
        "public": client.secret is None,
        "dynamic": client.is_dynamic,
        "allowLoopback": client.allows_loopback,
        "autoApprove": client.auto_approve,
        "rotateRefreshTokens": client.rotates_refresh_tokens,
    }


def _describe_request(id: int, request: AuthorizationRequest) -> dict[str, Json]:
    return {
        "id": id,
        "clientId": request.client_id,
        "clientName": request.client_name,
        "dynamic": request.world is None,
        "redirectUri": request.redirect_uri,
        "scopes": sorted(request.scopes),
        "state": request.state,
        "resource": request.resource,
    }
