"""Execution trace of a run: its operations and the decisions between them; of a huge run only the beginning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...world.models import ConditionResult, ExecutionError, FlowDecision, Step
from ..apps.app import ModuleDefinition
from ..blueprints.conditions import Filter
from ..blueprints.model import Module
from ..budget import measure_weight
from ..errors import BudgetExceededError, ModuleError
from ..expressions.context import Scope
from ..expressions.values import Value, to_json_value
from ..filters import EvaluatedCondition
from ..run_state import ScenarioCall

#: Limits of the recorded steps: their number, and the weight of their bundles together (a character counts 1).
MAX_STEPS = 5_000
MAX_WEIGHT = 2_000_000

#: Limits of the recorded decisions: their number, and the weight of the sides of their conditions together.
MAX_DECISIONS = 5_000
MAX_OPERANDS_WEIGHT = 500_000


class ExecutionTrace:
    """Recorder of the steps of one run and the decisions between them."""

    def __init__(self, *, confidential: bool = False) -> None:
        # Of a confidential scenario, operations and errors are recorded, but none of their data.
        self._remaining_weight = 0 if confidential else MAX_WEIGHT
        self._remaining_operands_weight = 0 if confidential else MAX_OPERANDS_WEIGHT
        self._counts: dict[int, int] = {}
        self.cycle = 0
        self.steps: list[Step] = []
        self.decisions: list[FlowDecision] = []
        self.steps_left_out = 0
        self.decisions_left_out = 0

    def record_step(
        self,
        definition: ModuleDefinition,
        module: Module,
        scope: Scope,
        mapper: Value,
        bundles: Sequence[Mapping[str, Value]] = (),
        *,
        error: ExecutionError | None = None,
        call: ScenarioCall | None = None,
    ) -> None:
        """Records an operation with its input and output, within the limits.

        ``mapper`` is its input: for an aggregator an array with an entry for each bundle. ``call`` is the scenario
        that the operation called.
        """
        operation = self._counts[module.id] = self._counts.get(module.id, 0) + 1
        if len(self.steps) >= MAX_STEPS:
            self.steps_left_out += 1
            return
        self._remaining_weight, fits = _consume_weight(self._remaining_weight, mapper, *bundles)
        self.steps.append(
            Step(
                module_id=module.id,
                module=module.full_name,
                operation=operation,
                input=to_json_value(mapper) if fits else None,
                output=tuple(to_json_value(bundle) for bundle in bundles) if fits else (),
                error=error,
                cycle=self.cycle,
                bundle=scope.bundle_number(),
                billed=definition.billed,
                called=call.execution_id if call is not None else None,
            )
        )

    @property
    def has_room_for_steps(self) -> bool:
        """True while another operation is recorded."""
        return len(self.steps) < MAX_STEPS

    @property
    def has_room(self) -> bool:
        """True while another decision is recorded."""
        return len(self.decisions) < MAX_DECISIONS

    def record_filter(
        self,
        module: Module,
        module_filter: Filter,
        scope: Scope,
        *,
        passed: bool,
        groups: Sequence[Sequence[EvaluatedCondition]] = (),
    ) -> None:
        """Records that a bundle passed the filter of a module, or was rejected by it."""
        fits = self._remaining_operands_weight > 0
        for group in groups:
            for condition, left, right, _ in group:
                self._remaining_operands_weight, fits = _consume_weight(
                    self._remaining_operands_weight, condition.a, condition.b, left, right
                )
        self._record_decision(
            "filter",
            module,
            scope,
            module_filter.name,
            passed=passed,
            groups=tuple(tuple(map(_to_comparison, group)) for group in groups) if fits else (),
        )

    def record_route(self, router: Module, scope: Scope, number: int, *, fallback: bool = False) -> None:
        """Records the route of a router that a bundle took, counted from 0."""
        self._record_decision("route", router, scope, "fallback" if fallback else "", number=number)

    def record_branch(self, fork: Module, scope: Scope, number: int | None, hint: str = "") -> None:
        """Records the branch of an if-else that a bundle took, counted from 0; ``None`` for none.

        ``hint`` is about the conditions of the branches before it.
        """
        self._record_decision("branch", fork, scope, hint, number=number)

    def record_handler(self, module: Module, scope: Scope, error: str) -> None:
        """Records that the error handler of a module takes an error of a type."""
        self._record_decision("handler", module, scope, error)

    def record_error_decision(self, module: Module, scope: Scope, decision: str) -> None:
        """Records the outcome of a module's error: the directive of its handler, or ``kept`` for an incomplete execution."""
        self._record_decision("error handled", module, scope, decision)

    def _record_decision(
        self,
        event: str,
        module: Module,
        scope: Scope,
        name: str,
        *,
        passed: bool | None = None,
        number: int | None = None,
        groups: tuple[tuple[ConditionResult, ...], ...] = (),
    ) -> None:
        if not self.has_room:
            self.decisions_left_out += 1
            return
        self.decisions.append(
            FlowDecision(
                # Counted in recorded steps.
                at=len(self.steps),
                cycle=self.cycle,
                event=event,
                module_id=module.id,
                name=name,
                passed=passed,
                number=number,
                bundle=scope.bundle_number(),
                groups=groups,
            )
        )


def _consume_weight(left: int, *values: Value) -> tuple[int, bool]:
    """Subtracts values from a weight; returns the rest, 0 once it is exceeded, and whether they fit."""
    try:
        for value in values:
            # Most values are texts, numbers or nothing: to check for them first is faster.
            if value is None or type(value) is int:
                left -= 1
            elif type(value) is str and len(value) < left:
                left -= 1 + len(value)
            else:
                left -= measure_weight(value, left)
    except BudgetExceededError:
        left = 0
    return left, left > 0


def _to_comparison(evaluated: EvaluatedCondition) -> ConditionResult:
    condition, left, right, holds = evaluated
    return ConditionResult(
        a=condition.a,
        operator=condition.operator,
        b=condition.b,
        left=to_json_value(left),
        right=to_json_value(right),
        holds=holds,
    )


def to_execution_error(error: ModuleError, module: Module) -> ExecutionError:
    """Returns an error of a module as the logs store it."""
    return ExecutionError(
        name=error.name,
        message=error.message,
        module_name=module.label or module.name,
        app_name=module.app,
        issues=error.issues,
        hint=error.hint,
    )
