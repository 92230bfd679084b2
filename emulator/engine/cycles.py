"""The cycles of a run: what its trigger puts out in each, and whether another one follows.

A run has at most as many cycles as the scenario's setting says (``metadata.scenario.roundtrips``, 1 by default). What an
instant trigger was handed is one cycle; a trigger that polls goes on as long as there is more than its limit; without a
trigger every cycle is performed. Source: Adobe's documentation of the same engine, "Configure scenario settings" and
"Webhooks reference"; Help centre, "Scenario execution, cycles, and phases".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from ..world import queues
from ..world.models import Incoming, Json
from ..world.world import World
from . import catalog
from .blueprint import Blueprint, Module

More: TypeAlias = "Callable[[], Json]"
"""Fetches what a trigger puts out in the next cycle; ``None`` if nothing waits."""

#: The trigger that hands over a run's inputs.
START = "scenario-service:StartSubscenario"


class Taken:
    """What the trigger of a run was handed of what a hook received, for the cycle at hand; the queue's part of it is off it.

    A cycle that fails puts it back to its place (`put_back`), to be taken again by a later run. Sources: Adobe's
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
        self.rows = queues.take(self._world, self._hook_id, self._limit)
        return queues.bundles_of(self.rows) or None

    def put_back(self) -> None:
        """Let it wait again, where it did."""
        queues.put_back(self._world, self.rows)
        self.rows = ()


class Cycles:
    """Counts the cycles of one run, and tells what each of them works on."""

    __slots__ = ("_left", "_more", "_once", "received")

    def __init__(self, blueprint: Blueprint, received: Json, more: More | None, *, resumes: bool) -> None:
        #: What the trigger was handed for the cycle at hand; ``None`` if nothing was.
        self.received = received
        self._more = more
        self._left = blueprint.cycles
        first = blueprint.flow[0] if blueprint.flow else None
        # What was handed over, or goes on where it broke off, is there once.
        handed = more is None and (received is not None or (first is not None and first.full_name == START))
        self._once = resumes or first is None or handed

    def follows(self, backlog: Backlog) -> bool:
        """Whether another cycle follows one that went well; ``received`` is what it works on."""
        self._left -= 1
        if self._once or self._left <= 0:
            return False
        if self._more is not None:
            self.received = self._more()
            return self.received is not None
        return not backlog.polls or bool(backlog.waiting)


class Backlog:
    """What a trigger that polls has found and not put out yet, because of its limit."""

    __slots__ = ("_limit", "polls", "waiting")

    def __init__(self, flow: Sequence[Module]) -> None:
        first = flow[0] if flow else None
        self.polls = first is not None and _polls(first)
        self._limit = _limit(first) if first is not None else None
        self.waiting: Sequence[Mapping[str, Json]] = ()

    def page(self, found: Sequence[Mapping[str, Json]]) -> Sequence[Mapping[str, Json]]:
        """So much of what was found as the limit allows; the rest waits for the next cycle."""
        if not self.polls or self._limit is None:
            return found
        self.waiting = found[self._limit :]
        return found[: self._limit]


def _polls(module: Module) -> bool:
    """Whether a module asks a service for what is new. The names of such modules say that they watch, or trigger."""
    name = module.name.lower()
    return catalog.simulates(module.app, module.name) and ("watch" in name or "trigger" in name)


def _limit(module: Module) -> int | None:
    """How many bundles a trigger puts out in a cycle at most; ``None`` for all."""
    for values in (module.parameters, module.mapper):
        for name in ("limit", "maxResults"):
            value = values.get(name)
            if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
                value = int(value)
            if isinstance(value, int) and not isinstance(value, bool) and value > 0:
                return value
    return None
