"""Lock of the request's world, held by all later request steps."""

from __future__ import annotations

from ...engine.scheduling import scheduler
from ..context import RequestContext


def lock_world(context: RequestContext) -> None:
    """Lock the world and run what fell due in it."""
    world = context.resources.enter_context(context.require_handle().locked())
    scheduler.catch_up(world)
