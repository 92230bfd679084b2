"""What a module's code is given and what it answers: the contract between the executor and the apps."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ...world.models import Fields, Json, Scenario, WebhookAnswer
from ...world.world import World
from ..blueprint import Arm, Module, Route
from ..budget import Budget
from ..cycles import Backlog
from ..errors import BundleInvalid, Interrupted, Misfit
from ..gathering import Group
from ..iml.environment import Environment
from ..iml.functions.registry import Function
from ..iml.values import EMPTY_TEXT, Value, Zone, coerce
from ..stopwatch import Stopwatch
from ..transaction import Transaction
from ..wanted import Wanted


@dataclass(slots=True, kw_only=True)
class Run:
    """One run of a scenario while it is computed."""

    world: World
    scenario: Scenario
    execution_id: str
    started: int
    inputs: Mapping[str, Json]
    output_spec: Fields
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
    passing: set[str] = field(default_factory=set)
    #: What the caller of the webhook is answered, once a module said it.
    respond: WebhookAnswer | None = None
    #: How often each "Increment function" was called in the cycle, and in the run, by module id.
    counters: tuple[dict[int, int], dict[int, int]] = field(default_factory=lambda: ({}, {}))
    #: What the trigger found beyond its limit.
    backlog: Backlog = field(default_factory=lambda: Backlog(()))
    #: What the run wrote to data stores, so that it can be undone.
    transaction: Transaction = field(default_factory=Transaction)
    #: Whether something happened that makes a success a warning.
    warned: bool = False
    #: The name that a module gave to the run.
    name: str | None = None
    #: Host -> the cookies that it set, which HTTP modules share if they are told to.
    cookies: dict[str, dict[str, str]] = field(default_factory=dict)
    #: What later modules expect of a module's bundles, by the module's id; asked when data have to be made up.
    expected: Callable[[int], Wanted | None] = lambda id: None

    def now(self) -> int:
        return self.started + self.stopwatch.elapsed

    def keep_time(self) -> None:
        """Raise Interrupted if the run has taken longer than it may."""
        if self.stopwatch.elapsed > self.time_limit:
            raise Interrupted()

    def commit(self) -> None:
        """A cycle went well: what it wrote stays written, and what lasts no longer than a cycle is forgotten."""
        self.transaction.commit()
        for name in self.passing:
            del self.variables[name]
        self.passing.clear()
        self.counters[0].clear()


# Made for every operation, so not frozen, which would make it take thrice as long.
@dataclass(slots=True)
class ModuleContext:
    """What one operation of a module can see; ``mapper`` is computed and fits the module's fields."""

    run: Run
    module: Module
    mapper: Mapping[str, Value]
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
class Branch:
    """Routes, each of which gets the bundle, one after the other."""

    routes: Sequence[Route]


@dataclass(frozen=True, slots=True)
class Choose:
    """Branches, the first of which whose conditions hold gets the bundle."""

    arms: Sequence[Arm]


@dataclass(slots=True)
class CallScenario:
    """Another scenario is to be run; whether its outputs are waited for. Once it ran, the id of that run is known."""

    scenario: Scenario
    inputs: Mapping[str, Json]
    wait: bool
    execution_id: str | None = None


@dataclass(frozen=True, slots=True)
class Return:
    """The end of the run, with its outputs."""

    outputs: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Directive:
    """What an error handler decided: ``"ignore"``, ``"resume"``, ``"commit"``, ``"rollback"`` or ``"break"``."""

    decision: str
    mapper: Mapping[str, Value] = field(default_factory=dict)


Outcome: TypeAlias = Emit | Branch | Choose | CallScenario | Return | Directive
Handler: TypeAlias = Callable[[ModuleContext], Outcome]
Combine: TypeAlias = Callable[[ModuleContext, Group], Mapping[str, Value]]
"""What an aggregator makes of the mapped bundles of one group."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field that a module expects in its mapper."""

    name: str
    type: str = "any"
    required: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """A module of an app as the engine knows it.

    ``billed`` is whether its operations count, ``free`` whether those that do cost no credits.
    """

    name: str
    handler: Handler
    fields: tuple[Field, ...] = ()
    billed: bool = True
    #: Whether the mapper is passed on as it was computed, besides the declared fields.
    open: bool = False
    free: bool = False
    #: Whether it calls another service, which takes longer.
    external: bool = False
    #: Of an aggregator, which is not run for each bundle, but once for all that were gathered.
    combine: Combine | None = None


def fitted(kind: Kind, mapper: Mapping[str, Value], zone: Zone) -> Mapping[str, Value]:
    """The mapper as the module takes it: values of the right types, dates read in a zone, without empty ones.

    Raises:
        BundleInvalid: with the number of fields that are missing or do not fit (recorded for "Set variable").
    """
    fit: dict[str, Value] = dict(mapper) if kind.open else {}
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
        except Misfit:
            faults += 1
            continue
        faults += bool(expected.choices) and value not in expected.choices
    if faults:
        raise BundleInvalid(faults)
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
