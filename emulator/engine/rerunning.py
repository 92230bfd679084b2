"""Instant scenarios that store no incomplete executions are run again from their start when a service turns them away.

Sources: Help centre, "Exponential backoff", "Fix rate limit errors", "Fix connection errors".
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..world.models import Rerun
from ..world.usage import is_exhausted, organization_of
from ..world.world import World
from . import executor, retrying
from .budget import Budget
from .cycles import Taken


def next_due(world: World, until: int) -> Rerun | None:
    """What is to be run again first, if its time comes by a moment."""
    first = next(iter(world.reruns.all().page(_turn, limit=1)), None)
    return first if first is not None and first.due <= until else None


def _turn(row: Any) -> tuple[int, int]:
    return row.due, row.index


def rerun(world: World, row: Rerun, budget: Budget) -> None:
    """Run a scenario once more; one that was stopped is not, and one without operations waits for its next month."""
    scenario = world.scenarios[row.scenario_id]
    organization = organization_of(world, scenario.team_id)
    if scenario.is_active and is_exhausted(world, organization):
        world.reruns.put(replace(row, due=organization.next_reset))
        return
    world.reruns.remove(row.id)
    taken = Taken(world, row.taken[0].hook_id, row.taken) if row.taken else None
    if taken is not None and not scenario.is_active:
        taken.put_back()
    if scenario.is_active:
        execution = executor.run(
            world,
            scenario,
            instant=True,
            at=row.due,
            trigger_bundle=row.bundle,
            taken=taken,
            attempts=row.attempts + 1,
            budget=budget,
        )
        retrying.release(world, scenario.id, execution.ends)
