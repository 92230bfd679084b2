"""Checks of a run against what a test expects, each failure with its line and what came closest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher

from ..document_issues import DocumentPath, format_path
from ..engine.runtime.executor import visible_status
from ..json_types import Json, as_array, as_mapping, is_integer
from ..plain_text import pluralize
from ..redaction.masking import TRACE_REDACTOR, OutputRedactor
from ..reports.trace_view import Decision, Step, TraceEvent, error_text
from ..world.models import BundlePosition, Execution, FlowDecision
from ..world.secret_texts import of_execution, values_of
from . import matchers
from .matchers import MISSING, Difference, find_differences
from .references import BlueprintIndex, find_resource
from .runner import TestRun, mail_view, request_view

#: The most differences of one value in a message.
MAX_DIFFERENCES = 8

#: The most characters of a value in a message.
MAX_VALUE_LENGTH = 300

_PLURALS = tuple(
    f"the {noun}" for noun in ("bundles", "incomplete", "inputs", "mails", "outputs", "records", "requests")
)


class NoGolden:
    """Type of `NO_GOLDEN`."""


#: The golden value of an expectation that no other value would meet.
NO_GOLDEN = NoGolden()


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Expectation that a run did not meet.

    Attributes:
        path: its place within the test.
        text: one sentence.
        details: further lines: differences, and what came closest.
        until: the number of events of the run up to which its story matters; ``None`` for all.
        golden: the value that would be met; `NO_GOLDEN` if there is none.
    """

    path: DocumentPath
    text: str
    details: Sequence[str] = ()
    until: int | None = None
    golden: Json | NoGolden = field(default=NO_GOLDEN, repr=False)


Failures = Iterator[Failure]


def check_run(run: TestRun) -> list[Failure]:
    """Returns what a run did not do as its test expects, in the order of the test."""
    return list(_Checker(run, run.test.expect).failures())


