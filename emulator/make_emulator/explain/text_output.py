"""An explanation for people: indented lines that fit the terminal, in colours where there are any."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from ..engine.runtime.executor import visible_status
from ..redaction.masking import mask
from .blueprint_file import printable
from .layout import TextLayout, pluralize, quote_text
from .runner import Explanation
from .trace_text import STATUS_COLOURS, TraceRenderer

_TREATMENT_NOTES = {
    "simulated": "made-up data, shaped by the blueprint",
    "scripted": "puts out what you said",
}


def render_lines(explanation: Explanation, *, width: int, full: bool) -> Iterator[str]:
    """The lines of an explanation."""
    yield from _TextRenderer(explanation, TextLayout(width, full=full)).lines()


class _TextRenderer:
    def __init__(self, explanation: Explanation, page: TextLayout) -> None:
        self._explanation = explanation
        self._layout = page

    def lines(self) -> Iterator[str]:
        yield from self._header()
        yield ""
        yield from TraceRenderer(self._layout, self._explanation.export, self._explanation.calls).lines(
            self._explanation.execution
        )
        yield ""
        yield from self._ending()

    def _header(self) -> Iterator[str]:
        blueprint, count = self._explanation.export.blueprint, len(self._explanation.export.nodes)
        yield self._layout.truncate(
            click.style(printable(blueprint["name"]), bold=True) + f": {pluralize(count, 'module')}"
        )
        for treatment in ("interpreted", "scripted", "simulated", "unknown"):
            modules = self._explanation.treatments.get(treatment)
            if not modules:
                continue
            names = [name if times == 1 else f"{name} ({times})" for name, times in modules.items()]
            yield from self._named(treatment, names)
            if treatment in _TREATMENT_NOTES:
                yield self._layout.truncate(f"               ({_TREATMENT_NOTES[treatment]})")
        for stand_in in self._explanation.stubs:
            yield self._layout.truncate(
                f"  {'stands in':<12} for {stand_in.kind} {stand_in.id} ({printable(stand_in.note)})"
            )
        yield from self._input()

    def _named(self, name: str, items: Sequence[str]) -> Iterator[str]:
        """A name and a list behind it, in as many lines as it takes."""
        head, line = f"  {name:<12} ", ""
        for place, item in enumerate(items):
            item = printable(item) + ("," if place + 1 < len(items) else "")
            if line and len(head) + len(line) + len(item) + 1 > self._layout.width:
                yield head + line
                head, line = " " * len(head), ""
            line = f"{line} {item}" if line else item
        yield head + line

    def _input(self) -> Iterator[str]:
        """What is to be said of an input that is missing, or that nobody takes."""
        flow = self._explanation.export.blueprint["flow"]
        first = flow[0]["module"] if flow else ""
        at_hook = first.startswith("gateway:")
        if at_hook and not self._explanation.has_input:
            yield self._layout.truncate(
                "  no input     the webhook received nothing; --input '{…}' gives it a bundle"
            )
        made_up = first in self._explanation.treatments.get("simulated", {})
        if self._explanation.has_input and not (at_hook or made_up or self._explanation.export.takes_inputs):
            yield self._layout.truncate(
                "  input        not used: neither the scenario nor its first module takes any"
            )

    def _ending(self) -> Iterator[str]:
        run = self._explanation.execution
        status = visible_status(run, run.ends)
        figures = (
            f"{pluralize(run.operations, 'operation')}, {_credits_text(run.centicredits)}, "
            f"{run.duration / 1000:.1f} s of the world's time"
        )
        yield f"{click.style(status, fg=STATUS_COLOURS[status], bold=True)}  {figures}"
        if run.error is not None:
            where = f" (in {quote_text(run.error.module_name)})" if run.error.module_name else ""
            yield from self._layout.error_lines(run.error, "  ", where)
        if self._explanation.incomplete_count:
            yield f"  stored: {pluralize(self._explanation.incomplete_count, 'incomplete execution')}"
        if run.respond is not None:
            yield from self._layout.value_lines(
                mask({"status": run.respond.status, "body": run.respond.body}), "  answer: "
            )
        if run.outputs is not None:
            yield from self._layout.value_lines(mask(run.outputs), "  outputs: ")


def _credits_text(centicredits: int) -> str:
    return f"{centicredits / 100:g} credit{'' if centicredits == 100 else 's'}"
