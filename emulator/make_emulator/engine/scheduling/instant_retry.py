"""Retries of instant scenarios: after a transient error they run again from the start.

Only those that store no incomplete executions are retried.

Sources: Help centre, "Exponential backoff", "Fix rate limit errors", "Fix connection errors".
"""

from __future__ import annotations

from dataclasses import replace

from ...world.consumption import is_exhausted, organization_of
from ...world.models import InstantRetry
from ...world.world import World
from ..budget import Budget
from ..runtime import executor
from ..runtime.cycles import QueueBatch
from . import incomplete_retry


def next_due(world: World, until: int) -> InstantRetry | None:
    """Returns the first retry that is due by a time."""
    first = next(iter(world.reruns.all().page(_by_due_time, limit=1)), None)
    return first if first is not None and first.due <= until else None


def _by_due_time(row: InstantRetry) -> tuple[int, int]:
    return row.due, row.index


def rerun(world: World, row: InstantRetry, budget: Budget) -> None:
    """Runs a scenario again, unless it was stopped; one without operations left waits for the next month."""
    scenario = world.scenarios[row.scenario_id]
    organization = organization_of(world, scenario.team_id)
    if scenario.is_active and is_exhausted(world, organization):
        world.reruns.put(replace(row, due=organization.next_reset))
        return
    world.reruns.remove(row.id)
    taken = QueueBatch(world, row.taken[0].hook_id, row.taken) if row.taken else None
    if taken is not None and not scenario.is_active:
        taken.requeue()
    if scenario.is_active:
        execution = executor.run_scenario(
            world,
            scenario,
            instant=True,
            at=row.due,
            trigger_bundle=row.bundle,
            taken=taken,
            attempts=row.attempts + 1,
            budget=budget,
        )
        incomplete_retry.resume_scenario(world, scenario.id, execution.ends)
