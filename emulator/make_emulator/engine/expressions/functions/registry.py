"""How a function of the expression language is declared: a name, how many arguments, and a body."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..context import Environment, text_within_budget
from ..errors import ConversionError, ExpressionError
from ..values import FieldMarker, Value, as_number, as_text, is_array

Thunk = Callable[[], Value]
"""An argument that is not computed until it is asked for."""

Body = Callable[[Environment, Sequence[Value]], Value]
LazyBody = Callable[[Environment, Sequence[Thunk]], Value]

FUNCTIONS: dict[str, Function] = {}
"""Every function, by the name under which expressions call it."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function with the number of arguments that it takes; ``body`` gets thunks if it is ``lazy``, else values."""

    name: str
    min_arguments: int
    max_arguments: int | None
    body: Callable[[Environment, Sequence[Any]], Value]
    lazy: bool

    def call(self, env: Environment, arguments: Sequence[Thunk]) -> Value:
        """The function's value, its arguments not being computed yet.

        Raises:
            ExpressionError: if there are too few or too many arguments, or they make no sense to it.
        """
        if not self.lazy:
            return self.apply(env, [argument() for argument in arguments])
        self._check_argument_count(arguments)
        return self.body(env, arguments)

    def apply(self, env: Environment, values: Sequence[Value]) -> Value:
        """The value of a function that is not lazy; the marks mean nothing to it.

        Raises:
            ExpressionError: if there are too few or too many arguments, or they make no sense to it.
        """
        self._check_argument_count(values)
        return self.body(env, [None if isinstance(value, FieldMarker) else value for value in values])

    def _check_argument_count(self, arguments: Sequence[Any]) -> None:
        count = len(arguments)
        if count < self.min_arguments or (self.max_arguments is not None and count > self.max_arguments):
            raise ExpressionError(f"Wrong number of arguments: {count}.")


def lazy_function(name: str, least: int, most: int | None) -> Callable[[LazyBody], LazyBody]:
    """Declare a function that decides which of its arguments are computed."""

    def declare(body: LazyBody) -> LazyBody:
        FUNCTIONS[name] = Function(name, least, most, body, lazy=True)
        return body

    return declare


def function(name: str, least: int, most: int | None = -1) -> Callable[[Body], Body]:
    """Declare a function of ``least`` to ``most`` arguments (as many as ``least`` unless given, ``None``: any)."""

    def declare(body: Body) -> Body:
        FUNCTIONS[name] = Function(name, least, least if most == -1 else most, body, lazy=False)
        return body

    return declare


# --- what functions expect of an argument --------------------------------------------------------


def argument_at(values: Sequence[Value], place: int) -> Value:
    """The argument at a place counted from 0, ``None`` if it was left out."""
    return values[place] if place < len(values) else None


def text_at(env: Environment, values: Sequence[Value], place: int, default: str = "") -> str:
    """The argument as text; the reading of it is paid for."""
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
