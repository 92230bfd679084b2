"""Authentication: turns the Authorization header into a world, a user and a token, or 401.

Sources: API documentation, "Authentication" (``Token <uuid>``, ``Bearer`` for an access token of OAuth); the vendor's SDK
sends ``Bearer`` for every token that is not a UUID v4.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ...registry import WorldHandle, WorldRegistry
from ...world import oauth
from ...world.models import OAuthAccess, Token, ToolboxAccess, User
from ...world.visibility import Visibility
from ...world.world import World
from ...world.zones import zone_of_host
from ..context import Caller, RequestContext
from ..errors import InvalidTokenError, UnauthorizedError, WrongZoneError

#: Form of the header, for hints.
_HEADER_FORM = "send the header `Authorization: Token <uuid>`"

_UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)


class EndedAccessError(InvalidTokenError):
    """401: the access token has expired or was revoked; the body does not say so, the log of its world does."""

    def __init__(self, handle: WorldHandle) -> None:
        super().__init__("The access token has expired or was revoked.")
        self.handle = handle


def identify_caller(context: RequestContext) -> None:
    """Finds the caller and its world; without a known token the request is logged in the default world.

    That of an expired access token is logged in its own world. The error waits for `require_caller`, so that faults are injected into unauthenticated requests too.
    """
    if context.caller is None:
        try:
            context.caller = authenticate(context.registry, context.input.authorization, context.input.host)
        except UnauthorizedError as error:
            context.authentication_error = error
    if context.caller is not None:
        context.handle = context.caller.handle
    elif isinstance(context.authentication_error, EndedAccessError):
        context.handle = context.authentication_error.handle
    else:
        context.handle = context.registry.default()
    if context.handle is None:
        raise context.authentication_error or UnauthorizedError(hint="The server has no world.")


def require_caller(context: RequestContext) -> None:
    """Raises UnauthorizedError (IM015), or InvalidTokenError (SC401), unless the request has a known token, or needs none."""
    is_public = context.endpoint is not None and context.endpoint.is_public
    if (error := context.authentication_error) is not None and not is_public:
        context.entry.decision = "refused: authentication"
        raise error


def reload_user(world: World, token: Token) -> User:
    """Returns the user of a token in the world as it is now: it may have been reset since authentication.

    Raises:
        InvalidTokenError: if the token, or the grant that it stands for, is gone.
    """
    user = world.users.get(token.user_id) if _is_known(world, token) else None
    if user is None:
        raise InvalidTokenError("The token was deleted during the request.")
    return user


def _is_known(world: World, token: Token) -> bool:
    if isinstance(token, OAuthAccess):
        return token.grant_id in world.oauth_grants
    if isinstance(token, ToolboxAccess):
        return token.token in world.toolbox_keys
    return token.token in world.tokens


def authenticate(registry: WorldRegistry, header: str | None, host: str = "") -> Caller:
    """Returns the caller that an Authorization header of the API identifies.

    Raises:
        UnauthorizedError: if there is no header.
        InvalidTokenError: if the header is malformed, or no world knows the token.
        WrongZoneError: if the call went to a zone of Make where the token's user has no organization.
    """
    if not header:
        raise UnauthorizedError(hint=f"There is no token: {_HEADER_FORM}.")
    text = _token_in(header)
    if text is None:
        raise InvalidTokenError(
            f"The header is malformed: {_HEADER_FORM}; Bearer is for tokens that are no UUID v4."
        )
    return resolve_token(registry, text, host)


@lru_cache(maxsize=256)
def _token_in(header: str) -> str | None:
    """Returns the token of a header; ``None`` if the header is malformed."""
    kind, _, text = header.partition(" ")
    text = text.strip()
    is_uuid = _UUID4.fullmatch(text) is not None
    return text if (kind == "Token" and is_uuid) or (kind == "Bearer" and not is_uuid) else None


def resolve_token(registry: WorldRegistry, text: str, host: str = "") -> Caller:
    """Returns the caller that an API token, or an access token of OAuth, identifies, whatever header or path carried it.

    Args:
        host: the host that was called; empty to accept every zone.

    Raises:
        InvalidTokenError: if no world knows the token, or it has expired or was revoked.
        WrongZoneError: if the call went to a zone of Make where the token's user has no organization.
    """
    handle, token = _find_token(registry, text)
    user = handle.world.users.get(token.user_id)
    if user is None:
        raise InvalidTokenError("The user of the token was deleted.")
    _check_zone(handle.world, user, token, host)
    return Caller(handle, user, token)


def _find_token(registry: WorldRegistry, text: str) -> tuple[WorldHandle, Token]:
    """Returns a token, or the access of an access token, and its world."""
    handle = registry.by_token(text)
    if handle is None and _UUID4.fullmatch(text):
        text = text.lower()
        handle = registry.by_token(text)
    if handle is not None:
        token = handle.world.tokens.get(text)
        if token is not None:
            return handle, token
    elif (id := oauth.token_id(text)) is not None and (handle := registry.by_oauth_key(id)) is not None:
        access = oauth.find_access(handle.world, text)
        if access is None:
            raise EndedAccessError(handle)
        return handle, access
    raise InvalidTokenError("No world of this server has that token.")


def _check_zone(world: World, user: User, token: Token, host: str) -> None:
    """Raises WrongZoneError at another zone of Make than the user's; other host names of this machine mean no zone."""
    called = zone_of_host(host)
    if called is None:
        return
    visibility = Visibility(world, user, token.only_organization_id)
    own = {organization.zone for organization in visibility.organizations()}
    if own and called not in own:
        raise WrongZoneError(f"The token belongs to {', '.join(sorted(own))}, and the call went to {called}.")
