"""What a run remembers of its operations, and of what was decided between them; of a huge run only the beginning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..world.models import Comparison, Decision, ExecutionError, Step
from .blueprint import Module
from .budget import weight_of
from .conditions import Filter
from .errors import Exhausted
from .filters import Compared
from .iml.environment import Scope
from .iml.values import Value, plain
from .modules.registry import CallScenario, Kind

#: Steps that are kept, and what their bundles may weigh together (a character counts 1).
STEPS = 1_000
WEIGHT = 2_000_000

#: Decisions that are kept, and what the sides of their conditions may weigh together.
DECISIONS = 2_000
SIDES_WEIGHT = 500_000


class Journal:
    """Collects the steps of one run and the decisions between them."""

    def __init__(self, *, confidential: bool = False) -> None:
        # Of a scenario whose data are confidential, operations and errors are kept, but nothing of what they worked on.
        self._left = 0 if confidential else WEIGHT
        self._left_for_sides = 0 if confidential else SIDES_WEIGHT
        self._counts: dict[int, int] = {}
        self.cycle = 0
        self.steps: list[Step] = []
        self.decisions: list[Decision] = []
        self.steps_left_out = 0
        self.decisions_left_out = 0

    def note(
        self,
        kind: Kind,
        module: Module,
        scope: Scope,
        mapper: Value,
        bundles: Sequence[Mapping[str, Value]] = (),
        *,
        error: ExecutionError | None = None,
        call: CallScenario | None = None,
    ) -> None:
        """Keep what went into an operation and what came out of it, as long as there is room.

        ``mapper`` is what was mapped: for an aggregator an array with an entry for each bundle. ``call`` is the scenario
        that the operation called.
        """
        operation = self._counts[module.id] = self._counts.get(module.id, 0) + 1
        if len(self.steps) >= STEPS:
            self.steps_left_out += 1
            return
        self._left, fits = _room(self._left, mapper, *bundles)
        self.steps.append(
            Step(
                module_id=module.id,
                module=module.full_name,
                operation=operation,
                input=plain(mapper) if fits else None,
                output=tuple(plain(bundle) for bundle in bundles) if fits else (),
                error=error,
                cycle=self.cycle,
                bundle=scope.numbered(),
                billed=kind.billed,
                called=call.execution_id if call is not None else None,
            )
        )

    @property
    def has_room(self) -> bool:
        """Whether another decision is kept."""
        return len(self.decisions) < DECISIONS

    def filtered(
        self,
        module: Module,
        gate: Filter,
        scope: Scope,
        *,
        passed: bool,
        groups: Sequence[Sequence[Compared]] = (),
    ) -> None:
        """A bundle came to the filter of a module, and passed it or was stopped."""
        fits = self._left_for_sides > 0
        for group in groups:
            for part, left, right, _ in group:
                self._left_for_sides, fits = _room(self._left_for_sides, part.a, part.b, left, right)
        self._decide(
            "filter",
            module,
            scope,
            gate.name,
            passed=passed,
            groups=tuple(tuple(map(_comparison, group)) for group in groups) if fits else (),
        )

    def took_route(self, router: Module, scope: Scope, number: int, *, fallback: bool = False) -> None:
        """A bundle took a route of a router, counted from 0."""
        self._decide("route", router, scope, "fallback" if fallback else "", number=number)

    def took_branch(self, fork: Module, scope: Scope, number: int | None) -> None:
        """A bundle took a branch of an if-else, counted from 0; ``None`` if none was open to it."""
        self._decide("branch", fork, scope, "", number=number)

    def handled(self, module: Module, scope: Scope, error: str) -> None:
        """The error handler of a module takes an error of a type."""
        self._decide("handler", module, scope, error)

    def decided(self, module: Module, scope: Scope, decision: str) -> None:
        """What became of a module's error: the directive of its handler, or ``kept`` for an incomplete execution."""
        self._decide("error handled", module, scope, decision)

    def _decide(
        self,
        event: str,
        module: Module,
        scope: Scope,
        name: str,
        *,
        passed: bool | None = None,
        number: int | None = None,
        groups: tuple[tuple[Comparison, ...], ...] = (),
    ) -> None:
        if not self.has_room:
            self.decisions_left_out += 1
            return
        self.decisions.append(
            Decision(
                # Those who read it count the steps that were kept.
                at=len(self.steps),
                cycle=self.cycle,
                event=event,
                module_id=module.id,
                name=name,
                passed=passed,
                number=number,
                bundle=scope.numbered(),
                groups=groups,
            )
        )


def _room(left: int, *values: Value) -> tuple[int, bool]:
    """What is left of a weight, and whether there was room for some values; once there is not, there is none any more."""
    try:
        for value in values:
            # Mostly it is a text, a number or nothing: to ask that first is quicker.
            if value is None or type(value) is int:
                left -= 1
            elif type(value) is str and len(value) < left:
                left -= 1 + len(value)
            else:
                left -= weight_of(value, left)
    except Exhausted:
        left = 0
    return left, left > 0


def _comparison(compared: Compared) -> Comparison:
    part, left, right, held = compared
    return Comparison(
        a=part.a, operator=part.operator, b=part.b, left=plain(left), right=plain(right), holds=held
    )
