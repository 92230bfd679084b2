"""Parameters of a request: parsed and validated (400), then resolved to the rows that they name (404)."""

from __future__ import annotations

from ...engine.run_state import AgentRun
from ...policies import agents
from ...world.visibility import Visibility
from ..context import RequestContext
from ..endpoint import ApiCall
from .authentication import reload_user


def parse(context: RequestContext) -> None:
    """Parses path, query and body by the declaration of the endpoint; it takes no lock."""
    context.entry.decision = "refused: parameters or visibility"
    context.parsed = context.require_endpoint().parse(context.path, context.input.query, context.body)


def resolve(context: RequestContext) -> None:
    """Make the call that the handler gets: the parsed parameters, and each row that they name, if the user may see it."""
    endpoint, token = context.require_endpoint(), context.require_caller().token
    assert context.parsed is not None
    world = context.world
    user = reload_user(world, token)
    visibility = Visibility(world, user, token.only_organization_id)
    context.call = call = ApiCall(world, user, token, visibility, endpoint, context.parsed)
    call.agent = agent = agents.find(world, token)
    if agent is not None and agent.runs == agents.CHECK:
        call.agent_run = AgentRun(agent.name)
    endpoint.resolve(call)
    context.entry.organization_id = call.organization.id if call.organization else None
