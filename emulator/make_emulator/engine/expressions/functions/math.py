"""Math functions. Aggregate functions take one array, or several numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal

from ..context import Environment
from ..errors import ExpressionError
from ..values import Value, is_array, is_number, normalize_number
from .expectations import kind, numbers
from .registry import argument_at, function, integer_at, number_at, text_at

#: The largest number has 309 digits before its decimal point; the default precision of 28 is too small.
_WIDE_CONTEXT = Context(prec=420)


def _define_unary(name: str, body: Callable[[float], float]) -> None:
    @function(name, 1, expects=kind("number"))
    def one(env: Environment, values: Sequence[Value]) -> Value:
        value = number_at(values, 0)
        return normalize_number(body(value)) if math.isfinite(value) else value


_define_unary("abs", abs)
_define_unary("ceil", math.ceil)
_define_unary("floor", math.floor)
# Halves go up, also below zero, as in JavaScript. Adding 0.5 would round the number just below 0.5 to 1.
_define_unary("round", lambda value: math.floor(value) + (value - math.floor(value) >= 0.5))


@function("trunc", 1, 2, expects=kind("number"))
def _trunc(env: Environment, values: Sequence[Value]) -> Value:
    value, decimals = number_at(values, 0), integer_at(values, 1, 0)
    if not math.isfinite(value):
        return value
    factor = 10 ** max(-300, min(decimals, 300))
    try:
        return normalize_number(math.trunc(value * factor) / factor)
    except OverflowError:
        return value


def _number_arguments(env: Environment, values: Sequence[Value]) -> list[float]:
    """Returns the numbers among the arguments; empty ones are skipped."""
    items = values[0] if len(values) == 1 and is_array(values[0]) else values
    env.budget.charge_items(len(items))
    present = [item for item in items if item is not None and item != ""]
    return [number_at(present, place) for place in range(len(present))]


def _define_aggregate(name: str, body: Callable[[list[float]], float]) -> None:
    @function(name, 1, None, expects=numbers)
    def many(env: Environment, values: Sequence[Value]) -> Value:
        numbers = _number_arguments(env, values)
        if not numbers:
            return 0 if name == "sum" else None
        if not all(map(math.isfinite, numbers)):
            return math.nan
        try:
            return normalize_number(body(numbers))
        except (OverflowError, ValueError):
            return math.nan


_define_aggregate("max", max)
_define_aggregate("min", min)
_define_aggregate("sum", sum)


def _define_statistic(name: str, function: str) -> None:
    def compute(numbers: list[float]) -> float:
        # Imported on use, for an early start.
        import statistics

        value: float = getattr(statistics, function)(numbers)
        return value

    _define_aggregate(name, compute)


_define_statistic("average", "fmean")
_define_statistic("median", "median")
_define_statistic("stdevS", "stdev")
_define_statistic("stdevP", "pstdev")


@function("parseNumber", 1, 2, expects=kind("number"))
def _parse_number(env: Environment, values: Sequence[Value]) -> Value:
    """Spaces group digits: ``parseNumber("1 756,456"; ",")`` is 1756.456 (white-label documentation)."""
    if is_number(values[0]):
        return values[0]
    text = text_at(env, values, 0)
    point = text_at(env, values, 1, ".")
    digits = "".join(text.split())
    if point != ".":
        digits = digits.replace(".", "")
    return number_at([digits.replace(point, ".", 1)], 0)


@function("formatNumber", 1, 4, expects=kind("number"))
def _format_number(env: Environment, values: Sequence[Value]) -> Value:
    """``formatNumber(123456789; 3; ","; ".")`` is 123.456.789,000 (white-label documentation)."""
    if argument_at(values, 0) is None:
        return None
    value = number_at(values, 0)
    decimals = integer_at(values, 1, 0)
    point, group = text_at(env, values, 2, ","), text_at(env, values, 3, ".")
    if not math.isfinite(value):
        return text_at(env, [value], 0)
    if not 0 <= decimals <= 100:
        raise ExpressionError(f"'{decimals}' is not a valid number of decimals.")
    rounded = Decimal(repr(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, _WIDE_CONTEXT)
    whole, _, fraction = f"{abs(rounded):,f}".partition(".")
    made = ("-" if rounded < 0 else "") + whole.replace(",", "\0") + (point + fraction if fraction else "")
    env.budget.charge_text(len(made) + made.count("\0") * len(group))
    return made.replace("\0", group)