class _Checker:
    """Checker of one run."""

    def __init__(self, run: TestRun, expect: Mapping[str, Json]) -> None:
        self._run = run
        self._index = run.index
        self._expect = expect
        secrets = values_of(of_execution(run.execution)) if run.execution is not None else None
        self._redactor: OutputRedactor = (
            TRACE_REDACTOR.with_secrets(secrets) if secrets is not None else TRACE_REDACTOR
        )

    def failures(self) -> Failures:
        if self._run.execution is None:
            yield Failure(
                path=("given",),
                text="no run was started: the scenario is inactive, or the delivery waits in its queue",
            )
            return
        yield from self._status(self._run.execution)
        checks: Mapping[str, Callable[[Json], Failures]] = {
            "error": self._error,
            "outputs": self._outputs,
            "response": self._response,
            "reached": self._reached,
            "not_reached": self._not_reached,
            "order": self._order,
            "modules": self._modules,
            "filters": self._filters,
            "requests": self._requests,
            "mails": self._mails,
            "records": self._records,
            "incomplete": self._incomplete,
            "calls": self._calls,
            "scenarios": self._scenarios,
            "operations": self._operations,
            "credits": self._credits,
            "name": self._name,
            "active": self._active,
            "sweep": self._sweep,
        }
        for name, wanted in self._expect.items():
            if name in checks:
                yield from checks[name](wanted)

    # --- the run as a whole ----------------------------------------------------------------------

    def _status(self, execution: Execution) -> Failures:
        status = visible_status(execution, execution.ends).lower()
        wanted = self._expect.get("status")
        cause = "" if execution.error is None else f": {error_text(execution.error, self._redactor)}"
        if execution.error is not None and (name := execution.error.module_name):
            cause += f' (in "{name}")'
        if wanted is not None and status != wanted:
            yield Failure(
                path=("expect", "status"),
                text=f"expected the run to end with {wanted}, not with {status}{cause}",
                golden=status,
            )
        elif wanted is None and status == "error" and "error" not in self._expect:
            yield Failure(path=("expect",), text=f"the run ended with an error{cause}")

    def _error(self, wanted: Json) -> Failures:
        execution = self._run.execution
        assert execution is not None
        error = execution.error
        actual: Json | object = MISSING
        if error is not None:
            failed = next((step for step in reversed(execution.steps) if step.error is not None), None)
            view: dict[str, Json] = {"name": error.name, "message": error.message}
            if failed is not None and failed.error is not None and failed.error.message == error.message:
                view["module"] = self._reference(wanted, failed.module_id)
            actual = view
        yield from self._compare(wanted, actual, ("expect", "error"), "the error of the run")

    def _reference(self, wanted: Json, id: int) -> Json:
        """Returns a module as an expectation names it: by its name in the designer, or its id."""
        named = as_mapping(wanted).get("module")
        if isinstance(named, str):
            try:
                if id in self._index.find_modules(named):
                    return named
            except ValueError:
                pass
            return next((label for label, ids in self._index.labels.items() if id in ids), id)
        return id

    def _outputs(self, wanted: Json) -> Failures:
        assert self._run.execution is not None
        outputs = self._run.execution.outputs
        actual = MISSING if outputs is None else outputs
        yield from self._compare(wanted, actual, ("expect", "outputs"), "the outputs")

    def _response(self, wanted: Json) -> Failures:
        response = self._run.response()
        actual = MISSING if response is None else response
        yield from self._compare(
            wanted, actual, ("expect", "response"), "the response to the webhook's caller"
        )

    def _operations(self, wanted: Json) -> Failures:
        assert self._run.execution is not None
        yield from self._count(wanted, self._run.execution.operations, ("expect", "operations"), "operation")

    def _credits(self, wanted: Json) -> Failures:
        assert self._run.execution is not None
        yield from self._count(
            wanted, self._run.execution.centicredits / 100, ("expect", "credits"), "credit"
        )

    def _sweep(self, wanted: Json) -> Failures:
        # Imported here, since few tests sweep.
        from .sweep import DEFAULT_HOURS, Sweep, SweepError

        expected = as_mapping(wanted)
        least, hours = expected.get("at_least"), expected.get("hours", DEFAULT_HOURS)
        assert is_integer(least)
        assert is_integer(hours)
        path: DocumentPath = ("expect", "sweep")
        try:
            report = Sweep(self._run.test, hours=hours).run()
        except SweepError as error:
            yield Failure(path=path, text=f"the run cannot be swept: {error}")
            return
        if report.survived < least:
            yield Failure(
                path=(*path, "at_least"),
                text=f"expected the scenario to survive at least {least} of {len(report.results)} faults, not {report.survived}",
                details=[
                    f"{result.reference}: {result.verdict}"
                    for result in report.results
                    if not result.survives
                ],
                golden=report.survived,
            )

    def _name(self, wanted: Json) -> Failures:
        assert self._run.execution is not None
        yield from self._compare(wanted, self._run.execution.name, ("expect", "name"), "the name of the run")

    def _active(self, wanted: Json) -> Failures:
        scenario = self._run.world.scenarios[self._run.prepared.scenario.id]
        if scenario.is_active != wanted:
            state = "active" if scenario.is_active else "inactive"
            yield Failure(
                path=("expect", "active"),
                text=f"the scenario is {state} after the run",
                golden=scenario.is_active,
            )

    def _calls(self, wanted: Json) -> Failures:
        for id, count in as_mapping(wanted).items():
            runs = self._run.runs_of(int(id))
            yield from self._count(count, len(runs), ("expect", "calls", id), "run", of=f" of scenario {id}")

    def _scenarios(self, wanted: Json) -> Failures:
        for id, expected in as_mapping(wanted).items():
            prefix: DocumentPath = ("expect", "scenarios", id)
            runs = self._run.runs_of(int(id))
            if not runs:
                yield Failure(path=prefix, text=f"expected a run of scenario {id}, but there was none")
                continue
            export = self._run.prepared.called[int(id)]
            called = replace(
                self._run,
                execution=runs[-1],
                index=BlueprintIndex(export),
                prepared=replace(self._run.prepared, export=export),
            )
            for failure in _Checker(called, as_mapping(expected)).failures():
                # The story of the failed test is that of the run that called this one.
                yield replace(
                    failure,
                    path=(*prefix, *failure.path[1:]),
                    text=f"in scenario {id}: {failure.text}",
                    until=None,
                )

    # --- modules and filters ---------------------------------------------------------------------

    def _reached(self, wanted: Json) -> Failures:
        for place, reference in enumerate(as_array(wanted)):
            ids = self._index.find_modules(reference)
            if not self._was_reached(ids):
                yield self._unreached(ids, ("expect", "reached", place))

    def _unreached(self, ids: Sequence[int], path: DocumentPath) -> Failure:
        closest = find_closest(self._run, ids)
        details = [] if closest is None else [f"closest: {closest.text}"]
        return Failure(
            path=path,
            text=f"expected a bundle to reach module {self._names(ids)}, but none did",
            details=details,
            until=closest.until if closest is not None else None,
        )

    def _not_reached(self, wanted: Json) -> Failures:
        for place, reference in enumerate(as_array(wanted)):
            ids = self._index.find_modules(reference)
            if self._was_reached(ids):
                yield Failure(
                    path=("expect", "not_reached", place),
                    text=f"expected no bundle to reach module {self._names(ids)}, but one did",
                    until=self._first_event(ids),
                )

    def _was_reached(self, ids: Sequence[int]) -> bool:
        return bool(self._run.steps_of(ids))

    def _order(self, wanted: Json) -> Failures:
        actual = [step.module_id for step in self._run.steps]
        golden = [self._name_like(wanted, place, id) for place, id in enumerate(actual)]
        expected = [self._index.find_modules(reference) for reference in as_array(wanted)]
        for place, id in enumerate(actual):
            if place >= len(expected) or id not in expected[place]:
                then = "the end" if place >= len(expected) else f"module {self._names(expected[place])}"
                yield Failure(
                    path=("expect", "order"),
                    text=f"expected {then} as operation {place + 1}, but it was of module {self._index.name_of(id)}",
                    details=[f"the order was: {', '.join(map(str, actual))}"],
                    until=self._event_of_step(place),
                    golden=golden,
                )
                return
        if len(actual) < len(expected):
            yield Failure(
                path=("expect", "order"),
                text=f"expected module {self._names(expected[len(actual)])} as operation {len(actual) + 1},"
                " but the run had ended",
                details=[f"the order was: {', '.join(map(str, actual))}"],
                golden=golden,
            )

    def _name_like(self, wanted: Json, place: int, id: int) -> Json:
        """Returns a module in the words of an expected order: as it is named there, or as its modules are named mostly."""
        names = as_array(wanted)
        if place < len(names) and id in self._index.find_modules(names[place]):
            return names[place]
        label = next((label for label, ids in self._index.labels.items() if ids == [id]), None)
        are_labels = any(isinstance(name, str) for name in names) or not names
        return label if label is not None and are_labels else id

    def _modules(self, wanted: Json) -> Failures:
        for reference, each in as_mapping(wanted).items():
            ids = self._index.find_modules(reference)
            path: DocumentPath = ("expect", "modules", reference)
            steps = self._run.steps_of(ids)
            expected = as_mapping(each)
            is_needed = any(
                name in expected and expected[name] not in ([], matchers.ABSENT, 0) for name in expected
            )
            if not steps and is_needed and expected.get("operations") != 0:
                yield self._unreached(ids, path)
                continue
            named = f"module {self._names(ids)}"
            if "operations" in expected:
                yield from self._count(
                    expected["operations"],
                    len(steps),
                    (*path, "operations"),
                    "operation",
                    ids,
                    of=f" of {named}",
                )
            if "inputs" in expected:
                yield from self._compare(
                    expected["inputs"],
                    [step.input for step in steps],
                    (*path, "inputs"),
                    f"the inputs of {named}",
                    ids,
                )
            if "bundles" in expected:
                bundles = [bundle for step in steps for bundle in step.output]
                yield from self._compare(
                    expected["bundles"], bundles, (*path, "bundles"), f"the bundles of {named}", ids
                )
            if "error" in expected:
                error = next((step.error for step in reversed(steps) if step.error is not None), None)
                actual = MISSING if error is None else {"name": error.name, "message": error.message}
                yield from self._compare(
                    expected["error"], actual, (*path, "error"), f"the error of {named}", ids
                )

    def _filters(self, wanted: Json) -> Failures:
        for reference, each in as_mapping(wanted).items():
            ids = self._index.find_filters(reference)
            path: DocumentPath = ("expect", "filters", reference)
            decisions = [
                decision
                for decision in (self._run.execution.decisions if self._run.execution else ())
                if decision.event == "filter"
                and decision.module_id in ids
                and (reference not in self._index.filters or decision.name == reference)
            ]
            if isinstance(each, str):
                yield from self._filter_outcome(each, decisions, reference, ids, path)
                continue
            for name in ("passed", "stopped"):
                if name not in as_mapping(each):
                    continue
                value = as_mapping(each)[name]
                found = [decision for decision in decisions if decision.passed == (name == "passed")]
                if is_integer(value):
                    of = f" that filter '{reference}' {'let pass' if name == 'passed' else 'stopped'}"
                    yield from self._count(value, len(found), (*path, name), "bundle", ids, of=of)
                else:
                    bundles = [self._bundle_of(decision) for decision in found]
                    text = f"the bundles that {'passed' if name == 'passed' else 'were stopped by'} filter '{reference}'"
                    yield from self._compare(value, bundles, (*path, name), text, ids)

    def _filter_outcome(
        self,
        wanted: str,
        decisions: Sequence[FlowDecision],
        reference: str,
        ids: Sequence[int],
        path: DocumentPath,
    ) -> Failures:
        outcomes = {"passed" if decision.passed else "stopped" for decision in decisions}
        actual = " and ".join(sorted(outcomes)) or "not reached"
        if actual == wanted:
            return
        closest = find_closest(self._run, ids)
        details = [f"closest: {closest.text}"] if closest is not None else []
        words = {"passed": "to let all bundles pass", "stopped": "to stop all bundles"}
        expected = words.get(wanted, "not to be reached")
        found = {
            "passed": "it let all pass",
            "stopped": "it stopped all",
            "not reached": "no bundle reached it",
        }
        yield Failure(
            path=path,
            text=f"expected filter '{reference}' {expected}, but {found.get(actual, 'it let some pass')}",
            details=details,
            until=closest.until if closest is not None else None,
            golden=actual
            if actual in found
            else {
                "passed": sum(bool(each.passed) for each in decisions),
                "stopped": sum(not each.passed for each in decisions),
            },
        )

    def _bundle_of(self, decision: FlowDecision) -> Json:
        """Returns the bundle that a decision is about: one of the last operation of the module that output it."""
        position: BundlePosition | None = decision.bundle
        if position is None:
            return None
        for step in reversed(self._run.steps[: decision.at]):
            if step.module_id == position[0] and 0 < position[1] <= len(step.output):
                return step.output[position[1] - 1]
        return None

    # --- the world afterwards --------------------------------------------------------------------

    def _requests(self, wanted: Json) -> Failures:
        actual: list[Json] = [request_view(request) for request in self._run.requests]
        yield from self._compare_list(wanted, actual, ("expect", "requests"), "request")

    def _mails(self, wanted: Json) -> Failures:
        actual: list[Json] = [mail_view(mail) for mail in self._run.mails]
        yield from self._compare_list(wanted, actual, ("expect", "mails"), "mail")

    def _records(self, wanted: Json) -> Failures:
        nodes = [node for held in self._run.test.file.blueprints for node in held.export.nodes]
        for reference, expected in as_mapping(wanted).items():
            records = self._run.records_of(find_resource(nodes, "dataStore", reference))
            is_list = isinstance(expected, list) or any(
                name in as_mapping(expected) for name in ("$contains", "$length")
            )
            actual: Json = (
                [record.data for record in records]
                if is_list
                else {record.key: record.data for record in records}
            )
            path: DocumentPath = ("expect", "records", reference)
            yield from self._compare(expected, actual, path, f"the records of data store {reference}")

    def _incomplete(self, wanted: Json) -> Failures:
        rows = self._run.incomplete
        path: DocumentPath = ("expect", "incomplete")
        if is_integer(wanted):
            yield from self._count(wanted, len(rows), path, "incomplete execution")
            return
        actual: list[Json] = [
            {
                "module": self._reference(
                    as_array(wanted)[n] if n < len(as_array(wanted)) else None, row.failer
                ),
                "reason": row.reason,
            }
            for n, row in enumerate(rows)
        ]
        yield from self._compare(wanted, actual, path, "the incomplete executions")

    # --- comparison ------------------------------------------------------------------------------

    def _compare(
        self, wanted: Json, actual: Json | object, path: DocumentPath, name: str, ids: Sequence[int] = ()
    ) -> Failures:
        value = actual if actual is not MISSING else MISSING
        differences = list(find_differences(wanted, value))  # type: ignore[arg-type]
        if not differences:
            return
        if value is MISSING and differences[0].path == ():
            yield Failure(
                path=path,
                text=f"expected {name} to be {shorten(differences[0].expected)}, but there is none",
                until=self._last_event(ids),
                golden=matchers.ABSENT,
            )
            return
        yield Failure(
            path=path,
            text=f"{name} {'are' if name.startswith(_PLURALS) else 'is'} not as expected",
            details=self._describe(differences),
            until=self._last_event(ids),
            golden=matchers.merge(wanted, value),  # type: ignore[arg-type]
        )

    def _describe(self, differences: Sequence[Difference]) -> list[str]:
        lines = [
            f"{format_path(each.path) or 'the whole'}: expected {shorten(each.expected)}, was {self._value_text(each)}"
            for each in differences[:MAX_DIFFERENCES]
        ]
        if len(differences) > MAX_DIFFERENCES:
            lines.append(f"and {pluralize(len(differences) - MAX_DIFFERENCES, 'more difference')}")
        return lines

    def _value_text(self, difference: Difference) -> str:
        if difference.actual is MISSING:
            return "missing"
        # A value under the name of a secret is masked as it would be in the collection around it.
        names = [part for part in difference.path if isinstance(part, str)]
        name = names[-1] if names else "value"
        masked = as_mapping(self._redactor.mask({name: difference.actual})).get(name)
        return shorten(matchers.json_text(masked))

    def _compare_list(self, wanted: Json, actual: list[Json], path: DocumentPath, noun: str) -> Failures:
        """Compares requests or mails; each that is missing is shown beside the one that comes closest."""
        if not isinstance(wanted, list):
            yield from self._compare(wanted, actual, path, f"the {noun}s")
            return
        if len(wanted) == len(actual):
            for place, (expected, found) in enumerate(zip(wanted, actual, strict=True)):
                yield from self._compare(expected, found, (*path, place), f"{noun} {place + 1}")
            return
        details = []
        rest = list(actual)
        for expected in wanted:
            found = next((each for each in rest if matchers.matches(expected, each)), None)
            if found is not None:
                rest.remove(found)
                continue
            details.append(f"missing: {shorten(matchers.describe(expected))}")
            if actual:
                closest = max(actual, key=lambda each: _likeness(expected, each))
                details.append(f"  closest: {self._summary(closest)}")
                details += [
                    f"    {line}" for line in self._describe(list(find_differences(expected, closest)))
                ]
        details += [f"unexpected: {self._summary(each)}" for each in rest]
        yield Failure(
            path=path,
            text=f"expected {pluralize(len(wanted), noun)}, but there {'was' if len(actual) == 1 else 'were'} {len(actual) or 'none'}",
            details=details,
            golden=matchers.merge(wanted, actual),
        )

    def _summary(self, item: Json) -> str:
        shown = as_mapping(self._redactor.mask(item))
        if "method" in shown:
            return (
                f"{shown['method']} {shown['url']} of module {self._index.name_of(int(str(shown['module'])))}"
            )
        return f"to {', '.join(map(str, as_array(shown.get('to'))))}: {shown.get('subject')}"

    def _count(
        self,
        wanted: Json,
        actual: int | float,
        path: DocumentPath,
        noun: str,
        ids: Sequence[int] = (),
        *,
        of: str = "",
    ) -> Failures:
        """Compares a number of things, of some modules; ``of`` follows their name."""
        limits = as_mapping(wanted)
        least, most = limits.get("at_least"), limits.get("at_most")
        golden: Json = int(actual) + (actual > int(actual))
        if is_integer(wanted) and wanted != actual:
            expected = pluralize(wanted, noun)
        elif is_integer(least) and actual < least:
            expected, golden = f"at least {pluralize(least, noun)}", {**limits, "at_least": int(actual)}
        elif is_integer(most) and actual > most:
            expected, golden = f"at most {pluralize(most, noun)}", {**limits, "at_most": golden}
        else:
            return
        yield Failure(
            path=path,
            text=f"expected {expected}{of}, not {actual:g}",
            until=self._last_event(ids),
            golden=golden,
        )

    def _names(self, ids: Sequence[int]) -> str:
        return " or ".join(map(self._index.name_of, ids))

    # --- places in the story ---------------------------------------------------------------------

    def _events(self) -> list[TraceEvent]:
        trace = self._run.trace
        return list(trace.events()) if trace is not None else []

    def _last_event(self, ids: Sequence[int]) -> int | None:
        events = self._events()
        return next((n + 1 for n in reversed(range(len(events))) if events[n].module_id in ids), None)

    def _first_event(self, ids: Sequence[int]) -> int | None:
        return next(
            (
                n + 1
                for n, event in enumerate(self._events())
                if isinstance(event, Step) and event.module_id in ids
            ),
            None,
        )

    def _event_of_step(self, place: int) -> int | None:
        steps = -1
        for number, event in enumerate(self._events(), 1):
            steps += isinstance(event, Step)
            if steps == place:
                return number
        return None


