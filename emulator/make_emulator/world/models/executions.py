"""Executions of scenarios, incomplete executions, scripts of modules, and consumption."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import ClassVar, TypeAlias

from ...lazy_dataclasses import dataclass
from .hooks import Incoming
from .json_types import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionError:
    """The error or the warning with which a run ended.

    Attributes:
        issues: a text for each parameter that failed, which the API leaves out.
        hint: a sentence of the emulator's own, which the API leaves out.
    """

    name: str
    message: str
    module_name: str | None = None
    app_name: str | None = None
    issues: tuple[str, ...] = ()
    hint: str | None = None

    @property
    def texts(self) -> tuple[str, ...]:
        """Message, issues and hint."""
        return (self.message, *self.issues, *(() if self.hint is None else (self.hint,)))


BundlePosition: TypeAlias = tuple[int, int, int]
"""Position of a bundle: the id of the module that emitted it, its number, and the number of bundles emitted at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One operation of one module in a run, with its input and output.

    ``bundle`` is the position of the bundle that it processed, ``None`` for the first module; ``called`` the id of the
    run of another scenario that it started.
    """

    module_id: int
    module: str
    operation: int
    input: Json
    output: Sequence[Json] = ()
    error: ExecutionError | None = None
    cycle: int = 1
    bundle: BundlePosition | None = None
    billed: bool = True
    called: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionResult:
    """One condition of a filter: its operands as they are mapped, and their values."""

    a: Json
    operator: str
    b: Json
    left: Json
    right: Json
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowDecision:
    """Decision about a bundle between two operations; ``at`` is the number of steps recorded before.

    ``event`` is one of these: ``filter``, that of module ``module_id``, with its ``name``, the outcome ``passed``, and the
    groups of conditions that were evaluated; ``route``, the ``number`` of the route of a router, counted from 0, ``name``
    being ``fallback`` for the fallback; ``branch``, that of an if-else, ``None`` if no condition held; ``handler``, the error
    handler of a module that caught an error of the type ``name``; ``error handled``, its outcome: ``name`` is a directive,
    or ``kept`` for an incomplete execution.
    """

    at: int
    cycle: int
    event: str
    module_id: int
    name: str = ""
    passed: bool | None = None
    number: int | None = None
    bundle: BundlePosition | None = None
    groups: tuple[tuple[ConditionResult, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleScript:
    """Scripted output or error of a module; see `make_emulator.engine.runtime.module_scripts`.

    ``duration`` is the milliseconds added to each operation, ``left`` the number of operations that are still scripted
    (``None`` for all), ``hits`` the number of those that were.
    """

    module: str
    output: Sequence[Mapping[str, Json]] | None = None
    error: ExecutionError | None = None
    duration: int = 0
    left: int | None = None
    hits: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionResponse:
    """Response of a run to the caller of its webhook, sent at the time ``at``."""

    at: int
    status: int
    body: Json = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleAccess:
    """Access of a module in a run that an agent started, and the decision on it.

    ``access`` is the grant that allows it, such as ``data-stores/1: write``; ``grant`` the one that decided, if there is any.
    """

    scenario_id: int
    module_id: int
    module: str
    access: str
    is_allowed: bool
    grant: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """A run of a scenario: computed at once, revealed once the clock passes ``started + duration``.

    ``status`` is 1 for success, 2 for success with warnings, 3 for failure. ``sequence`` orders the entries that
    were logged in the same millisecond.
    """

    id: str
    scenario_id: int
    scenario_name: str
    team_id: int
    organization_id: int
    type: str
    author_id: int | None
    instant: bool
    started: int
    duration: int
    operations: int
    centicredits: int
    transfer: int
    status: int
    inputs: Mapping[str, Json] | None = None
    outputs: Mapping[str, Json] | None = None
    error: ExecutionError | None = None
    steps: tuple[Step, ...] = ()
    name: str | None = None
    sequence: int = 0
    respond: ExecutionResponse | None = None
    #: The decisions between the steps; the steps and decisions past a limit are counted only.
    decisions: tuple[FlowDecision, ...] = ()
    steps_left_out: int = 0
    decisions_left_out: int = 0
    #: The id of the run whose data this one got again.
    replay_of: str | None = None
    #: The agent that started it, if its runs are checked, and what its modules accessed.
    agent: str | None = None
    accesses: tuple[ModuleAccess, ...] = ()

    @property
    def ends(self) -> int:
        """The time of its end, in milliseconds."""
        return self.started + self.duration

    @property
    def imt_id(self) -> str:
        """The id in the log: ``{started}_{id}``."""
        return f"{self.started}_{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstantRetry:
    """Input of an instant trigger, to be run again from the start at ``due``, after ``attempts`` attempts.

    ``taken`` are the entries that return to the hook's queue if the last attempt fails.
    """

    id: str
    scenario_id: int
    bundle: Json
    attempts: int
    due: int
    index: int
    taken: tuple[Incoming, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCallback:
    """Call to the URL that the caller of a run named, ``due`` at the end of the run."""

    execution_id: str
    scenario_id: int
    url: str = field(repr=False)
    status_url: str
    due: int
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IncompleteExecution:
    """Bundle whose processing failed, with the state that a retry needs.

    ``failer`` is the id of the module that failed, ``bundles`` the bundles emitted before it by module id (as text),
    and the error. While ``retry`` is set, it is retried at ``next_retry``, every ``interval`` milliseconds, until
    ``attempts`` reaches ``most_attempts``.
    """

    id: str
    scenario_id: int
    team_id: int
    execution_id: str
    reason: str
    created: int
    index: int
    blueprint: Mapping[str, Json]
    failer: int
    bundles: Mapping[str, Mapping[str, Json]]
    inputs: Mapping[str, Json] | None = None
    variables: Mapping[str, Json] = field(default_factory=dict)
    #: JSON Pointers of the dates in the bundles and the variables, which are texts there.
    bundle_dates: tuple[str, ...] = ()
    variable_dates: tuple[str, ...] = ()
    size: int
    retry: bool = False
    attempts: int = 0
    most_attempts: int = 0
    interval: int = 0
    next_retry: int | None = None
    resolved: bool = False
    #: The agent that started the run, whose grants the modules of retries need too.
    agent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryAttempt:
    """Attempt to complete an incomplete execution, with its run."""

    incomplete_id: str
    execution: Execution

    @property
    def id(self) -> str:
        """The id of the run."""
        return self.execution.id

    @property
    def imt_id(self) -> str:
        """The id in the log (recorded): ``1574777797796_dlq.<incomplete execution>.manual.<execution>``."""
        run = self.execution
        return f"{run.started}_dlq.{self.incomplete_id}.{run.type}.{run.id}"


@dataclass(frozen=True, slots=True)
class Consumption:
    """Operations, hundredths of credits, and bytes."""

    #: Fields that changes add to.
    COUNTERS: ClassVar = ("operations", "centicredits", "transfer")

    operations: int = 0
    centicredits: int = 0
    transfer: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioEvent:
    """Action of a user on a scenario, in the log of its runs."""

    id: str
    scenario_id: int
    type: str
    author_id: int
    at: int
    sequence: int

    @property
    def imt_id(self) -> str:
        """The id in the log: ``{at}_{id}``."""
        return f"{self.at}_{self.id}"
