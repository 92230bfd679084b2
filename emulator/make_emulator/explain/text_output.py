"""Text renderer of an explanation: indented lines that fit the terminal, in colours where it has any.

Operations, filters, branches and handled errors appear in the order in which they happened; the run of a called scenario
appears within the operation that called it.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

import click

from ..blueprint_import.export import BlueprintExport, module_label
from ..engine.blueprints.parser import parse_blueprint
from ..engine.runtime.executor import visible_status
from ..plain_text import pluralize, printable
from ..redaction.masking import TRACE_REDACTOR
from ..reports.trace_view import Decision, Step, TraceEvent, TraceView, error_outcome
from ..world.blueprint_refs import first_module
from ..world.models import Execution, Json
from ..world.secret_texts import of_execution, values_of
from .paths import PathSegment, module_paths
from .runner import CalledRun, Explanation, find_default_response

#: The most fields of a bundle, and the most bundles, unless everything is shown.
MAX_FIELDS, MAX_BUNDLES = 8, 3

_STATUS_COLOURS = {"SUCCESS": "green", "WARNING": "yellow", "ERROR": "red"}

_SUPPORT_NOTES = {
    "simulated": "mock data, shaped by the blueprint",
    "scripted": "outputs from --modules",
}


def render_lines(explanation: Explanation, *, width: int, full: bool) -> Iterator[str]:
    """Yields the lines of an explanation.

    Args:
        width: the width of the terminal in characters.
        full: shorten nothing.
    """
    layout = _TextLayout(width, full=full)
    yield from _header_lines(explanation, layout)
    yield ""
    yield from _TraceRenderer(layout, explanation.export, explanation.calls).lines(explanation.execution)
    yield ""
    yield from _summary_lines(explanation, layout)
    for finding in explanation.findings:
        text = f"{finding.severity} [{finding.rule}] {finding.message} {finding.suggestion}".rstrip()
        yield from layout.note_lines(text, "  lint: ")


def render_trace(
    export: BlueprintExport,
    run: Execution,
    *,
    width: int,
    calls: Mapping[str, CalledRun] | None = None,
    until: int | None = None,
) -> Iterator[str]:
    """Yields the lines of a run alone.

    Args:
        calls: the runs that it called, by their ids; others are not shown.
        until: the number of events to show; ``None`` for all.
    """
    yield from _TraceRenderer(_TextLayout(width, full=False), export, calls or {}).lines(run, until=until)


# --- header and summary --------------------------------------------------------------------------------


def _header_lines(explanation: Explanation, layout: _TextLayout) -> Iterator[str]:
    blueprint, count = explanation.export.blueprint, len(explanation.export.nodes)
    yield layout.truncate(
        click.style(printable(blueprint["name"]), bold=True) + f": {pluralize(count, 'module')}"
    )
    for support in ("interpreted", "scripted", "simulated", "unknown"):
        modules = explanation.treatments.get(support)
        if not modules:
            continue
        names = [name if times == 1 else f"{name} ({times})" for name, times in modules.items()]
        yield from layout.list_lines(support, names)
        if support in _SUPPORT_NOTES:
            yield layout.truncate(f"               ({_SUPPORT_NOTES[support]})")
    for stub in explanation.stubs:
        yield layout.truncate(f"  {'stub':<12} {stub.kind} {stub.id} ({printable(stub.note)})")
    yield from _input_notes(explanation, layout)


def _input_notes(explanation: Explanation, layout: _TextLayout) -> Iterator[str]:
    """Yields a note if an input is missing or has no effect."""
    flow = explanation.export.blueprint["flow"]
    first = str(first_module(flow).get("module", ""))
    is_hook = first.startswith("gateway:")
    if is_hook and not explanation.has_input:
        yield layout.truncate("  no input     the webhook received nothing; --input '{…}' sends it a bundle")
    is_simulated = first in explanation.treatments.get("simulated", {})
    if explanation.has_input and not (is_hook or is_simulated or explanation.export.takes_inputs):
        yield layout.truncate("  input        not used: neither the scenario nor its first module takes any")


def _summary_lines(explanation: Explanation, layout: _TextLayout) -> Iterator[str]:
    run = explanation.execution
    redactor = TRACE_REDACTOR.with_secrets(values_of(of_execution(run)))
    status = visible_status(run, run.ends)
    figures = (
        f"{pluralize(run.operations, 'operation')}, {_credits_text(run.centicredits)}, "
        f"{run.duration / 1000:.1f} s of the world's time"
    )
    yield f"{click.style(status, fg=_STATUS_COLOURS[status], bold=True)}  {figures}"
    answer = find_default_response(explanation)
    # Of a failed run, the error is what counts, unless the caller gets it.
    if answer is not None and (run.error is None or answer.status != 200):
        yield from layout.note_lines(str(answer), "  response: ")
    if run.error is not None:
        where = f" (in {quote_text(run.error.module_name)})" if run.error.module_name else ""
        yield from layout.error_lines(
            f"{run.error.name}: {redactor.mask_text(run.error.message)}{where}", "  "
        )
        for text in run.error.texts[1:]:
            yield from layout.error_lines(redactor.mask_text(text), "    ")
    if explanation.incomplete_count:
        yield f"  stored: {pluralize(explanation.incomplete_count, 'incomplete execution')}"
    if run.respond is not None:
        response = {"status": run.respond.status, "body": run.respond.body}
        yield from layout.value_lines(redactor.mask(response), "  response: ")
    if run.outputs is not None:
        yield from layout.value_lines(redactor.mask(run.outputs), "  outputs: ")


def _credits_text(centicredits: int) -> str:
    return f"{centicredits / 100:g} credit{'' if centicredits == 100 else 's'}"


# --- trace ---------------------------------------------------------------------------------------------


class _TraceRenderer:
    """Renderer of one run of a blueprint and of the runs that it called."""

    def __init__(self, layout: _TextLayout, export: BlueprintExport, calls: Mapping[str, CalledRun]) -> None:
        self._layout = layout
        self._calls = calls
        self._nodes = {node["id"]: node for node in export.nodes}
        self._paths = module_paths(export.blueprint["flow"])
        #: The branches that have modules, by the id of the if-else and their number.
        self._nonempty_branches = {
            (segment.owner, segment.number) for path in self._paths.values() for segment in path
        }
        self._blueprint = parse_blueprint(export.blueprint)

    def lines(self, run: Execution, depth: int = 0, *, until: int | None = None) -> Iterator[str]:
        path: tuple[PathSegment, ...] = ()
        cycle = 1
        for event in islice(TraceView.from_execution(run).events(), until):
            if _is_implied_by_heading(event):
                continue
            if event.cycle > cycle:
                cycle, path = event.cycle, ()
                yield f"{_indent(depth)}{click.style(f'cycle {cycle}', bold=True)}"
            before, path = path, self._paths.get(event.module_id, ())
            for level, segment in enumerate(path):
                if path[: level + 1] != before[: level + 1]:
                    heading = click.style(_segment_heading(segment), fg="cyan")
                    yield self._layout.truncate(_indent(depth + 2 * level + 1) + heading)
            indent = _indent(depth + 2 * len(path))
            if isinstance(event, Step):
                yield from self._operation(event, indent)
                yield from self._call(event, depth + 2 * len(path) + 2)
            else:
                yield from self._decision(event, indent)
        if run.steps_left_out and until is None:
            yield f"{_indent(depth)}operations after the first {len(run.steps):,} are not shown"

    def _operation(self, step: Step, indent: str) -> Iterator[str]:
        layout, name = self._layout, module_label(self._nodes[step.module_id])
        title = f"{step.module_id} {quote_text(name)}" if name else str(step.module_id)
        nth = f", operation {step.operation}" if step.operation > 1 else ""
        yield layout.truncate(f"{indent}{click.style(title, bold=True)} {printable(step.module)}{nth}")
        if step.input:
            bundles = step.input if isinstance(step.input, list) else [step.input]
            yield from layout.bundle_lines("in:", bundles, indent)
        if step.error is not None:
            error = f"{step.error['name']}: {step.error['message']}"
            yield from layout.error_lines(error, f"{indent}    error: ")
            for text in [*step.error.get("issues", ()), step.error.get("hint")]:
                if text is not None:
                    yield from layout.error_lines(text, f"{indent}           ")
        elif step.input is None:
            reason = "confidential: no data are kept" if self._blueprint.confidential else "too large to show"
            yield f"{indent}    {reason}"
        elif step.outputs_bundles:
            yield from layout.bundle_lines("out:", step.output, indent)

    def _call(self, step: Step, depth: int) -> Iterator[str]:
        """Yields the lines of the run that an operation called, if its blueprint is known."""
        call = self._calls.get(step.called or "")
        if call is None:
            return
        run, indent = call.execution, _indent(depth)
        name = quote_text(str(call.export.blueprint["name"]))
        yield self._layout.truncate(
            indent + click.style(f"runs scenario {run.scenario_id} {name}", fg="cyan", bold=True)
        )
        yield from _TraceRenderer(self._layout, call.export, self._calls).lines(run, depth + 1)
        status = visible_status(run, run.ends)
        yield f"{indent}{click.style(status, fg=_STATUS_COLOURS[status])}  {pluralize(run.operations, 'operation')}"

    def _decision(self, decision: Decision, indent: str) -> Iterator[str]:
        id = decision.module_id
        match decision.event:
            case "filter":
                verdict = click.style("passed", fg="green")
                if not decision.passed:
                    unmet = printable(decision.unmet_conditions)
                    verdict = click.style("stopped", fg="yellow") + (f" ({unmet})" if unmet else "")
                named = f" {quote_text(decision.name)}" if decision.name else ""
                yield self._layout.truncate(f"{indent}filter{named} before {id}: {verdict}")
                for hint in decision.hints:
                    yield from self._layout.error_lines(hint, f"{indent}  ")
            case "route":
                yield f"{indent}  no other route is open: takes the fallback"
            case "branch":
                yield from self._branch(decision, indent)
                for hint in decision.hints:
                    yield from self._layout.error_lines(hint, f"{indent}  ")
            case "error handled":
                outcome = error_outcome(
                    decision.by or "", stores_incomplete=self._blueprint.stores_incomplete_executions
                )
                yield self._layout.truncate(f"{indent}  error of {id} " + click.style(outcome, fg="yellow"))

    def _branch(self, decision: Decision, indent: str) -> Iterator[str]:
        if decision.number is None:
            yield f"{indent}  no branch is open"
        elif (decision.module_id, decision.number) not in self._nonempty_branches:
            yield f"{indent}  takes branch {decision.number}, which is empty"


def _is_implied_by_heading(event: TraceEvent) -> bool:
    """Returns whether the heading of the path that follows an event says the same."""
    if isinstance(event, Step):
        return False
    return event.event == "handler" or (event.event == "route" and not event.fallback)


def _segment_heading(segment: PathSegment) -> str:
    if segment.kind == "error handler":
        return f"error handler of {segment.owner}"
    name = segment.name
    if name and name not in ("fallback", "else"):
        name = quote_text(name)
    return f"{segment.kind} {segment.number} of {segment.of} {name}".rstrip()


def _indent(depth: int) -> str:
    return "  " * depth


# --- layout --------------------------------------------------------------------------------------------


class _TextLayout:
    """Layout of values in lines of a width in characters; with ``full``, nothing is shortened."""

    def __init__(self, width: int, *, full: bool) -> None:
        self._width = max(width, 40)
        self._full = full

    def list_lines(self, name: str, items: Sequence[str]) -> Iterator[str]:
        """Yields a name with a list behind it, wrapped."""
        head, line = f"  {name:<12} ", ""
        for place, item in enumerate(items):
            item = printable(item) + ("," if place + 1 < len(items) else "")
            if line and len(head) + len(line) + len(item) + 1 > self._width:
                yield head + line
                head, line = " " * len(head), ""
            line = f"{line} {item}" if line else item
        yield head + line

    def bundle_lines(self, label: str, bundles: Sequence[Json], indent: str) -> Iterator[str]:
        head = f"{indent}    {label:<5}"
        if not bundles:
            yield head + "no bundle"
            return
        if len(bundles) == 1:
            yield from self.value_lines(bundles[0], head)
            return
        yield f"{head}{len(bundles)} bundles"
        shown = bundles if self._full else bundles[:MAX_BUNDLES]
        for number, bundle in enumerate(shown, 1):
            yield from self.value_lines(bundle, f"{indent}      {number:>2}. ")
        if len(shown) < len(bundles):
            yield f"{indent}          {len(bundles) - len(shown)} more (--full)"

    def value_lines(self, value: Json, head: str) -> Iterator[str]:
        """Yields a bundle in one line if it fits, else in a line for each field."""
        if not isinstance(value, Mapping):
            yield self.truncate(head + _json_text(value))
            return
        if not value:
            yield head + "{}"
            return
        fields = [f"{printable(name)}: {_json_text(item)}" for name, item in value.items()]
        line = head + ", ".join(fields)
        if len(line) <= self._width:
            yield line
            return
        if not self._full:
            # Empty fields are the least informative.
            fields.sort(key=lambda field: field.endswith((': ""', ": []", ": {}", ": null")))
        shown = fields if self._full else fields[:MAX_FIELDS]
        for field in shown:
            yield self.truncate(head + field)
            head = " " * len(head)
        if len(shown) < len(fields):
            yield f"{head}{len(fields) - len(shown)} more fields (--full)"

    def error_lines(self, error: str, head: str) -> Iterator[str]:
        """Yields the text of an error, wrapped and never shortened."""
        lines = textwrap.wrap(printable(error), max(self._width - len(head), 20), break_long_words=False)
        for line in lines:
            yield head + click.style(line, fg="red")
            head = " " * len(head)

    def note_lines(self, note: str, head: str) -> Iterator[str]:
        """Yields a note, wrapped and never shortened."""
        for line in textwrap.wrap(printable(note), max(self._width - len(head), 20), break_long_words=False):
            yield head + click.style(line, fg="yellow")
            head = " " * len(head)

    def truncate(self, line: str) -> str:
        """Returns a line that fits the terminal; colours take no width."""
        length = len(click.unstyle(line))
        if self._full or length <= self._width:
            return line
        return click.unstyle(line)[: self._width - 1] + "…"


def quote_text(text: str) -> str:
    return f'"{printable(text)}"'


def _json_text(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
