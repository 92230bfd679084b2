"""Lock of the request's world, held by all later request steps."""

from __future__ import annotations

from contextlib import suppress

from ...engine.scheduling import scheduler
from ...world.exceptions import StateNotStoredError
from ..context import RequestContext

#: Decision of the log entry of a request whose changes cannot be stored.
NOT_STORED = "refused: storage"


def lock_world(context: RequestContext) -> None:
    """Lock the world and run what fell due in it.

    Raises:
        StateNotStoredError: if the request may change the world, and no change can be stored.
    """
    handle = context.require_handle()
    if handle.store is not None and context.is_read:
        # Reads go on when nothing can be stored: what fell due then waits.
        with suppress(StateNotStoredError), handle.locked() as world:
            if handle.store.is_writable:
                scheduler.catch_up(world)
        context.locked_world = context.resources.enter_context(handle.locked())
        return
    while context.locked_world is not handle.world:
        # A run may lend the lock, and the world be reset meanwhile: then the request goes to the new state.
        context.resources.close()
        context.locked_world = context.resources.enter_context(handle.locked(for_change=True))
        scheduler.catch_up(context.locked_world)
