"""An explanation for people: indented lines that fit the terminal, in colours where there are any."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence

import click

from ..engine import scripts
from ..engine.blueprint import parse
from ..engine.executor import reveal
from ..engine.journal import STEPS
from ..middleware.masking import mask
from ..world.models import ExecutionError, Json, Step
from .reading import clean, label
from .running import Explanation
from .tracing import Choice, Event, Fate, Gate, Operation, Way, ways

#: How much of a bundle, and how many of them, are shown unless all is asked for.
FIELDS, BUNDLES = 8, 3

_MEANINGS = {
    "simulated": "made-up data, shaped by the blueprint",
    "scripted": "puts out what you said",
}
_COLOURS = {"SUCCESS": "green", "WARNING": "yellow", "ERROR": "red"}

_FATES = {
    "resume": "handled by resume: goes on with the bundle of the directive",
    "ignore": "handled by ignore: the bundle is dropped",
    "commit": "handled by commit: the run ends, what was written stays",
    "rollback": "handled by rollback: the run ends, what was written is undone",
    "break": "handled by break: the bundle is stored as an incomplete execution",
    "kept": "no error handler, the bundle is stored as an incomplete execution",
}
_NOT_KEPT = "handled by break, but the scenario does not store incomplete executions: the run ends"


def told(explanation: Explanation, *, width: int, full: bool) -> Iterator[str]:
    """The lines of an explanation."""
    yield from _Teller(explanation, max(width, 40), full).lines()


class _Teller:
    def __init__(self, explanation: Explanation, width: int, full: bool) -> None:
        self._told = explanation
        self._width = width
        self._full = full
        self._nodes = {node["id"]: node for node in explanation.export.nodes}
        self._ways = ways(explanation.export.blueprint["flow"])
        #: The branches that have modules, by the if-else and their number.
        self._filled = {(way.owner, way.number) for path in self._ways.values() for way in path}
        self._blueprint = parse(explanation.export.blueprint)

    def lines(self) -> Iterator[str]:
        yield from self._header()
        yield ""
        path: tuple[Way, ...] = ()
        for event in self._told.story:
            before, path = path, self._ways.get(event.module_id, ())
            for depth, way in enumerate(path):
                if path[: depth + 1] != before[: depth + 1]:
                    yield self._cut(_indent(2 * depth + 1) + click.style(_heading(way), fg="cyan"))
            yield from self._event(event, _indent(2 * len(path)))
        if len(self._told.execution.steps) >= STEPS:
            yield f"what came after the first {STEPS:,} operations is not told"
        yield ""
        yield from self._ending()

    def _header(self) -> Iterator[str]:
        blueprint, count = self._told.export.blueprint, len(self._nodes)
        yield self._cut(click.style(clean(blueprint["name"]), bold=True) + f": {counted(count, 'module')}")
        for treatment in ("interpreted", "scripted", "simulated", "unknown"):
            modules = self._told.treatments.get(treatment)
            if not modules:
                continue
            names = [name if times == 1 else f"{name} ({times})" for name, times in modules.items()]
            yield from self._named(treatment, names)
            if treatment in _MEANINGS:
                yield self._cut(f"               ({_MEANINGS[treatment]})")
        for stand_in in self._told.stand_ins:
            yield self._cut(f"  {'stands in':<12} for {stand_in.kind} {stand_in.id} ({clean(stand_in.note)})")
        yield from self._input()

    def _named(self, name: str, items: Sequence[str]) -> Iterator[str]:
        """A name and a list behind it, in as many lines as it takes."""
        head, line = f"  {name:<12} ", ""
        for place, item in enumerate(items):
            item = clean(item) + ("," if place + 1 < len(items) else "")
            if line and len(head) + len(line) + len(item) + 1 > self._width:
                yield head + line
                head, line = " " * len(head), ""
            line = f"{line} {item}" if line else item
        yield head + line

    def _input(self) -> Iterator[str]:
        """What is to be said of an input that is missing, or that nobody takes."""
        flow = self._told.export.blueprint["flow"]
        first = flow[0]["module"] if flow else ""
        at_hook = first.startswith("gateway:")
        if at_hook and not self._told.fed:
            yield self._cut("  no input     the webhook received nothing; --input '{…}' gives it a bundle")
        made_up = first in self._told.treatments.get("simulated", {})
        if self._told.fed and not (at_hook or made_up or self._told.export.takes_inputs):
            yield self._cut("  input        not used: neither the scenario nor its first module takes any")

    # --- events ----------------------------------------------------------------------------------

    def _event(self, event: Event, indent: str) -> Iterator[str]:
        match event:
            case Operation(step):
                yield from self._operation(step, indent)
            case Gate(id, name, passed):
                verdict = click.style("passed", fg="green") if passed else click.style("stopped", fg="yellow")
                called = f" {_quoted(name)}" if name else ""
                yield self._cut(f"{indent}filter{called} before {id}: {verdict}")
            case Choice(id, way):
                yield from self._choice(id, way, indent)
            case Fate(id, decision):
                text = _FATES.get(decision, decision)
                if decision == "break" and not self._blueprint.keeps_failures:
                    text = _NOT_KEPT
                joint = ": " if decision == "kept" else " "
                yield self._cut(f"{indent}  error of {id}{joint}" + click.style(text, fg="yellow"))

    def _choice(self, id: int, way: int | None, indent: str) -> Iterator[str]:
        if way is None:
            yield f"{indent}  no branch is open"
        elif self._nodes[id].get("routes"):
            yield f"{indent}  no other route is open: takes the fallback"
        elif (id, way + 1) not in self._filled:
            yield f"{indent}  takes branch {way + 1}, which is empty"

    def _operation(self, step: Step, indent: str) -> Iterator[str]:
        node = self._nodes[step.module_id]
        name = label(node)
        title = f"{step.module_id} {_quoted(name)}" if name else str(step.module_id)
        nth = f", operation {step.operation}" if step.operation > 1 else ""
        yield self._cut(f"{indent}{click.style(title, bold=True)} {clean(step.module)}{nth}")
        given = mask(step.input)
        if given:
            yield from self._bundles("in:", given if isinstance(given, list) else [given], indent)
        if step.error is not None:
            yield from self._failed(step.error, f"{indent}    error: ")
        elif step.input is None:
            why = "confidential: no data are kept" if self._blueprint.confidential else "too large to be told"
            yield f"{indent}    {why}"
        elif step.output or scripts.can_put_out(step.module):
            yield from self._bundles("out:", mask(list(step.output)), indent)

    def _bundles(self, word: str, bundles: Sequence[Json], indent: str) -> Iterator[str]:
        head = f"{indent}    {word:<5}"
        if not bundles:
            yield head + "no bundle"
            return
        if len(bundles) == 1:
            yield from self._value(bundles[0], head)
            return
        yield f"{head}{len(bundles)} bundles"
        shown = bundles if self._full else bundles[:BUNDLES]
        for number, bundle in enumerate(shown, 1):
            yield from self._value(bundle, f"{indent}      {number:>2}. ")
        if len(shown) < len(bundles):
            yield f"{indent}          {len(bundles) - len(shown)} more (--full)"

    def _value(self, value: Json, head: str) -> Iterator[str]:
        """A bundle in one line if it fits, else in a line for each field."""
        if not isinstance(value, Mapping):
            yield self._cut(head + _json(value))
            return
        if not value:
            yield head + "{}"
            return
        fields = [f"{clean(name)}: {_json(item)}" for name, item in value.items()]
        line = head + ", ".join(fields)
        if len(line) <= self._width:
            yield line
            return
        if not self._full:
            # What is empty tells the least.
            fields.sort(key=lambda field: field.endswith((': ""', ": []", ": {}", ": null")))
        shown = fields if self._full else fields[:FIELDS]
        for field in shown:
            yield self._cut(head + field)
            head = " " * len(head)
        if len(shown) < len(fields):
            yield f"{head}{len(fields) - len(shown)} more fields (--full)"

    # --- the end ---------------------------------------------------------------------------------

    def _ending(self) -> Iterator[str]:
        run = self._told.execution
        status = reveal(run, run.ends)
        figures = (
            f"{counted(run.operations, 'operation')}, {_credits(run.centicredits)}, "
            f"{run.duration / 1000:.1f} s of the world's time"
        )
        yield f"{click.style(status, fg=_COLOURS[status], bold=True)}  {figures}"
        if run.error is not None:
            where = f" (in {_quoted(run.error.module_name)})" if run.error.module_name else ""
            yield from self._failed(run.error, "  ", where)
        if self._told.incomplete:
            yield f"  stored: {counted(self._told.incomplete, 'incomplete execution')}"
        if run.respond is not None:
            yield from self._value(
                mask({"status": run.respond.status, "body": run.respond.body}), "  answer: "
            )
        if run.outputs is not None:
            yield from self._value(mask(run.outputs), "  outputs: ")

    def _failed(self, error: ExecutionError, head: str, where: str = "") -> Iterator[str]:
        """Why something failed, never cut: in as many lines as it takes."""
        text = f"{error.name}: {clean(error.message)}{where}"
        lines = textwrap.wrap(text, max(self._width - len(head), 20), break_long_words=False)
        for line in lines:
            yield head + click.style(line, fg="red")
            head = " " * len(head)

    def _cut(self, line: str) -> str:
        """A line as long as the terminal is wide; colours take no room."""
        length = len(click.unstyle(line))
        if self._full or length <= self._width:
            return line
        return click.unstyle(line)[: self._width - 1] + "…"


def _heading(way: Way) -> str:
    name = f" {_quoted(way.name)}" if way.name and way.name not in ("fallback", "else") else f" {way.name}"
    if way.kind == "error handler":
        return f"error handler of {way.owner}"
    return f"{way.kind} {way.number} of {way.of}{name.rstrip()}"


def _indent(depth: int) -> str:
    return "  " * depth


def _json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _quoted(text: str) -> str:
    return f'"{clean(text)}"'


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _credits(centicredits: int) -> str:
    return f"{centicredits / 100:g} credit{'' if centicredits == 100 else 's'}"
