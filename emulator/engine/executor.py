"""Runs a scenario: interprets its blueprint at once, writes down what happened, and reveals it by the clock.

The interpreter is a loop over a stack of frames, so a blueprint's length is no matter of Python's. The last
frame is worked on first, hence every bundle goes all the way down before the next one starts, and routes follow
one another. Sources: Help centre, "Operations", "Router", "Error handlers"; recorded runs.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from emulator.world.enums import zone_of
from emulator.world.models import Execution, ExecutionError, Json, Scenario
from emulator.world.refusals import Refusal
from emulator.world.usage import write_execution
from emulator.world.world import World

from . import accounts
from .blueprint import Blueprint, Module, parse
from .budget import Budget
from .errors import Exhausted, ExpressionError, Fatal, ModuleError
from .filters import passes
from .iml.environment import Bundle, Environment, Scope
from .iml.evaluate import fill_deep
from .iml.values import Mark, Value, plain
from .journal import Journal
from .modules import kind_of
from .modules.registry import Branch, Directive, Emit, Kind, ModuleContext, Outcome, Return, Run, fitted
from .modules.simulated import SIMULATED
from .stopwatch import Stopwatch

SUCCESS, WARNING, FAILURE = 1, 2, 3
_REVEALED = {SUCCESS: "SUCCESS", WARNING: "WARNING", FAILURE: "ERROR"}

#: Credits are counted in hundredths; an operation costs one credit (recorded).
CENTICREDITS = 100


def run(
    world: World,
    scenario: Scenario,
    *,
    inputs: Mapping[str, Json] | None = None,
    kind: Literal["auto", "manual"] = "auto",
    author_id: int | None = None,
    instant: bool = False,
    at: int | None = None,
    trigger_bundle: Json = None,
) -> Execution:
    """Run a scenario's current blueprint and write the run to the world's logs.

    ``inputs`` were checked before (see `inputs.checked_inputs`); ``trigger_bundle`` is what an instant trigger
    received, a bundle or an array of them. Whatever the blueprint holds, nothing is raised: a failure is a run
    with status 3. Failures of automatic runs are counted, and too many in a row deactivate the scenario.
    """
    interpreter = _Interpreter(world, scenario, inputs, world.now() if at is None else at, trigger_bundle)
    execution = interpreter.execution(kind=kind, author_id=author_id, instant=instant)
    execution = write_execution(world, execution)
    if kind == "auto":
        _count_errors(world, scenario.id, interpreter.max_errors, execution)
    return execution


def reveal(execution: Execution, now: int) -> str:
    """What is known of a run at a moment: ``RUNNING``, ``SUCCESS``, ``WARNING`` or ``ERROR``."""
    return "RUNNING" if now < execution.ends else _REVEALED[execution.status]


def _count_errors(world: World, scenario_id: int, max_errors: int, execution: Execution) -> None:
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
    if scenario.errors_in_a_row >= (1 if execution.instant else max_errors):
        scenario = replace(scenario, is_invalid=True, is_active=False, next_exec=None)
    world.scenarios.put(scenario)


@dataclass(frozen=True, slots=True)
class _Failure:
    """A module that failed and is being handled: where it stood, and why it failed."""

    error: ModuleError
    walk: _Walk


@dataclass(frozen=True, slots=True)
class _Walk:
    """A bundle is about to enter the module at a position of a flow."""

    flow: Sequence[Module]
    position: int
    scope: Scope
    handling: _Failure | None = None

    @property
    def module(self) -> Module:
        return self.flow[self.position]


@dataclass(frozen=True, slots=True)
class _Spread:
    """The bundles that a module put out, from a place on, are yet to go down the rest of its flow."""

    walk: _Walk
    bundles: Sequence[Mapping[str, Value]]
    place: int = 0


class _Interpreter:
    """Computes one run."""

    def __init__(
        self,
        world: World,
        scenario: Scenario,
        inputs: Mapping[str, Json] | None,
        started: int,
        trigger_bundle: Json,
    ) -> None:
        execution_id = world.ids.hex(32)
        seed = f"{world.seed}:{execution_id}"
        version = world.blueprints[scenario.id, scenario.blueprint_version]
        team = world.teams[scenario.team_id]
        organization = world.organizations[team.organization_id]
        self._raw = version.blueprint
        self._organization_id = organization.id
        # The plan says how many minutes a run may take.
        self._time_limit = organization.license.execution_time * 60_000
        # The list of time zones takes a while to read, and few expressions ask for the organization's own.
        self._zone = partial(zone_of, organization.timezone_id)
        self._inputs = inputs
        self.max_errors = 3
        self._run = Run(
            world=world,
            scenario=scenario,
            execution_id=execution_id,
            started=started,
            inputs=inputs or {},
            output_spec=version.output_spec or (),
            trigger_bundle=trigger_bundle,
            budget=Budget(),
            stopwatch=Stopwatch(f"duration:{seed}"),
            random=random.Random(f"run:{seed}"),
            names={
                "executionId": execution_id,
                "scenario": {"id": scenario.id, "name": scenario.name},
                "var": {
                    "input": inputs or {},
                    "scenario": {"id": scenario.id, "name": scenario.name, "executionId": execution_id},
                    "team": {"id": team.id, "name": team.name},
                    "organization": {"id": organization.id, "name": organization.name},
                },
            },
        )
        self._journal = Journal()
        self._stack: list[_Walk | _Spread] = []
        self._operations = 0
        self._transfer = 0
        self._outputs: Mapping[str, Value] | None = None
        self._error: ExecutionError | None = None

    def execution(self, *, kind: str, author_id: int | None, instant: bool) -> Execution:
        """The finished run."""
        run = self._run
        run.stopwatch.begin()
        self._compute()
        return Execution(
            id=run.execution_id,
            scenario_id=run.scenario.id,
            scenario_name=run.scenario.name,
            team_id=run.scenario.team_id,
            organization_id=self._organization_id,
            type=kind,
            author_id=author_id,
            instant=instant,
            started=run.started,
            duration=run.stopwatch.elapsed,
            operations=self._operations,
            centicredits=CENTICREDITS * self._operations,
            transfer=self._transfer,
            status=SUCCESS if self._error is None else FAILURE,
            inputs=self._inputs,
            outputs=plain(self._outputs) if self._error is None else None,
            error=self._error,
            steps=tuple(self._journal.steps),
            respond=run.respond,
        )

    def _compute(self) -> None:
        """Run the blueprint to its end or to the error that ends it."""
        try:
            blueprint = parse(self._raw)
            self.max_errors = blueprint.max_errors
            self._interpret(blueprint)
        except Refusal as refusal:
            self._error = ExecutionError(name="BlueprintValidationError", message=refusal.detail)
        except ModuleError as error:
            self._error = self._error or ExecutionError(name=error.name, message=error.message)
        except Exception as error:
            # The emulator's own fault. Make calls what it cannot name an UnknownError, and a run that fails
            # tells more than a server that does.
            self._error = ExecutionError(name="UnknownError", message=f"The emulator failed: {error!r}")

    def _interpret(self, blueprint: Blueprint) -> None:
        run = self._run
        self._error = accounts.fault(run.world, run.scenario, self._raw)
        if self._error is not None:
            self.max_errors = 1 if self._error.name == accounts.UNAUTHORIZED else self.max_errors
            return
        run.budget.weigh(run.inputs)
        run.budget.weigh(run.trigger_bundle)
        if blueprint.flow:
            self._stack.append(_Walk(blueprint.flow, 0, Scope()))
        while self._stack:
            frame = self._stack.pop()
            if isinstance(frame, _Spread):
                self._spread(frame)
                continue
            try:
                self._walk(frame)
            except ModuleError as error:
                self._fail(frame, error)

    def _spread(self, frame: _Spread) -> None:
        """Send the next bundle on its way; the frame stays only as long as there are more."""
        walk, place = frame.walk, frame.place
        if place + 1 < len(frame.bundles):
            self._stack.append(replace(frame, place=place + 1))
        bundle = Bundle(frame.bundles[place], place + 1, len(frame.bundles))
        scope = walk.scope.having(walk.module.id, bundle)
        self._stack.append(replace(walk, position=walk.position + 1, scope=scope))

    def _walk(self, walk: _Walk) -> None:
        module, run = walk.module, self._run
        env = Environment(run.budget, walk.scope, run.names, run.random, run.now(), self._zone)
        if module.filter is not None and not passes(module.filter.groups, env):
            return
        kind = kind_of(module)
        self._count(kind)
        match self._operate(kind, walk, env):
            case Emit(bundles, transfer):
                self._transfer += transfer
                self._emit(walk, bundles)
            case Branch(routes):
                flows = [route.flow for route in routes if route.flow]
                self._stack.extend(_Walk(flow, 0, walk.scope, walk.handling) for flow in reversed(flows))
            case Return(outputs):
                self._outputs = outputs
                self._stack.clear()
            case Directive(decision, substitute):
                self._direct(walk, decision, substitute)

    def _count(self, kind: Kind) -> None:
        self._run.budget.operation()
        self._operations += kind.billed
        self._run.stopwatch.operation(external=kind is SIMULATED)

    def _operate(self, kind: Kind, walk: _Walk, env: Environment) -> Outcome:
        """One operation of a module, written down whether it succeeds or not."""
        module = walk.module
        mapper: Mapping[str, Value] = {}
        try:
            mapper = fitted(kind, self._mapped(module, env))
            context = ModuleContext(self._run, module, mapper, env, first=walk.scope.empty)
            outcome = kind.handler(context)
            bundles = outcome.bundles if isinstance(outcome, Emit) else ()
            if len(bundles) > 1:
                env.budget.items(len(bundles))
            for bundle in bundles:
                env.budget.weigh(bundle)
            if self._run.stopwatch.elapsed > self._time_limit:
                raise Exhausted("ScenarioTimeoutError", "The run takes too long.")
        except ModuleError as error:
            self._journal.note(module, mapper, error=_described(error, module))
            raise
        self._journal.note(module, mapper, bundles)
        return outcome

    def _mapped(self, module: Module, env: Environment) -> Mapping[str, Value]:
        """The mapper's fields computed for the bundle at hand."""
        mapper: dict[str, Value] = {}
        for name, raw in module.mapper.items():
            try:
                value = fill_deep(raw, env)
            except ExpressionError as error:
                raise error.mapping(name) from None
            if value is not Mark.IGNORE:
                mapper[name] = None if value is Mark.ERASE else value
        env.budget.weigh(mapper)
        return mapper

    def _emit(self, walk: _Walk, bundles: Sequence[Mapping[str, Value]]) -> None:
        if bundles and walk.position + 1 < len(walk.flow):
            self._stack.append(_Spread(walk, bundles))

    # --- errors ----------------------------------------------------------------------------------

    def _fail(self, walk: _Walk, error: ModuleError) -> None:
        """Hand an error to the module's error handler; without one the run is over."""
        module = walk.module
        if module.onerror and not isinstance(error, Fatal):
            report = {"error": {"type": error.name, "message": error.message}}
            scope = walk.scope.having(module.id, Bundle(report))
            self._stack.append(_Walk(module.onerror, 0, scope, _Failure(error, walk)))
            return
        self._error = _described(error, module)
        raise error

    def _direct(self, walk: _Walk, decision: str, substitute: Mapping[str, Value]) -> None:
        """Do what the directive at the end of an error handler says; without one the bundle is dropped."""
        failure = walk.handling
        if failure is None:
            raise Fatal(
                "RuntimeError", f"Module '{walk.module.full_name}' stands outside of an error handler."
            )
        match decision:
            case "resume":
                self._emit(failure.walk, [substitute])
            case "commit":
                self._stack.clear()
            case "rollback":
                self._stack.clear()
                self._error = _described(failure.error, failure.walk.module)


def _described(error: ModuleError, module: Module) -> ExecutionError:
    return ExecutionError(
        name=error.name,
        message=error.message,
        module_name=module.label or module.name,
        app_name=module.app,
    )
