"""Sweep: the run of a test, once for each fault at each module, with the retries of Make in virtual time, and the end state judged.

The engine is deterministic: a run with a fault is the same as the one without until the fault. What other services answered there,
they answer to the same request again, so that only the fault makes a difference.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import orjson

from ..engine.apps.app import ModuleDefinition
from ..engine.apps.context import Emit, ModuleContext, Outcome
from ..engine.expressions.values import to_json_value
from ..engine.inputs import validate_inputs
from ..engine.runtime import executor
from ..engine.runtime.interception import OperationInterceptor
from ..engine.scheduling import scheduler
from ..json_types import Json, as_mapping, as_mappings
from ..redaction.masking import TRACE_REDACTOR
from ..world import blueprint_refs
from ..world.clock import MINUTE, SECOND
from ..world.exceptions import DomainError
from ..world.models import Execution
from .documents import ScenarioTest
from .faults import FAULTS, Fault, is_repeatable, writes_outside
from .runner import TestRun, TestSetupError, activate, deliver, prepare_test, trigger_payload
from .scripts import TestScripts

#: The virtual time that retries have, unless a sweep has another, and the interval of a scenario without a hook, in seconds.
DEFAULT_HOURS = 72
_INTERVAL = 900

#: The most events of one run; far more than retries need.
_MAX_EVENTS = 2_000

#: End states, the worst first.
VERDICTS = ("written twice", "lost", "stuck", "stopped", "same")

_VARIABLE_TEXT = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?|\b[0-9a-f]{32}\b|\b[0-9a-f]{12}\b"
)


class SweepError(ValueError):
    """Run that cannot be swept; the text says why."""


@dataclass(frozen=True, slots=True)
class SweptOperation:
    """Operation of the run without a fault: the first or the last one of a module."""

    number: int
    module_id: int
    operation: int
    of: int
    faults: tuple[str, ...]

    @property
    def reference(self) -> str:
        """The operation on the command line: ``4``, or ``4.3`` for the third one of a module."""
        return str(self.module_id) if self.operation == 1 else f"{self.module_id}.{self.operation}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndState:
    """State of a world after a run and its retries.

    Attributes:
        effects: changes at other services, and records -> their number; texts in words.
        result: outputs of the scenario, or the response to the caller.
    """

    effects: Mapping[str, int]
    result: Json
    is_active: bool
    incomplete: int
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultResult:
    """Result of one fault at one operation.

    Attributes:
        verdict: of `VERDICTS`.
        story: sentences about the runs, and about what differs in the end.
    """

    operation: SweptOperation
    fault: str
    verdict: str
    story: Sequence[str]
    run: TestRun = field(repr=False)

    @property
    def survives(self) -> bool:
        return self.verdict == "same"

    @property
    def reference(self) -> str:
        """The fault on the command line, such as ``4:timeout``."""
        return f"{self.operation.reference}:{self.fault}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepReport:
    """Results of all faults."""

    test: ScenarioTest
    base: TestRun = field(repr=False)
    results: Sequence[FaultResult]

    @property
    def survived(self) -> int:
        return sum(result.survives for result in self.results)


class _SweepInterceptor(OperationInterceptor):
    """Interceptor that records operations and what services answered, or injects one fault into a repetition of them."""

    def __init__(
        self,
        scripts: TestScripts,
        scenario_id: int,
        *,
        trigger_output: Json = None,
        answers: Mapping[str, Sequence[Emit]] | None = None,
        fault: Fault | None = None,
        at: int = -1,
    ) -> None:
        self._scripts = scripts
        self._scenario_id = scenario_id
        self._trigger_output = trigger_output
        self._known_answers = answers or {}
        self._fault = fault
        self._at = at
        self._count = 0
        self._uses: Counter[str] = Counter()
        self._candidates: dict[int, list[tuple[int, tuple[str, ...]]]] = {}
        #: Request of a module -> what it output, in order.
        self.answers: dict[str, list[Emit]] = {}
        #: Changes at other services, in words.
        self.effects: Counter[str] = Counter()

    def run_operation(
        self, definition: ModuleDefinition, context: ModuleContext, proceed: Callable[[], Outcome]
    ) -> Outcome:
        number, self._count = self._count, self._count + 1
        fault = self._fault if number == self._at else None
        if fault is not None and fault.error is not None and not fault.comes_after:
            raise fault.error()
        outcome = self._outcome(definition, context, proceed)
        if writes_outside(definition, context):
            effect = _describe_effect(context)
            self.effects[effect] = 1 if is_repeatable(context) else self.effects[effect] + 1
        if fault is not None and fault.error is not None:
            raise fault.error()
        if isinstance(outcome, Emit) and context.run.scenario.id == self._scenario_id:
            faults = tuple(fault.name for fault in FAULTS.values() if fault.applies(definition, context))
            self._candidates.setdefault(context.module.id, []).append((number, faults))
        return outcome

    def _outcome(
        self, definition: ModuleDefinition, context: ModuleContext, proceed: Callable[[], Outcome]
    ) -> Outcome:
        is_main = context.run.scenario.id == self._scenario_id
        if context.first and is_main and self._trigger_output is not None:
            bundles = self._trigger_output
            return Emit(as_mappings(bundles if isinstance(bundles, list) else [bundles]))
        key = f"{context.run.scenario.id}/{context.module.id} {_normalize(to_json_value(context.mapper))}"
        known = self._known_answers.get(key)
        if known:
            place = min(self._uses[key], len(known) - 1)
            self._uses[key] += 1
            return known[place]
        outcome = self._scripts.run_operation(definition, context, proceed)
        is_answer = definition.external or not definition.is_interpreted
        if isinstance(outcome, Emit) and is_answer and not (context.first and context.run.trigger_bundle):
            self.answers.setdefault(key, []).append(outcome)
        return outcome

    def swept_operations(self) -> Iterator[SweptOperation]:
        """Yields the first operation of each module, and the last one if it is another."""
        for id, operations in self._candidates.items():
            for place in dict.fromkeys((0, len(operations) - 1)):
                number, faults = operations[place]
                if place and "twice" in faults:
                    faults = tuple(fault for fault in faults if fault != "twice")
                yield SweptOperation(number, id, place + 1, len(operations), faults)


def _describe_effect(context: ModuleContext) -> str:
    return f"{context.module.full_name} {_normalize(to_json_value(context.mapper))}"


def _normalize(value: Json) -> str:
    """Returns a value as JSON, without secrets, times and generated ids, of which the latter differ from run to run."""
    value = TRACE_REDACTOR.mask(value)
    return _VARIABLE_TEXT.sub("…", orjson.dumps(value, option=orjson.OPT_SORT_KEYS, default=str).decode())


# --- the runs ------------------------------------------------------------------------------------


class Sweep:
    """Sweep of one test.

    Args:
        hours: the virtual time that retries have.

    Raises:
        SweepError: if the run cannot be swept.
    """

    def __init__(self, test: ScenarioTest, *, hours: int = DEFAULT_HOURS) -> None:
        self._test = test
        self._hours = hours
        export = test.file.blueprint.export
        self._takes_inputs = export.takes_inputs
        self._is_hooked = blueprint_refs.find_trigger_hook_id(export.blueprint) is not None
        if self._is_hooked and not test.given.keys() & {"webhook", "mail", "bundles"}:
            raise SweepError("the trigger receives nothing: the run has no operation after it")
        self.base, interceptor = self._execute()
        if self.base.execution is None or not self.base.execution.steps:
            raise SweepError("the run without a fault has no operation")
        if self.base.execution.error is not None:
            error = self.base.execution.error
            raise SweepError(f"the run without a fault ends with an error: {error.name}: {error.message}")
        self._answers = interceptor.answers
        self._base_state = _end_state(self.base, interceptor)
        self.operations = tuple(interceptor.swept_operations())

    def run(self) -> SweepReport:
        """Injects every fault into every operation."""
        results = [
            self.inject(operation, fault) for operation in self.operations for fault in operation.faults
        ]
        return SweepReport(test=self._test, base=self.base, results=results)

    def inject(self, operation: SweptOperation, fault: str) -> FaultResult:
        """Runs the test with one fault."""
        run, interceptor = self._execute(FAULTS[fault], operation.number)
        state = _end_state(run, interceptor)
        return FaultResult(
            operation=operation,
            fault=fault,
            verdict=_judge(self._base_state, state),
            story=[*_run_sentences(run), *_differences(self._base_state, state)],
            run=run,
        )

    def find(self, reference: str) -> tuple[SweptOperation, str]:
        """Returns the operation and the fault of a text such as ``4:timeout`` or ``4.3:crash``.

        Raises:
            SweepError: if there is none.
        """
        place, sign, fault = reference.partition(":")
        operation = next((each for each in self.operations if each.reference == place), None)
        if not sign or operation is None:
            there = ", ".join(each.reference for each in self.operations)
            raise SweepError(f"'{reference}' does not read MODULE:FAULT; modules are: {there}")
        if fault not in operation.faults:
            raise SweepError(
                f"no fault '{fault}' can happen there; faults are: {', '.join(operation.faults)}"
            )
        return operation, fault

    def _execute(self, fault: Fault | None = None, at: int = -1) -> tuple[TestRun, _SweepInterceptor]:
        scheduling: Mapping[str, Json] | None = None
        if not self._takes_inputs:
            scheduling = (
                {"type": "immediately"}
                if self._is_hooked
                else {"type": "indefinitely", "interval": _INTERVAL}
            )
        run = prepare_test(self._test, scheduling=scheduling)
        bundles = self._test.given.get("bundles") if not self._is_hooked else None
        interceptor = _SweepInterceptor(
            run.scripts,
            run.prepared.scenario.id,
            trigger_output=bundles,
            answers=self._answers if fault is not None else None,
            fault=fault,
            at=at,
        )
        run.world.interceptor = interceptor
        run.execution = self._start(run, is_twice=fault is not None and fault.name == "twice")
        self._let_retries_run(run)
        return run, interceptor

    def _start(self, run: TestRun, *, is_twice: bool) -> Execution | None:
        """Starts the first run as production does: by a delivery, by the schedule, or on demand."""
        given, world = run.test.given, run.world
        if self._takes_inputs:
            try:
                inputs = validate_inputs(run.prepared.export.input_spec, as_mapping(given.get("inputs")))
            except DomainError as error:
                raise TestSetupError(str(error), "given", "inputs") from None
            return executor.run_scenario(
                world, run.prepared.scenario, inputs=inputs, kind="manual", author_id=run.prepared.user.id
            )
        activate(run)
        if not self._is_hooked:
            return None if not _run_next_event(run) else _first_run(run)
        key = next(name for name in ("webhook", "mail", "bundles") if name in given)
        payload = given["bundles"] if key == "bundles" else trigger_payload(run)
        execution = deliver(run, payload, key)
        if is_twice:
            # The sender has no answer for a while, and sends it again.
            last = execution.ends if execution is not None else world.now()
            world.clock.advance_to(last + SECOND)
            deliver(run, payload, key)
        return execution or _first_run(run)

    def _let_retries_run(self, run: TestRun) -> None:
        """Runs what Make does by itself until nothing is left to do, or the time is up."""
        world = run.world
        end = world.now() + self._hours * 60 * MINUTE
        for _ in range(_MAX_EVENTS):
            scenario = world.scenarios[run.prepared.scenario.id]
            # A success is the end of what was started; the next scheduled run would begin another.
            if _has_succeeded(run) and not self._is_hooked and scenario.next_exec is not None:
                world.scenarios.put(replace(scenario, next_exec=None))
            if not _run_next_event(run, until=end):
                return


def _first_run(run: TestRun) -> Execution | None:
    return next(iter(find_runs(run)), None)


def find_runs(run: TestRun) -> list[Execution]:
    """Returns the runs of the scenario and the retries of its incomplete executions, in the order of their starts."""
    id = run.prepared.scenario.id
    found = [row for row in run.world.logs if isinstance(row, Execution) and row.scenario_id == id]
    found += [retry.execution for retry in run.world.retries if retry.execution.scenario_id == id]
    return sorted(found, key=lambda each: (each.started, each.sequence))


def _has_succeeded(run: TestRun) -> bool:
    return any(each.error is None for each in find_runs(run))


def _run_next_event(run: TestRun, until: int | None = None) -> bool:
    """Advances the clock to the next run or retry, which then runs; false if there is none in time."""
    world = run.world
    times = [row.due for row in world.reruns.all()]
    times += [
        row.next_retry
        for row in world.incomplete_executions.all()
        if row.retry and row.next_retry is not None and not row.resolved
    ]
    times += [row.next_exec for row in world.scenarios.all() if row.is_active and row.next_exec is not None]
    due = min(times, default=None)
    if due is None or (until is not None and due > until):
        return False
    before = world.now()
    world.clock.advance_to(due)
    scheduler.catch_up(world)
    # A scenario that runs at another time after all; never twice at the same one.
    if world.now() == before and due <= before:
        world.clock.advance_to(before + SECOND)
    return True


# --- the judgement -------------------------------------------------------------------------------


def _end_state(run: TestRun, interceptor: _SweepInterceptor) -> EndState:
    effects = Counter(interceptor.effects)
    for record in run.world.records.all():
        effects[f"record of data store {record.data_store_id}: {_normalize(record.data)}"] += 1
    runs = find_runs(run)
    succeeded = [each for each in runs if each.error is None]
    last = (succeeded or runs)[-1] if runs else None
    result: Json = None
    if last is not None and last.outputs is not None:
        result = _normalize(last.outputs)
    elif (answered := next((each for each in runs if each.respond is not None), None)) is not None:
        assert answered.respond is not None
        result = f"{answered.respond.status} {_normalize(answered.respond.body)}"
    scenario = run.world.scenarios[run.prepared.scenario.id]
    return EndState(
        effects=effects,
        result=result,
        is_active=scenario.is_active,
        incomplete=sum(not row.resolved for row in run.incomplete),
        error=None if succeeded or last is None or last.error is None else last.error.name,
    )


def _judge(base: EndState, state: EndState) -> str:
    """Returns the worst that is true of an end state, compared with that of the run without a fault."""
    if any(state.effects.get(effect, 0) > count for effect, count in base.effects.items()):
        return "written twice"
    if state.incomplete > base.incomplete:
        return "stuck"
    if base.is_active and not state.is_active:
        return "stopped"
    is_missing = any(state.effects.get(effect, 0) < count for effect, count in base.effects.items())
    if is_missing or state.result != base.result or state.error is not None:
        return "lost"
    return "same"


def _run_sentences(run: TestRun) -> Iterator[str]:
    """Yields a sentence for each run: when it started, how it ended, and where it failed."""
    first: int | None = None
    retries = {retry.execution.id for retry in run.world.retries}
    for each in find_runs(run):
        first = each.started if first is None else first
        after = each.started - first
        when = "the run" if not after else f"{_duration_text(after)} later, "
        if after:
            when += "the retry of the incomplete execution" if each.id in retries else "another run"
        status = executor.visible_status(each, each.ends)
        failed = next((step for step in each.steps if step.error is not None), None)
        where = ""
        if failed is not None and failed.error is not None:
            where = f": {failed.error.name} at module {run.index.name_of(failed.module_id)}"
        yield f"{when} ended with {status}{where}"


def _duration_text(milliseconds: int) -> str:
    seconds = milliseconds // SECOND
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.4g} {unit}"
    return f"{seconds} s"


def _differences(base: EndState, state: EndState) -> Iterator[str]:
    for effect in dict.fromkeys([*base.effects, *state.effects]):
        before, after = base.effects.get(effect, 0), state.effects.get(effect, 0)
        if before != after:
            shown = effect if len(effect) <= 160 else f"{effect[:159]}…"
            times = "is missing" if not after else f"{after} times instead of {before}"
            yield f"{shown}: {times}"
    if state.incomplete > base.incomplete:
        yield f"{state.incomplete} incomplete execution{'s' if state.incomplete > 1 else ''} left unresolved"
    if base.is_active and not state.is_active:
        yield "the scenario was deactivated"
    if state.result != base.result:
        yield f"the result is {state.result or 'missing'} instead of {base.result or 'none'}"


def to_json(report: SweepReport) -> Mapping[str, Json]:
    """Returns a sweep as a JSON object."""
    return {
        "test": report.test.name,
        "survived": report.survived,
        "of": len(report.results),
        "results": [
            {
                "moduleId": result.operation.module_id,
                "operation": result.operation.operation,
                "fault": result.fault,
                "verdict": result.verdict,
                "story": list(result.story),
                "repeat": result.reference,
            }
            for result in report.results
        ],
    }


def render_table(
    report: SweepReport, *, style: Callable[[str, str], str] = lambda verdict, cell: cell
) -> Iterator[str]:
    """Yields the table of modules and faults.

    Args:
        style: returns a cell with the colour of its verdict.
    """
    faults = [fault for fault in FAULTS if any(result.fault == fault for result in report.results)]
    rows = [["", *(FAULTS[fault].title for fault in faults)]]
    operations = list(dict.fromkeys(result.operation for result in report.results))
    by_place = {(result.operation, result.fault): result.verdict for result in report.results}
    for operation in operations:
        name = report.base.index.name_of(operation.module_id)
        if operation.of > 1:
            name += f", operation {operation.operation} of {operation.of}"
        rows.append([name, *(by_place.get((operation, fault), "") for fault in faults)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)]
        # Spaces at the end would be of no use, and coloured ones cannot be cut.
        while len(cells) > 1 and not cells[-1].strip():
            cells.pop()
        cells[-1] = cells[-1].rstrip()
        yield "  ".join([cells[0], *map(style, row[1:], cells[1:])])
