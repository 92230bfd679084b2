"""Cycles of a run: their trigger bundles and their number.

A run has at most as many cycles as the scenario's setting says (``metadata.scenario.roundtrips``, 1 by default). What an
instant trigger received is one cycle; a trigger that polls goes on as long as there is more than its limit; without a
trigger every cycle is performed. Source: Adobe's documentation of the same engine, "Configure scenario settings" and
"Webhooks reference"; Help centre, "Scenario execution, cycles, and phases".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from ...world import hook_queues
from ...world.models import Incoming, Json
from ...world.world import World
from ..apps import catalog
from ..blueprints.model import Blueprint, Module
from ..run_state import Backlog

FetchTriggerBundle: TypeAlias = "Callable[[], Json]"
"""Fetches the trigger bundles of the next cycle; ``None`` if the queue is empty."""


class QueueBatch:
    """Items of a hook's queue that the current cycle of a run has dequeued.

    A cycle that fails returns them to their place (`requeue`) for a later run. Sources: Adobe's
    documentation of the same engine, "Webhooks reference"; Help centre, "Introduction to errors and warnings".
    """

    __slots__ = ("_hook_id", "_limit", "_world", "rows")

    def __init__(self, world: World, hook_id: int, rows: Sequence[Incoming] = (), *, limit: int = 1) -> None:
        self._world = world
        self._hook_id = hook_id
        self._limit = limit
        self.rows = rows

    def take(self) -> Json:
        """Dequeues the bundles of the next cycle; ``None`` if the queue is empty."""
        self.rows = hook_queues.dequeue(self._world, self._hook_id, self._limit)
        return hook_queues.flatten_bundles(self.rows) or None

    def requeue(self) -> None:
        """Returns the items to their place in the queue."""
        hook_queues.requeue(self._world, self.rows)
        self.rows = ()


class CycleCounter:
    """Counter of the cycles of one run, with the trigger bundles of each."""

    __slots__ = ("_fetch_next", "_is_single", "_remaining", "trigger_bundle")

    def __init__(
        self, blueprint: Blueprint, received: Json, more: FetchTriggerBundle | None, *, resumes: bool
    ) -> None:
        #: Bundles that the trigger received for the current cycle; ``None`` without any.
        self.trigger_bundle = received
        self._fetch_next = more
        self._remaining = blueprint.max_cycles
        first = blueprint.flow[0] if blueprint.flow else None
        # A received bundle, and a resumed one, is processed once.
        is_received = more is None and (
            received is not None or (first is not None and catalog.get_trigger(first) == "inputs")
        )
        self._is_single = resumes or first is None or is_received

    def advance(self, backlog: Backlog) -> bool:
        """Moves to the cycle after a successful one, and sets ``trigger_bundle``; false if none follows."""
        self._remaining -= 1
        if self._is_single or self._remaining <= 0:
            return False
        if self._fetch_next is not None:
            self.trigger_bundle = self._fetch_next()
            return self.trigger_bundle is not None
        return not backlog.is_polling or bool(backlog.pending)


def open_backlog(flow: Sequence[Module]) -> Backlog:
    """Returns the backlog of the first module of a flow."""
    if not flow:
        return Backlog()
    return Backlog(is_polling=catalog.get_trigger(flow[0]) == "polling", limit=_bundle_limit(flow[0]))


def _bundle_limit(module: Module) -> int | None:
    """Returns the maximal number of bundles that a trigger emits in a cycle; ``None`` for all."""
    for values in (module.parameters, module.mapper):
        for name in ("limit", "maxResults"):
            value = values.get(name)
            if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
                value = int(value)
            if isinstance(value, int) and not isinstance(value, bool) and value > 0:
                return value
    return None
