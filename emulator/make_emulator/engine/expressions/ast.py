"""The parts of a parsed expression: a frozen tree without behaviour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from .values import Value


@dataclass(frozen=True, slots=True)
class Literal:
    value: Value


@dataclass(frozen=True, slots=True)
class Identifier:
    """A name by itself: a keyword, a variable, or a text written without quotes."""

    name: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A way into a bundle (``root`` is a module's id) or a variable (``root`` is its name).

    In ``path`` a text is the name of a field and a number an index counted from 1.
    """

    root: int | str
    path: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class DynamicReference:
    """A way like that of `ReferenceField`, with an index or more that are mapped: ``1.rows[2.place].name``."""

    root: int | str
    path: tuple[str | int | Reference | DynamicReference, ...]


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    arguments: tuple[Node | None, ...]


@dataclass(frozen=True, slots=True)
class Unary:
    """Signs and negations before an operand, the outermost first."""

    operators: tuple[str, ...]
    operand: Node


@dataclass(frozen=True, slots=True)
class BinaryChain:
    """Operators of one rank, applied from left to right; flat, so that a long sum is not a deep tree."""

    first: Node
    rest: tuple[tuple[str, Node], ...]


Node: TypeAlias = Literal | Identifier | Reference | DynamicReference | Call | Unary | BinaryChain
