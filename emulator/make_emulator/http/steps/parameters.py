"""Parameters of a request: parsed and validated (400), then resolved to the rows that they name (404)."""

from __future__ import annotations

from collections.abc import Iterator

from ...engine.run_state import AgentRun
from ...policies import agents
from ...world.enums import SCOPES
from ...world.exceptions import NotFoundError, OwnerNotVisibleError
from ...world.models import Token, User
from ...world.roles import ACCESS_ALL_TEAMS, organization_permissions
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


def resolve_as_owner(context: RequestContext) -> None:
    """Makes the call as the first user who sees every row that the request names: the main one, or an owner of another organization.

    Raises:
        NotFoundError, OwnerNotVisibleError: if no user sees them; the error of the main user.
    """
    endpoint, world = context.require_endpoint(), context.world
    assert context.parsed is not None
    first_error: NotFoundError | OwnerNotVisibleError | None = None
    for user in _iter_owners(context):
        token = Token(token="", label="control API", user_id=user.id, scopes=SCOPES, created=world.now())
        call = ApiCall(world, user, token, Visibility(world, user), endpoint, context.parsed)
        try:
            endpoint.resolve(call)
        except (NotFoundError, OwnerNotVisibleError) as error:
            first_error = first_error or error
            continue
        context.call = call
        return
    assert first_error is not None
    raise first_error


def _iter_owners(context: RequestContext) -> Iterator[User]:
    world = context.world
    token = next(iter(world.tokens), None)
    main = world.users[token.user_id] if token is not None else next(iter(world.users))
    yield main
    known = {main.id}
    for member in world.organization_members:
        user = world.users[member.user_id]
        if user.id not in known and ACCESS_ALL_TEAMS in organization_permissions(
            world, user, member.organization_id
        ):
            known.add(user.id)
            yield user
