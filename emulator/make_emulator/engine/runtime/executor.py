"""Runs a scenario: computes the run at once, writes it down, and reveals it by the clock.

Sources: Help centre, "Error handlers", "Types of warnings"; recorded runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Literal

from ...world.clock import MINUTE
from ...world.executions import record_execution
from ...world.models import Execution, InstantRetry, Json, Scenario
from ...world.world import World
from ..errors import ModuleError
from ..expressions.values import Value
from ..run_state import ScenarioCall
from . import failed_bundles
from .budget import Budget
from .cycles import FetchTriggerBundle, QueueBatch
from .error_handling import TRANSIENT_ERRORS
from .run import FAILURE, SUCCESS, WARNING, ScenarioRun

#: An instant scenario is run again so long after each of its failures, if they are of a kind that passes by itself
#: (Help centre, "Exponential backoff"); after the last one it is stopped.
INSTANT_RETRY_DELAYS = tuple(MINUTE * minutes for minutes in (1, 2, 5, 10, 60, 180, 720, 1440))

_STATUS_NAMES = {SUCCESS: "SUCCESS", WARNING: "WARNING", FAILURE: "ERROR"}

#: Errors that stop a scenario at once if nobody handles them: somebody has to change something first
#: (the class names of Make's module protocol, with what each does besides; Help centre, "Overview of error handling",
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

#: Scenarios that call scenarios: so many runs may wait for each other. The emulator's own limit.
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
) -> Execution:
    """Run a scenario's current blueprint and write the run to the world's logs.

    ``inputs`` were checked before (see `inputs.validate_inputs`); ``trigger_bundle`` is what an instant trigger received, a
    bundle or an array of them, and ``more`` fetches what it puts out in further cycles; ``taken`` puts back what a cycle
    that fails has taken off a hook's queue. Whatever the blueprint holds,
    nothing is raised: a failure is a run with status 3. Failures of automatic runs are counted, and too many in a row
    deactivate the scenario.
    ``budget`` is what a scenario that calls this one has left, ``depth`` how many such wait above this run;
    ``attempts`` is how often an instant scenario was run again for the same bundle.
    """
    version = world.blueprints[scenario.id, scenario.blueprint_version]
    started = world.now() if at is None else at
    call = partial(call_scenario, depth=depth)
    computed = ScenarioRun(
        world,
        scenario,
        version,
        inputs,
        started,
        trigger_bundle,
        call=call,
        budget=budget,
        more=more,
    )
    computed.execute()
    execution = record_execution(
        world, computed.to_execution(kind=kind, author_id=author_id, instant=instant)
    )
    again = (
        instant
        and kind == "auto"
        and _is_retryable(computed, execution)
        and attempts < len(INSTANT_RETRY_DELAYS)
    )
    if taken is not None and computed.requeues_trigger and not again:
        taken.requeue()
    if again:
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
    elif kind == "auto":
        _update_error_count(world, scenario.id, computed.max_errors, execution)
    failed_bundles.store_failed_bundles(computed, computed.failed_bundles)
    return execution


def _is_retryable(computed: ScenarioRun, execution: Execution) -> bool:
    """Whether a run failed because a service turned a module away, and nobody was answered before."""
    return (
        execution.error is not None
        and execution.error.name in TRANSIENT_ERRORS
        and execution.respond is None
        and computed.has_started
    )


def call_scenario(computed: ScenarioRun, call: ScenarioCall, *, depth: int = 0) -> Mapping[str, Value]:
    """Run a scenario that another one calls. What it uses is taken off what the other may use.

    Raises:
        ModuleError: the error of the run, if it is waited for.
    """
    caller = computed.run
    if depth >= MAX_CALL_DEPTH:
        raise ModuleError("RuntimeError", f"More than {MAX_CALL_DEPTH} scenarios call each other.")
    held = caller.transaction.pending_records(caller.world)
    caller.budget.charge(1 + len(held) // 4)
    execution = run_scenario(
        caller.world,
        call.scenario,
        inputs=call.inputs,
        at=caller.now(),
        budget=caller.budget,
        depth=depth + 1,
    )
    call.execution_id = execution.id
    caller.transaction.mark_conflicts(caller.world, held)
    if not call.wait:
        return {}
    caller.stopwatch.sleep(execution.duration)
    if execution.error is not None:
        raise ModuleError(execution.error.name, execution.error.message)
    return execution.outputs or {}


def visible_status(execution: Execution, now: int) -> str:
    """What is known of a run at a moment: ``RUNNING``, ``SUCCESS``, ``WARNING`` or ``ERROR``."""
    return "RUNNING" if now < execution.ends else _STATUS_NAMES[execution.status]


def _update_error_count(world: World, scenario_id: int, max_errors: int, execution: Execution) -> None:
    scenario = world.scenarios.get(scenario_id)
    if scenario is None:
        return
    if execution.status != FAILURE:
        if scenario.errors_in_a_row:
            world.scenarios.put(replace(scenario, errors_in_a_row=0))
        return
    # Whoever called the webhook got an answer before the error came: that is no error of the scenario (Help centre).
    if execution.instant and execution.respond is not None:
        return
    scenario = replace(scenario, errors_in_a_row=scenario.errors_in_a_row + 1)
    # A scenario with an instant trigger is stopped by its first error (Help centre).
    stops = execution.instant or (execution.error is not None and execution.error.name in DEACTIVATING_ERRORS)
    if scenario.errors_in_a_row >= (1 if stops else max_errors):
        scenario = replace(scenario, is_invalid=True, is_active=False, next_exec=None)
    world.scenarios.put(scenario)
