"""The story of a run: operations, filters, branches and the fate of errors, in the order in which they happened.

The run of a scenario that was called is told within the operation that called it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import click

from ..engine.apps import catalog
from ..engine.blueprints.parser import parse_blueprint
from ..engine.runtime.executor import visible_status
from ..redaction.masking import mask
from ..reports.executions import ordered_events, unmet_conditions
from ..world.models import Execution, FlowDecision, Step
from .blueprint_file import BlueprintExport, module_label, printable
from .layout import TextLayout, pluralize, quote_text
from .paths import PathSegment, module_paths
from .runner import CalledRun

STATUS_COLOURS = {"SUCCESS": "green", "WARNING": "yellow", "ERROR": "red"}

_ERROR_OUTCOMES = {
    "resume": "handled by resume: goes on with the bundle of the directive",
    "ignore": "handled by ignore: the bundle is dropped",
    "commit": "handled by commit: the run ends, what was written stays",
    "rollback": "handled by rollback: the run ends, what was written is undone",
    "break": "handled by break: the bundle is stored as an incomplete execution",
    "kept": "no error handler, the bundle is stored as an incomplete execution",
}
_BREAK_NOT_STORED = "handled by break, but the scenario does not store incomplete executions: the run ends"


class TraceRenderer:
    """Tells one run of a blueprint, and those that it called."""

    def __init__(self, page: TextLayout, export: BlueprintExport, calls: Mapping[str, CalledRun]) -> None:
        self._layout = page
        self._calls = calls
        self._nodes = {node["id"]: node for node in export.nodes}
        self._paths = module_paths(export.blueprint["flow"])
        #: The branches that have modules, by the if-else and their number.
        self._nonempty_branches = {(way.owner, way.number) for path in self._paths.values() for way in path}
        self._blueprint = parse_blueprint(export.blueprint)

    def lines(self, run: Execution, depth: int = 0) -> Iterator[str]:
        path: tuple[PathSegment, ...] = ()
        cycle = 1
        for event in ordered_events(run):
            if self._is_implied_by_heading(event):
                continue
            if event.cycle > cycle:
                cycle, path = event.cycle, ()
                yield f"{_indent(depth)}{click.style(f'cycle {cycle}', bold=True)}"
            before, path = path, self._paths.get(event.module_id, ())
            for level, way in enumerate(path):
                if path[: level + 1] != before[: level + 1]:
                    heading = click.style(_segment_heading(way), fg="cyan")
                    yield self._layout.truncate(_indent(depth + 2 * level + 1) + heading)
            indent = _indent(depth + 2 * len(path))
            if isinstance(event, Step):
                yield from self._operation(event, indent)
                yield from self._call(event, depth + 2 * len(path) + 2)
            else:
                yield from self._decision(event, indent)
        if run.steps_left_out:
            count = f"{len(run.steps):,}"
            yield f"{_indent(depth)}what came after the first {count} operations is not told"

    def _is_implied_by_heading(self, event: Step | FlowDecision) -> bool:
        """Whether an event tells no more than the heading of the way that follows it."""
        if isinstance(event, Step):
            return False
        return event.event == "handler" or (event.event == "route" and event.name != "fallback")

    def _operation(self, step: Step, indent: str) -> Iterator[str]:
        page, node = self._layout, self._nodes[step.module_id]
        name = module_label(node)
        title = f"{step.module_id} {quote_text(name)}" if name else str(step.module_id)
        nth = f", operation {step.operation}" if step.operation > 1 else ""
        yield page.truncate(f"{indent}{click.style(title, bold=True)} {printable(step.module)}{nth}")
        given = mask(step.input)
        if given:
            yield from page.bundle_lines("in:", given if isinstance(given, list) else [given], indent)
        if step.error is not None:
            yield from page.error_lines(step.error, f"{indent}    error: ")
        elif step.input is None:
            why = "confidential: no data are kept" if self._blueprint.confidential else "too large to be told"
            yield f"{indent}    {why}"
        elif step.output or catalog.has_output(step.module):
            yield from page.bundle_lines("out:", mask(list(step.output)), indent)

    def _call(self, step: Step, depth: int) -> Iterator[str]:
        """The run that an operation called, if its blueprint is known."""
        call = self._calls.get(step.called or "")
        if call is None:
            return
        run, indent = call.execution, _indent(depth)
        name = quote_text(call.export.blueprint["name"])
        yield self._layout.truncate(
            indent + click.style(f"runs scenario {run.scenario_id} {name}", fg="cyan", bold=True)
        )
        yield from TraceRenderer(self._layout, call.export, self._calls).lines(run, depth + 1)
        status = visible_status(run, run.ends)
        yield f"{indent}{click.style(status, fg=STATUS_COLOURS[status])}  {pluralize(run.operations, 'operation')}"

    def _decision(self, decision: FlowDecision, indent: str) -> Iterator[str]:
        id = decision.module_id
        match decision.event:
            case "filter":
                verdict = click.style("passed", fg="green")
                if not decision.passed:
                    why = printable(unmet_conditions(decision.groups))
                    verdict = click.style("stopped", fg="yellow") + (f" ({why})" if why else "")
                called = f" {quote_text(decision.name)}" if decision.name else ""
                yield self._layout.truncate(f"{indent}filter{called} before {id}: {verdict}")
            case "route":
                yield f"{indent}  no other route is open: takes the fallback"
            case "branch":
                yield from self._branch(decision, indent)
            case "error handled":
                fate = decision.name
                text = _ERROR_OUTCOMES.get(fate, fate)
                if fate == "break" and not self._blueprint.stores_incomplete_executions:
                    text = _BREAK_NOT_STORED
                joint = ": " if fate == "kept" else " "
                yield self._layout.truncate(
                    f"{indent}  error of {id}{joint}" + click.style(text, fg="yellow")
                )

    def _branch(self, decision: FlowDecision, indent: str) -> Iterator[str]:
        if decision.number is None:
            yield f"{indent}  no branch is open"
        elif (decision.module_id, decision.number + 1) not in self._nonempty_branches:
            yield f"{indent}  takes branch {decision.number + 1}, which is empty"


def _segment_heading(way: PathSegment) -> str:
    name = f" {quote_text(way.name)}" if way.name and way.name not in ("fallback", "else") else f" {way.name}"
    if way.kind == "error handler":
        return f"error handler of {way.owner}"
    return f"{way.kind} {way.number} of {way.of}{name.rstrip()}"


def _indent(depth: int) -> str:
    return "  " * depth
