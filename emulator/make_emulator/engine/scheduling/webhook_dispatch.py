"""Dispatch of what a hook receives to its scenario: at once, or through the hook's queue.

Sources: help centre, "Webhooks" (queue, scheduled processing), "Pricing" (a queue waits for operations); a client's
measurement of an inactive scenario: deliveries are queued, and processed once it is active.
"""

from __future__ import annotations

from dataclasses import replace

from ...json_types import as_mapping, is_integer
from ...world import blueprint_refs, hook_queues, hooks
from ...world.consumption import is_exhausted, organization_of
from ...world.models import Execution, Hook, Json, Scenario
from ...world.world import World
from ..apps.webhooks import RESPOND_MODULE
from ..budget import Budget
from ..runtime import executor
from ..runtime.cycles import QueueBatch
from . import sequential

#: Bundles of the queue in a cycle of a scheduled run, unless the trigger sets another number (Help centre).
DEFAULT_MAX_RESULTS = 2


def is_instant(scenario: Scenario) -> bool:
    """Returns True if each delivery to its hook starts a run."""
    return scenario.hook_id is not None and scenario.scheduling.get("type") == "immediately"


def has_response_module(world: World, scenario: Scenario) -> bool:
    """Returns True if the scenario has a module that responds to the caller of its webhook."""
    version = world.blueprints.get((scenario.id, scenario.blueprint_version))
    flow = version.blueprint.get("flow") if version is not None else ()
    return any(node["module"] == RESPOND_MODULE for node in blueprint_refs.iter_modules(flow))


def deliver(world: World, hook: Hook, data: Json, *, id: str, size: int) -> Execution | None:
    """Runs the scenario of a hook with a bundle, or an array of them; returns ``None`` if it is queued, or only learned from.

    Raises:
        QueueFullError: if it is to be queued, and the queue is full.
    """
    scenario = hooks.scenario_of(world, hook)
    execution = None
    if hook.captures_next and scenario is not None and scenario.is_active:
        hooks.learn_structure(world, hook, data)
        return None
    if scenario is None or not _can_run_now(world, scenario):
        hook_queues.enqueue(world, hook, data, id=id, size=size)
        if scenario is not None and (at := next_queue_run(world, scenario, world.now())) is not None:
            world.scenarios.put(replace(scenario, next_exec=at))
    else:
        taken = QueueBatch(world, hook.id, [hook_queues.create_incoming(world, hook, data, id=id, size=size)])
        execution = executor.run_scenario(
            world, scenario, kind="auto", instant=True, trigger_bundle=data, taken=taken
        )
    hooks.learn_structure(world, hook, data)
    return execution


def next_queue_run(world: World, scenario: Scenario, after: int) -> int | None:
    """Returns the time of the next run of an instant scenario for its queue, one run a bundle; ``None`` for none."""
    if (
        not scenario.is_active
        or not is_instant(scenario)
        or is_exhausted(world, organization_of(world, scenario.team_id))
    ):
        return None
    if not len(world.incomings.where(hook=scenario.hook_id)) or sequential.is_blocked(world, scenario):
        return None
    return max(after, sequential.earliest_start(world, scenario))


def run_due(world: World, scenario: Scenario, at: int, budget: Budget) -> Execution:
    """Runs a scenario that is due; one with a hook takes bundles off the queue, the oldest first."""
    instant = is_instant(scenario)
    taken = open_queue_batch(world, scenario, one=instant)
    return executor.run_scenario(
        world,
        scenario,
        kind="auto",
        instant=instant,
        at=at,
        trigger_bundle=taken.take() if taken is not None else None,
        more=taken.take if taken is not None and not instant else None,
        taken=taken,
        budget=budget,
    )


def open_queue_batch(world: World, scenario: Scenario, *, one: bool = False) -> QueueBatch | None:
    """Returns the batch that takes bundles off the queue for each cycle; ``None`` if the scenario has no hook."""
    if scenario.hook_id is None:
        return None
    return QueueBatch(world, scenario.hook_id, limit=1 if one else max_results(world, scenario))


def max_results(world: World, scenario: Scenario) -> int:
    """Returns the number of bundles that a cycle takes off the queue."""
    flow = world.blueprints[scenario.id, scenario.blueprint_version].blueprint["flow"]
    limit = as_mapping(blueprint_refs.first_module(flow).get("parameters")).get("maxResults")
    return limit if is_integer(limit) and limit > 0 else DEFAULT_MAX_RESULTS


def _can_run_now(world: World, scenario: Scenario) -> bool:
    return (
        scenario.is_active
        and is_instant(scenario)
        and not is_exhausted(world, organization_of(world, scenario.team_id))
        and not len(world.incomings.where(hook=scenario.hook_id))
        and not sequential.is_blocked(world, scenario)
        and not sequential.is_running(world, scenario)
        and sequential.earliest_start(world, scenario) <= world.now()
    )
