"""API tokens that users make for themselves. Source: the vendor's OpenAPI document ("Users > API Tokens")."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from . import organizations
from .clock import format_iso
from .enums import SCOPES
from .exceptions import AccessDeniedError, InvalidParametersError, NotFoundError
from .models import Token, User
from .world import World


def tokens_of(world: World, user: User) -> list[Token]:
    """The API tokens of a user, newest first."""
    rows = [row for row in world.tokens if row.user_id == user.id]
    return sorted(rows, key=lambda row: row.created, reverse=True)


def create(
    world: World,
    user: User,
    granted: Iterable[str],
    *,
    label: str,
    scopes: Iterable[str],
    agent: str | None = None,
) -> Token:
    """Creates a token.

    Args:
        granted: the scopes of the token that creates it, beyond which it cannot go.
        agent: the name of the agent that creates it, whose grants limit it.

    Raises:
        InvalidParametersError: if there is no such scope.
        AccessDeniedError: if the creating token lacks one of the scopes.
    """
    wanted = set(scopes)
    if unknown := sorted(wanted - SCOPES):
        raise InvalidParametersError(
            *(f"Parameter 'scope': there is no scope '{scope}'." for scope in unknown)
        )
    if wanted - set(granted):
        raise AccessDeniedError("Access denied.")
    token = organizations.create_token(world, user, wanted, label=label)
    # The time of its creation stands for a token in paths.
    taken = {row.created for row in world.tokens if row.user_id == user.id and row.token != token.token}
    created = token.created
    while created in taken:
        created += 1
    return world.tokens.put(replace(token, created=created, agent=agent))


def delete(world: World, user: User, timestamp: str) -> str:
    """Deletes the token of a user that was created at a time in ISO 8601.

    Raises:
        NotFoundError: if there is none.
    """
    # Of several that were created at once, as by a seed, the last one.
    for row in reversed(tokens_of(world, user)):
        if format_iso(row.created) == timestamp:
            world.tokens.remove(row.token)
            return timestamp
    raise NotFoundError("API token", timestamp)
