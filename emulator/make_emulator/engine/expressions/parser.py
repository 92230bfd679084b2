"""From the text of an expression to its tree, by the grammar in ``grammar.lark``."""

from __future__ import annotations

from importlib import resources
from typing import Any, TypeAlias

from lark import Lark, Token, Transformer, v_args

from .ast import BinaryChain, Call, DynamicReference, Identifier, Literal, Node, Reference, Unary
from .values import normalize_number

_Step: TypeAlias = str | int | Reference | DynamicReference


@v_args(inline=True)
class _AstBuilder(Transformer[Token, Any]):
    """Builds the tree while the text is parsed, so no text can be too deep for a second walk."""

    def start(self, expression: Node | None = None) -> Node:
        return Literal(None) if expression is None else expression

    def chain(self, first: Node, *rest: Any) -> Node:
        if not rest:
            return first
        operators = (_OPERATORS.get(sign, str(sign)) for sign in rest[::2])
        return BinaryChain(first, tuple(zip(operators, rest[1::2], strict=True)))

    def unary(self, *parts: Any) -> Unary:
        return Unary(tuple(str(sign) for sign in parts[:-1]), parts[-1])

    def number(self, token: Token) -> Literal:
        return Literal(normalize_number(float(token)))

    def text(self, token: Token) -> Literal:
        quote = token[0]
        return Literal(token[1:-1].replace(quote * 2, quote))

    def bare(self, token: Token) -> Literal:
        """What the designer makes of ``\\"text\\"``: a backslash without quotes, and a text (exported blueprints)."""
        return Literal(str(token))

    def word(self, token: Token) -> Identifier:
        return Identifier(str(token))

    def call(self, name: Token, *arguments: Node | None) -> Call:
        return Call(str(name), () if arguments == (None,) else arguments)

    def argument(self, expression: Node | None = None) -> Node | None:
        return expression

    def bundle(self, module: Token, *path: _Step) -> Reference | DynamicReference:
        return _build_reference(int(module), path)

    def quoted(self, token: Token, *path: _Step) -> Reference | DynamicReference:
        """A whole bundle is written with its number in backticks."""
        name = token[1:-1]
        return _build_reference(int(name) if name.isascii() and name.isdigit() else name, path)

    def variable(self, name: Token, *path: _Step) -> Reference | DynamicReference:
        return _build_reference(str(name), path)

    def path(self, index: Reference | DynamicReference) -> Reference | DynamicReference:
        """Between brackets may stand what tells the index (Help centre, "Mapping arrays")."""
        return index

    def field(self, token: Token) -> str:
        return str(token)

    def quoted_field(self, token: Token) -> str:
        return str(token[1:-1])

    def index(self, token: Token | None = None) -> int:
        """Empty brackets mean the first item."""
        return 1 if token is None else int(token)


def _build_reference(root: int | str, path: tuple[_Step, ...]) -> Reference | DynamicReference:
    fixed = tuple(step for step in path if isinstance(step, (str, int)))
    return Reference(root, fixed) if len(fixed) == len(path) else DynamicReference(root, path)


_OPERATORS = {"==": "=", "===": "=", "!==": "!=", "&&": "&", "||": "|"}

_lark = Lark(
    resources.files(__package__).joinpath("grammar.lark").read_text("utf-8"),
    parser="lalr",
    transformer=_AstBuilder(),
    maybe_placeholders=False,
)


def parse_with_grammar(text: str) -> Node:
    """The tree of an expression.

    Raises:
        lark.exceptions.LarkError: if the text is no expression.
    """
    tree: Any = _lark.parse(text)
    node: Node = tree
    return node
