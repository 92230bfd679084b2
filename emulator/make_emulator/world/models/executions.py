"""Runs of scenarios: what happened, what broke off, what was scripted, and what was consumed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from .hooks import Incoming
from .json_types import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionError:
    """Why a run ended with an error or a warning."""

    name: str
    message: str
    module_name: str | None = None
    app_name: str | None = None


BundlePosition: TypeAlias = tuple[int, int, int]
"""Which bundle it was: the id of a module, its number among those that this put out at once, and how many they were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One operation of one module in a run: what went in, what came out.

    ``bundle`` is which one it worked on, ``None`` for the first module; ``called`` the id of the run of another scenario
    that it started.
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
    """One condition of a filter: its sides as they are mapped, and what they came to."""

    a: Json
    operator: str
    b: Json
    left: Json
    right: Json
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowDecision:
    """What was decided about a bundle between two operations; ``at`` is how many steps were written down before.

    ``event`` is one of these: ``filter``, by which a bundle came to module ``module_id``, with its ``name``, whether it
    ``passed``, and groups of the conditions that were looked at (the others no longer mattered); ``route``, the ``number``
    of the route that it took of a router, counted from 0, ``name`` being ``fallback`` for the fallback; ``branch``, that of an
    if-else, ``None`` if none was open; ``handler``, the error handler of a module that took an error of the type ``name``; ``error handled``,
    what became of the error: ``name`` is a directive, or ``kept`` for an incomplete execution.
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
    """What a module is to answer, or to fail with, instead of what it does by itself; see `make_emulator.engine.runtime.module_scripts`.

    ``duration`` is how many milliseconds longer each operation takes, ``left`` how many operations are still scripted
    (``None`` for all), ``hits`` how many were.
    """

    module: str
    output: Sequence[Mapping[str, Json]] | None = None
    error: ExecutionError | None = None
    duration: int = 0
    left: int | None = None
    hits: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionResponse:
    """What a run answers to whoever called its webhook, and when."""

    at: int
    status: int
    body: Json = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """A run of a scenario: computed at once, revealed once the clock passes ``started + duration``.

    ``status`` is 1 for success, 2 for success with warnings, 3 for failure. ``sequence`` tells apart what was
    logged in the same millisecond.
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
    #: What was decided between the steps, and how much of both was left out because there was too much of it.
    decisions: tuple[FlowDecision, ...] = ()
    steps_left_out: int = 0
    decisions_left_out: int = 0

    @property
    def ends(self) -> int:
        return self.started + self.duration

    @property
    def imt_id(self) -> str:
        return f"{self.started}_{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstantRetry:
    """What an instant trigger was handed, to be run once more from the start at ``due``, after so many ``attempts``.

    ``taken`` is what of it goes back to the hook's queue if that fails for good.
    """

    id: str
    scenario_id: int
    bundle: Json
    attempts: int
    due: int
    index: int
    taken: tuple[Incoming, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IncompleteExecution:
    """A bundle that failed, with all that it takes to try the rest of its way again.

    ``failer`` is the id of the module that failed, ``bundles`` what had been put out on the way to it by module id
    (as text), and why it failed. While ``retry`` is set, it is tried again at ``next_retry``, every ``interval``
    milliseconds, until ``attempts`` reaches ``most_attempts``.
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
    size: int
    retry: bool = False
    attempts: int = 0
    most_attempts: int = 0
    interval: int = 0
    next_retry: int | None = None
    resolved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryAttempt:
    """One attempt to complete an incomplete execution, and the run that it was."""

    incomplete_id: str
    execution: Execution

    @property
    def id(self) -> str:
        return self.execution.id

    @property
    def imt_id(self) -> str:
        """As recorded: ``1574777797796_dlq.<incomplete execution>.manual.<execution>``."""
        run = self.execution
        return f"{run.started}_dlq.{self.incomplete_id}.{run.type}.{run.id}"


@dataclass(frozen=True, slots=True)
class Consumption:
    """Operations, hundredths of credits, and bytes."""

    operations: int = 0
    centicredits: int = 0
    transfer: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioEvent:
    """Something that a person did to a scenario, kept among the logs of its runs."""

    id: str
    scenario_id: int
    type: str
    author_id: int
    at: int
    sequence: int

    @property
    def imt_id(self) -> str:
        return f"{self.at}_{self.id}"
