"""Lexer of the expression language: one regular expression over the text between ``{{`` and ``}}``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto
from typing import NamedTuple, TypeAlias

from .errors import ExpressionSyntaxError

QUOTES = "\"'`"
"""Characters that open a text or a quoted name, and close it."""


class TokenType(Enum):
    """Types of tokens."""

    #: A number without a fraction, which may also be the id of a module.
    INTEGER = auto()
    FLOAT = auto()
    #: A text between quotes; a quote within it is doubled.
    STRING = auto()
    NAME = auto()
    #: A name between backticks.
    QUOTED = auto()
    BACKSLASH = auto()
    #: A dot that a blank follows.
    LOOSE_DOT = auto()
    PUNCTUATION = auto()
    OPERATOR = auto()
    END = auto()
    #: A character that starts no token.
    INVALID = auto()


Token: TypeAlias = tuple[TokenType, str]
"""Type and text of a token."""


class TokenSpan(NamedTuple):
    """A token, and where its text starts."""

    type: TokenType
    text: str
    start: int


_TOKEN = re.compile(
    r"""\s*(?:
    (?P<NAME>[^\W\d]\w*)
    |(?P<FLOAT>[0-9]+\.[0-9]+)
    |(?P<INTEGER>[0-9]+)
    |(?P<LOOSE_DOT>\.(?=\s))
    |(?P<PUNCTUATION>[.;()\[\]])
    |(?P<OPERATOR>===?|=|!==?|!|\|\|?|&&?|[<>]=?|[-+*/%])
    |(?P<STRING>"(?:[^"]|"")*"|'(?:[^']|'')*')
    |(?P<QUOTED>`[^`]*`)
    |(?P<BACKSLASH>\\)
    |(?P<END>\Z)
    |(?P<INVALID>.)
    )""",
    re.VERBOSE | re.DOTALL,
)

_TYPES = {group: TokenType[name] for name, group in _TOKEN.groupindex.items()}


def tokenize(text: str) -> list[Token]:
    """Returns the tokens of an expression, the last of type ``END``.

    Raises:
        ExpressionError: if a character belongs to no token, or a quote is never closed.
    """
    tokens = [(_TYPES[match.lastindex or 0], match[match.lastindex or 0]) for match in _TOKEN.finditer(text)]
    if any(kind is TokenType.INVALID for kind, _ in tokens):
        raise ExpressionSyntaxError(text)
    return tokens


def locate_tokens(text: str) -> Iterator[TokenSpan]:
    """Yields the tokens of an expression with their places, valid or not."""
    for match in _TOKEN.finditer(text):
        group = match.lastindex or 0
        yield TokenSpan(_TYPES[group], match[group], match.start(group))
