"""Texts with expressions in them: where the expressions are, and what they say.

Parsed texts are remembered for the life of the process, the least used ones forgotten first.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ..errors import ExpressionError
from .syntax import Node, Reference, Word

#: An expression may be this long, in characters, and brackets lie this deep within each other.
LENGTH = 10_000
NESTING = 40

_QUOTES = "\"'`"


#: Texts up to this length are remembered in number, longer ones only a few: their trees take room.
REMEMBERED = 300


def parse(text: str) -> Node:
    """The tree of an expression, written without its braces.

    Raises:
        ExpressionError: if it is none, or too long or too deep for this emulator.
    """
    if len(text) > LENGTH or _nesting(text) > NESTING:
        raise ExpressionError("The expression is too long.")
    return _parse_short(text) if len(text) <= REMEMBERED else _parse_long(text)


#: A way into a bundle or a variable and nothing else, by far the commonest expression: ``1.email``, ``1.rows[2].`0` ``.
_WAY = re.compile(r"\s*(?:([0-9]{1,15})|([^\W\d]\w*))((?:\.[^\W\d]\w*|\.`[^`]*`|\[[0-9]{0,15}\])+)\s*")
_STEP = re.compile(r"\.([^\W\d]\w*)|\.`([^`]*)`|\[([0-9]*)\]")
_NAME = re.compile(r"\s*([^\W\d]\w*)\s*")


def _parse(text: str) -> Node:
    if (way := _WAY.fullmatch(text)) is not None:
        module, variable, path = way.groups()
        steps = (
            name if name is not None else quoted if quoted is not None else int(index or 1)
            for name, quoted, index in map(re.Match.groups, _STEP.finditer(path))
        )
        return Reference(int(module) if module else variable, tuple(steps))
    if (name := _NAME.fullmatch(text)) is not None:
        return Word(name[1])
    # Lark takes a while to import and to prepare the grammar: pay for it with the first expression, not at start.
    from lark.exceptions import LarkError

    from .reading import read

    try:
        return read(text)
    except LarkError:
        raise ExpressionError(f"Invalid expression '{text[:100]}'.") from None


_parse_short = lru_cache(maxsize=2048)(_parse)
_parse_long = lru_cache(maxsize=32)(_parse)


def template(text: str) -> tuple[str | Expression, ...]:
    """Cut a text into what stands between expressions (``str``) and the expressions themselves.

    Braces that are never closed are plain text.
    """
    return _short_template(text) if len(text) <= REMEMBERED else _template(text)


def _template(text: str) -> tuple[str | Expression, ...]:
    parts: list[str | Expression] = []
    done = 0
    while (start := text.find("{{", done)) >= 0:
        end = _closing(text, start + 2)
        if end < 0:
            break
        if start > done:
            parts.append(text[done:start])
        parts.append(Expression(text[start + 2 : end]))
        done = end + 2
    if done < len(text):
        parts.append(text[done:])
    return tuple(parts)


_short_template = lru_cache(maxsize=4096)(_template)


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
            self._node = parse(self.source)
        return self._node


def _closing(text: str, start: int) -> int:
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


def _nesting(text: str) -> int:
    """How deep brackets lie within each other, those in quotes included (which errs on the safe side)."""
    depth = deepest = 0
    for character in text:
        if character in "([":
            depth += 1
            deepest = max(deepest, depth)
        elif character in ")]":
            depth -= 1
    return deepest
