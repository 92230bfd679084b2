"""Templates: texts with ``{{…}}`` expressions in them, split into plain text and expressions.

Split texts are cached for the life of the process, the least used ones forgotten first.
"""

from __future__ import annotations

from functools import lru_cache

from .ast import Node
from .lexer import QUOTES
from .parser import SHORT_LENGTH, parse_expression


class Expression:
    """One ``{{…}}`` of a template, parsed when it is first needed."""

    __slots__ = ("_node", "source")

    def __init__(self, source: str) -> None:
        self.source = source
        self._node: Node | None = None

    def node(self) -> Node:
        """Returns the syntax tree.

        Raises:
            ExpressionError: at every call, if the source is not an expression.
        """
        if self._node is None:
            self._node = parse_expression(self.source)
        return self._node


def parse_template(text: str) -> tuple[str | Expression, ...]:
    """Splits a template into plain texts (``str``) and expressions, in their order.

    Braces that are never closed are plain text, and so are those before the two that open an expression: ``{{{1.pairs}}}`` is
    an object in JSON (an export composes one so).
    """
    return _split_short_cached(text) if len(text) <= SHORT_LENGTH else _split(text)


def _split(text: str) -> tuple[str | Expression, ...]:
    parts: list[str | Expression] = []
    done = 0
    while (start := text.find("{{", done)) >= 0:
        while text.startswith("{", start + 2):
            start += 1
        end = _find_closing_braces(text, start + 2)
        if end < 0:
            break
        if start > done:
            parts.append(text[done:start])
        parts.append(Expression(text[start + 2 : end]))
        done = end + 2
    if done < len(text):
        parts.append(text[done:])
    return tuple(parts)


_split_short_cached = lru_cache(maxsize=4096)(_split)


def _find_closing_braces(text: str, start: int) -> int:
    """Returns the index of the ``}}`` that closes an expression, -1 if none does; those within quotes do not count."""
    quote = ""
    position = start
    while position < len(text):
        character = text[position]
        if quote:
            if character == quote:
                quote = ""
        elif character in QUOTES:
            quote = character
        elif character == "}" and text.startswith("}}", position):
            return position
        position += 1
    return -1
