"""Executor of scenarios: computes a run at once, records it, and reveals it by the clock.

Sources: Help centre, "Error handlers", "Types of warnings"; recorded runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Literal

from ...world import notifications
from ...world.clock import MINUTE
from ...world.executions import record_execution
from ...world.models import Execution, InstantRetry, Json, Scenario
from ...world.world import World
from ..budget import Budget
from ..errors import FatalError, ModuleError
from ..expressions.values import Value
from ..run_state import AgentRun, ScenarioCall
from .cycles import FetchTriggerBundle, QueueBatch
from .failed_bundles import TRANSIENT_ERRORS
from .failure_log import log_failure
from .incomplete_executions import store_failed_bundles
from .run import FAILURE, SUCCESS, WARNING, ScenarioRun

#: Delays of the retries of an instant scenario after transient errors (Help centre, "Exponential backoff"); after the
#: last one it is stopped.
INSTANT_RETRY_DELAYS = tuple(MINUTE * minutes for minutes in (1, 2, 5, 10, 60, 180, 720, 1440))

_STATUS_NAMES = {SUCCESS: "SUCCESS", WARNING: "WARNING", FAILURE: "ERROR"}

#: Errors that deactivate a scenario at once unless they are handled, since only a change can fix them (the class names of Make's module protocol, with what each does besides; Help centre, "Overview of error handling",
#: "Types of errors").
DEACTIVATING_ERRORS = frozenset(
    {
        "DataSizeLimitExceededError",
        "InconsistencyError",
        "InvalidAccessTokenError",
        "InvalidConfigurationError",
        "MaxResultsExceededError",
        "OperationsLimitExceededError",
        "UnexpectedError",
    }
)

#: Depth of runs that call each other. The emulator's own limit.
MAX_CALL_DEPTH = 10


def run_scenario(
    world: World,
    scenario: Scenario,
    *,
    inputs: Mapping[str, Json] | None = None,
    kind: Literal["auto", "manual"] = "auto",
    author_id: int | None = None,
    instant: bool = False,
    at: int | None = None,
    trigger_bundle: Json = None,
    more: FetchTriggerBundle | None = None,
    taken: QueueBatch | None = None,
    budget: Budget | None = None,
    depth: int = 0,
    attempts: int = 0,
    agent_run: AgentRun | None = None,
) -> Execution:
    """Runs a scenario's current blueprint and records the run in the world's logs.

    Nothing is raised, whatever the blueprint: a failure is a run with status 3. Failures of automatic runs are counted,
    and too many in a row deactivate the scenario.

    Args:
        inputs: validated inputs, see `inputs.validate_inputs`.
        at: start in milliseconds since the epoch; the world's time by default.
        trigger_bundle: bundle, or an array of bundles, that an instant trigger received.
        more: fetches the trigger bundles of further cycles.
        taken: batch of a hook's queue, which a cycle that fails requeues.
        budget: remaining budget of the calling scenario.
        depth: number of runs that wait for this one.
        attempts: number of earlier runs of an instant scenario with the same bundle.
        agent_run: the agent that starts it, if its modules need the grants of the agent.
    """
    version = world.blueprints[scenario.id, scenario.blueprint_version]
    started = world.now() if at is None else at
    call = partial(call_scenario, depth=depth)
    scenario_run = ScenarioRun(
        world,
        scenario,
        version,
        inputs,
        started,
        trigger_bundle,
        call=call,
        budget=budget,
        fetch_next=more,
        agent_run=agent_run,
    )
    scenario_run.execute()
    execution = scenario_run.to_execution(kind=kind, author_id=author_id, instant=instant)
    log_failure(world, execution)
    if scenario.id not in world.scenarios:
        # Deleted while the run lent the lock: no log is left to hold it.
        if taken is not None:
            taken.requeue()
        return execution
    execution = record_execution(world, execution)
    is_retried = (
        instant
        and kind == "auto"
        and _is_retryable(scenario_run, execution)
        and attempts < len(INSTANT_RETRY_DELAYS)
    )
    if taken is not None and scenario_run.requeues_trigger and not is_retried:
        taken.requeue()
    if is_retried:
        world.reruns.put(
            InstantRetry(
                id=execution.id,
                scenario_id=scenario.id,
                bundle=trigger_bundle,
                taken=tuple(taken.rows) if taken is not None else (),
                attempts=attempts,
                due=execution.ends + INSTANT_RETRY_DELAYS[attempts],
                index=world.ids.next("rerun"),
            )
        )
    elif kind == "auto" and agent_run is not None and agent_run.is_denied:
        # What an agent may not do is no error of the scenario, which it must not be able to stop.
        notifications.notify_of_run(world, scenario, execution, is_deactivated=False)
    elif kind == "auto":
        is_deactivated = _update_error_count(world, scenario.id, scenario_run.max_errors, execution)
        notifications.notify_of_run(world, scenario, execution, is_deactivated=is_deactivated)
    store_failed_bundles(scenario_run, scenario_run.failed_bundles)
    return execution


def _is_retryable(scenario_run: ScenarioRun, execution: Execution) -> bool:
    """True if a run failed with a transient error before it sent a response to the caller of its webhook."""
    return (
        execution.error is not None
        and execution.error.name in TRANSIENT_ERRORS
        and execution.respond is None
        and scenario_run.has_started
    )


def call_scenario(scenario_run: ScenarioRun, call: ScenarioCall, *, depth: int = 0) -> Mapping[str, Value]:
    """Runs a scenario that another one calls, with the budget of the caller; returns its outputs.

    Raises:
        ModuleError: the error of the run, if the caller waits for it.
    """
    caller = scenario_run.run
    if depth >= MAX_CALL_DEPTH:
        raise ModuleError("RuntimeError", f"More than {MAX_CALL_DEPTH} scenarios call each other.")
    pending_records = caller.transaction.pending_records(caller.world)
    caller.budget.charge(1 + len(pending_records) // 4)
    execution = run_scenario(
        caller.world,
        call.scenario,
        inputs=call.inputs,
        at=caller.now(),
        budget=caller.budget,
        depth=depth + 1,
        agent_run=caller.agent_run,
    )
    call.execution_id = execution.id
    caller.transaction.mark_conflicts(caller.world, pending_records)
    if not call.wait:
        return {}
    caller.stopwatch.sleep(execution.duration)
    if execution.error is not None:
        error = execution.error
        is_denied = any(not row.is_allowed for row in execution.accesses)
        error_type = FatalError if is_denied else ModuleError
        raise error_type(error.name, error.message, issues=error.issues, hint=error.hint)
    return execution.outputs or {}


def visible_status(execution: Execution, now: int) -> str:
    """Returns the status of a run at a time: ``RUNNING``, ``SUCCESS``, ``WARNING`` or ``ERROR``."""
    return "RUNNING" if now < execution.ends else _STATUS_NAMES[execution.status]


def _update_error_count(world: World, scenario_id: int, max_errors: int, execution: Execution) -> bool:
    """Counts a run; returns True if it deactivates its scenario."""
    scenario = world.scenarios.get(scenario_id)
    if scenario is None:
        return False
    if execution.status != FAILURE:
        if scenario.errors_in_a_row:
            world.scenarios.put(replace(scenario, errors_in_a_row=0))
        return False
    # An error after the response to the caller of the webhook does not count for the scenario (Help centre).
    if execution.instant and execution.respond is not None:
        return False
    scenario = replace(scenario, errors_in_a_row=scenario.errors_in_a_row + 1)
    # The first error stops a scenario with an instant trigger (Help centre).
    stops = execution.instant or (execution.error is not None and execution.error.name in DEACTIVATING_ERRORS)
    is_deactivated = scenario.errors_in_a_row >= (1 if stops else max_errors)
    if is_deactivated:
        locks = execution.error is not None and execution.error.name == "UnexpectedError"
        scenario = replace(
            scenario, is_invalid=True, is_active=False, next_exec=None, is_locked=scenario.is_locked or locks
        )
    world.scenarios.put(scenario)
    return is_deactivated
