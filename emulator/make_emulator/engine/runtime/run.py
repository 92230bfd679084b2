"""One run while it is computed: what it needs is put together, and what came of it becomes an execution."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

from ...world import executions
from ...world.consumption import organization_of
from ...world.enums import get_timezone
from ...world.exceptions import DomainError, MalformedBlueprintError
from ...world.models import BlueprintVersion, Execution, ExecutionError, ExecutionResponse, Json, Scenario
from ...world.world import World
from .. import custom_functions
from ..blueprints.model import Blueprint, Module
from ..blueprints.parser import parse_blueprint
from ..errors import ModuleError
from ..expressions.context import Bundle, Scope
from ..expressions.values import Value, to_json_value
from ..mock_data.infer import ConstraintInference
from ..run_state import RunState, ScenarioCall
from . import connection_checks
from .aggregation import FlowPosition, MergePoint
from .budget import Budget
from .cycles import CycleCounter, FetchTriggerBundle, open_backlog
from .duration import Stopwatch
from .error_handling import FailedBundle
from .interpreter import Interpreter
from .transaction import Transaction
from .variables import build_variables

SUCCESS, WARNING, FAILURE = 1, 2, 3

#: What a cycle costs besides its modules, in steps of work (see `make_emulator.engine.runtime.budget`).
CYCLE_COST = 50

#: Runs another scenario for a run, and tells what it gave back.
ScenarioCaller: TypeAlias = "Callable[[ScenarioRun, ScenarioCall], Mapping[str, Value]]"


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """Where a run begins that goes on with what broke off: before a module, with the bundles on the way to it."""

    module_id: int
    bundles: Mapping[str, Json]
    variables: Mapping[str, Json]

    def locate(self, blueprint: Blueprint) -> tuple[FlowPosition, Scope, MergePoint | None]:
        """The place of the module, what it can see, and where its flow goes on.

        Raises:
            BadBlueprint: if the blueprint has no such module.
        """
        scope = Scope()
        for id, data in self.bundles.items():
            if id != str(self.module_id):
                scope = scope.with_bundle(int(id), Bundle(data))
        (flow, position), after = locate_module(blueprint, self.module_id, scope)
        return (flow, position), scope, after


def locate_module(
    blueprint: Blueprint, module_id: int, scope: Scope | None = None
) -> tuple[FlowPosition, MergePoint | None]:
    """Where a module stands, and where its flow goes on from its end.

    Raises:
        BadBlueprint: if the blueprint has no such module.
    """
    before = scope or Scope()
    pending: list[tuple[Sequence[Module], MergePoint | None]] = [(blueprint.flow, None)]
    while pending:
        flow, after = pending.pop()
        for position, module in enumerate(flow):
            if module.id == module_id:
                return (flow, position), after
            pending.append((module.onerror, None))
            pending.extend((route.flow, after) for route in module.routes)
            for arm in module.branches:
                merges = arm.merge_index is not None and position + 1 < len(flow)
                merge = (
                    MergePoint(flow, position + 1, arm.merge_index or 0, before, after) if merges else None
                )
                pending.append((arm.flow, merge))
    raise MalformedBlueprintError(f"Module '{module_id}' not found.")


class ScenarioRun:
    """One run of a scenario, from its beginning or from where an incomplete execution broke off."""

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
        at: ResumePoint | None = None,
        more: FetchTriggerBundle | None = None,
    ) -> None:
        execution_id = world.ids.hex(32)
        budget = budget or Budget()
        seed = f"{world.seed}:{execution_id}"
        self._organization = organization_of(world, scenario.team_id)
        self.blueprint = version.blueprint
        self.inputs = inputs
        self._resume_point = at
        self._fetch_next = more
        self._interpreter: Interpreter | None = None
        self._error: ExecutionError | None = None
        #: What was committed of an answer to the caller of a webhook, and what was answered before the cycle at hand.
        self._committed_response: ExecutionResponse | None = None
        self._previous_response: ExecutionResponse | None = None
        #: Whether an answer is sent no sooner than the cycle is committed.
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
            # The plan says how many minutes a run may take.
            time_limit=self._organization.license.execution_time * 60_000,
            random=random.Random(f"run:{seed}"),
            call=partial(call, self),
            functions=partial(custom_functions.find_function, world, scenario.team_id),
            variables=dict(at.variables) if at is not None else {},
            names=build_variables(
                world, scenario, execution_id, inputs or {}, started, self._consumption, budget
            ),
        )

    def execute(self) -> None:
        """Run the blueprint to its end or to the error that ends it."""
        self.run.stopwatch.begin()
        try:
            self._run_cycles()
        except DomainError as refusal:
            self._error = ExecutionError(name="BlueprintValidationError", message=refusal.detail)
        except ModuleError as error:
            self._error = ExecutionError(name=error.name, message=error.message)
        except Exception as error:
            # The emulator's own fault. Make calls what it cannot name an UnknownError, and a run that fails
            # tells more than a server that does.
            self._error = ExecutionError(name="UnknownError", message=f"The emulator failed: {error!r}")
        if self._error is not None and self._defers_response:
            self.run.webhook_response = self._committed_response
        if self._error is not None and not self.run.transaction.rollback(self.run.world):
            self._error = ExecutionError(name="InconsistencyError", message="Changes could not be undone.")

    def _consumption(self) -> tuple[int, int]:
        """The operations and bytes that were used until now."""
        interpreter = self._interpreter
        return (interpreter.operations, interpreter.transfer) if interpreter is not None else (0, 0)

    @property
    def failed_bundles(self) -> Sequence[FailedBundle]:
        """The bundles that left the run, to be stored as incomplete executions."""
        return self._interpreter.failed_bundles if self._interpreter is not None else ()

    @property
    def has_started(self) -> bool:
        """Whether the run came as far as its first module."""
        return self._interpreter is not None

    @property
    def requeues_trigger(self) -> bool:
        """Whether what the trigger took for the cycle that failed is to be put back to where it was.

        It is, unless the trigger had committed it. Who got an answer in this cycle is not answered again.
        """
        held = self.run.transaction.defers_trigger_commit or not self.has_started
        return self._error is not None and held and self.run.webhook_response is self._previous_response

    @property
    def interrupted(self) -> bool:
        """Whether the run took longer than the plan allows, and left undone what it had yet to do."""
        return self._interpreter is not None and self._interpreter.interrupted

    def to_execution(self, *, kind: str, author_id: int | None, instant: bool) -> Execution:
        """The finished run."""
        run, walked = self.run, self._interpreter
        journal = walked.trace if walked else None
        succeeded = SUCCESS if not run.has_warning else WARNING
        return executions.create(
            run.scenario,
            self._organization.id,
            id=run.execution_id,
            type=kind,
            author_id=author_id,
            instant=instant,
            started=run.started,
            duration=run.stopwatch.elapsed,
            operations=walked.operations if walked else 0,
            centicredits=walked.centicredits if walked else 0,
            transfer=walked.transfer if walked else 0,
            status=succeeded if self._error is None else FAILURE,
            inputs=self.inputs,
            outputs=to_json_value(walked.outputs) if walked and self._error is None else None,
            error=self._error,
            steps=tuple(journal.steps) if journal else (),
            respond=run.webhook_response,
            name=run.name,
            decisions=tuple(journal.decisions) if journal else (),
            steps_left_out=journal.steps_left_out if journal else 0,
            decisions_left_out=journal.decisions_left_out if journal else 0,
        )

    def _run_cycles(self) -> None:
        blueprint, run = parse_blueprint(self.blueprint), self.run
        self.max_errors, self.allows_data_loss = blueprint.max_errors, blueprint.allows_data_loss
        self._error = connection_checks.find_connection_error(run.world, run.scenario, self.blueprint)
        if self._error is not None:
            return
        run.budget.charge_weight(run.inputs)
        # The list of time zones takes a while to read, and few expressions ask for the organization's own.
        zone = partial(get_timezone, self._organization.timezone_id)
        run.transaction = Transaction(
            at_once=blueprint.auto_commit, trigger_last=blueprint.auto_commit_trigger_last
        )
        self._interpreter = interpreter = Interpreter(run, blueprint, zone=zone)
        run.backlog = open_backlog(blueprint.flow)
        run.find_constraint = ConstraintInference(blueprint, run.output_spec, run.budget).constraint_for
        cycles = CycleCounter(
            blueprint, run.trigger_bundle, self._fetch_next, resumes=self._resume_point is not None
        )
        begin: tuple[FlowPosition, Scope, MergePoint | None] = (blueprint.flow, 0), Scope(), None
        if self._resume_point is not None:
            begin = self._resume_point.locate(blueprint)
        self._defers_response = not blueprint.auto_commit
        while self._error is None:
            self._previous_response = run.webhook_response
            run.trigger_bundle = cycles.trigger_bundle
            run.budget.charge(CYCLE_COST)
            run.budget.charge_weight(run.trigger_bundle)
            try:
                interpreter.start_cycle(*begin)
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
        """A commit is what sends the answer to a webhook's caller, unless every module commits at once."""
        if self._committed_response is None and self.run.webhook_response is not None:
            self._committed_response = self.run.webhook_response = replace(
                self.run.webhook_response, at=self.run.now()
            )
