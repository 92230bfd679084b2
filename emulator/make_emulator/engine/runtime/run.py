"""Run of a scenario: its setup, its cycles, and its conversion to an execution."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from ...lazy_dataclasses import dataclass
from ...world import executions
from ...world.consumption import organization_of
from ...world.enums import get_timezone
from ...world.exceptions import DomainError, MalformedBlueprintError
from ...world.models import (
    BlueprintVersion,
    Execution,
    ExecutionError,
    ExecutionResponse,
    IncompleteExecution,
    Json,
    Scenario,
)
from ...world.world import World
from .. import custom_functions
from ..apps.output_dates import restore_stored_dates
from ..blueprints.model import Blueprint, Module
from ..blueprints.parser import parse_blueprint
from ..budget import Budget
from ..errors import ExecutionInterruptedError, ModuleError
from ..expressions.context import Bundle, Scope
from ..expressions.values import Value, to_json_object
from ..mock_data.infer import ConstraintInference
from ..run_state import AgentRun, RunState, ScenarioCall, Stopwatch
from ..transaction import Transaction
from . import connection_checks
from .aggregation import FlowPosition, MergePoint
from .cycles import CycleCounter, FetchTriggerBundle, open_backlog
from .failed_bundles import FailedBundle
from .interpreter import Interpreter
from .variables import build_variables

if TYPE_CHECKING:
    from ...world.telemetry import RunTelemetry

SUCCESS, WARNING, FAILURE = executions.SUCCESS, executions.WARNING, executions.FAILURE

#: Cost of a cycle besides its modules, in steps of work (see `make_emulator.engine.budget`).
CYCLE_COST = 50

ScenarioCaller: TypeAlias = "Callable[[ScenarioRun, ScenarioCall], Mapping[str, Value]]"
"""Runs a scenario that another run calls, and returns its outputs."""


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """Start of a run that retries an incomplete execution: a module, and the bundles on the path to it."""

    module_id: int
    bundles: Mapping[str, Mapping[str, Value]]
    variables: Mapping[str, Value]

    @classmethod
    def from_row(cls, row: IncompleteExecution) -> ResumePoint:
        """Returns the point at which an incomplete execution is resumed."""
        bundles = {
            id: bundle
            for id, bundle in restore_stored_dates(row.bundles, row.bundle_dates).items()
            if isinstance(bundle, Mapping)
        }
        variables = restore_stored_dates(row.variables, row.variable_dates)
        return cls(row.failer, bundles, variables)

    def locate(self, blueprint: Blueprint) -> tuple[FlowPosition, Scope, MergePoint | None]:
        """Returns the position of the module, its scope, and the continuation of its flow.

        Raises:
            MalformedBlueprintError: if the blueprint has no such module.
        """
        scope = Scope()
        for id, data in self.bundles.items():
            if id != str(self.module_id):
                scope = scope.with_bundle(int(id), Bundle(data))
        (flow, position), merge_point = locate_module(blueprint, self.module_id, scope)
        return (flow, position), scope, merge_point


def locate_module(
    blueprint: Blueprint, module_id: int, scope: Scope | None = None
) -> tuple[FlowPosition, MergePoint | None]:
    """Returns the position of a module, and the continuation of its flow.

    Raises:
        MalformedBlueprintError: if the blueprint has no such module.
    """
    scope = scope or Scope()
    pending: list[tuple[Sequence[Module], MergePoint | None]] = [(blueprint.flow, None)]
    while pending:
        flow, merge_point = pending.pop()
        for position, module in enumerate(flow):
            if module.id == module_id:
                return (flow, position), merge_point
            pending.append((module.onerror, None))
            pending.extend((route.flow, merge_point) for route in module.routes)
            for branch in module.branches:
                merges = branch.merge_index is not None and position + 1 < len(flow)
                merge = (
                    MergePoint(flow, position + 1, branch.merge_index or 0, scope, merge_point)
                    if merges
                    else None
                )
                pending.append((branch.flow, merge))
    raise MalformedBlueprintError(f"Module '{module_id}' not found.")


class ScenarioRun:
    """One run of a scenario, from its first module or from a failed one."""

    def __init__(
        self,
        world: World,
        scenario: Scenario,
        version: BlueprintVersion,
        inputs: Mapping[str, Json] | None,
        started: int,
        trigger_bundle: Json = None,
        *,
        call: ScenarioCaller,
        budget: Budget | None = None,
        resume_point: ResumePoint | None = None,
        fetch_next: FetchTriggerBundle | None = None,
        agent_run: AgentRun | None = None,
    ) -> None:
        execution_id = world.ids.hex(32)
        budget = budget or Budget(seconds=world.run_time_limit)
        budget.interruption = world.interruption
        seed = f"{world.seed}:{execution_id}"
        self._organization = organization_of(world, scenario.team_id)
        self.blueprint = version.blueprint
        self.inputs = inputs
        self._resume_point = resume_point
        self._fetch_next = fetch_next
        self._interpreter: Interpreter | None = None
        self._error: ExecutionError | None = None
        #: Committed response to the caller of a webhook, and the response before the current cycle.
        self._committed_response: ExecutionResponse | None = None
        self._previous_response: ExecutionResponse | None = None
        #: True if the response is sent only when the cycle is committed.
        self._defers_response = False
        self.max_errors = 3
        self.allows_data_loss = False
        self.run = RunState(
            world=world,
            scenario=scenario,
            execution_id=execution_id,
            started=started,
            inputs=inputs or {},
            output_spec=version.output_spec or (),
            trigger_bundle=trigger_bundle,
            budget=budget,
            stopwatch=Stopwatch(f"duration:{seed}"),
            # The time limit of a run depends on the plan.
            time_limit=self._organization.license.execution_time * 60_000,
            random=random.Random(f"run:{seed}"),
            call=partial(call, self),
            functions=partial(custom_functions.find_function, world, scenario.team_id),
            variables=dict(resume_point.variables) if resume_point is not None else {},
            agent_run=agent_run,
            names=build_variables(
                world, scenario, execution_id, inputs or {}, started, self._consumption, budget
            ),
        )

    def execute(self) -> None:
        """Runs the blueprint to its end or to the error that ends it."""
        run, budget = self.run, self.run.budget
        run.stopwatch.begin()
        caller_gives_way, budget.give_way = budget.give_way, run.give_way
        with run.world.run_in_progress(run.scenario.id):
            if run.world.telemetry is None:
                self._execute()
            else:
                self._execute_with(run.world.telemetry)
        budget.give_way = caller_gives_way
        if run.agent_run is not None:
            run.agent_run.accesses += run.accesses.values()
        run.release()

    def _execute_with(self, telemetry: RunTelemetry) -> None:
        run = self.run
        with telemetry.run(run.scenario, run.execution_id) as span:
            self._execute()
            span.finish(
                status=self._status,
                duration=run.stopwatch.elapsed,
                operations=self._interpreter.operations if self._interpreter else 0,
                error=self._error,
                world=run.world,
            )

    @property
    def _status(self) -> int:
        if self._error is not None:
            return FAILURE
        return WARNING if self.run.has_warning else SUCCESS

    def _execute(self) -> None:
        try:
            self._run_cycles()
        except ExecutionInterruptedError:
            self.run.has_warning = True
        except DomainError as error:
            self._error = ExecutionError(
                name="BlueprintValidationError", message=error.detail, hint=error.hint
            )
        except ModuleError as error:
            self._error = ExecutionError(
                name=error.name, message=error.message, issues=error.issues, hint=error.hint
            )
        except Exception as error:
            # A defect of the emulator. Make has UnknownError for errors without a name, and a failed run
            # is more helpful than a failed request.
            self._error = ExecutionError(name="UnknownError", message=f"The emulator failed: {error!r}")
        if self._error is not None and self._defers_response:
            self.run.webhook_response = self._committed_response
        if self._error is not None and not self.run.transaction.rollback(self.run.world):
            self._error = ExecutionError(name="InconsistencyError", message="Changes could not be undone.")

    def _consumption(self) -> tuple[int, int]:
        """Returns the operations and bytes used until now."""
        interpreter = self._interpreter
        return (interpreter.operations, interpreter.transfer) if interpreter is not None else (0, 0)

    @property
    def failed_bundles(self) -> Sequence[FailedBundle]:
        """Failed bundles, to be stored as incomplete executions."""
        return self._interpreter.failed_bundles if self._interpreter is not None else ()

    @property
    def has_started(self) -> bool:
        """True once the run reached its first module."""
        return self._interpreter is not None

    @property
    def requeues_trigger(self) -> bool:
        """True if the trigger bundles of the failed cycle return to the queue.

        They do, unless the trigger had committed them, or the caller of the webhook got a response in this cycle.
        """
        is_uncommitted = self.run.transaction.defers_trigger_commit or not self.has_started
        return (
            self._error is not None
            and is_uncommitted
            and self.run.webhook_response is self._previous_response
        )

    @property
    def interrupted(self) -> bool:
        """True if the run exceeded the time limit of the plan."""
        return self._interpreter is not None and self._interpreter.interrupted

    def to_execution(self, *, kind: str, author_id: int | None, instant: bool) -> Execution:
        """Returns the finished run as a row of the world's executions."""
        run, interpreter = self.run, self._interpreter
        trace = interpreter.trace if interpreter else None
        outputs = interpreter.outputs if interpreter and self._error is None else None
        return executions.create(
            run.scenario,
            self._organization.id,
            id=run.execution_id,
            type=kind,
            author_id=author_id,
            instant=instant,
            started=run.started,
            duration=run.stopwatch.elapsed,
            operations=interpreter.operations if interpreter else 0,
            centicredits=interpreter.centicredits if interpreter else 0,
            transfer=interpreter.transfer if interpreter else 0,
            status=self._status,
            inputs=self.inputs,
            outputs=None if outputs is None else to_json_object(outputs),
            error=self._error,
            steps=tuple(trace.steps) if trace else (),
            respond=run.webhook_response,
            name=run.name,
            decisions=tuple(trace.decisions) if trace else (),
            steps_left_out=trace.steps_left_out if trace else 0,
            decisions_left_out=trace.decisions_left_out if trace else 0,
            agent=run.agent_run.agent if run.agent_run is not None else None,
            accesses=tuple(run.accesses.values()),
        )

    def _run_cycles(self) -> None:
        blueprint, run = parse_blueprint(self.blueprint), self.run
        self.max_errors, self.allows_data_loss = blueprint.max_errors, blueprint.allows_data_loss
        self._error = connection_checks.find_connection_error(run.world, run.scenario, self.blueprint)
        if self._error is not None:
            return
        run.budget.charge_weight(run.inputs)
        # The list of time zones is slow to load, and few expressions depend on the organization's.
        zone = partial(get_timezone, self._organization.timezone_id)
        run.transaction = Transaction(
            at_once=blueprint.auto_commit, trigger_last=blueprint.auto_commit_trigger_last
        )
        self._interpreter = interpreter = Interpreter(run, blueprint, zone=zone)
        run.backlog = open_backlog(blueprint.flow)
        inference = ConstraintInference(blueprint, run.output_spec, run.budget)
        run.find_constraint = lambda id: run.budget.evaluate(inference.constraint_for, id)
        cycles = CycleCounter(
            blueprint, run.trigger_bundle, self._fetch_next, resumes=self._resume_point is not None
        )
        start: tuple[FlowPosition, Scope, MergePoint | None] = (blueprint.flow, 0), Scope(), None
        if self._resume_point is not None:
            start = self._resume_point.locate(blueprint)
        self._defers_response = not blueprint.auto_commit
        while self._error is None:
            self._previous_response = run.webhook_response
            run.trigger_bundle = cycles.trigger_bundle
            run.budget.charge(CYCLE_COST)
            run.budget.charge_weight(run.trigger_bundle)
            try:
                interpreter.start_cycle(*start)
                interpreter.run_frames()
            finally:
                self._error = interpreter.error
            if self._error is not None:
                break
            if self._defers_response:
                self._commit_response()
            run.commit()
            if interpreter.ended or not cycles.advance(run.backlog):
                return

    def _commit_response(self) -> None:
        """Sends the response to a webhook's caller, which a commit does unless every module commits at once."""
        if self._committed_response is None and self.run.webhook_response is not None:
            self._committed_response = self.run.webhook_response = replace(
                self.run.webhook_response, at=self.run.now()
            )