def shorten(text: str) -> str:
    """Returns a text that fits a message."""
    return text if len(text) <= MAX_VALUE_LENGTH else f"{text[: MAX_VALUE_LENGTH - 1]}…"


def _likeness(expected: Json, actual: Json) -> tuple[float, float]:
    """Returns how much of an expected collection an actual one has, and how similar they are as texts."""
    fields = as_mapping(expected)
    right = sum(matchers.matches(value, as_mapping(actual).get(name)) for name, value in fields.items())
    texts = (str(fields.get("url", fields)), str(as_mapping(actual).get("url", actual)))
    return right / max(len(fields), 1), SequenceMatcher(None, *texts, autojunk=False).ratio()


# --- what came closest ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ClosestEvent:
    """Event of a run that came closest to a module: a sentence, and its number among the events."""

    text: str
    until: int


def find_closest(run: TestRun, ids: Sequence[int]) -> ClosestEvent | None:
    """Returns the last decision or operation on the way to a module; ``None`` if the run did not even begin there."""
    trace = run.trace
    if trace is None:
        return None
    order = _ways_to(run.index, ids)
    best: tuple[int, int, TraceEvent] | None = None
    for number, event in enumerate(trace.events(), 1):
        place = order.get(event.module_id)
        if place is not None and (best is None or place >= best[0]):
            best = place, number, event
    if best is None:
        return None
    _, number, event = best
    if isinstance(event, Decision):
        return ClosestEvent(event.sentence, number)
    suffix = ""
    if event.outputs_bundles and not event.output and event.error is None:
        suffix = ", so nothing follows it"
    return ClosestEvent(f"{event.sentence}{suffix}", number)


def _ways_to(index: BlueprintIndex, ids: Sequence[int]) -> dict[int, int]:
    """Returns the modules on the way to some modules, each with its place on it."""
    flow = index.export.blueprint["flow"]
    order: dict[int, int] = {}
    for way in (way for id, way in _ways(flow) if id in ids):
        for place, id in enumerate(way):
            order[id] = max(order.get(id, 0), place)
    return order


def _ways(flow: Json) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yields every module with the modules on the way to it, itself the last."""
    pending: list[tuple[Json, tuple[int, ...]]] = [(flow, ())]
    while pending:
        nodes, before = pending.pop()
        for node in as_array(nodes):
            each = as_mapping(node)
            id = each.get("id")
            if not isinstance(id, int):
                continue
            before = (*before, id)
            yield id, before
            for part in ("routes", "branches"):
                pending.extend((as_mapping(path).get("flow"), before) for path in as_array(each.get(part)))
            pending.append((each.get("onerror"), before))
