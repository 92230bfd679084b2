"""Repairs of expressions: names and module ids in them, and slips in their syntax."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice, pairwise
from weakref import WeakKeyDictionary

from ...engine.errors import ExpressionError
from ...engine.expressions.ast import DynamicReference, Reference, UnquotedName
from ...engine.expressions.lexer import TokenSpan, TokenType, locate_tokens
from ...engine.expressions.parser import parse_expression
from ...engine.expressions.template import Expression, parse_template
from ...json_patch import Patch, replace
from ...json_types import Json
from ..document import LintDocument, LintModule, MappedExpression
from ..module_facts import output_names

_TYPOGRAPHIC_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'"})
#: A text between quotes, or a comma outside of them.
_TEXT_OR_COMMA = re.compile(r"""("(?:[^"]|"")*"|'(?:[^']|'')*'|`[^`]*`)|,""")
#: A text between quotes, or a step of a path to a name such as ``$1`` outside of them.
_TEXT_OR_DOLLAR_NAME = re.compile(r"""("(?:[^"]|"")*"|'(?:[^']|'')*'|`[^`]*`)|\.(\$\w+)""")

Rewrite = Callable[[str], str]


def rename_function(expression: MappedExpression, old: str, new: str) -> Patch:
    """Returns the patch that renames a function in all expressions of a text."""

    def rename(source: str) -> str:
        spans = list(locate_tokens(source))
        return replace_spans(
            source,
            [
                (span, new)
                for span, following in pairwise(spans)
                if span.type is TokenType.NAME and span.text == old and following.text == "("
            ],
        )

    return rewrite_expressions(expression, rename)


def rename_field(expression: MappedExpression, id: int, path: Sequence[str], new: str) -> Patch:
    """Returns the patch that renames the last field of a path into a module's bundle in all expressions of a text.

    Args:
        path: names only; the indexes between them do not matter.
    """
    quoted = new if new.isidentifier() else f"`{new}`"

    def rename(source: str) -> str:
        spans = list(locate_tokens(source))
        return replace_spans(
            source,
            [
                (name, quoted)
                for place in _reference_places(spans, id)
                if (name := _find_name(spans, place, path)) is not None
            ],
        )

    return rewrite_expressions(expression, rename)


def redirect_reference(document: LintDocument, expression: MappedExpression, id: int, field: Json) -> Patch:
    """Returns the patch that makes references to a module those to the only one before it that outputs the field."""
    target = find_source(document, expression.module, field)
    if target is None:
        return ()

    def redirect(source: str) -> str:
        spans = list(locate_tokens(source))
        return replace_spans(
            source,
            [
                (spans[place], str(target) if spans[place].type is TokenType.INTEGER else f"`{target}`")
                for place in _reference_places(spans, id)
                if _first_field(spans, place) == field
            ],
        )

    return rewrite_expressions(expression, redirect)


def correct_syntax(expression: MappedExpression) -> Patch:
    """Returns the repair of an expression that cannot be parsed: semicolons, plain quotes, backticks, closed brackets."""
    corrected = next(_corrections(expression.source), None)
    if corrected is None:
        return ()
    return rewrite_expressions(
        expression, lambda source: corrected if source == expression.source else source
    )


def _corrections(source: str) -> Iterator[str]:
    straight = source.translate(_TYPOGRAPHIC_QUOTES)
    # Texts that were written for JSON within JSON have a backslash before each quote.
    unescaped = straight.replace('\\"', '"').replace("\\'", "'")
    quoted = _TEXT_OR_DOLLAR_NAME.sub(lambda match: match[1] or f".`{match[2]}`", unescaped)
    for candidate in (straight, unescaped, quoted, _use_semicolons(straight), _use_semicolons(quoted)):
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


def find_source(document: LintDocument, module: LintModule, field: Json) -> int | None:
    """Returns the only module before one that outputs a field; the only one at all if nothing is known of its output."""
    if isinstance(field, str):
        found = find_sources(document, module, field)
        if found:
            return found[0] if len(found) == 1 else None
    before = document.ids_before(module, 2)
    if len(before) != 1 or known_outputs(document.modules_by_id[before[0]]):
        return None
    return before[0]


def find_sources(document: LintDocument, module: LintModule, field: str) -> list[int]:
    """Returns the ids of the first two modules before one that are known to output a field."""
    known = _outputs_by_name(document).get(field, ())
    return list(islice((id for id in known if document.is_before(id, module)), 2))


def _outputs_by_name(document: LintDocument) -> Mapping[str, Sequence[int]]:
    """Returns name of an output -> ids of the modules that have it; computed once for a document."""
    index = _indexes.get(document)
    if index is None:
        index = _indexes[document] = {}
        for id, module in document.modules_by_id.items():
            for name in known_outputs(module):
                index.setdefault(name, []).append(id)
    return index


_indexes: WeakKeyDictionary[LintDocument, dict[str, list[int]]] = WeakKeyDictionary()


def known_outputs(module: LintModule) -> frozenset[str]:
    """Returns the names of the fields that a module outputs, as far as it declares them or the catalogue knows them."""
    names = output_names(module).names
    known = module.known
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


def _find_name(spans: Sequence[TokenSpan], place: int, path: Sequence[str]) -> TokenSpan | None:
    """Returns the last name of a path into a bundle, whose id stands at a place; ``None`` if another path stands there."""
    found: TokenSpan | None = None
    for name in path:
        place += 1
        if found is not None:
            place = _skip_indexes(spans, place)
        if place + 1 >= len(spans) or spans[place].text != "." or spans[place + 1].text.strip("`") != name:
            return None
        place += 1
        found = spans[place]
    return found


def _skip_indexes(spans: Sequence[TokenSpan], place: int) -> int:
    """Returns the place behind the indexes in brackets that stand at a place."""
    depth = 0
    while place < len(spans) and (depth or spans[place].text == "["):
        depth += {"[": 1, "]": -1}.get(spans[place].text, 0)
        place += 1
    return place


def rewrite_expressions(expression: MappedExpression, rewrite: Rewrite) -> Patch:
    """Returns the patch that rewrites the expressions of the text in which one stands."""
    text = expression.text
    written = "".join(
        f"{{{{{_try_rewrite(part.source, rewrite)}}}}}" if isinstance(part, Expression) else part
        for part in parse_template(text)
    )
    return () if written == text else (replace(expression.path, written),)


def _try_rewrite(source: str, rewrite: Rewrite) -> str:
    try:
        return rewrite(source)
    except ExpressionError:
        return source


def replace_spans(source: str, changes: list[tuple[TokenSpan, str]]) -> str:
    for span, new in reversed(changes):
        source = f"{source[: span.start]}{new}{source[span.start + len(span.text) :]}"
    return source


def first_step(reference: Reference | DynamicReference) -> Json:
    """Returns the field that a reference begins with; ``None`` for the whole bundle."""
    step = reference.path[0] if reference.path else None
    return step if isinstance(step, str) else None
