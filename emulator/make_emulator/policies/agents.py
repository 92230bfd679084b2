"""Agents of a world: creation, change, and the look-up by the token of a request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..world import organizations
from ..world.enums import SCOPES
from ..world.exceptions import InvalidStateError
from ..world.models import Agent, Grant, OAuthAccess, OAuthClient, Token, User
from ..world.world import World

#: The checks of the runs that an agent starts: none, or each module that uses a data store, calls a scenario or calls out.
TRUST, CHECK = RUN_CHECKS = ("trust", "check")

#: The longest name of an agent.
MAX_NAME_LENGTH = 128


def put(
    world: World,
    name: str,
    grants: Sequence[Grant],
    *,
    user: User,
    token: Token | None = None,
    client: OAuthClient | None = None,
    runs: str | None = None,
) -> Agent:
    """Creates an agent, or replaces its grants.

    An agent keeps the token, the client and the check of its runs that it has, unless another one is given. A new one without either gets a
    token of its own, with every scope: its grants limit it.

    Raises:
        InvalidStateError: if the token, or the client, is that of another agent.
    """
    known = world.agents.get(name)
    text = token.token if token is not None else known.token if known is not None else None
    client_id = client.id if client is not None else known.client_id if known is not None else None
    for other in world.agents:
        if other.name == name:
            continue
        if text is not None and other.token == text:
            raise InvalidStateError(f"The agent {other.name} has that token.")
        if client_id is not None and other.client_id == client_id:
            raise InvalidStateError(f"The agent {other.name} has that OAuth client.")
    if text is None and client_id is None:
        text = organizations.create_token(world, user, SCOPES, label=name).token
    elif text is not None and world.tokens[text].agent is not None:
        # From now on it is the agent's own, also if another agent made it.
        world.tokens.put(replace(world.tokens[text], agent=None))
    return world.agents.put(
        Agent(
            name=name,
            token=text,
            client_id=client_id,
            grants=tuple(grants),
            runs=runs if runs is not None else known.runs if known is not None else TRUST,
            created=known.created if known is not None else world.now(),
        )
    )


def find(world: World, token: Token) -> Agent | None:
    """Returns the agent that a token, or the access of an OAuth client, belongs to; ``None`` for a caller that is none.

    A token that an agent made is that agent's too. One that outlives its agent may do nothing.
    """
    # Most worlds have no agents. The lists are made in one step each, so that no lock is needed.
    if len(world.agents):
        index = {"client": token.client_id} if isinstance(token, OAuthAccess) else {"token": token.token}
        if own := list(world.agents.where(**index)):
            return own[0]
    if token.agent is None:
        return None
    return named(world, token.agent)


def named(world: World, name: str) -> Agent:
    """Returns the agent of a name; one that was deleted may do nothing."""
    return world.agents.get(name) or Agent(name=name, runs=CHECK, created=0)


def remove(world: World, agent: Agent) -> None:
    """Deletes an agent with the tokens that it made; its own token stays, without limits."""
    world.agents.remove(agent.name)
    for row in [row for row in world.tokens if row.agent == agent.name]:
        world.tokens.remove(row.token)
