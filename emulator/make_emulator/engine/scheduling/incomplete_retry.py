"""Retries of incomplete executions: on request, or when they are due.

Sources: Help centre, "Incomplete executions", "Break error handler", "Exponential backoff".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from ...world import incomplete_executions
from ...world.consumption import is_exhausted, organization_of
from ...world.enums import get_timezone
from ...world.exceptions import InvalidStateError, OperationsExhaustedError
from ...world.executions import count_execution
from ...world.models import Execution, IncompleteExecution, Json, RetryAttempt
from ...world.world import World
from ..blueprints.parser import parse_blueprint
from ..budget import Budget
from ..run_state import AgentRun
from ..runtime import executor
from ..runtime.failed_bundles import RETRY_DELAYS
from ..runtime.incomplete_executions import failed_bundle_fields, store_failed_bundles
from ..runtime.run import FAILURE, ResumePoint, ScenarioRun, locate_module
from . import schedule, sequential, webhook_dispatch

#: Maximum number of parallel retries of one scenario (Help centre, "Automatic retry of incomplete executions").
MAX_PARALLEL_RETRIES = 3


def next_due(world: World, until: int) -> IncompleteExecution | None:
    """Returns the first incomplete execution to retry that is due by a time."""
    first = next(iter(world.incomplete_executions.where(awaited=True).page(_by_next_retry, limit=1)), None)
    return first if first is not None and (first.next_retry or 0) <= until else None


def _by_next_retry(row: IncompleteExecution) -> tuple[int, int]:
    return row.next_retry or 0, row.index


def earliest_start(world: World, row: IncompleteExecution, at: int) -> int:
    """Returns the earliest time, from ``at`` on, for a retry of an incomplete execution.

    Its scenario must not be running. While three of its incomplete executions are retried, the others wait until all three
    are done (Help centre).
    """
    at = max(at, sequential.last_run_end(world, world.scenarios[row.scenario_id]))
    latest = world.retries.where(scenario=row.scenario_id).page(
        _by_end, descending=True, limit=MAX_PARALLEL_RETRIES
    )
    if len(latest) == MAX_PARALLEL_RETRIES and latest[-1].execution.ends > at:
        return latest[0].execution.ends
    return at


def _by_end(retry: RetryAttempt) -> tuple[int, int]:
    return retry.execution.ends, retry.execution.sequence


def retry_due(world: World, row: IncompleteExecution, budget: Budget) -> None:
    """Retries an incomplete execution that is due, or postpones it."""
    due = row.next_retry or 0
    free = earliest_start(world, row, due)
    if free > due:
        world.incomplete_executions.put(replace(row, next_retry=free))
    else:
        retry(world, row, kind="auto", at=due, budget=budget)


def retry_all(
    world: World,
    rows: Sequence[IncompleteExecution],
    *,
    author_id: int,
    agent_run: AgentRun | None = None,
) -> list[IncompleteExecution]:
    """Retries those incomplete executions of a scenario that are not resolved, one after the other (API documentation).

    Raises:
        OperationsExhaustedError: if the organization has no operations left (Make's IM310).
    """
    retried = [row for row in rows if not row.resolved]
    at = world.now()
    for row in retried:
        current = world.incomplete_executions.get(row.id)
        if current is not None and not current.resolved:
            at = earliest_start(world, current, at)
            retry(world, current, author_id=author_id, at=at, agent_run=agent_run)
    return retried


def retry(
    world: World,
    row: IncompleteExecution,
    *,
    kind: Literal["auto", "manual"] = "manual",
    author_id: int | None = None,
    at: int | None = None,
    budget: Budget | None = None,
    agent_run: AgentRun | None = None,
) -> Execution:
    """Runs the rest of an incomplete execution: a success resolves it, a failure counts as an attempt.

    Args:
        agent_run: the agent that requests it, if its modules need the grants of the agent. Those of a retry that is due
            need the grants of the agent that started the run.

    Raises:
        InvalidStateError: if it is resolved.
        OperationsExhaustedError: if it is requested by a user, and the organization has no operations left (Make's IM310).
    """
    if row.resolved:
        raise InvalidStateError("The incomplete execution is resolved already.")
    organization = organization_of(world, row.team_id)
    if kind == "manual" and is_exhausted(world, organization):
        raise OperationsExhaustedError("The organization has no operations left.")
    scenario = world.scenarios[row.scenario_id]
    version = world.blueprints[scenario.id, scenario.blueprint_version]
    if kind == "auto" and row.agent is not None:
        agent_run = AgentRun(row.agent)
    computed = ScenarioRun(
        world,
        scenario,
        replace(version, blueprint=row.blueprint),
        row.inputs,
        world.now() if at is None else at,
        call=executor.call_scenario,
        budget=budget,
        resume_point=ResumePoint.from_row(row),
        agent_run=agent_run,
    )
    computed.execute()
    execution = computed.to_execution(kind=kind, author_id=author_id, instant=False)
    # The run may have lent the lock, and the row have been changed or deleted meanwhile.
    current = world.incomplete_executions.get(row.id)
    if current is None:
        return execution
    row = current
    failed = list(computed.failed_bundles)
    if failed and execution.error is None:
        execution = replace(execution, status=FAILURE, error=failed[0].to_execution_error(), outputs=None)
    execution = count_execution(world, execution)
    world.retries.put(RetryAttempt(incomplete_id=row.id, execution=execution))
    attempts = row.attempts + 1
    if execution.status != FAILURE and not computed.interrupted:
        world.incomplete_executions.put(
            replace(row, attempts=attempts, resolved=True, retry=False, next_retry=None)
        )
        resume_scenario(world, scenario.id, execution.ends)
        return execution
    if failed:
        row = replace(row, **failed_bundle_fields(failed.pop(0)))
    elif execution.error is not None:
        row = replace(row, reason=execution.error.message)
    again = row.retry and attempts < row.most_attempts
    wait = row.interval or RETRY_DELAYS[min(attempts, len(RETRY_DELAYS) - 1)]
    world.incomplete_executions.put(
        replace(
            row,
            attempts=attempts,
            retry=again,
            next_retry=execution.ends + wait if again else None,
        )
    )
    store_failed_bundles(computed, failed)
    return execution


def delete(world: World, rows: Sequence[IncompleteExecution]) -> list[IncompleteExecution]:
    """Deletes incomplete executions, and resumes scenarios that waited for them.

    Those that are being retried stay (API documentation); returns the deleted ones.
    """
    deleted = incomplete_executions.delete(world, rows)
    for scenario_id in {row.scenario_id for row in deleted}:
        resume_scenario(world, scenario_id, world.now())
    return deleted


def resume_scenario(world: World, scenario_id: int, at: int) -> None:
    """Schedules a scenario that waited for its incomplete executions (see `sequential`)."""
    scenario = world.scenarios.get(scenario_id)
    if scenario is None or not scenario.is_active or scenario.next_exec is not None:
        return
    if not sequential.is_sequential(world, scenario) or sequential.is_blocked(world, scenario):
        return
    turn = webhook_dispatch.next_queue_run(world, scenario, at)
    # A scheduled scenario without a next run was blocked when it was due.
    if turn is None and scenario.scheduling.get("type") not in ("immediately", "on-demand"):
        zone = get_timezone(organization_of(world, scenario.team_id).timezone_id)
        turn = schedule.next_allowed(scenario.scheduling, at, zone)
    if turn is not None:
        world.scenarios.put(replace(scenario, next_exec=turn))


def update(
    world: World,
    row: IncompleteExecution,
    *,
    blueprint: Mapping[str, Json] | None = None,
    failer: int | None = None,
) -> IncompleteExecution:
    """Changes the blueprint of a retry, and the module that it starts at.

    Raises:
        InvalidParametersError: if the blueprint is malformed.
        MalformedBlueprintError: if it is inconsistent, or has no such module.
    """
    blueprint = row.blueprint if blueprint is None else blueprint
    failer = row.failer if failer is None else failer
    locate_module(parse_blueprint(blueprint), failer)
    return world.incomplete_executions.put(replace(row, blueprint=blueprint, failer=failer))
