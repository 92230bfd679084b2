"""Lines that fit the terminal: bundles, errors, and the words that lists are made of."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence

import click

from ..world.models import ExecutionError, Json
from .blueprint_file import printable

#: How much of a bundle, and how many of them, are shown unless all is asked for.
MAX_FIELDS, MAX_BUNDLES = 8, 3


class TextLayout:
    """So many characters wide; with ``full``, nothing is shortened."""

    def __init__(self, width: int, *, full: bool) -> None:
        self.width = max(width, 40)
        self._unabridged = full

    def bundle_lines(self, word: str, bundles: Sequence[Json], indent: str) -> Iterator[str]:
        head = f"{indent}    {word:<5}"
        if not bundles:
            yield head + "no bundle"
            return
        if len(bundles) == 1:
            yield from self.value_lines(bundles[0], head)
            return
        yield f"{head}{len(bundles)} bundles"
        shown = bundles if self._unabridged else bundles[:MAX_BUNDLES]
        for number, bundle in enumerate(shown, 1):
            yield from self.value_lines(bundle, f"{indent}      {number:>2}. ")
        if len(shown) < len(bundles):
            yield f"{indent}          {len(bundles) - len(shown)} more (--full)"

    def value_lines(self, value: Json, head: str) -> Iterator[str]:
        """A bundle in one line if it fits, else in a line for each field."""
        if not isinstance(value, Mapping):
            yield self.truncate(head + _json(value))
            return
        if not value:
            yield head + "{}"
            return
        fields = [f"{printable(name)}: {_json(item)}" for name, item in value.items()]
        line = head + ", ".join(fields)
        if len(line) <= self.width:
            yield line
            return
        if not self._unabridged:
            # What is empty tells the least.
            fields.sort(key=lambda field: field.endswith((': ""', ": []", ": {}", ": null")))
        shown = fields if self._unabridged else fields[:MAX_FIELDS]
        for field in shown:
            yield self.truncate(head + field)
            head = " " * len(head)
        if len(shown) < len(fields):
            yield f"{head}{len(fields) - len(shown)} more fields (--full)"

    def error_lines(self, error: ExecutionError, head: str, where: str = "") -> Iterator[str]:
        """Why something failed, never cut: in as many lines as it takes."""
        text = f"{error.name}: {printable(error.message)}{where}"
        lines = textwrap.wrap(text, max(self.width - len(head), 20), break_long_words=False)
        for line in lines:
            yield head + click.style(line, fg="red")
            head = " " * len(head)

    def truncate(self, line: str) -> str:
        """A line as long as the terminal is wide; colours take no room."""
        length = len(click.unstyle(line))
        if self._unabridged or length <= self.width:
            return line
        return click.unstyle(line)[: self.width - 1] + "…"


def quote_text(text: str) -> str:
    return f'"{printable(text)}"'


def pluralize(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
