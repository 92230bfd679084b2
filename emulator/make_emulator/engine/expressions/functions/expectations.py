"""Constraints that functions put on their arguments, given the constraint on the result.

A function names one of them where it is declared (``expects=``); mock data are generated to satisfy them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from ..ast import Literal, Node
from ..constraint import Constraint
from ..values import Value

Arguments: TypeAlias = Sequence[Node | None]

Expectation: TypeAlias = Callable[[Arguments, Constraint | None], Sequence[Constraint | None]]
"""Infers constraints from the arguments of a call and the constraint on its result.

The result has one entry for each argument; entries for arguments at the end may be left out.
"""


def literal_at(arguments: Arguments, place: int) -> Value:
    """Returns the value of a literal argument at a position counted from 0, ``None`` for any other argument."""
    node = arguments[place] if place < len(arguments) else None
    return node.value if isinstance(node, Literal) else None


def same_as_result(arguments: Arguments, result: Constraint | None) -> Sequence[Constraint | None]:
    """The first argument has the type of the result."""
    return [result]


def all_same_as_result(arguments: Arguments, result: Constraint | None) -> Sequence[Constraint | None]:
    """Every argument has the type of the result."""
    return [result] * len(arguments)


def kind(name: str, item: str | None = None) -> Expectation:
    """Returns the expectation of a first argument of a type, an array perhaps of items of a type."""

    def expect(arguments: Arguments, result: Constraint | None) -> Sequence[Constraint | None]:
        return [Constraint(kind=name, item=Constraint(kind=item) if item is not None else None)]

    return expect


def all_arrays(arguments: Arguments, result: Constraint | None) -> Sequence[Constraint | None]:
    """Every argument is an array."""
    return [Constraint(kind="array") for _ in arguments]


def numbers(arguments: Arguments, result: Constraint | None) -> Sequence[Constraint | None]:
    """One array of numbers, or several numbers."""
    if len(arguments) > 1:
        return [Constraint(kind="number") for _ in arguments]
    return [Constraint(kind="array", item=Constraint(kind="number"))]


def array_like_result(arguments: Arguments, result: Constraint | None) -> Sequence[Constraint | None]:
    """The first argument is an array, whose items have the type of the result's items."""
    return [Constraint(kind="array", item=result.item if result is not None else None)]


def array_of_result(arguments: Arguments, result: Constraint | None) -> Sequence[Constraint | None]:
    """The first argument is an array of items that have the type of the result."""
    return [Constraint(kind="array", item=result)]
