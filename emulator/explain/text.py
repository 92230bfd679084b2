"""An explanation for people: indented lines that fit the terminal, in colours where there are any."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from ..engine.executor import reveal
from ..middleware.masking import mask
from .page import Page, counted, quoted
from .reading import clean
from .running import Explanation
from .story import COLOURS, Story

_MEANINGS = {
    "simulated": "made-up data, shaped by the blueprint",
    "scripted": "puts out what you said",
}


def told(explanation: Explanation, *, width: int, full: bool) -> Iterator[str]:
    """The lines of an explanation."""
    yield from _Teller(explanation, Page(width, full=full)).lines()


class _Teller:
    def __init__(self, explanation: Explanation, page: Page) -> None:
        self._told = explanation
        self._page = page

    def lines(self) -> Iterator[str]:
        yield from self._header()
        yield ""
        yield from Story(self._page, self._told.export, self._told.calls).lines(self._told.execution)
        yield ""
        yield from self._ending()

    def _header(self) -> Iterator[str]:
        blueprint, count = self._told.export.blueprint, len(self._told.export.nodes)
        yield self._page.cut(
            click.style(clean(blueprint["name"]), bold=True) + f": {counted(count, 'module')}"
        )
        for treatment in ("interpreted", "scripted", "simulated", "unknown"):
            modules = self._told.treatments.get(treatment)
            if not modules:
                continue
            names = [name if times == 1 else f"{name} ({times})" for name, times in modules.items()]
            yield from self._named(treatment, names)
            if treatment in _MEANINGS:
                yield self._page.cut(f"               ({_MEANINGS[treatment]})")
        for stand_in in self._told.stand_ins:
            yield self._page.cut(
                f"  {'stands in':<12} for {stand_in.kind} {stand_in.id} ({clean(stand_in.note)})"
            )
        yield from self._input()

    def _named(self, name: str, items: Sequence[str]) -> Iterator[str]:
        """A name and a list behind it, in as many lines as it takes."""
        head, line = f"  {name:<12} ", ""
        for place, item in enumerate(items):
            item = clean(item) + ("," if place + 1 < len(items) else "")
            if line and len(head) + len(line) + len(item) + 1 > self._page.width:
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
            yield self._page.cut(
                "  no input     the webhook received nothing; --input '{…}' gives it a bundle"
            )
        made_up = first in self._told.treatments.get("simulated", {})
        if self._told.fed and not (at_hook or made_up or self._told.export.takes_inputs):
            yield self._page.cut(
                "  input        not used: neither the scenario nor its first module takes any"
            )

    def _ending(self) -> Iterator[str]:
        run = self._told.execution
        status = reveal(run, run.ends)
        figures = (
            f"{counted(run.operations, 'operation')}, {_credits(run.centicredits)}, "
            f"{run.duration / 1000:.1f} s of the world's time"
        )
        yield f"{click.style(status, fg=COLOURS[status], bold=True)}  {figures}"
        if run.error is not None:
            where = f" (in {quoted(run.error.module_name)})" if run.error.module_name else ""
            yield from self._page.failed(run.error, "  ", where)
        if self._told.incomplete:
            yield f"  stored: {counted(self._told.incomplete, 'incomplete execution')}"
        if run.respond is not None:
            yield from self._page.value(
                mask({"status": run.respond.status, "body": run.respond.body}), "  answer: "
            )
        if run.outputs is not None:
            yield from self._page.value(mask(run.outputs), "  outputs: ")


def _credits(centicredits: int) -> str:
    return f"{centicredits / 100:g} credit{'' if centicredits == 100 else 's'}"
