"""The app "Text parser": patterns matched and replaced, HTML turned into text.

Sources: exported blueprints for names, parameters and outputs; vendor's notes on the app, with pictures of what
Match pattern puts out. The fields of Replace are assumed.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...world.models import Json
from ..budget import ITEMS, oversized
from ..errors import BundleInvalid, ExpressionError, ModuleError
from ..iml.regex import Pattern, compiled
from ..iml.values import Value
from .html_text import text_of_html
from .registry import NO_RESULTS, Emit, Field, Kind, ModuleContext, Outcome

#: Where a match comes that has no groups, or has some (an exported blueprint: "Fallback Match").
WHOLE = "__IMTMATCH__"

_NEWLINES: Mapping[str, str] = {"lf": "\n", "crlf": "\r\n", "cr": "\r"}


def _search(source: str, switches: Mapping[str, Json]) -> Pattern:
    """A pattern under the switches "global", "sensitive", "multiline" and "singleline".

    Raises:
        ModuleError: if it is no pattern, or one that the emulator does not support.
    """
    flags = {"g": "global", "m": "multiline", "s": "singleline"}
    chosen = "".join(flag for flag, name in flags.items() if _is_on(switches, name))
    try:
        return compiled(source, chosen if _is_on(switches, "sensitive") else chosen + "i")
    except ExpressionError as error:
        raise ModuleError("DataError", error.reason) from None


def _is_on(switches: Mapping[str, Json], name: str) -> bool:
    return switches.get(name) is True or switches.get(name) == "true"


def _match(context: ModuleContext) -> Outcome:
    """A bundle for the first match, or for each; the pattern is a parameter, and cannot be mapped."""
    pattern = context.module.parameters.get("pattern")
    if not isinstance(pattern, str) or pattern == "":
        raise BundleInvalid()
    return _matched(context, pattern)


def _match_mapped(context: ModuleContext) -> Outcome:
    """The older module, whose pattern is mapped."""
    return _matched(context, context.mapper["pattern"])


def _matched(context: ModuleContext, pattern: str) -> Outcome:
    parameters, budget = context.module.parameters, context.env.budget
    text = context.mapper.get("text", "")
    search = _search(pattern, parameters)
    names = {number: name for name, number in search.program.names.items()}
    groups = [names.get(number, f"${number}") for number in range(1, search.program.groups + 1)]
    endless = not _is_on(parameters, "ignoreInfiniteLoopsWhenGlobal") and _is_on(parameters, "global")
    bundles: list[Mapping[str, Value]] = []
    for match in search.matches(text, budget):
        if endless and match[0] == match[1]:
            raise ModuleError("RuntimeError", "The pattern matches an empty text, so the search never ends.")
        parts = [
            text[start:end] if start >= 0 else None
            for start, end in zip(match[::2], match[1::2], strict=True)
        ]
        bundles.append({"i": len(bundles) + 1, **dict(zip(groups, parts[1:], strict=True)), WHOLE: parts[0]})
        budget.items(len(parts))
        if len(bundles) > ITEMS:
            raise oversized()
    if not bundles and _is_on(parameters, "continueWhenNoRes"):
        return Emit(NO_RESULTS)
    return Emit(bundles)


def _replace(context: ModuleContext) -> Outcome:
    """The text with the first match replaced, or all; ``$1`` and ``$<name>`` stand for groups."""
    mapper = context.mapper
    search = _search(mapper["pattern"], mapper)
    text = search.replace(mapper.get("text", ""), mapper.get("value", ""), context.env.budget)
    return Emit([{"text": text}])


def _to_text(context: ModuleContext) -> Outcome:
    mapper, budget = context.mapper, context.env.budget
    html = mapper.get("html", "")
    # Each character may be looked at several times, in Python.
    budget.step(1 + len(html) // 2)
    text = text_of_html(html, uppercase_headings=mapper["uppercaseHeadings"])
    newline = _NEWLINES[mapper["newline"]]
    budget.text(len(text))
    return Emit([{"text": text.replace("\n", newline)}])


KINDS = (
    Kind("regexp:Parser", _match, (Field("text", "text"),)),
    Kind(
        "regexp:AdvancedParser",
        _match_mapped,
        (Field("pattern", "text", required=True), Field("text", "text", required=True)),
    ),
    Kind(
        "regexp:Replace",
        _replace,
        (
            Field("pattern", "text", required=True),
            Field("value", "text"),
            Field("text", "text"),
            *(Field(name, "boolean") for name in ("global", "sensitive", "multiline", "singleline")),
        ),
    ),
    Kind(
        "regexp:HTMLToText",
        _to_text,
        (
            Field("html", "text"),
            Field("newline", "text", required=True, choices=tuple(_NEWLINES)),
            Field("uppercaseHeadings", "boolean", required=True),
        ),
    ),
)
