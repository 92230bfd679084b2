"""Authorization requests (RFC 6749, 4.1): validation, and the redirect that a decision of the user leads to.

Sources: API documentation, "OAuth 2.0" (parameters; scopes separated by spaces or commas; S256 for public clients). That MCP
clients ask for scopes which are not advertised, and send ``resource``, was observed. The rest is assumed; see the ledger.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from ..http.host_names import host_name
from ..registry import WorldHandle
from ..world import oauth
from ..world.exceptions import InvalidParametersError
from ..world.models import OAuthClient, Organization, User
from ..world.world import World
from ..world.zones import is_make_host
from . import redirect_uris
from .authorization_server import AuthorizationRequest, AuthorizationServer, ClientEntry
from .errors import OAuthError, RedirectedError, UntrustedRequestError, invalid_request
from .scopes import split_scopes

#: Base64url of a SHA-256 digest (RFC 7636, 4.2).
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


def find_trusted_client(server: AuthorizationServer, parameters: Mapping[str, str]) -> ClientEntry:
    """Returns the client of a request whose redirect URI is one of its own.

    Raises:
        UntrustedRequestError: for any other; then there must be no redirect.
    """
    client_id, redirect_uri = parameters.get("client_id"), parameters.get("redirect_uri")
    if not client_id:
        raise UntrustedRequestError("The parameter client_id is missing.")
    entry = server.find_client(client_id)
    if entry is None:
        raise UntrustedRequestError(
            "There is no client of this client_id. One that registered itself before the emulator was restarted has to register again."
        )
    if not redirect_uri:
        raise UntrustedRequestError("The parameter redirect_uri is missing.")
    if not redirect_uris.is_registered(entry.client, redirect_uri):
        raise UntrustedRequestError("The redirect_uri is not one that the client registered.")
    return entry


def parse_request(entry: ClientEntry, parameters: Mapping[str, str], *, origin: str) -> AuthorizationRequest:
    """Returns the request of a trusted client.

    Args:
        origin: scheme and host that were called.

    Raises:
        RedirectedError: if it is invalid.
    """
    client = entry.client
    try:
        _check_response_type(parameters)
        scopes, differs = _grantable_scopes(client, parameters.get("scope", ""))
        return AuthorizationRequest(
            client_id=client.id,
            client_name=client.name,
            world=entry.handle.name if entry.handle is not None else None,
            redirect_uri=parameters["redirect_uri"],
            scopes=scopes,
            differs_in_scope=differs,
            state=parameters.get("state"),
            challenge=_parse_challenge(client, parameters),
            nonce=parameters.get("nonce"),
            resource=parse_resource(parameters, origin),
        )
    except OAuthError as error:
        location = redirect_uris.add_parameters(
            parameters["redirect_uri"],
            error=error.code,
            error_description=error.description,
            state=parameters.get("state"),
        )
        raise RedirectedError(error, location) from None


def check_prompt(parameters: Mapping[str, str], request: AuthorizationRequest) -> None:
    """Raises RedirectedError if the client wants no page to be shown (OpenID Connect, ``prompt=none``)."""
    if "none" in parameters.get("prompt", "").split():
        error = OAuthError("consent_required", "The user has to be asked.")
        raise RedirectedError(error, _error_redirect(request, error))


def parse_resource(parameters: Mapping[str, str], origin: str) -> str | None:
    """Returns the ``resource`` of a request (RFC 8707).

    Raises:
        OAuthError: ``invalid_target`` if it is not a server of the emulated service.
    """
    resource = parameters.get("resource")
    if not resource:
        return None
    try:
        parts = urlsplit(resource)
        is_known = f"{parts.scheme}://{parts.netloc}" == origin or is_make_host(host_name(parts.netloc))
    except ValueError:
        is_known = False
    if not is_known or "#" in resource or not resource.startswith(("http://", "https://")):
        raise OAuthError("invalid_target", "The resource is not a server of Make.")
    return resource


# --- decisions -----------------------------------------------------------------------------------


def approve(
    server: AuthorizationServer,
    handle: WorldHandle,
    id: int,
    *,
    user_id: int | None = None,
    organization_id: int | None = None,
    scopes: Iterable[str] | None = None,
) -> str | None:
    """Approves a waiting request in a world; returns the redirect to the client, ``None`` if there is no such request.

    Args:
        user_id: the user who consents; by default the main user of the world.
        organization_id: the organization that the client gets access to; by default the first of the user.
        scopes: those of the requested scopes that are granted; by default all.

    Raises:
        InvalidParametersError: if user, organization or scopes do not fit; then the request keeps waiting.
        StateNotStoredError: if the grant cannot be stored; then it does, too.
    """
    request = server.find_request(id, handle)
    if request is None:
        return None
    is_taken = False
    try:
        with handle.locked() as world:
            user, organization = _choose_organization(handle, world, user_id, organization_id)
            granted = _granted_scopes(request, scopes)
            entry = server.find_client(request.client_id)
            is_taken = entry is not None and server.take_request(id) is not None
            if entry is None or not is_taken:
                return None
            return _issue_code(world, entry.client, request, user, organization, granted)
    except BaseException:
        if is_taken:
            server.restore_request(id, request)
        raise


def approve_at_once(
    handle: WorldHandle, world: World, client: OAuthClient, request: AuthorizationRequest
) -> str:
    """Approves a request of a client that needs no consent, for the main user of the locked world.

    Raises:
        RedirectedError: if the user has no organization.
    """
    try:
        user, organization = _choose_organization(handle, world, None, None)
    except InvalidParametersError:
        error = OAuthError("access_denied", "The user has no organization.")
        raise RedirectedError(error, _error_redirect(request, error)) from None
    return _issue_code(world, client, request, user, organization, request.scopes)


def refuse(server: AuthorizationServer, id: int, handle: WorldHandle | None = None) -> str | None:
    """Refuses a waiting request; returns the redirect to the client, ``None`` if there is no such request."""
    if server.find_request(id, handle) is None:
        return None
    request = server.take_request(id)
    if request is None:
        return None
    return _error_redirect(request, OAuthError("access_denied", "The user refused."))


def _choose_organization(
    handle: WorldHandle, world: World, user_id: int | None, organization_id: int | None
) -> tuple[User, Organization]:
    """Returns a user of the locked world and one of the user's organizations.

    Raises:
        InvalidParametersError: if there is no such user, or the user does not belong to the organization.
    """
    user = handle.main_user() if user_id is None else world.users.get(user_id)
    if user is None:
        raise InvalidParametersError("There is no such user.")
    own = [member.organization_id for member in world.organization_members.where(user=user.id)]
    if organization_id is None and own:
        organization_id = own[0]
    if organization_id not in own or organization_id is None:
        raise InvalidParametersError("The user does not belong to that organization.")
    return user, world.organizations[organization_id]


def _granted_scopes(request: AuthorizationRequest, scopes: Iterable[str] | None) -> frozenset[str]:
    if scopes is None:
        return request.scopes
    granted = frozenset(scopes)
    if not granted or not granted <= request.scopes:
        raise InvalidParametersError("The granted scopes must be some of the requested ones.")
    return granted


def _issue_code(
    world: World,
    client: OAuthClient,
    request: AuthorizationRequest,
    user: User,
    organization: Organization,
    scopes: frozenset[str],
) -> str:
    grant = oauth.create_grant(world, client, user, organization, scopes, resource=request.resource)
    code = oauth.create_code(
        world,
        grant,
        redirect_uri=request.redirect_uri,
        challenge=request.challenge,
        nonce=request.nonce,
        differs_in_scope=request.differs_in_scope or scopes != request.scopes,
    )
    return redirect_uris.add_parameters(request.redirect_uri, code=code.code, state=request.state)


def _error_redirect(request: AuthorizationRequest, error: OAuthError) -> str:
    return redirect_uris.add_parameters(
        request.redirect_uri, error=error.code, error_description=error.description, state=request.state
    )


# --- parameters ----------------------------------------------------------------------------------


def _check_response_type(parameters: Mapping[str, str]) -> None:
    for name in ("request", "request_uri"):
        if name in parameters:
            raise OAuthError(f"{name}_not_supported", f"The parameter {name} is not supported.")
    match parameters.get("response_type"):
        case None | "":
            raise invalid_request("The parameter response_type is missing.")
        case "code":
            return
    raise OAuthError("unsupported_response_type", "The response_type must be code.")


def _grantable_scopes(client: OAuthClient, text: str) -> tuple[frozenset[str], bool]:
    """Returns the scopes that a client can get, and whether they differ from the requested ones."""
    requested = frozenset(split_scopes(text))
    if client.is_dynamic:
        # Observed: such clients ask for scopes that Make does not have, when none are advertised.
        granted = requested & client.scopes or client.scopes
        return granted, granted != requested
    if unknown := sorted(requested - client.scopes):
        raise OAuthError("invalid_scope", f"The client may not ask for {_shown(unknown[0])}.")
    return (requested or client.scopes), not requested


def _shown(scope: str) -> str:
    """Returns a scope as the protocol allows it in a description (RFC 6749, 4.1.2.1)."""
    return "".join(c if "!" <= c <= "~" and c not in '"\\' else "?" for c in scope[:100])


def _parse_challenge(client: OAuthClient, parameters: Mapping[str, str]) -> str | None:
    challenge = parameters.get("code_challenge")
    if not challenge:
        if "code_challenge_method" in parameters:
            raise invalid_request("The parameter code_challenge is missing.")
        if client.secret is None or client.is_dynamic:
            raise invalid_request("This client must send a code_challenge (PKCE).")
        return None
    # RFC 7636: without a method it is plain.
    if parameters.get("code_challenge_method", "plain") != "S256":
        raise invalid_request("The code_challenge_method must be S256.")
    if not _CHALLENGE.fullmatch(challenge):
        raise invalid_request("The code_challenge is not the base64url of a SHA-256 digest.")
    return challenge
