"""Executions of scenarios, and their log with the retention of the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypedDict, Unpack

from .clock import DAY
from .consumption import add_execution
from .exceptions import InvalidStateError
from .models import (
    Execution,
    ExecutionError,
    ExecutionResponse,
    FlowDecision,
    Json,
    ModuleAccess,
    Scenario,
    Step,
)
from .world import World

#: The number of executions of a scenario, the latest, whose steps are stored.
MAX_DETAILED_EXECUTIONS = 100


#: The statuses of finished runs.
SUCCESS, WARNING, FAILURE = 1, 2, 3


class ExecutionDetails(TypedDict, total=False):
    """Fields of `Execution` that not every run has."""

    inputs: Mapping[str, Json] | None
    outputs: Mapping[str, Json] | None
    error: ExecutionError | None
    steps: tuple[Step, ...]
    name: str | None
    respond: ExecutionResponse | None
    decisions: tuple[FlowDecision, ...]
    steps_left_out: int
    decisions_left_out: int
    agent: str | None
    accesses: tuple[ModuleAccess, ...]


def create(
    scenario: Scenario,
    organization_id: int,
    *,
    id: str,
    type: str,
    author_id: int | None,
    started: int,
    duration: int,
    operations: int,
    centicredits: int,
    transfer: int,
    status: int,
    instant: bool = False,
    **details: Unpack[ExecutionDetails],
) -> Execution:
    """A run of a scenario, not yet logged."""
    return Execution(
        id=id,
        scenario_id=scenario.id,
        scenario_name=scenario.name,
        team_id=scenario.team_id,
        organization_id=organization_id,
        type=type,
        author_id=author_id,
        instant=instant,
        started=started,
        duration=duration,
        operations=operations,
        centicredits=centicredits,
        transfer=transfer,
        status=status,
        **details,
    )


def record_execution(world: World, execution: Execution) -> Execution:
    """Adds a run to the log of its scenario and to the consumption of its owners."""
    execution = count_execution(world, execution)
    world.logs.put(execution)
    return execution


def count_execution(world: World, execution: Execution) -> Execution:
    """Assigns a run its place in the order of the log, and adds it to the consumption of its owners."""
    execution = replace(execution, sequence=world.ids.next("log"))
    _drop_expired(world, execution)
    add_execution(world, execution)
    return execution


def is_replayable(world: World, execution: Execution) -> bool:
    """Returns true if a run has ended, and the data that it received are stored; on the plan Free they never are."""
    is_stored = bool(execution.steps) or execution.inputs is not None
    plan = world.organizations[execution.organization_id].plan
    return execution.ends <= world.now() and is_stored and plan != "free"


def list_running(world: World, scenario: Scenario) -> list[Execution]:
    """Returns the runs of a scenario that have not ended."""
    now = world.now()
    runs = (row for row in world.logs.where(scenario=scenario.id) if isinstance(row, Execution))
    return [run for run in runs if run.started <= now < run.ends]


def stop(world: World, execution: Execution, *, force: bool) -> Execution:
    """Ends a running execution, now or after its current module; what it had computed stays done.

    The end of the current module is estimated: the operations of the run share its duration evenly.

    Raises:
        InvalidStateError: if it is not running.
    """
    elapsed = world.now() - execution.started
    if not 0 <= elapsed < execution.duration:
        raise InvalidStateError("The execution is not running.")
    if not force:
        operation = max(execution.duration // max(execution.operations, 1), 1)
        elapsed = min(-(-elapsed // operation) * operation, execution.duration)
    stopped = replace(
        execution,
        duration=elapsed,
        outputs=None,
        status=WARNING,
        error=ExecutionError(name="ExecutionInterruptedError", message="The execution was stopped."),
    )
    world.logs.put(stopped)
    if (callback := world.callbacks.get(execution.id)) is not None:
        world.callbacks.put(replace(callback, due=stopped.ends))
    return stopped


def _drop_expired(world: World, newest: Execution) -> None:
    """Drops log entries of a scenario past the plan's retention, and the steps of all but its latest runs."""
    days = world.organizations[newest.organization_id].license.retention
    entries = world.logs.where(scenario=newest.scenario_id)
    stale = []
    for entry in entries:
        at = entry.started if isinstance(entry, Execution) else entry.at
        if at >= newest.started - days * DAY:
            break
        stale.append(entry.id)
    for id in stale:
        world.logs.remove((newest.scenario_id, id))
    detailed = (*world.detailed.get(newest.scenario_id, ()), newest.id)
    world.detailed[newest.scenario_id] = detailed[-MAX_DETAILED_EXECUTIONS:]
    if len(detailed) > MAX_DETAILED_EXECUTIONS:
        run = world.logs.get((newest.scenario_id, detailed[0]))
        if isinstance(run, Execution) and (run.steps or run.decisions):
            world.logs.put(
                replace(
                    run,
                    steps=(),
                    decisions=(),
                    steps_left_out=run.steps_left_out + len(run.steps),
                    decisions_left_out=run.decisions_left_out + len(run.decisions),
                )
            )
