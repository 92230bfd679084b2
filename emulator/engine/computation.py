"""One run while it is computed: what it needs is put together, and what came of it becomes an execution."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

from ..world.enums import zone_of
from ..world.models import BlueprintVersion, Execution, ExecutionError, Json, Scenario, WebhookAnswer
from ..world.refusals import BadBlueprint, Refusal
from ..world.usage import organization_of
from ..world.world import World
from . import accounts, custom_functions
from .blueprint import Blueprint, Module, parse
from .budget import Budget
from .cycles import Backlog, Cycles, More
from .errors import ModuleError
from .expectations import Expectations
from .gathering import Junction, Place
from .iml.environment import Bundle, Scope
from .iml.values import Value, plain
from .interpreter import Interpreter
from .modules.registry import CallScenario, Run
from .names import names_of
from .recovery import Broken
from .stopwatch import Stopwatch
from .transaction import Transaction

SUCCESS, WARNING, FAILURE = 1, 2, 3

#: What a cycle costs besides its modules, in steps of work (see `emulator.engine.budget`).
CYCLE = 50

#: Runs another scenario for a run, and tells what it gave back.
Call: TypeAlias = "Callable[[Computation, CallScenario], Mapping[str, Value]]"


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """Where a run begins that goes on with what broke off: before a module, with the bundles on the way to it."""

    module_id: int
    bundles: Mapping[str, Json]
    variables: Mapping[str, Json]

    def found_in(self, blueprint: Blueprint) -> tuple[Place, Scope, Junction | None]:
        """The place of the module, what it can see, and where its flow goes on.

        Raises:
            BadBlueprint: if the blueprint has no such module.
        """
        scope = Scope()
        for id, data in self.bundles.items():
            if id != str(self.module_id):
                scope = scope.having(int(id), Bundle(data))
        (flow, position), after = place_of(blueprint, self.module_id, scope)
        return (flow, position), scope, after


def place_of(
    blueprint: Blueprint, module_id: int, scope: Scope | None = None
) -> tuple[Place, Junction | None]:
    """Where a module stands, and where its flow goes on from its end.

    Raises:
        BadBlueprint: if the blueprint has no such module.
    """
    before = scope or Scope()
    pending: list[tuple[Sequence[Module], Junction | None]] = [(blueprint.flow, None)]
    while pending:
        flow, after = pending.pop()
        for position, module in enumerate(flow):
            if module.id == module_id:
                return (flow, position), after
            pending.append((module.onerror, None))
            pending.extend((route.flow, after) for route in module.routes)
            for arm in module.branches:
                merges = arm.merges_as is not None and position + 1 < len(flow)
                merge = Junction(flow, position + 1, arm.merges_as or 0, before, after) if merges else None
                pending.append((arm.flow, merge))
    raise BadBlueprint(f"Module '{module_id}' not found.")


class Computation:
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
        call: Call,
        budget: Budget | None = None,
        at: Breakpoint | None = None,
        more: More | None = None,
    ) -> None:
        execution_id = world.ids.hex(32)
        budget = budget or Budget()
        seed = f"{world.seed}:{execution_id}"
        self._organization = organization_of(world, scenario.team_id)
        self.blueprint = version.blueprint
        self.inputs = inputs
        self._begins_at = at
        self._more = more
        self._interpreter: Interpreter | None = None
        self._error: ExecutionError | None = None
        #: What was committed of an answer to the caller of a webhook, and what was answered before the cycle at hand.
        self._answered: WebhookAnswer | None = None
        self._answered_before: WebhookAnswer | None = None
        #: Whether an answer is sent no sooner than the cycle is committed.
        self._holds_answers = False
        self.max_errors = 3
        self.may_lose_data = False
        self.run = Run(
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
            functions=partial(custom_functions.find, world, scenario.team_id),
            variables=dict(at.variables) if at is not None else {},
            names=names_of(world, scenario, execution_id, inputs or {}, started, self._used, budget),
        )

    def begin(self) -> None:
        """Run the blueprint to its end or to the error that ends it."""
        self.run.stopwatch.begin()
        try:
            self._compute()
        except Refusal as refusal:
            self._error = ExecutionError(name="BlueprintValidationError", message=refusal.detail)
        except ModuleError as error:
            self._error = ExecutionError(name=error.name, message=error.message)
        except Exception as error:
            # The emulator's own fault. Make calls what it cannot name an UnknownError, and a run that fails
            # tells more than a server that does.
            self._error = ExecutionError(name="UnknownError", message=f"The emulator failed: {error!r}")
        if self._error is not None and self._holds_answers:
            self.run.respond = self._answered
        if self._error is not None and not self.run.transaction.undo(self.run.world):
            self._error = ExecutionError(name="InconsistencyError", message="Changes could not be undone.")

    def _used(self) -> tuple[int, int]:
        """The operations and bytes that were used until now."""
        interpreter = self._interpreter
        return (interpreter.operations, interpreter.transfer) if interpreter is not None else (0, 0)

    @property
    def broken(self) -> Sequence[Broken]:
        """The bundles that left the run, to be stored as incomplete executions."""
        return self._interpreter.broken if self._interpreter is not None else ()

    @property
    def began(self) -> bool:
        """Whether the run came as far as its first module."""
        return self._interpreter is not None

    @property
    def gives_back(self) -> bool:
        """Whether what the trigger took for the cycle that failed is to be put back to where it was.

        It is, unless the trigger had committed it. Who got an answer in this cycle is not answered again.
        """
        held = self.run.transaction.holds_trigger or not self.began
        return self._error is not None and held and self.run.respond is self._answered_before

    @property
    def interrupted(self) -> bool:
        """Whether the run took longer than the plan allows, and left undone what it had yet to do."""
        return self._interpreter is not None and self._interpreter.interrupted

    def execution(self, *, kind: str, author_id: int | None, instant: bool) -> Execution:
        """The finished run."""
        run, walked = self.run, self._interpreter
        journal = walked.journal if walked else None
        succeeded = SUCCESS if not run.warned else WARNING
        return Execution(
            id=run.execution_id,
            scenario_id=run.scenario.id,
            scenario_name=run.scenario.name,
            team_id=run.scenario.team_id,
            organization_id=self._organization.id,
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
            outputs=plain(walked.outputs) if walked and self._error is None else None,
            error=self._error,
            steps=tuple(journal.steps) if journal else (),
            respond=run.respond,
            name=run.name,
            decisions=tuple(journal.decisions) if journal else (),
            steps_left_out=journal.steps_left_out if journal else 0,
            decisions_left_out=journal.decisions_left_out if journal else 0,
        )

    def _compute(self) -> None:
        blueprint, run = parse(self.blueprint), self.run
        self.max_errors, self.may_lose_data = blueprint.max_errors, blueprint.may_lose_data
        self._error = accounts.fault(run.world, run.scenario, self.blueprint)
        if self._error is not None:
            return
        run.budget.weigh(run.inputs)
        # The list of time zones takes a while to read, and few expressions ask for the organization's own.
        zone = partial(zone_of, self._organization.timezone_id)
        run.transaction = Transaction(
            at_once=blueprint.commits_at_once, trigger_last=blueprint.commits_trigger_last
        )
        self._interpreter = interpreter = Interpreter(run, blueprint, zone=zone)
        run.backlog = Backlog(blueprint.flow)
        run.expected = Expectations(blueprint, run.output_spec, run.budget).of
        cycles = Cycles(blueprint, run.trigger_bundle, self._more, resumes=self._begins_at is not None)
        begin: tuple[Place, Scope, Junction | None] = (blueprint.flow, 0), Scope(), None
        if self._begins_at is not None:
            begin = self._begins_at.found_in(blueprint)
        self._holds_answers = not blueprint.commits_at_once
        while self._error is None:
            self._answered_before = run.respond
            run.trigger_bundle = cycles.received
            run.budget.step(CYCLE)
            run.budget.weigh(run.trigger_bundle)
            try:
                interpreter.start(*begin)
                interpreter.finish()
            finally:
                self._error = interpreter.error
            if self._error is not None:
                break
            if self._holds_answers:
                self._answer()
            run.commit()
            if interpreter.ended or not cycles.follows(run.backlog):
                return

    def _answer(self) -> None:
        """A commit is what sends the answer to a webhook's caller, unless every module commits at once."""
        if self._answered is None and self.run.respond is not None:
            self._answered = self.run.respond = replace(self.run.respond, at=self.run.now())
