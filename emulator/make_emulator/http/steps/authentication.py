"""Who is calling: turns the Authorization header into a world, a user and a token, or 401.

Source: API documentation, "Authentication" (``Token <uuid>``); the vendor's SDK sends ``Bearer`` for every
token that is not a UUID v4.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ...registry import WorldHandle, WorldRegistry
from ...world.models import Token, User
from ...world.visibility import Visibility
from ...world.world import World
from ...world.zones import zone_of_host
from ..errors import UnauthorizedError, WrongZoneError

_UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)


class Caller(NamedTuple):
    tenant: WorldHandle
    user: User
    token: Token


def reload_user(world: World, token: Token) -> User:
    """The user of a token, looked up once more in the world as it is now: it may have been reset in between.

    Raises:
        Unauthorized: if the token is gone.
    """
    user = world.users.get(token.user_id) if token.token in world.tokens else None
    if user is None:
        raise UnauthorizedError("Access denied: Invalid token header.")
    return user


def authenticate(tenants: WorldRegistry, header: str | None, host: str = "") -> Caller:
    """Find the caller behind an Authorization header.

    Raises:
        Unauthorized: if the header is missing, malformed, or no world knows the token.
        Elsewhere: if the call went to a zone of Make where the token's user has no organization.
    """
    if not header:
        raise UnauthorizedError("Access denied: Missing token header.")
    kind, _, text = header.partition(" ")
    text = text.strip()
    is_uuid = _UUID4.fullmatch(text) is not None
    if (kind == "Token" and is_uuid) or (kind == "Bearer" and not is_uuid):
        tenant = tenants.by_token(text.lower() if is_uuid else text)
        if tenant is not None:
            token = tenant.world.tokens.get(text.lower() if is_uuid else text)
            user = tenant.world.users.get(token.user_id) if token else None
            if token is not None and user is not None:
                _check_zone(tenant.world, user, host)
                return Caller(tenant, user, token)
    raise UnauthorizedError("Access denied: Invalid token header.")


def _check_zone(world: World, user: User, host: str) -> None:
    """A token is good in its own zone only; under any other name of this machine no zone is meant."""
    called = zone_of_host(host)
    if called is None:
        return
    own = {organization.zone for organization in Visibility(world, user).organizations()}
    if own and called not in own:
        raise WrongZoneError(f"the token belongs to {', '.join(sorted(own))}, and the call went to {called}")
