"""Math functions. Those over many numbers take one array, or the numbers one by one."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal

from ...errors import ExpressionError
from ..environment import Environment
from ..values import Value, is_array, is_number, number
from .registry import function, given, number_at, text_at, whole_at

#: The widest number has 309 digits before its point; the usual precision of 28 would refuse it.
_WIDE = Context(prec=420)


def _of_one(name: str, body: Callable[[float], float]) -> None:
    @function(name, 1)
    def one(env: Environment, values: Sequence[Value]) -> Value:
        value = number_at(values, 0)
        return number(body(value)) if math.isfinite(value) else value


_of_one("abs", abs)
_of_one("ceil", math.ceil)
_of_one("floor", math.floor)
# Halves go up, also below zero, as in JavaScript. Adding 0.5 would round the number just below 0.5 to 1.
_of_one("round", lambda value: math.floor(value) + (value - math.floor(value) >= 0.5))


@function("trunc", 1, 2)
def _trunc(env: Environment, values: Sequence[Value]) -> Value:
    value, decimals = number_at(values, 0), whole_at(values, 1, 0)
    if not math.isfinite(value):
        return value
    factor = 10 ** max(-300, min(decimals, 300))
    try:
        return number(math.trunc(value * factor) / factor)
    except OverflowError:
        return value


def _numbers(env: Environment, values: Sequence[Value]) -> list[float]:
    """The numbers among the arguments; nothing and empty texts are passed over."""
    items = values[0] if len(values) == 1 and is_array(values[0]) else values
    env.budget.items(len(items))
    present = [item for item in items if item is not None and item != ""]
    return [number_at(present, place) for place in range(len(present))]


def _of_many(name: str, body: Callable[[list[float]], float]) -> None:
    @function(name, 1, None)
    def many(env: Environment, values: Sequence[Value]) -> Value:
        numbers = _numbers(env, values)
        if not numbers:
            return 0 if name == "sum" else None
        if not all(map(math.isfinite, numbers)):
            return math.nan
        try:
            return number(body(numbers))
        except (OverflowError, statistics.StatisticsError):
            return math.nan


_of_many("max", max)
_of_many("min", min)
_of_many("sum", sum)
_of_many("average", statistics.fmean)
_of_many("median", statistics.median)
_of_many("stdevS", statistics.stdev)
_of_many("stdevP", statistics.pstdev)


@function("parseNumber", 1, 2)
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


@function("formatNumber", 1, 4)
def _format_number(env: Environment, values: Sequence[Value]) -> Value:
    """``formatNumber(123456789; 3; ","; ".")`` is 123.456.789,000 (white-label documentation)."""
    if given(values, 0) is None:
        return None
    value = number_at(values, 0)
    decimals = whole_at(values, 1, 0)
    point, group = text_at(env, values, 2, ","), text_at(env, values, 3, ".")
    if not math.isfinite(value):
        return text_at(env, [value], 0)
    if not 0 <= decimals <= 100:
        raise ExpressionError(f"'{decimals}' is not a valid number of decimals.")
    rounded = Decimal(repr(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, _WIDE)
    whole, _, fraction = f"{abs(rounded):,f}".partition(".")
    made = ("-" if rounded < 0 else "") + whole.replace(",", "\0") + (point + fraction if fraction else "")
    env.budget.text(len(made) + made.count("\0") * len(group))
    return made.replace("\0", group)
