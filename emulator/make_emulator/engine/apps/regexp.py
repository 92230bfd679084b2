"""App "Text parser": search and replacement by patterns, and conversion of HTML to text.

Sources: exported blueprints for names, parameters and outputs; vendor's notes on the app, with pictures of what
Match pattern emits. The fields of Replace are assumed. The app is known in part: other modules are simulated.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..blueprints.model import Module
from ..budget import MAX_ITEMS, data_too_large_error
from ..errors import BundleValidationError, ExpressionError, ModuleError, missing_parameter
from ..expressions.constraint import Constraint
from ..expressions.regex.matcher import Pattern, compile_regex
from ..expressions.values import Value
from .app import App, Field, Inference
from .context import NO_RESULTS, Emit, ModuleContext, Outcome
from .simulated import simulate

APP = App("regexp", is_complete=False, is_built_in=True)

#: Output field of the whole match (an exported blueprint: "Fallback Match").
WHOLE_MATCH = "__IMTMATCH__"

_NEWLINES: Mapping[str, str] = {"lf": "\n", "crlf": "\r\n", "cr": "\r"}


def _compile_search(source: str, switches: Mapping[str, Value]) -> Pattern:
    """Compiles a pattern with the switches "global", "sensitive", "multiline" and "singleline".

    Raises:
        ModuleError: if it is not valid, or not supported by the emulator.
    """
    flags = {"g": "global", "m": "multiline", "s": "singleline"}
    chosen = "".join(flag for flag, name in flags.items() if _is_enabled(switches, name))
    try:
        return compile_regex(source, chosen if _is_enabled(switches, "sensitive") else chosen + "i")
    except ExpressionError as error:
        raise ModuleError("DataError", error.reason) from None


def _is_enabled(switches: Mapping[str, Value], name: str) -> bool:
    return switches.get(name) is True or switches.get(name) == "true"


@APP.module("Parser", Field("text", "text"), computes=True)
def _match(context: ModuleContext) -> Outcome:
    """Emits a bundle for the first match, or for each; the pattern is a parameter, which cannot be mapped."""
    pattern = context.module.parameters.get("pattern")
    if not isinstance(pattern, str) or pattern == "":
        raise BundleValidationError(missing_parameter("pattern"))
    return _emit_matches(context, pattern)


@APP.module(
    "AdvancedParser",
    Field("pattern", "text", required=True),
    Field("text", "text", required=True),
    computes=True,
)
def _match_mapped(context: ModuleContext) -> Outcome:
    """Legacy module, whose pattern is mapped."""
    return _emit_matches(context, context.text("pattern"))


def _emit_matches(context: ModuleContext, pattern: str) -> Outcome:
    parameters, budget = context.module.parameters, context.env.budget
    text = context.text("text")
    search = _compile_search(pattern, parameters)
    names = {number: name for name, number in search.program.names.items()}
    groups = [names.get(number, f"${number}") for number in range(1, search.program.groups + 1)]
    endless = not _is_enabled(parameters, "ignoreInfiniteLoopsWhenGlobal") and _is_enabled(
        parameters, "global"
    )
    bundles: list[Mapping[str, Value]] = []
    for match in search.matches(text, budget):
        if endless and match[0] == match[1]:
            raise ModuleError("RuntimeError", "The pattern matches an empty text, so the search never ends.")
        parts = [
            text[start:end] if start >= 0 else None
            for start, end in zip(match[::2], match[1::2], strict=True)
        ]
        bundles.append(
            {"i": len(bundles) + 1, **dict(zip(groups, parts[1:], strict=True)), WHOLE_MATCH: parts[0]}
        )
        budget.charge_items(len(parts))
        if len(bundles) > MAX_ITEMS:
            raise data_too_large_error()
    if not bundles and _is_enabled(parameters, "continueWhenNoRes"):
        return Emit(NO_RESULTS)
    return Emit(bundles)


#: Part of the name of a pattern -> its regular expression (the names and the expressions are assumed).
_ELEMENT_PATTERNS: Mapping[str, str] = {
    "mail": r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+",
    "url": r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]]",
    "http": r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]]",
    "link": r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]]",
    "phone": r"\+?[0-9][0-9 ()./-]{5,}[0-9]",
    "ip": r"\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b",
    "hashtag": r"#\w+",
    "number": r"[+-]?[0-9]+(?:\.[0-9]+)?",
}


@APP.module(
    "GetElementsFromText",
    Field("text", "text"),
    Field("pattern", "text"),
    Field("ignoreDuplicates", "boolean"),
    accepts_any_field=True,
    computes=True,
)
def _get_elements(context: ModuleContext) -> Outcome:
    """Emits a bundle for each element of the text that has the chosen pattern: the name of a kind, or an expression.

    The names of the fields are assumed: without a pattern under that name, the output is mock data.
    """
    parameters, budget = context.module.parameters, context.env.budget
    chosen = context.optional_text("pattern") or parameters.get("pattern")
    if not isinstance(chosen, str) or chosen == "":
        return simulate(context)
    text = context.text("text")
    known = next((source for part, source in _ELEMENT_PATTERNS.items() if part in chosen.lower()), chosen)
    search = _compile_search(known, {"global": True, "sensitive": True})
    found: list[str] = []
    for match in search.matches(text, budget):
        if match[0] == match[1]:
            raise ModuleError("RuntimeError", "The pattern matches an empty text, so the search never ends.")
        found.append(text[match[0] : match[1]])
        budget.charge_items(1)
        if len(found) > MAX_ITEMS:
            raise data_too_large_error()
    if context.boolean("ignoreDuplicates") or _is_enabled(parameters, "ignoreDuplicates"):
        found = list(dict.fromkeys(found))
    if not found and _is_enabled(parameters, "continueWhenNoRes"):
        return Emit(NO_RESULTS)
    return Emit([{context.output_name("match"): element} for element in found])


def _infer_text(module: Module, output: Constraint, inference: Inference) -> Constraint:
    return Constraint(fields={"text": output.descend(["text"])})


@APP.module(
    "Replace",
    Field("pattern", "text", required=True),
    Field("value", "text"),
    Field("text", "text"),
    *(Field(name, "boolean") for name in ("global", "sensitive", "multiline", "singleline")),
    computes=True,
    infer=_infer_text,
)
def _replace(context: ModuleContext) -> Outcome:
    """Replaces the first match, or all; ``$1`` and ``$<name>`` refer to groups."""
    search = _compile_search(context.text("pattern"), context.mapper)
    text = search.replace(context.text("text"), context.text("value"), context.env.budget)
    return Emit([{"text": text}])


@APP.module(
    "HTMLToText",
    Field("html", "text"),
    Field("newline", "text", required=True, choices=tuple(_NEWLINES)),
    Field("uppercaseHeadings", "boolean", required=True),
    computes=True,
)
def _html_to_text(context: ModuleContext) -> Outcome:
    # Imported here, since few scenarios convert HTML and start-up is to be short.
    from ..formats.html_to_text import html_to_text

    html, budget = context.text("html"), context.env.budget
    # Each character may be scanned several times, in Python.
    budget.charge(1 + len(html) // 2)
    text = html_to_text(html, uppercase_headings=context.boolean("uppercaseHeadings"))
    newline = _NEWLINES[context.text("newline")]
    budget.charge_text(len(text))
    return Emit([{"text": text.replace("\n", newline)}])
