"""Runs what fell due: scheduled executions are computed once the world's clock has passed them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..world.enums import zone_of
from ..world.models import Scenario
from ..world.usage import restart_counters
from ..world.world import World
from . import listening, schedule

#: The most runs that one look at the clock may compute, so that a leap of years cannot hang the server.
RUNS_AT_ONCE = 5_000


def _due(scenario: Any) -> tuple[int, int]:
    return scenario.next_exec, scenario.id


def catch_up(world: World) -> None:
    """Compute every scheduled run that the clock has passed, in the order in which they fell due.

    Past the limit of runs at once, the remaining ones are skipped and each scenario waits for its next turn.
    """
    now = world.now()
    if now >= world.counters_until:
        restart_counters(world)
    awaited = world.scenarios.where(awaited=True)
    if not len(awaited):
        return
    runs = 0
    while (first := awaited.page(_due, limit=1)) and (first[0].next_exec or 0) <= now:
        scenario = first[0]
        due = scenario.next_exec or now
        skipping = runs >= RUNS_AT_ONCE
        if skipping and listening.is_instant(scenario):
            # What waits at a hook is not skipped: the next look goes on with it.
            return
        if not skipping:
            listening.run_due(world, scenario, due)
            runs += 1
        _await_next(world, world.scenarios[scenario.id], now if skipping else due)


def _await_next(world: World, scenario: Scenario, after: int) -> None:
    """Set when the scenario runs next; one that runs once is over now."""
    if not scenario.is_active:
        return
    if listening.is_waiting(world, scenario):
        world.scenarios.put(replace(scenario, next_exec=after))
        return
    zone = zone_of(world.organizations[world.teams[scenario.team_id].organization_id].timezone_id)
    upcoming = schedule.next_run(scenario.scheduling, after, zone)
    over = upcoming is None and scenario.scheduling.get("type") == "once"
    world.scenarios.put(replace(scenario, next_exec=upcoming, is_active=not over))
