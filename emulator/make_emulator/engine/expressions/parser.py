"""Parser of the expression language: recursive descent, and precedence climbing for its operators.

The grammar, with arguments separated by semicolons and possibly left empty::

    expression = chain of operands, joined by the operators of `_PRECEDENCES`
    operand    = { "!" | "+" | "-" } primary
    primary    = INTEGER | FLOAT | STRING | BACKSLASH | NAME | QUOTED | "(" expression ")"
               | NAME "(" [ expression ] { ";" [ expression ] } ")" { step }
               | ( INTEGER | NAME | QUOTED ) { step }
    step       = "." ( NAME | QUOTED ) { word } | "[" [ INTEGER ] "]" | "[" ( INTEGER | NAME ) step { step } "]"
    word       = NAME | QUOTED | INTEGER | FLOAT

A path with words behind a name, or a blank behind a dot, leads to nothing (observed by practitioners). The order of the operators is that of JavaScript (Make does not document it).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TypeAlias

from .ast import (
    BinaryChain,
    Call,
    DynamicReference,
    Identifier,
    Literal,
    Node,
    PathIntoCall,
    Reference,
    Unary,
    UnquotedName,
)
from .errors import AdjacentOperatorsError, ExpressionError, ExpressionSyntaxError
from .lexer import QUOTES, Token, TokenType, tokenize
from .values import normalize_number

#: Limits of an expression: its length in characters, and the depth of its nested brackets.
MAX_LENGTH = 10_000
MAX_NESTING = 40

#: Length of the texts that are cached in number; of longer ones only a few are, since their trees take memory.
SHORT_LENGTH = 300

#: Digits of a module's id or an array index: as many as Python converts.
_MAX_INTEGER_LENGTH = 4_300

_PRECEDENCES = {
    operator: precedence
    for precedence, operators in enumerate(
        ("| ||", "& &&", "= == === != !==", "< > <= >=", "+ -", "* / %"),
    )
    for operator in operators.split()
}
#: Several spellings of one operator.
_CANONICAL_OPERATORS = {"==": "=", "===": "=", "!==": "!=", "&&": "&", "||": "|"}
_UNARY_OPERATORS = frozenset("!+-")

_Reference: TypeAlias = Reference | DynamicReference
_Path: TypeAlias = tuple[str | int | _Reference, ...]

#: Tokens that continue a name with blanks in it.
_WORDS = frozenset((TokenType.NAME, TokenType.QUOTED, TokenType.INTEGER, TokenType.FLOAT))


def parse_expression(text: str) -> Node:
    """Returns the syntax tree of an expression, written without its braces.

    Raises:
        ExpressionError: if the text is not an expression, or it is longer or deeper than this emulator takes.
    """
    if len(text) > MAX_LENGTH or _exceeds_nesting(text):
        raise ExpressionError("The expression is too long.")
    return _parse_short_cached(text) if len(text) <= SHORT_LENGTH else _parse_long_cached(text)


def _parse(text: str) -> Node:
    return _Parser(text).parse()


_parse_short_cached = lru_cache(maxsize=2048)(_parse)
_parse_long_cached = lru_cache(maxsize=32)(_parse)


class _Parser:
    """One pass over the tokens of one expression; the recursion is as deep as its brackets."""

    __slots__ = ("_position", "_text", "_tokens")

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokenize(text)
        self._position = 0

    def parse(self) -> Node:
        if self._peek()[0] is TokenType.END:
            return Literal(None)
        node = self._parse_chain(0)
        if self._peek()[0] is not TokenType.END:
            raise ExpressionSyntaxError(self._text)
        return node

    def _peek(self) -> Token:
        return self._tokens[self._position]

    def _advance(self) -> Token:
        token = self._tokens[self._position]
        self._position += 1
        return token

    def _accept(self, mark: str) -> bool:
        """Moves past a punctuation mark, if it is next."""
        if self._tokens[self._position] != (TokenType.PUNCTUATION, mark):
            return False
        self._position += 1
        return True

    def _expect(self, mark: str) -> None:
        if not self._accept(mark):
            raise ExpressionSyntaxError(self._text)

    def _parse_chain(self, min_precedence: int) -> Node:
        """Parses operands joined by operators that bind at least as tightly as ``min_precedence``."""
        node = self._parse_operand()
        while (precedence := self._peek_precedence()) >= min_precedence:
            rest: list[tuple[str, Node]] = []
            while self._peek_precedence() == precedence:
                _, operator = self._advance()
                operand = self._parse_chain(precedence + 1)
                rest.append((_CANONICAL_OPERATORS.get(operator, operator), operand))
            node = BinaryChain(node, tuple(rest))
        return node

    def _peek_precedence(self) -> int:
        """Returns the precedence of the binary operator that is next, -1 if none is."""
        kind, text = self._tokens[self._position]
        return _PRECEDENCES.get(text, -1) if kind is TokenType.OPERATOR else -1

    def _parse_operand(self) -> Node:
        operators: list[str] = []
        while True:
            kind, text = self._peek()
            if kind is not TokenType.OPERATOR:
                break
            if text not in _UNARY_OPERATORS:
                is_behind_another = (
                    self._position and self._tokens[self._position - 1][0] is TokenType.OPERATOR
                )
                raise (AdjacentOperatorsError if is_behind_another else ExpressionSyntaxError)(self._text)
            operators.append(text)
            self._position += 1
        primary = self._parse_primary()
        return Unary(tuple(operators), primary) if operators else primary

    def _parse_primary(self) -> Node:
        kind, text = self._advance()
        match kind:
            case TokenType.NAME:
                if self._accept("("):
                    return self._parse_call(text)
                return self._parse_reference(text) if self._is_step_next() else Identifier(text)
            case TokenType.INTEGER:
                if self._is_step_next():
                    return self._parse_reference(self._to_integer(text))
                return Literal(normalize_number(float(text)))
            case TokenType.FLOAT:
                return Literal(normalize_number(float(text)))
            case TokenType.STRING:
                return Literal(text[1:-1].replace(text[0] * 2, text[0]))
            case TokenType.QUOTED:
                # A whole bundle is written with its number in backticks.
                name = text[1:-1]
                is_module_id = name.isascii() and name.isdigit()
                return self._parse_reference(self._to_integer(name) if is_module_id else name)
            case TokenType.BACKSLASH:
                # The designer makes of ``\"text\"`` a backslash without quotes, and a text (exported blueprints).
                return Literal(text)
            case TokenType.PUNCTUATION if text == "(":
                node = self._parse_chain(0)
                self._expect(")")
                return node
        raise ExpressionSyntaxError(self._text)

    def _parse_call(self, name: str) -> Node:
        """Parses the arguments of a call, and the path into its value, if there is one."""
        call = Call(name, self._parse_arguments())
        if not self._is_step_next():
            return call
        path = self._parse_path()
        return PathIntoCall(call, path) if isinstance(path, tuple) else UnquotedName(f"{name}(…){path}")

    def _parse_arguments(self) -> tuple[Node | None, ...]:
        """Parses the arguments of a call up to and including the closing bracket."""
        if self._accept(")"):
            return ()
        arguments: list[Node | None] = []
        while True:
            kind, text = self._peek()
            is_left_out = kind is TokenType.PUNCTUATION and text in ";)"
            arguments.append(None if is_left_out else self._parse_chain(0))
            if self._accept(")"):
                return tuple(arguments)
            self._expect(";")

    def _is_step_next(self) -> bool:
        kind, text = self._tokens[self._position]
        return kind is TokenType.LOOSE_DOT or (kind is TokenType.PUNCTUATION and text in ".[")

    def _parse_reference(self, root: int | str) -> _Reference | UnquotedName:
        """Parses the steps behind a root, of which there may be none."""
        path = self._parse_path()
        if isinstance(path, str):
            return UnquotedName(f"{_quote_name(root) if isinstance(root, str) else root}{path}")
        fixed = tuple(step for step in path if isinstance(step, (str, int)))
        return Reference(root, fixed) if len(fixed) == len(path) else DynamicReference(root, path)

    def _parse_path(self) -> _Path | str:
        """Parses the steps of a path; of one that leads to nothing, because of its blanks, returns the correct text."""
        path: list[str | int | _Reference] = []
        has_blanks = False
        texts: list[str] = []
        while self._is_step_next():
            kind, mark = self._advance()
            if mark == "[":
                index = self._parse_index()
                if isinstance(index, UnquotedName):
                    has_blanks = True
                    texts.append(f"[{index.correction}]")
                else:
                    path.append(index)
                    texts.append(f"[{index}]" if isinstance(index, int) else "[…]")
                continue
            name = self._parse_field()
            words = [name, *self._parse_words()]
            has_blanks = has_blanks or kind is TokenType.LOOSE_DOT or len(words) > 1
            path.append(name)
            texts.append(f".{_quote_name(' '.join(words))}")
        return "".join(texts) if has_blanks else tuple(path)

    def _parse_field(self) -> str:
        kind, text = self._advance()
        match kind:
            case TokenType.NAME:
                return text
            case TokenType.QUOTED:
                return text[1:-1]
        raise ExpressionSyntaxError(self._text)

    def _parse_words(self) -> Iterator[str]:
        """Parses the words behind the first one of a name; a number with a step is another reference instead."""
        while self._peek()[0] in _WORDS:
            kind, text = self._advance()
            if kind is TokenType.INTEGER and self._is_step_next():
                raise ExpressionSyntaxError(self._text)
            yield text.strip("`")

    def _parse_index(self) -> int | _Reference | UnquotedName:
        """Parses an index and its closing bracket: a number, a reference (Help centre, "Mapping arrays"), or nothing for 1."""
        if self._accept("]"):
            return 1
        kind, text = self._advance()
        if kind is TokenType.NAME and self._is_step_next():
            index: int | _Reference | UnquotedName = self._parse_reference(text)
        elif kind is TokenType.INTEGER:
            number = self._to_integer(text)
            index = self._parse_reference(number) if self._is_step_next() else number
        else:
            raise ExpressionSyntaxError(self._text)
        self._expect("]")
        return index

    def _to_integer(self, digits: str) -> int:
        if len(digits) > _MAX_INTEGER_LENGTH:
            raise ExpressionSyntaxError(self._text)
        return int(digits)


def _quote_name(name: str) -> str:
    """Returns a name as it is written in a path: in backticks, unless it is a single word."""
    return name if name.isidentifier() else f"`{name}`"


def _exceeds_nesting(text: str) -> bool:
    """Reports whether brackets nest deeper than `MAX_NESTING`; those in quotes do not count."""
    if text.count("(") + text.count("[") <= MAX_NESTING:
        return False
    depth = 0
    quote = ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in QUOTES:
            quote = character
        elif character in "([":
            depth += 1
            if depth > MAX_NESTING:
                return True
        elif character in ")]":
            depth -= 1
    return False
