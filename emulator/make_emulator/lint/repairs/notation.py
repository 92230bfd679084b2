"""Repairs of the notation of expressions: braces, backticks, indexes, and names of variables."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...engine.errors import ExpressionError
from ...engine.expressions.ast import DynamicReference, PathIntoCall, Reference
from ...engine.expressions.lexer import TokenSpan, TokenType, locate_tokens
from ...engine.expressions.parser import parse_expression
from ...json_patch import Patch, Path, replace
from ..document import LintDocument, MappedExpression
from .expressions import find_sources, replace_spans, rewrite_expressions

_WORDS = frozenset({TokenType.NAME, TokenType.QUOTED, TokenType.INTEGER, TokenType.FLOAT})
#: An expression with one closing brace.
_HALF_CLOSED = re.compile(r"\{\{([^{}]*)\}(?!\})")


def close_braces(path: Path, text: str) -> Patch:
    """Returns the patch that adds the second closing brace to the expressions of a text that have one."""

    def close(match: re.Match[str]) -> str:
        return f"{match[0]}}}" if _is_valid(match[1]) else match[0]

    closed = _HALF_CLOSED.sub(close, text)
    return (replace(path, closed),) if closed != text else ()


def quote_names(expression: MappedExpression) -> Patch:
    """Returns the patch that puts backticks around names with blanks in the expressions of a text."""

    def quote(source: str) -> str:
        spans = list(locate_tokens(source))
        for place in range(len(spans) - 1, 1, -1):
            if spans[place - 1].text == "." and spans[place].type is TokenType.NAME:
                end = place
                while end + 1 < len(spans) and spans[end + 1].type in _WORDS:
                    end += 1
                if end > place:
                    name = " ".join(span.text.strip("`") for span in spans[place : end + 1])
                    stop = spans[end].start + len(spans[end].text)
                    source = f"{source[: spans[place].start]}`{name}`{source[stop:]}"
        return source

    return rewrite_expressions(expression, quote)


def count_from_one(document: LintDocument, expression: MappedExpression) -> Patch:
    """Returns the patch that makes the index 0 of a text's expressions 1, unless another index of the same array is used."""
    zero, other = (
        _indexed_paths([expression], is_zero=True),
        _indexed_paths(document.expressions, is_zero=False),
    )
    if not zero or zero & other:
        return ()

    def count(source: str) -> str:
        spans = list(locate_tokens(source))
        return replace_spans(
            source,
            [
                (span, "1")
                for before, span, after in zip(spans, spans[1:], spans[2:], strict=False)
                if (before.text, span.text, after.text) == ("[", "0", "]")
            ],
        )

    return rewrite_expressions(expression, count)


def _indexed_paths(expressions: Sequence[MappedExpression], *, is_zero: bool) -> set[Path]:
    """Returns the paths of the arrays whose items 0, or others, are taken."""
    found: set[Path] = set()
    for expression in expressions:
        for node in expression.iter_nodes():
            if not isinstance(node, (Reference, DynamicReference, PathIntoCall)):
                continue
            root = node.root if not isinstance(node, PathIntoCall) else node.call.name
            steps = [step if isinstance(step, (int, str)) else "[…]" for step in node.path]
            for place, step in enumerate(steps):
                if isinstance(step, int) and (step == 0) is is_zero:
                    found.add((root, *steps[:place]))
    return found


def rename_variable(
    document: LintDocument, expression: MappedExpression, old: str, meant: str | None
) -> Patch:
    """Returns the patch that renames a variable in the expressions of a text, if it is a slip.

    Else it may be a field, which gets the id of the only module before this one that outputs it.
    """
    if meant is None:
        sources = find_sources(document, expression.module, old)
        if len(sources) != 1:
            return ()
    new = meant if meant is not None else f"{sources[0]}.{old}"

    def rename(source: str) -> str:
        spans = list(locate_tokens(source))
        return replace_spans(
            source,
            [(span, new) for place, span in enumerate(spans) if _is_variable(spans, place, old)],
        )

    return rewrite_expressions(expression, rename)


def _is_variable(spans: Sequence[TokenSpan], place: int, name: str) -> bool:
    is_name = spans[place].type is TokenType.NAME and spans[place].text == name
    is_inner = place > 0 and spans[place - 1].text == "."
    following = spans[place + 1].text if place + 1 < len(spans) else ""
    # As an argument by itself it is a text without quotes.
    is_argument = place > 0 and spans[place - 1].text in ("(", ";") and following in (")", ";")
    return is_name and not is_inner and not is_argument and following != "("


def _is_valid(source: str) -> bool:
    try:
        parse_expression(source)
    except ExpressionError:
        return False
    return bool(source.strip())
