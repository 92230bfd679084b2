"""Registry of the functions of the expression language, and their declaration.

A declaration has the name, the number of arguments, the constraints on them, and the implementation: a new function
is declared in one place, and the reference and mock data follow from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ....lazy_dataclasses import dataclass
from ..constraint import Constraint
from ..context import Environment, text_within_budget
from ..errors import ConversionError, ExpressionError
from ..values import FieldMarker, Value, as_number, as_text, is_array
from .expectations import Arguments, Expectation

Thunk = Callable[[], Value]
"""Argument that is evaluated on demand."""

Body = Callable[[Environment, Sequence[Value]], Value]
LazyBody = Callable[[Environment, Sequence[Thunk]], Value]

FUNCTIONS: dict[str, Function] = {}
"""Registry of built-in functions by name."""


@dataclass(frozen=True, slots=True)
class Function:
    """Function of the expression language; ``body`` takes thunks if it is ``lazy``, else values."""

    name: str
    min_arguments: int
    max_arguments: int | None
    body: Callable[[Environment, Sequence[Any]], Value]
    lazy: bool
    #: Constraints on the arguments, if the function declares them.
    expects: Expectation | None = None

    def call(self, env: Environment, arguments: Sequence[Thunk]) -> Value:
        """Evaluates the arguments and returns the value of the function.

        Raises:
            ExpressionError: if there are too few or too many arguments, or they are not valid.
        """
        if not self.lazy:
            return self.apply(env, [argument() for argument in arguments])
        self._check_argument_count(arguments)
        return self.body(env, arguments)

    def apply(self, env: Environment, values: Sequence[Value]) -> Value:
        """Returns the value of a function that is not lazy; a field marker counts as ``None``.

        Raises:
            ExpressionError: if there are too few or too many arguments, or they are not valid.
        """
        self._check_argument_count(values)
        return self.body(env, [None if isinstance(value, FieldMarker) else value for value in values])

    def argument_constraints(
        self, arguments: Arguments, result: Constraint | None
    ) -> Sequence[Constraint | None]:
        """Returns a constraint or ``None`` for each argument of a call, given the constraint on its result."""
        if self.expects is None or not arguments:
            return [None] * len(arguments)
        constraints = list(self.expects(arguments, result))[: len(arguments)]
        return constraints + [None] * (len(arguments) - len(constraints))

    def _check_argument_count(self, arguments: Sequence[object]) -> None:
        count = len(arguments)
        if count < self.min_arguments or (self.max_arguments is not None and count > self.max_arguments):
            raise ExpressionError(f"Wrong number of arguments: {count}.")


def lazy_function(
    name: str, least: int, most: int | None, *, expects: Expectation | None = None
) -> Callable[[LazyBody], LazyBody]:
    """Declares a function that evaluates its arguments itself."""

    def declare(body: LazyBody) -> LazyBody:
        FUNCTIONS[name] = Function(name, least, most, body, lazy=True, expects=expects)
        return body

    return declare


def function(
    name: str, least: int, most: int | None = -1, *, expects: Expectation | None = None
) -> Callable[[Body], Body]:
    """Declares a function in the registry.

    Args:
        least: the minimum number of arguments.
        most: the maximum number of arguments, ``None`` for any number; ``least`` unless given.
        expects: the constraints that it puts on its arguments, from which mock data are generated.
    """

    def declare(body: Body) -> Body:
        FUNCTIONS[name] = Function(
            name, least, least if most == -1 else most, body, lazy=False, expects=expects
        )
        return body

    return declare


# --- arguments, by position and type --------------------------------------------------------------


def argument_at(values: Sequence[Value], place: int) -> Value:
    """Returns the argument at a position counted from 0, ``None`` if it was left out."""
    return values[place] if place < len(values) else None


def text_at(env: Environment, values: Sequence[Value], place: int, default: str = "") -> str:
    """Returns the argument as text, charged to the budget."""
    value = argument_at(values, place)
    if value is None:
        return default
    return text_within_budget(value, env.budget)


def number_at(values: Sequence[Value], place: int, default: int | None = None) -> int | float:
    value = argument_at(values, place)
    if value is None and default is not None:
        return default
    try:
        return as_number(value)
    except ConversionError:
        raise ExpressionError(f"{quote_value(value)} is not a valid number.") from None


def integer_at(values: Sequence[Value], place: int, default: int | None = None) -> int:
    """The argument as a whole number, its fraction cut off."""
    value = number_at(values, place, default)
    try:
        return int(value)
    except (OverflowError, ValueError):
        raise ExpressionError(f"{quote_value(value)} is not a valid number.") from None


def array_at(env: Environment, values: Sequence[Value], place: int) -> Sequence[Value]:
    """The argument as an array, an empty one for nothing."""
    value = argument_at(values, place)
    if value is None or value == "":
        return []
    if not is_array(value):
        raise ExpressionError(f"{quote_value(value)} is not a valid array.")
    env.budget.charge_items(len(value))
    array: Sequence[Value] = value
    return array


def quote_value(value: Value) -> str:
    """A value as error messages quote it."""
    if is_array(value):
        return "'{array}'"
    return "'{object}'" if isinstance(value, Mapping) else f"'{as_text(value)[:100]}'"
