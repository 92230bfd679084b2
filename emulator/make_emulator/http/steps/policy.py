"""Policy: the grants of the agent that calls. Callers that are no agents pass."""

from __future__ import annotations

from collections.abc import Sequence

from ...policies import agents
from ...policies.decision import decide
from ...policies.grants import describe_levels
from ...policies.resources import Access, endpoint_accesses, required_accesses
from ...world.models import Agent, Grant, Token
from ...world.world import World
from ..context import RequestContext
from ..errors import PolicyError
from ..request_log import LogEntry


def check(context: RequestContext) -> None:
    """Raises PolicyError (SC403) unless the caller is no agent, or its grants allow what the request does."""
    call, endpoint = context.require_call(), context.require_endpoint()
    # Most worlds have no agents.
    if len(call.world.agents):
        pairs = endpoint_accesses(endpoint.method, endpoint.path, endpoint.scopes)
        accesses = required_accesses(pairs, call.parameters.references)
        check_accesses(call.world, call.token, context.entry, accesses)


def check_accesses(world: World, token: Token, entry: LogEntry, accesses: Sequence[Access]) -> None:
    """Checks the accesses of a request that has the world locked; the log entry gets the agent and the accesses.

    Raises:
        PolicyError: if the caller is an agent, and a grant is missing.
    """
    agent = agents.find(world, token)
    if agent is None:
        return
    entry.agent = agent.name
    entry.accesses = tuple(map(str, accesses))
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
