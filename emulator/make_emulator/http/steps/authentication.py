"""Authentication: turns the Authorization header into a world, a user and a token, or 401.

Source: API documentation, "Authentication" (``Token <uuid>``); the vendor's SDK sends ``Bearer`` for every
token that is not a UUID v4.
"""

from __future__ import annotations

import re

from ...registry import WorldRegistry
from ...world.models import Token, User
from ...world.visibility import Visibility
from ...world.world import World
from ...world.zones import zone_of_host
from ..context import Caller, RequestContext
from ..errors import InvalidTokenError, UnauthorizedError

#: Form of the header, for hints.
_HEADER_FORM = "send the header `Authorization: Token <uuid>`"

_UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)


def identify_caller(context: RequestContext) -> None:
    """Finds the caller and its world; without a known token the request is logged in the default world.

    The error waits for `require_caller`, so that faults are injected into unauthenticated requests too.
    """
    if context.caller is None:
        try:
            context.caller = authenticate(context.registry, context.input.authorization, context.input.host)
        except UnauthorizedError as error:
            context.authentication_error = error
    context.handle = context.caller.handle if context.caller else context.registry.default()
    if context.handle is None:
        raise context.authentication_error or UnauthorizedError(hint="The server has no world.")


def require_caller(context: RequestContext) -> None:
    """Raises UnauthorizedError (IM015), or InvalidTokenError (SC401), unless the request has a known token."""
    if (error := context.authentication_error) is not None:
        context.entry.decision = "refused: authentication"
        raise error


def reload_user(world: World, token: Token) -> User:
    """Returns the user of a token in the world as it is now: it may have been reset since authentication.

    Raises:
        InvalidTokenError: if the token is gone.
    """
    user = world.users.get(token.user_id) if token.token in world.tokens else None
    if user is None:
        raise InvalidTokenError("The token was deleted during the request.")
    return user


def authenticate(registry: WorldRegistry, header: str | None, host: str = "") -> Caller:
    """Returns the caller that an Authorization header identifies.

    Raises:
        UnauthorizedError: if there is no header.
        InvalidTokenError: if the header is malformed, no world knows the token, or the call went to a zone of Make where
            the token's user has no organization.
    """
    if not header:
        raise UnauthorizedError(hint=f"There is no token: {_HEADER_FORM}.")
    kind, _, text = header.partition(" ")
    text = text.strip()
    is_uuid = _UUID4.fullmatch(text) is not None
    if (kind == "Token" and is_uuid) or (kind == "Bearer" and not is_uuid):
        handle = registry.by_token(text.lower() if is_uuid else text)
        if handle is not None:
            token = handle.world.tokens.get(text.lower() if is_uuid else text)
            user = handle.world.users.get(token.user_id) if token else None
            if token is not None and user is not None:
                _check_zone(handle.world, user, host)
                return Caller(handle, user, token)
        raise InvalidTokenError("No world of this server has that token.")
    raise InvalidTokenError(
        f"The header is malformed: {_HEADER_FORM}; Bearer is for tokens that are no UUID v4."
    )


def _check_zone(world: World, user: User, host: str) -> None:
    """Raises InvalidTokenError at another zone of Make than the user's; other host names of this machine mean no zone."""
    called = zone_of_host(host)
    if called is None:
        return
    own = {organization.zone for organization in Visibility(world, user).organizations()}
    if own and called not in own:
        raise InvalidTokenError(
            f"The token belongs to {', '.join(sorted(own))}, and the call went to {called}."
        )
