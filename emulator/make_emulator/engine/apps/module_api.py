"""What a module's code is given and what it answers: the contract between the executor and the apps."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ...world.models import ExecutionResponse, FieldSpecs, Json, Scenario
from ...world.world import World
from ..blueprints.model import IfElseBranch, Module, Route
from ..errors import BundleValidationError, ConversionError, ExecutionInterruptedError
from ..expressions.constraint import Constraint
from ..expressions.context import Environment
from ..expressions.functions.registry import Function
from ..expressions.values import EMPTY_TEXT, TimeZoneProvider, Value, coerce
from ..runtime.aggregation import BundleGroup
from ..runtime.budget import Budget
from ..runtime.cycles import Backlog
from ..runtime.duration import Stopwatch
from ..runtime.transaction import Transaction


@dataclass(slots=True, kw_only=True)
class RunState:
    """One run of a scenario while it is computed."""

    world: World
    scenario: Scenario
    execution_id: str
    started: int
    inputs: Mapping[str, Json]
    output_spec: FieldSpecs
    trigger_bundle: Json
    budget: Budget
    stopwatch: Stopwatch
    #: How many milliseconds the plan lets it take.
    time_limit: int
    random: random.Random
    names: Mapping[str, Value]
    #: Runs another scenario and tells what it gave back; see `CallScenario`.
    call: Callable[[CallScenario], Mapping[str, Value]]
    #: Finds the functions that the team wrote itself.
    functions: Callable[[str], Function | None]
    #: What "Set variable" modules set, by name, and the names of those that last no longer than a cycle.
    variables: dict[str, Value] = field(default_factory=dict)
    cycle_variables: set[str] = field(default_factory=set)
    #: What the caller of the webhook is answered, once a module said it.
    webhook_response: ExecutionResponse | None = None
    #: How often each "Increment function" was called in the cycle, and in the run, by module id.
    counters: tuple[dict[int, int], dict[int, int]] = field(default_factory=lambda: ({}, {}))
    #: What the trigger found beyond its limit.
    backlog: Backlog = field(default_factory=lambda: Backlog(()))
    #: What the run wrote to data stores, so that it can be undone.
    transaction: Transaction = field(default_factory=Transaction)
    #: Whether something happened that makes a success a warning.
    has_warning: bool = False
    #: The name that a module gave to the run.
    name: str | None = None
    #: Host -> the cookies that it set, which HTTP modules share if they are told to.
    cookies: dict[str, dict[str, str]] = field(default_factory=dict)
    #: What later modules expect of a module's bundles, by the module's id; asked when data have to be made up.
    find_constraint: Callable[[int], Constraint | None] = lambda id: None

    def now(self) -> int:
        return self.started + self.stopwatch.elapsed

    def check_time_limit(self) -> None:
        """Raise Interrupted if the run has taken longer than it may."""
        if self.stopwatch.elapsed > self.time_limit:
            raise ExecutionInterruptedError()

    def commit(self) -> None:
        """A cycle went well: what it wrote stays written, and what lasts no longer than a cycle is forgotten."""
        self.transaction.commit()
        for name in self.cycle_variables:
            del self.variables[name]
        self.cycle_variables.clear()
        self.counters[0].clear()


# Made for every operation, so not frozen, which would make it take thrice as long.
@dataclass(slots=True)
class ModuleContext:
    """What one operation of a module can see; ``mapper`` is computed and fits the module's fields."""

    run: RunState
    module: Module
    mapper: Mapping[str, Any]
    env: Environment
    first: bool
    #: For a merge: the branch, among those that merge, by which the bundle came.
    branch: int | None = None


@dataclass(frozen=True, slots=True)
class Emit:
    """Bundles for the next module, which runs once for each of them; ``transfer`` counts bytes from outside."""

    bundles: Sequence[Mapping[str, Value]] = ()
    transfer: int = 0


#: What a search that found nothing puts out if it is told to go on: an empty bundle, of none in all.
NO_RESULTS: Sequence[Mapping[str, Value]] = ({},)


@dataclass(frozen=True, slots=True)
class RunRoutes:
    """Routes, each of which gets the bundle, one after the other."""

    routes: Sequence[Route]


@dataclass(frozen=True, slots=True)
class ChooseBranch:
    """Branches, the first of which whose conditions hold gets the bundle."""

    branches: Sequence[IfElseBranch]


@dataclass(slots=True)
class CallScenario:
    """Another scenario is to be run; whether its outputs are waited for. Once it ran, the id of that run is known."""

    scenario: Scenario
    inputs: Mapping[str, Json]
    wait: bool
    execution_id: str | None = None


@dataclass(frozen=True, slots=True)
class ReturnOutputs:
    """The end of the run, with its outputs."""

    outputs: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class ErrorDirective:
    """What an error handler decided: ``"ignore"``, ``"resume"``, ``"commit"``, ``"rollback"`` or ``"break"``."""

    decision: str
    mapper: Mapping[str, Value] = field(default_factory=dict)


Outcome: TypeAlias = Emit | RunRoutes | ChooseBranch | CallScenario | ReturnOutputs | ErrorDirective
Handler: TypeAlias = Callable[[ModuleContext], Outcome]
Combiner: TypeAlias = Callable[[ModuleContext, BundleGroup], Mapping[str, Value]]
"""What an aggregator makes of the mapped bundles of one group."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field that a module expects in its mapper."""

    name: str
    type: str = "any"
    required: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModuleDefinition:
    """A module of an app as the engine knows it.

    ``billed`` is whether its operations count, ``free`` whether those that do cost no credits.
    """

    name: str
    handler: Handler
    fields: tuple[Field, ...] = ()
    billed: bool = True
    #: Whether the mapper is passed on as it was computed, besides the declared fields.
    accepts_any_field: bool = False
    is_free: bool = False
    #: Whether it calls another service, which takes longer.
    external: bool = False
    #: Of an aggregator, which is not run for each bundle, but once for all that were gathered.
    combine: Combiner | None = None


def coerce_mapper(
    kind: ModuleDefinition, mapper: Mapping[str, Value], zone: TimeZoneProvider
) -> Mapping[str, Value]:
    """The mapper as the module takes it: values of the right types, dates read in a zone, without empty ones.

    Raises:
        BundleInvalid: with the number of fields that are missing or do not fit (recorded for "Set variable").
    """
    fit: dict[str, Value] = dict(mapper) if kind.accepts_any_field else {}
    faults = 0
    for expected in kind.fields:
        value = mapper.get(expected.name)
        if value is None or (value == "" and value is not EMPTY_TEXT):
            # An empty text is no value at all; emptystring is how one is forced.
            fit.pop(expected.name, None)
            faults += expected.required
            continue
        try:
            fit[expected.name] = value = coerce(value, expected.type, zone)
        except ConversionError:
            faults += 1
            continue
        faults += bool(expected.choices) and value not in expected.choices
    if faults:
        raise BundleValidationError(faults)
    return fit


def json_size(value: Any) -> int:
    """Roughly how many bytes a value takes as JSON."""
    if isinstance(value, str):
        return len(value.encode("utf-8", "replace")) + 2
    if isinstance(value, Mapping):
        return 2 + sum(json_size(name) + 2 + json_size(item) for name, item in value.items())
    if isinstance(value, (list, tuple)):
        return 2 + sum(1 + json_size(item) for item in value)
    return len(str(value))
