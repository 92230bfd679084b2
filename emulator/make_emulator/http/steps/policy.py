"""Policy: the grants of the agent that calls. Callers that are no agents pass; what they access is recorded all the same."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from ...policies import agents
from ...policies.decision import can_ever, decide
from ...policies.grants import describe_levels
from ...policies.resources import (
    READ,
    Access,
    Resource,
    endpoint_accesses,
    required_accesses,
    used_accesses,
)
from ...world.models import Agent, Grant, Token
from ...world.world import World
from ..context import RequestContext
from ..endpoint import ApiCall, Endpoint
from ..errors import PolicyError
from ..request_log import LogEntry


def check(context: RequestContext) -> None:
    """Raises PolicyError (SC403) unless the caller is no agent, or its grants allow what the request does."""
    call, endpoint = context.require_call(), context.require_endpoint()
    accesses = _accesses_of(endpoint, call)
    agent = call.agent
    if agent is not None and endpoint.lists is not None:
        accesses = _filter_list(call, agent, accesses)
    _check(agent, context.entry, accesses)


def check_accesses(world: World, token: Token, entry: LogEntry, accesses: Sequence[Access]) -> None:
    """Checks the accesses of a request that has the world locked; the log entry gets the agent and the accesses.

    Raises:
        PolicyError: if the caller is an agent, and a grant is missing.
    """
    _check(agents.find(world, token), entry, accesses)


def record_listed(context: RequestContext) -> None:
    """Adds the resources that a filtered list has shown to the accesses of the log entry."""
    call = context.require_call()
    if call.may_list is not None and not context.entry.accesses:
        [(kind, action)] = _permissions_of(call.endpoint)
        context.entry.accesses = tuple(str(Access(action, Resource(kind, id))) for id in call.listed)


@lru_cache(maxsize=1024)
def _pairs_of(method: str, path: str, scopes: tuple[str, ...]) -> Sequence[tuple[str, str]]:
    return tuple(endpoint_accesses(method, path, scopes))


def _permissions_of(endpoint: Endpoint) -> Sequence[tuple[str, str]]:
    return _pairs_of(endpoint.method, endpoint.path, endpoint.scopes)


def _accesses_of(endpoint: Endpoint, call: ApiCall) -> Sequence[Access]:
    """Returns the accesses that a request needs of an agent."""
    if endpoint.accesses is not None:
        return tuple(endpoint.accesses(call))
    pairs, references = _permissions_of(endpoint), call.parameters.references
    if endpoint.path.startswith("/users/me") and pairs[0][0] == "users":
        return tuple(Access(action, Resource(kind, str(call.user.id))) for kind, action in pairs)
    accesses = required_accesses(pairs, references)
    if endpoint.body_refs:
        named = [reference for reference in references if reference.parameter is not None]
        accesses += used_accesses({kind for kind, _ in pairs}, named)
    return accesses


def _filter_list(call: ApiCall, agent: Agent, accesses: Sequence[Access]) -> Sequence[Access]:
    """Limits a list to what the grants allow; returns the accesses that it needs still.

    An agent whose grants allow a single resource of the kind gets that, and needs no grant of the kind.
    """
    [(kind, _)] = _permissions_of(call.endpoint)
    call.may_list = lambda id: decide(agent, READ, Resource(kind, id)).is_allowed
    is_partial = not decide(agent, READ, Resource(kind)).is_allowed and can_ever(agent, READ, kind)
    return () if is_partial else accesses


def _check(agent: Agent | None, entry: LogEntry, accesses: Sequence[Access]) -> None:
    entry.accesses = tuple(map(str, accesses))
    if agent is None:
        return
    entry.agent = agent.name
    decisions = [(access, decide(agent, access.action, access.resource)) for access in accesses]
    refused = [(access, decision) for access, decision in decisions if not decision.is_allowed]
    if not refused:
        return
    entry.decision = "refused: policy"
    entry.missing = tuple(str(access) for access, _ in refused)
    raise PolicyError(hint="; ".join(_explain(agent, access, grant) for access, (_, grant) in refused))


def _explain(agent: Agent, access: Access, grant: Grant | None) -> str:
    why = (
        "nothing is granted for it" if grant is None else f"it has {grant.resource}: {describe_levels(grant)}"
    )
    return f"the agent {agent.name} lacks the grant {access} ({why})"
