"""The app "Text parser": patterns matched and replaced, HTML turned into text.

Sources: exported blueprints for names, parameters and outputs; vendor's notes on the app, with pictures of what
Match pattern puts out. The fields of Replace are assumed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...world.models import Json
from ..errors import BundleInvalid, ExpressionError, ModuleError
from ..iml.regex import LENGTH, Groups, Pattern, compiled
from ..iml.values import Value
from .html_text import text_of_html
from .registry import Emit, Field, Kind, ModuleContext, Outcome

#: Where a match comes that has no groups, or has some (an exported blueprint: "Fallback Match").
WHOLE = "__IMTMATCH__"

_NEWLINES: Mapping[str, str] = {"lf": "\n", "crlf": "\r\n", "cr": "\r"}

#: A part of a pattern: an escape, a class, what a group begins with, or any other character.
_PART = re.compile(r"\\(?:k<|.|$)|\[(?:\\.|[^\]\\])*\]?|\((?:\?<(?P<name>[^=!>][^>]*)>|\?)?|.", re.DOTALL)
_REFERENCE = re.compile(r"\$\$|\$<(?:([^>]*)>)?")
_GROUP_NAME = re.compile(r"[^\W\d][\w$]*")


@dataclass(frozen=True, slots=True)
class _Search:
    """A pattern and what its groups are called."""

    pattern: Pattern
    names: Sequence[str]

    def bundle(self, match: Groups, text: str, place: int) -> Mapping[str, Value]:
        """The bundle of a match: its place, its groups (nothing for one that took no part), the whole of it."""
        bundle: dict[str, Value] = {"i": place}
        for group, name in enumerate(self.names, 1):
            start, end = match[2 * group], match[2 * group + 1]
            bundle[name] = text[start:end] if start >= 0 else None
        bundle[WHOLE] = text[match[0] : match[1]]
        return bundle


def _search(source: str, flags: Mapping[str, Json]) -> _Search:
    """A search by a pattern and the switches "global", "sensitive", "multiline" and "singleline".

    Raises:
        ExpressionError: if it is no pattern, or one that the emulator does not support.
    """
    if len(source) > LENGTH:
        raise ExpressionError("The regular expression is too long.")
    plain, names = _without_names(source, any_character=_is_on(flags, "singleline"))
    switches = {"g": "global", "m": "multiline"}
    chosen = "".join(flag for flag, name in switches.items() if _is_on(flags, name))
    return _Search(compiled(plain, chosen if _is_on(flags, "sensitive") else chosen + "i"), names)


def _is_on(flags: Mapping[str, Json], name: str) -> bool:
    return flags.get(name) is True or flags.get(name) == "true"


def _without_names(source: str, *, any_character: bool) -> tuple[str, Sequence[str]]:
    """A pattern whose groups have no names, and what each group is called: by its name, or ``$1``.

    With `any_character`, a dot reads line breaks, too.
    """
    parts: list[str] = []
    names: list[str] = []
    for found in _PART.finditer(source):
        part, name = found[0], found["name"]
        if part == "\\k<":
            raise ExpressionError("Back references in regular expressions are not supported.")
        if name is not None:
            if not _GROUP_NAME.fullmatch(name) or name in names:
                raise ExpressionError(f"Invalid regular expression '{source[:100]}'.")
            names.append(name)
            part = "("
        elif part == "(":
            names.append(f"${len(names) + 1}")
        elif part == "." and any_character:
            part = "[^]"
        parts.append(part)
    return "".join(parts), names


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
    endless = not _is_on(parameters, "ignoreInfiniteLoopsWhenGlobal") and _is_on(parameters, "global")
    bundles: list[Mapping[str, Value]] = []
    for match in search.pattern.matches(text, budget):
        if endless and match[0] == match[1]:
            raise ModuleError("RuntimeError", "The pattern matches an empty text, so the search never ends.")
        bundles.append(search.bundle(match, text, len(bundles) + 1))
        budget.items(len(search.names) + 1)
    if not bundles and _is_on(parameters, "continueWhenNoRes"):
        return Emit([{}])
    return Emit(bundles)


def _replace(context: ModuleContext) -> Outcome:
    """The text with the first match replaced, or all; ``$1`` and ``$<name>`` stand for groups."""
    mapper = context.mapper
    search = _search(mapper["pattern"], mapper)

    named = any(not name.startswith("$") for name in search.names)

    def numbered(reference: re.Match[str]) -> str:
        name = reference[1]
        if reference[0] == "$$":
            return "$$"
        if not named or name is None:
            return f"${reference[0]}"
        return f"${search.names.index(name) + 1}" if name in search.names and name[:1] != "$" else ""

    value = _REFERENCE.sub(numbered, mapper.get("value", ""))
    return Emit([{"text": search.pattern.replace(mapper.get("text", ""), value, context.env.budget)}])


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
