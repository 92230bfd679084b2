"""Lock of the request's world, held by all later request steps."""

from __future__ import annotations

from ...engine.scheduling import scheduler
from ..context import RequestContext


def lock_world(context: RequestContext) -> None:
    """Lock the world and run what fell due in it."""
    handle = context.require_handle()
    while context.locked_world is not handle.world:
        context.resources.close()
        context.locked_world = context.resources.enter_context(handle.locked())
        # A run may lend the lock, and the world be reset meanwhile: then the request goes to the new state.
        scheduler.catch_up(context.locked_world)
