"""The cycles of a run: what its trigger puts out in each, and whether another one follows.

A run has at most as many cycles as the scenario's setting says (``metadata.scenario.roundtrips``, 1 by default). What an
instant trigger was handed is one cycle; a trigger that polls goes on as long as there is more than its limit; without a
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
"""Fetches what a trigger puts out in the next cycle; ``None`` if nothing waits."""

#: The trigger that hands over a run's inputs.
START_TRIGGER = "scenario-service:StartSubscenario"


class QueueBatch:
    """What the trigger of a run was handed of what a hook received, for the cycle at hand; the queue's part of it is off it.

    A cycle that fails puts it back to its place (`requeue`), to be taken again by a later run. Sources: Adobe's
    documentation of the same engine, "Webhooks reference"; Help centre, "Introduction to errors and warnings".
    """

    __slots__ = ("_hook_id", "_limit", "_world", "rows")

    def __init__(self, world: World, hook_id: int, rows: Sequence[Incoming] = (), *, limit: int = 1) -> None:
        self._world = world
        self._hook_id = hook_id
        self._limit = limit
        self.rows = rows

    def take(self) -> Json:
        """Take off the queue what the next cycle works on; ``None`` if nothing waits."""
        self.rows = hook_queues.dequeue(self._world, self._hook_id, self._limit)
        return hook_queues.flatten_bundles(self.rows) or None

    def requeue(self) -> None:
        """Let it wait again, where it did."""
        hook_queues.requeue(self._world, self.rows)
        self.rows = ()


class CycleCounter:
    """Counts the cycles of one run, and tells what each of them works on."""

    __slots__ = ("_fetch_next", "_is_single", "_remaining", "trigger_bundle")

    def __init__(
        self, blueprint: Blueprint, received: Json, more: FetchTriggerBundle | None, *, resumes: bool
    ) -> None:
        #: What the trigger was handed for the cycle at hand; ``None`` if nothing was.
        self.trigger_bundle = received
        self._fetch_next = more
        self._remaining = blueprint.max_cycles
        first = blueprint.flow[0] if blueprint.flow else None
        # What was handed over, or goes on where it broke off, is there once.
        handed = more is None and (
            received is not None or (first is not None and first.full_name == START_TRIGGER)
        )
        self._is_single = resumes or first is None or handed

    def advance(self, backlog: Backlog) -> bool:
        """Whether another cycle follows one that went well; ``received`` is what it works on."""
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
    return Backlog(is_polling=catalog.is_polling_trigger(flow[0]), limit=_bundle_limit(flow[0]))


def _bundle_limit(module: Module) -> int | None:
    """How many bundles a trigger puts out in a cycle at most; ``None`` for all."""
    for values in (module.parameters, module.mapper):
        for name in ("limit", "maxResults"):
            value = values.get(name)
            if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
                value = int(value)
            if isinstance(value, int) and not isinstance(value, bool) and value > 0:
                return value
    return None
