"""Policy: the grants of the agent that calls. Callers that are no agents pass; what they access is recorded all the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from ...engine.run_state import AgentRun
from ...policies import agents
from ...policies.decision import Decision, can_ever, decide, explain_rejection, permitted_ids
from ...policies.grants import allowed_actions
from ...policies.resources import (
    READ,
    Access,
    Resource,
    endpoint_accesses,
    parse_access,
    required_accesses,
    scope_accesses,
    used_accesses,
)
from ...policies.statements import (
    StatedDecision,
    describe_grant,
    describe_resource,
    verb_of_module,
    verb_of_request,
)
from ...world.models import Agent, Token
from ...world.world import World
from ..context import RequestContext
from ..endpoint import ApiCall, Endpoint, Reference
from ..errors import PolicyError
from ..request_log import DENIED_POLICY, LogEntry

#: How many grants a statement about a list names.
_MAX_GRANTS = 5


def check(context: RequestContext) -> None:
    """Raises PolicyError (SC403) unless the caller is no agent, or its grants allow what the request does."""
    call, endpoint = context.require_call(), context.require_endpoint()
    agent = call.agent
    if agent is None and endpoint.accesses is None:
        # Most callers are no agents: their accesses are written out once for all requests to the same resources.
        context.entry.accesses = _access_texts(endpoint, call)
        return
    accesses = _accesses_of(endpoint, call)
    place = call.rows.get("team") or call.organization
    if agent is not None and endpoint.lists is not None:
        accesses = _filter_list(call, agent, accesses)
    _check(call.world, agent, context.entry, accesses, place)
    if agent is not None and not accesses and endpoint.lists is not None:
        [(kind, _)] = _permissions_of(endpoint)
        subject = describe_resource(call.world, Resource(kind), verb="list", place=place)
        context.entry.decisions = (_state_partial_list(agent, kind, subject),)


def check_accesses(world: World, token: Token, entry: LogEntry, accesses: Sequence[Access]) -> None:
    """Checks the accesses of a request that has the world locked; the log entry gets the agent and the accesses.

    Raises:
        PolicyError: if the caller is an agent, and a grant is missing.
    """
    _check(world, agents.find(world, token), entry, accesses)


def record_listed(context: RequestContext) -> None:
    """Adds the resources that a filtered list has shown to the accesses of the log entry."""
    call, entry = context.require_call(), context.entry
    if call.may_list is None or entry.accesses:
        return
    [(kind, action)] = _permissions_of(call.endpoint)
    entry.accesses = tuple(str(Access(action, Resource(kind, id))) for id in call.listed)


def record_run(world: World, entry: LogEntry, agent_run: AgentRun) -> list[str]:
    """Adds what the modules of the runs accessed, which a request started, to its log entry; returns the denials, in words."""
    allowed: list[str] = []
    denied: list[str] = []
    stated: list[StatedDecision] = []
    for row in agent_run.accesses:
        access = parse_access(row.access)
        (allowed if row.is_allowed else denied).append(row.access)
        verb = verb_of_module(access)
        stated.append(
            StatedDecision(
                verb=verb,
                subject=describe_resource(world, access.resource, verb=verb),
                is_allowed=row.is_allowed,
                grant=row.grant or "",
                module=f"module {row.module_id} ({row.module})",
            )
        )
    entry.accesses = tuple(dict.fromkeys((*entry.accesses, *allowed)))
    entry.denied_in_run = tuple(dict.fromkeys(denied))
    entry.decisions += tuple(stated)
    return [each.state(agent_run.agent, 200) for each in stated if not each.is_allowed]


def record_tool(entry: LogEntry, agent: Agent | None, scopes: Iterable[str]) -> None:
    """Adds the accesses of a tool that concerns no resource to the log entry of its call: those to the kinds of its scopes.

    The tool is one that an agent has which may do so with a single resource: then it needs no grant of the kind.
    """
    if entry.accesses:
        return
    accesses = [Access(action, Resource(kind)) for kind, action in scope_accesses(scopes)]
    entry.accesses = tuple(
        str(access)
        for access in accesses
        if agent is None or decide(agent, access.action, access.resource).is_allowed
    )


@lru_cache(maxsize=1024)
def _pairs_of(method: str, path: str, scopes: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple(endpoint_accesses(method, path, scopes))


def _permissions_of(endpoint: Endpoint) -> tuple[tuple[str, str], ...]:
    return _pairs_of(endpoint.method, endpoint.path, endpoint.scopes)


def _accesses_of(endpoint: Endpoint, call: ApiCall) -> Sequence[Access]:
    """Returns the accesses that a request needs of an agent."""
    if endpoint.accesses is not None:
        return tuple(endpoint.accesses(call))
    return _declared_accesses(
        _permissions_of(endpoint),
        endpoint.path,
        bool(endpoint.body_refs),
        call.user.id,
        call.parameters.references,
    )


def _access_texts(endpoint: Endpoint, call: ApiCall) -> tuple[str, ...]:
    references = tuple(call.parameters.references)
    arguments = _permissions_of(endpoint), endpoint.path, bool(endpoint.body_refs), call.user.id, references
    if any(isinstance(reference.id, list) for reference in references):
        return _declared_texts.__wrapped__(*arguments)
    return _declared_texts(*arguments)


@lru_cache(maxsize=4096)
def _declared_texts(
    pairs: tuple[tuple[str, str], ...],
    path: str,
    has_body_references: bool,
    user_id: int,
    references: tuple[Reference, ...],
) -> tuple[str, ...]:
    return tuple(map(str, _declared_accesses(pairs, path, has_body_references, user_id, references)))


def _declared_accesses(
    pairs: Sequence[tuple[str, str]],
    path: str,
    has_body_references: bool,
    user_id: int,
    references: Sequence[Reference],
) -> Sequence[Access]:
    if path.startswith("/users/me") and pairs[0][0] == "users":
        return tuple(Access(action, Resource(kind, str(user_id))) for kind, action in pairs)
    accesses = required_accesses(pairs, references)
    if has_body_references:
        named = [reference for reference in references if reference.parameter is not None]
        accesses += used_accesses({kind for kind, _ in pairs}, named)
    return accesses


def _filter_list(call: ApiCall, agent: Agent, accesses: Sequence[Access]) -> Sequence[Access]:
    """Limits a list to what the grants allow; returns the accesses that it needs still.

    An agent whose grants allow a single resource of the kind gets that, and needs no grant of the kind.
    """
    [(kind, _)] = _permissions_of(call.endpoint)
    call.may_list = permitted_ids(agent, READ, kind)
    is_partial = not decide(agent, READ, Resource(kind)).is_allowed and can_ever(agent, READ, kind)
    return () if is_partial else accesses


def _state_partial_list(agent: Agent, kind: str, subject: str) -> StatedDecision:
    """Returns the decision on a list that shows single resources."""
    grants = [
        describe_grant(grant)
        for grant in agent.grants
        if grant.resource.startswith(f"{kind}/") and READ in allowed_actions(grant)
    ]
    more = f" and {len(grants) - _MAX_GRANTS} more" if len(grants) > _MAX_GRANTS else ""
    return StatedDecision(
        verb="list", subject=subject, is_allowed=True, grant=", ".join(grants[:_MAX_GRANTS]) + more
    )


def _check(
    world: World, agent: Agent | None, entry: LogEntry, accesses: Sequence[Access], place: object = None
) -> None:
    entry.accesses = tuple(map(str, accesses))
    if agent is None:
        return
    decisions = [(access, decide(agent, access.action, access.resource)) for access in accesses]
    entry.decisions = tuple(
        _state(world, entry.method, access, decision, place) for access, decision in decisions
    )
    refused = [(access, decision) for access, decision in decisions if not decision.is_allowed]
    if not refused:
        return
    entry.decision = DENIED_POLICY
    entry.missing = tuple(str(access) for access, _ in refused)
    raise PolicyError(
        hint="; ".join(explain_rejection(agent, access, grant) for access, (_, grant) in refused)
    )


def _state(world: World, method: str, access: Access, decision: Decision, place: object) -> StatedDecision:
    verb = verb_of_request(method, access)
    return StatedDecision(
        verb=verb,
        subject=describe_resource(world, access.resource, verb=verb, place=place),
        is_allowed=decision.is_allowed,
        grant=describe_grant(decision.grant),
    )
