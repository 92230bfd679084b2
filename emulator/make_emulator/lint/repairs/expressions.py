"""Repairs of expressions: names and module ids in them, and slips in their syntax."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise

from ...engine.apps.known_modules import find_known_module
from ...engine.errors import ExpressionError
from ...engine.expressions.ast import DynamicReference, Reference, UnquotedName
from ...engine.expressions.lexer import TokenSpan, TokenType, locate_tokens
from ...engine.expressions.parser import parse_expression
from ...engine.expressions.template import Expression, parse_template
from ...json_patch import Patch, replace
from ...json_types import Json, as_mappings
from ..document import LintDocument, LintModule, MappedExpression

#: Modules whose output has the variables that they name.
VARIABLE_MODULES = frozenset({"util:SetVariable2", "util:SetVariables", "util:SetVariable"})

_TYPOGRAPHIC_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'"})
#: A text between quotes, or a comma outside of them.
_TEXT_OR_COMMA = re.compile(r"""("(?:[^"]|"")*"|'(?:[^']|'')*'|`[^`]*`)|,""")

_Rewrite = Callable[[str], str]


def rename_function(expression: MappedExpression, old: str, new: str) -> Patch:
    """Returns the patch that renames a function in all expressions of a text."""

    def rename(source: str) -> str:
        spans = list(locate_tokens(source))
        return _replace_spans(
            source,
            [
                (span, new)
                for span, following in pairwise(spans)
                if span.type is TokenType.NAME and span.text == old and following.text == "("
            ],
        )

    return _rewrite(expression, rename)


def rename_field(expression: MappedExpression, id: int, old: str, new: str) -> Patch:
    """Returns the patch that renames a field of a module's bundle in all expressions of a text."""
    quoted = new if new.isidentifier() else f"`{new}`"

    def rename(source: str) -> str:
        spans = list(locate_tokens(source))
        return _replace_spans(
            source,
            [
                (spans[place + 2], quoted)
                for place in _reference_places(spans, id)
                if spans[place + 1].text == "." and spans[place + 2].text.strip("`") == old
            ],
        )

    return _rewrite(expression, rename)


def redirect_reference(document: LintDocument, expression: MappedExpression, id: int, field: Json) -> Patch:
    """Returns the patch that makes references to a module those to the only one before it that outputs the field."""
    target = _find_source(document, expression.module, field)
    if target is None:
        return ()

    def redirect(source: str) -> str:
        spans = list(locate_tokens(source))
        return _replace_spans(
            source,
            [
                (spans[place], str(target) if spans[place].type is TokenType.INTEGER else f"`{target}`")
                for place in _reference_places(spans, id)
                if _first_field(spans, place) == field
            ],
        )

    return _rewrite(expression, redirect)


def correct_syntax(expression: MappedExpression) -> Patch:
    """Returns the repair of an expression that cannot be parsed: semicolons, straight quotes, closed brackets."""
    corrected = next(_corrections(expression.source), None)
    if corrected is None:
        return ()
    return _rewrite(expression, lambda source: corrected if source == expression.source else source)


def _corrections(source: str) -> Iterator[str]:
    straight = source.translate(_TYPOGRAPHIC_QUOTES)
    # Texts that were written for JSON within JSON have a backslash before each quote.
    unescaped = straight.replace('\\"', '"').replace("\\'", "'")
    for candidate in (straight, unescaped, _use_semicolons(straight), _use_semicolons(unescaped)):
        missing = candidate.count("(") - candidate.count(")")
        for attempt in (candidate, candidate + ")" * missing if 0 < missing < 5 else None):
            if attempt is not None and attempt != source and _is_valid(attempt):
                yield attempt


def _use_semicolons(source: str) -> str:
    return _TEXT_OR_COMMA.sub(lambda match: match[1] or ";", source)


def _is_valid(source: str) -> bool:
    try:
        return not isinstance(parse_expression(source), UnquotedName)
    except ExpressionError:
        return False


def output_names(module: LintModule) -> tuple[frozenset[str], bool]:
    """Returns the names of the fields that a module declares as its output, and whether they are all of them."""
    if module.name in VARIABLE_MODULES:
        return _variable_names(module.mapper)
    fields = as_mappings(module.metadata.get("interface"))
    return frozenset(str(field["name"]) for field in fields if isinstance(field.get("name"), str)), False


def _variable_names(mapper: Mapping[str, Json]) -> tuple[frozenset[str], bool]:
    names = [mapper.get("name"), *(variable.get("name") for variable in as_mappings(mapper.get("variables")))]
    texts = frozenset(name for name in names if isinstance(name, str) and name)
    return texts, not any("{{" in name for name in texts)


def _find_source(document: LintDocument, module: LintModule, field: Json) -> int | None:
    """Returns the only module before one that outputs a field; the only one at all if nothing is known of its output."""
    before = [document.modules_by_id[id] for id in sorted(module.before) if id in document.modules_by_id]
    outputs = {id: known_outputs(each) for each in before if (id := each.id) is not None}
    if isinstance(field, str):
        sources = [id for id, names in outputs.items() if field in names]
        if sources:
            return sources[0] if len(sources) == 1 else None
    [only] = outputs if len(outputs) == 1 else [None]
    return only if only is not None and not outputs[only] else None


def known_outputs(module: LintModule) -> frozenset[str]:
    """Returns the names of the fields that a module outputs, as far as it declares them or the catalogue knows them."""
    names, _ = output_names(module)
    known = find_known_module(module.name, module.version)
    if names or known is None:
        return names
    paths = (re.split(r"[.\[]", path)[0] for path in known.output_paths)
    return frozenset((*(field.name for field in known.output), *paths)) - {""}


def _reference_places(spans: list[TokenSpan], id: int) -> Iterator[int]:
    """Yields the places of the tokens with a module's id that begin a reference."""
    for place, span in enumerate(spans[:-1]):
        is_id = (span.type is TokenType.INTEGER and span.text == str(id)) or (
            span.type is TokenType.QUOTED and span.text == f"`{id}`"
        )
        is_inner = place > 0 and spans[place - 1].text == "."
        has_step = spans[place + 1].text in (".", "[")
        if is_id and not is_inner and (has_step or span.type is TokenType.QUOTED):
            yield place


def _first_field(spans: list[TokenSpan], place: int) -> str | None:
    if spans[place + 1].text != "." or place + 2 >= len(spans):
        return None
    name = spans[place + 2]
    return name.text.strip("`") if name.type in (TokenType.NAME, TokenType.QUOTED) else None


def _rewrite(expression: MappedExpression, rewrite: _Rewrite) -> Patch:
    """Returns the patch that rewrites the expressions of the text in which one stands."""
    text = expression.text
    written = "".join(
        f"{{{{{_try_rewrite(part.source, rewrite)}}}}}" if isinstance(part, Expression) else part
        for part in parse_template(text)
    )
    return () if written == text else (replace(expression.path, written),)


def _try_rewrite(source: str, rewrite: _Rewrite) -> str:
    try:
        return rewrite(source)
    except ExpressionError:
        return source


def _replace_spans(source: str, changes: list[tuple[TokenSpan, str]]) -> str:
    for span, new in reversed(changes):
        source = f"{source[: span.start]}{new}{source[span.start + len(span.text) :]}"
    return source


def first_step(reference: Reference | DynamicReference) -> Json:
    """Returns the field that a reference begins with; ``None`` for the whole bundle."""
    step = reference.path[0] if reference.path else None
    return step if isinstance(step, str) else None
