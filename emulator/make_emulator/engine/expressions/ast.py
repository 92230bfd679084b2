"""Nodes of the syntax tree of an expression."""

from __future__ import annotations

from typing import TypeAlias

from ...lazy_dataclasses import dataclass
from .values import Value


@dataclass(frozen=True, slots=True)
class Literal:
    """Constant value."""

    value: Value


@dataclass(frozen=True, slots=True)
class Identifier:
    """Name by itself: a keyword, a variable, or a text without quotes."""

    name: str


@dataclass(frozen=True, slots=True)
class Reference:
    """Path into a bundle (``root`` is a module's id) or a variable (``root`` is its name).

    A text in ``path`` is the name of a field, a number an index counted from 1.
    """

    root: int | str
    path: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class DynamicReference:
    """Path like that of `Reference`, with at least one index that is a reference itself: ``1.rows[2.place].name``."""

    root: int | str
    path: tuple[str | int | Reference | DynamicReference, ...]


@dataclass(frozen=True, slots=True)
class UnquotedName:
    """Path with a blank in it and no backticks, which leads to nothing; ``correction`` is the path with backticks."""

    correction: str


@dataclass(frozen=True, slots=True)
class Call:
    """Call of a function; an argument that is left out is ``None``."""

    name: str
    arguments: tuple[Node | None, ...]


@dataclass(frozen=True, slots=True)
class PathIntoCall:
    """Path like that of `DynamicReference` into the value of a call: ``first(1.rows).name``."""

    call: Call
    path: tuple[str | int | Reference | DynamicReference, ...]


@dataclass(frozen=True, slots=True)
class Unary:
    """Signs and negations of an operand, the outermost first."""

    operators: tuple[str, ...]
    operand: Node


@dataclass(frozen=True, slots=True)
class BinaryChain:
    """Operators of one precedence, applied from left to right; flat, so that a long sum is not a deep tree."""

    first: Node
    rest: tuple[tuple[str, Node], ...]


Node: TypeAlias = (
    Literal
    | Identifier
    | Reference
    | DynamicReference
    | UnquotedName
    | Call
    | PathIntoCall
    | Unary
    | BinaryChain
)
