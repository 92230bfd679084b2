"""Scheduler: computes scheduled executions once the world's clock has passed them."""

from __future__ import annotations

from dataclasses import replace

from ...json_types import as_mapping
from ...world.clock import MAX_TIMESTAMP, MINUTE
from ...world.consumption import is_exhausted, organization_of, reset_counters
from ...world.enums import get_timezone
from ...world.models import Execution, Organization, Scenario
from ...world.world import World
from ..budget import MAX_WORK, Budget
from ..runtime.run import WARNING
from . import incomplete_retry, instant_retry, run_callbacks, schedule, sequential, webhook_dispatch

#: Limit of the work of one catch-up, in steps (see `budget`), and the minimum that a run counts: neither a clock that is
#: advanced by years nor expensive blueprints can block the server.
MAX_WORK_PER_CATCH_UP = 10_000_000
MIN_WORK_PER_RUN = 1_500

#: Limit of the callbacks of one catch-up; each may wait for the network.
MAX_CALLBACKS_PER_CATCH_UP = 50

#: Errors after which a scheduled scenario pauses, and the pause (Help centre, "Types of errors").
PAUSING_ERRORS = frozenset({"ConnectionError", "IncompleteDataError", "RateLimitError"})
PAUSE = 20 * MINUTE


def _by_next_exec(scenario: Scenario) -> tuple[int, int]:
    return scenario.next_exec or 0, scenario.id


def catch_up(world: World) -> None:
    """Computes every scheduled run that the clock has passed, in the order of their due times.

    Usage counters are reset at the ends of months in between. Beyond the limit of work the remaining runs are skipped,
    and each scenario waits for its next due time; queued webhooks, and callbacks beyond their limit, are not skipped, but
    left to the next catch-up. While another thread computes a run, all are left to a later catch-up, so that they keep
    their order and none is computed twice.
    """
    now = world.now()
    if now < _next_event(world):
        return
    work = MAX_WORK_PER_CATCH_UP
    callbacks = 0
    while not (world.runs_in_progress or world.interruption.is_set()):
        scenario = _next_scenario(world)
        due = scenario.next_exec if scenario is not None else None
        if world.counters_until <= now and (due is None or world.counters_until <= due):
            for organization in reset_counters(world, min(now, due) if due is not None else now):
                _resume_queues(world, organization)
            continue
        until = now if due is None else min(due, now)
        callback = run_callbacks.next_due(world, until)
        if callback is not None and callbacks < MAX_CALLBACKS_PER_CATCH_UP:
            run_callbacks.send(world, callback)
            callbacks += 1
            continue
        if work > 0 and (spent := _run_next_retry(world, until, work)):
            work -= spent
            continue
        if scenario is None or due is None or due > now:
            return
        if _postpone_if_blocked(world, scenario, due):
            continue
        skipping = work <= 0
        if skipping and webhook_dispatch.is_instant(scenario):
            return
        paused_until = 0
        if not skipping and not is_exhausted(world, organization_of(world, scenario.team_id)):
            budget = _make_budget(world, work)
            execution = webhook_dispatch.run_due(world, scenario, due, budget)
            if _has_pausing_error(world, execution):
                paused_until = execution.ends + PAUSE
            work -= _spent_work(budget, work)
        # The run may have lent the lock, and the scenario have been deleted meanwhile.
        if (current := world.scenarios.get(scenario.id)) is not None:
            _schedule_next_run(world, current, now if skipping else due, paused_until)


def _next_scenario(world: World) -> Scenario | None:
    return next(iter(world.scenarios.where(awaited=True).page(_by_next_exec, limit=1)), None)


def _next_event(world: World) -> int:
    """Returns the time of the first run, retry, callback or end of a month to come; kept until one of their tables changes."""
    revision = (
        world.scenarios.revision
        + world.callbacks.revision
        + world.incomplete_executions.revision
        + world.reruns.revision
    )
    known_revision, moment = world.next_event
    if known_revision != revision:
        scenario, callback = _next_scenario(world), run_callbacks.next_due(world, MAX_TIMESTAMP)
        failed = instant_retry.next_due(world, MAX_TIMESTAMP)
        broken = incomplete_retry.next_due(world, MAX_TIMESTAMP)
        times = (
            scenario.next_exec if scenario is not None else None,
            callback.due if callback is not None else None,
            failed.due if failed is not None else None,
            broken.next_retry if broken is not None else None,
        )
        moment = min((time for time in times if time is not None), default=MAX_TIMESTAMP + 1)
        world.next_event = revision, moment
    return min(moment, world.counters_until)


def _make_budget(world: World, work: int) -> Budget:
    """Returns the budget of one run, of the work that is left to a catch-up."""
    return Budget(work=min(MAX_WORK, work), seconds=world.run_time_limit)


def _spent_work(budget: Budget, work: int) -> int:
    """Returns the work of a run, with the budget that `_make_budget` gave it."""
    return max(min(MAX_WORK, work) - budget.work, MIN_WORK_PER_RUN)


def _run_next_retry(world: World, until: int, work: int) -> int:
    """Runs the first retry that is due by a time; returns its work, 0 if there is none."""
    broken, failed = incomplete_retry.next_due(world, until), instant_retry.next_due(world, until)
    if broken is None and failed is None:
        return 0
    budget = _make_budget(world, work)
    if failed is not None and (broken is None or failed.due <= (broken.next_retry or 0)):
        instant_retry.rerun(world, failed, budget)
    elif broken is not None:
        incomplete_retry.retry_due(world, broken, budget)
    return _spent_work(budget, work)


def _postpone_if_blocked(world: World, scenario: Scenario, due: int) -> bool:
    """Postpones a run that is blocked by sequential processing (see `sequential`); returns True if it was."""
    if sequential.is_blocked(world, scenario):
        world.scenarios.put(replace(scenario, next_exec=None))
        return True
    free = sequential.earliest_start(world, scenario)
    if free > due:
        world.scenarios.put(replace(scenario, next_exec=free))
    return free > due


def _has_pausing_error(world: World, execution: Execution) -> bool:
    """Returns True if the run, or an incomplete execution of it, failed with one of `PAUSING_ERRORS`."""
    if execution.error is not None:
        return execution.error.name in PAUSING_ERRORS
    rows = world.incomplete_executions.where(scenario=execution.scenario_id)
    return execution.status == WARNING and any(
        row.execution_id == execution.id
        and as_mapping(row.bundles[str(row.failer)]["error"]).get("type") in PAUSING_ERRORS
        for row in rows
    )


def _schedule_next_run(world: World, scenario: Scenario, after: int, paused_until: int = 0) -> None:
    """Sets the next run of a scenario; one that runs once is deactivated."""
    if not scenario.is_active:
        return
    if (turn := webhook_dispatch.next_queue_run(world, scenario, after)) is not None:
        world.scenarios.put(replace(scenario, next_exec=turn))
        return
    upcoming = schedule.next_run(
        scenario.scheduling, after, get_timezone(organization_of(world, scenario.team_id).timezone_id)
    )
    over = upcoming is None and scenario.scheduling.get("type") == "once"
    if upcoming is not None:
        upcoming = max(upcoming, paused_until)
    world.scenarios.put(replace(scenario, next_exec=upcoming, is_active=not over))


def _resume_queues(world: World, organization: Organization) -> None:
    """Schedules the queues of an organization that waited for a new month."""
    for scenario in list(world.scenarios.where(organization=organization.id)):
        turn = webhook_dispatch.next_queue_run(world, scenario, organization.last_reset)
        if scenario.next_exec is None and turn is not None:
            world.scenarios.put(replace(scenario, next_exec=turn))
