"""Caller of a request of the control API to an endpoint: no token, but an owner who sees what the request names."""

from __future__ import annotations

from collections.abc import Iterator

from ...world.enums import SCOPES
from ...world.exceptions import NotFoundError, OwnerNotVisibleError
from ...world.models import Token, User
from ...world.roles import ACCESS_ALL_TEAMS, organization_permissions
from ...world.visibility import Visibility
from ..context import RequestContext
from ..endpoint import ApiCall


def resolve(context: RequestContext) -> None:
    """Makes the call as the first user who sees every row that the request names: the main one, or an owner of another organization.

    Raises:
        NotFoundError, OwnerNotVisibleError: if nobody sees them; as the main user gets it.
    """
    endpoint, world = context.require_endpoint(), context.world
    assert context.parsed is not None
    refusal: NotFoundError | OwnerNotVisibleError | None = None
    for user in _iter_owners(context):
        token = Token(token="", label="control API", user_id=user.id, scopes=SCOPES, created=world.now())
        call = ApiCall(world, user, token, Visibility(world, user), endpoint, context.parsed)
        try:
            endpoint.resolve(call)
        except (NotFoundError, OwnerNotVisibleError) as error:
            refusal = refusal or error
            continue
        context.call = call
        return
    assert refusal is not None
    raise refusal


def _iter_owners(context: RequestContext) -> Iterator[User]:
    world = context.world
    main = world.users[next(iter(world.tokens)).user_id]
    yield main
    known = {main.id}
    for member in world.organization_members:
        user = world.users[member.user_id]
        if user.id not in known and ACCESS_ALL_TEAMS in organization_permissions(
            world, user, member.organization_id
        ):
            known.add(user.id)
            yield user
