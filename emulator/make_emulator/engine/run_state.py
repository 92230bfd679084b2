"""State of one run of a scenario, which the modules of apps read and change."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field

from ..lazy_dataclasses import dataclass
from ..world.models import ExecutionResponse, FieldSpecs, Json, ModuleAccess, Scenario
from ..world.world import World
from .budget import Budget, weighs_more_than
from .errors import ExecutionInterruptedError
from .expressions.constraint import Constraint
from .expressions.functions.registry import Function
from .expressions.values import Value
from .transaction import Transaction

#: Range in milliseconds (recorded runs of a single module took 80 to 130) of the start of a run, an operation within Make, and one that calls another service.
START_RANGE = (75, 110)
INTERNAL_RANGE = (3, 15)
EXTERNAL_RANGE = (60, 250)


#: The weight of a value from which others may have the world while a module computes with it: some milliseconds of work.
LARGE_WEIGHT = 20_000


class Stopwatch:
    """Virtual duration of one run in milliseconds: they never really pass, and are the same for the same run."""

    __slots__ = ("_random", "elapsed")

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)
        self.elapsed = 0

    def draw(self, span: tuple[int, int]) -> int:
        """Returns a duration within a span of milliseconds, both ends included."""
        return self._random.randint(*span)

    def begin(self) -> None:
        """Adds the start of the run."""
        self.elapsed += self.draw(START_RANGE)

    def add_operation(self, *, external: bool) -> None:
        """Adds one operation."""
        self.elapsed += self.draw(EXTERNAL_RANGE if external else INTERNAL_RANGE)

    def sleep(self, milliseconds: int) -> None:
        """Adds a pause."""
        self.elapsed += milliseconds


class Backlog:
    """Bundles that a polling trigger found and did not emit yet, because of its limit.

    Args:
        is_polling: the first module of the flow is a polling trigger.
        limit: the maximum number of bundles of a cycle, ``None`` for all.
    """

    __slots__ = ("_limit", "is_polling", "pending")

    def __init__(self, *, is_polling: bool = False, limit: int | None = None) -> None:
        self.is_polling = is_polling
        self._limit = limit
        self.pending: Sequence[Mapping[str, Json]] = ()

    def take_page(self, found: Sequence[Mapping[str, Json]]) -> Sequence[Mapping[str, Json]]:
        """Returns as many bundles as the limit allows; the rest is pending until the next cycle."""
        if not self.is_polling or self._limit is None:
            return found
        self.pending = found[self._limit :]
        return found[: self._limit]


@dataclass(slots=True)
class ScenarioCall:
    """Call of another scenario.

    Attributes:
        wait: the call returns once the called run has ended, with its outputs.
        execution_id: the id of the called run, known once it was computed.
    """

    scenario: Scenario
    inputs: Mapping[str, Json]
    wait: bool
    execution_id: str | None = None


@dataclass(slots=True)
class AgentRun:
    """Runs that a request of an agent starts, called scenarios included, whose modules need the grants of the agent."""

    agent: str
    accesses: list[ModuleAccess] = field(default_factory=list)

    @property
    def is_denied(self) -> bool:
        """True once a module lacked a grant."""
        return any(not row.is_allowed for row in self.accesses)


def _refuse_call(call: ScenarioCall) -> Mapping[str, Value]:
    raise AssertionError(f"a run that has ended calls scenario {call.scenario.id}")


def _find_no_constraint(_module_id: int) -> Constraint | None:
    return None


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
    #: Milliseconds that the plan allows.
    time_limit: int
    random: random.Random
    names: Mapping[str, Value]
    #: Runs another scenario and returns its outputs.
    call: Callable[[ScenarioCall], Mapping[str, Value]]
    #: Looks up the custom functions of the team.
    functions: Callable[[str], Function | None]
    #: Scenario variables by name, and the names of those that last for one cycle.
    variables: dict[str, Value] = field(default_factory=dict)
    cycle_variables: set[str] = field(default_factory=set)
    #: The response to the caller of the webhook, once a module has set it.
    webhook_response: ExecutionResponse | None = None
    #: Calls of "Increment function" in the cycle, and in the run, by module id.
    counters: tuple[dict[int, int], dict[int, int]] = field(default_factory=lambda: ({}, {}))
    #: Bundles of the trigger beyond its limit.
    backlog: Backlog = field(default_factory=Backlog)
    #: Changes of data stores that a rollback reverts.
    transaction: Transaction = field(default_factory=Transaction)
    #: True if a successful run ends with a warning.
    has_warning: bool = False
    #: Name of the run, set by a module.
    name: str | None = None
    #: Host -> cookies, shared by the HTTP modules that are set to.
    cookies: dict[str, dict[str, str]] = field(default_factory=dict)
    #: The agent that started the run, if its modules need the grants of the agent.
    agent_run: AgentRun | None = None
    #: Module and access -> the decision.
    accesses: dict[tuple[int, str], ModuleAccess] = field(default_factory=dict)
    #: Module id -> the constraint of later modules on its output, inferred on demand for mock data.
    find_constraint: Callable[[int], Constraint | None] = _find_no_constraint
    #: Module id -> the fields of its mock data, once it was simulated.
    mock_fields: dict[int, FieldSpecs] = field(default_factory=dict)

    def now(self) -> int:
        return self.started + self.stopwatch.elapsed

    def release(self) -> None:
        """Drops what refers back to the run, which has ended, so that its memory is free without the garbage collector."""
        self.names = {}
        self.call = _refuse_call
        self.find_constraint = _find_no_constraint

    def check_time_limit(self) -> None:
        """Raises ExecutionInterruptedError if the run has taken longer than the plan allows."""
        if self.stopwatch.elapsed > self.time_limit:
            raise ExecutionInterruptedError()

    @contextmanager
    def lock_lent(self) -> Iterator[None]:
        """Context in which other threads may read and change the world.

        Raises:
            ExecutionInterruptedError: at the end, if the run was interrupted, or its scenario deleted.
        """
        pending_records = self.transaction.pending_records(self.world)
        try:
            with self.world.lock.lent():
                yield
        finally:
            self.transaction.mark_conflicts(self.world, pending_records)
            if self.world.interruption.is_set() or self.scenario.id not in self.world.scenarios:
                # Instead of any other error, which a handler of the scenario might take.
                raise ExecutionInterruptedError("The run was interrupted.")

    def give_way(self) -> None:
        """Lets other threads have the world, if they have waited for it too long."""
        if self.world.lock.is_overdue:
            with self.budget.paused(), self.lock_lent():
                self.world.lock.give_way()

    @contextmanager
    def computing(self, value: Value) -> Iterator[None]:
        """Context of a computation that depends on a value only: others may have the world meanwhile, if the value is large."""
        if weighs_more_than(value, LARGE_WEIGHT):
            with self.lock_lent():
                yield
        else:
            yield

    def commit(self) -> None:
        """Commits a successful cycle: its writes become final, and its cycle variables are cleared."""
        self.transaction.commit()
        for name in self.cycle_variables:
            del self.variables[name]
        self.cycle_variables.clear()
        self.counters[0].clear()
