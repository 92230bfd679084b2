"""Texts with expressions in them: where the expressions are, and what they say.

Parsed texts are remembered for the life of the process, the least used ones forgotten first.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ..errors import ExpressionError
from .ast import Identifier, Node, Reference

#: An expression may be this long, in characters, and brackets lie this deep within each other.
MAX_LENGTH = 10_000
MAX_NESTING = 40

_QUOTES = "\"'`"


#: Texts up to this length are remembered in number, longer ones only a few: their trees take room.
SHORT_LENGTH = 300


def parse_expression(text: str) -> Node:
    """The tree of an expression, written without its braces.

    Raises:
        ExpressionError: if it is none, or too long or too deep for this emulator.
    """
    if len(text) > MAX_LENGTH or _nesting_depth(text) > MAX_NESTING:
        raise ExpressionError("The expression is too long.")
    return _parse_short_cached(text) if len(text) <= SHORT_LENGTH else _parse_long_cached(text)


#: A way into a bundle or a variable and nothing else, by far the commonest expression: ``1.email``, ``1.rows[2].`0` ``.
_REFERENCE_PATTERN = re.compile(
    r"\s*(?:([0-9]{1,15})|([^\W\d]\w*))((?:\.[^\W\d]\w*|\.`[^`]*`|\[[0-9]{0,15}\])+)\s*"
)
_STEP_PATTERN = re.compile(r"\.([^\W\d]\w*)|\.`([^`]*)`|\[([0-9]*)\]")
_NAME_PATTERN = re.compile(r"\s*([^\W\d]\w*)\s*")


def _parse_uncached(text: str) -> Node:
    if (way := _REFERENCE_PATTERN.fullmatch(text)) is not None:
        module, variable, path = way.groups()
        steps = (
            name if name is not None else quoted if quoted is not None else int(index or 1)
            for name, quoted, index in map(re.Match.groups, _STEP_PATTERN.finditer(path))
        )
        return Reference(int(module) if module else variable, tuple(steps))
    if (name := _NAME_PATTERN.fullmatch(text)) is not None:
        return Identifier(name[1])
    # Lark takes a while to import and to prepare the grammar: pay for it with the first expression, not at start.
    from lark.exceptions import LarkError

    from .parser import parse_with_grammar

    try:
        return parse_with_grammar(text)
    except LarkError:
        raise ExpressionError(f"Invalid expression '{text[:100]}'.") from None


_parse_short_cached = lru_cache(maxsize=2048)(_parse_uncached)
_parse_long_cached = lru_cache(maxsize=32)(_parse_uncached)


def parse_template(text: str) -> tuple[str | Expression, ...]:
    """Cut a text into what stands between expressions (``str``) and the expressions themselves.

    Braces that are never closed are plain text.
    """
    return _split_short_cached(text) if len(text) <= SHORT_LENGTH else _split_template(text)


def _split_template(text: str) -> tuple[str | Expression, ...]:
    parts: list[str | Expression] = []
    done = 0
    while (start := text.find("{{", done)) >= 0:
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


_split_short_cached = lru_cache(maxsize=4096)(_split_template)


class Expression:
    """One ``{{…}}`` of a text, parsed when it is first needed."""

    __slots__ = ("_node", "source")

    def __init__(self, source: str) -> None:
        self.source = source
        self._node: Node | None = None

    def node(self) -> Node:
        """The tree of it.

        Raises:
            ExpressionError: if it is none, each time it is asked for.
        """
        if self._node is None:
            self._node = parse_expression(self.source)
        return self._node


def _find_closing_braces(text: str, start: int) -> int:
    """Where the ``}}`` stands that closes an expression, or -1; one within quotes does not count."""
    quote = ""
    position = start
    while position < len(text):
        character = text[position]
        if quote:
            if character == quote:
                quote = ""
        elif character in _QUOTES:
            quote = character
        elif character == "}" and text.startswith("}}", position):
            return position
        position += 1
    return -1


def _nesting_depth(text: str) -> int:
    """How deep brackets lie within each other; those in quotes are none."""
    depth = deepest = 0
    quote = ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in _QUOTES:
            quote = character
        elif character in "([":
            depth += 1
            deepest = max(deepest, depth)
        elif character in ")]":
            depth -= 1
    return deepest
