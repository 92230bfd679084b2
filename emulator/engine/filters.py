"""Filters: whether a bundle may go on, and which records a search finds.

Operators: the vendor's list, compared with those in exported blueprints. What cannot be read as the type that
an operator compares does not pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from .conditions import Condition
from .errors import ExpressionError, Misfit
from .iml.environment import Environment, alike, text_of
from .iml.evaluate import fill_deep
from .iml.regex import compiled
from .iml.values import (
    Value,
    as_array,
    as_boolean,
    as_date,
    as_number,
    as_text,
    is_array,
    is_empty,
)

Test = Callable[[Value, Value, Environment], bool]

Compared: TypeAlias = tuple[Condition, Value, Value, bool]
"""A condition that was looked at, what its sides came to, and whether it holds."""


def passes(groups: Sequence[Sequence[Condition]], env: Environment) -> bool:
    """Whether all conditions of any group hold; no conditions at all always do."""
    if not groups:
        return True
    return any(
        all(holds(part.operator, fill_deep(part.a, env), fill_deep(part.b, env), env) for part in group)
        for group in groups
    )


def judged(
    groups: Sequence[Sequence[Condition]], env: Environment
) -> tuple[bool, Sequence[Sequence[Compared]]]:
    """As `passes`, at the same cost for the run, but telling each condition that was looked at.

    The last one of a group that does not hold is the one that settled it.
    """
    compared: list[list[Compared]] = []
    for group in groups:
        row: list[Compared] = []
        compared.append(row)
        for part in group:
            a, b = fill_deep(part.a, env), fill_deep(part.b, env)
            held = holds(part.operator, a, b, env)
            row.append((part, a, b, held))
            if not held:
                break
        else:
            return True, compared
    return not groups, compared


def holds(operator: str, a: Value, b: Value, env: Environment) -> bool:
    """Whether one comparison holds.

    Raises:
        ExpressionError: if there is no such operator.
    """
    env.budget.step()
    test = OPERATORS.get(operator)
    if test is None:
        raise ExpressionError(f"Unknown operator '{operator[:100]}'.")
    try:
        return test(a, b, env)
    except Misfit:
        return False


def _exist(a: Value, b: Value, env: Environment) -> bool:
    return not is_empty(a)


def _text(value: Value, env: Environment) -> str:
    return text_of(value, env.budget)


def _of_texts(compare: Callable[[str, str], bool], *, ci: bool) -> Test:
    def test(a: Value, b: Value, env: Environment) -> bool:
        left, right = _text(a, env), _text(b, env)
        return compare(left.lower(), right.lower()) if ci else compare(left, right)

    return test


def _pattern(*, ci: bool) -> Test:
    def test(a: Value, b: Value, env: Environment) -> bool:
        return compiled(_text(b, env), "i" if ci else "").found_in(_text(a, env), env.budget)

    return test


def _of(read: Callable[[Value], float], compare: Callable[[float, float], bool]) -> Test:
    return lambda a, b, env: compare(read(a), read(b))


def _of_dates(compare: Callable[[float, float], bool]) -> Test:
    """A text without a time zone is a date of the organization's."""
    return lambda a, b, env: compare(as_date(a, env.zone).timestamp(), as_date(b, env.zone).timestamp())


def _time(value: Value) -> float:
    """Seconds since midnight, of a text ``h:m`` or ``h:m:s``."""
    parts = as_text(value).split(":")
    if not 2 <= len(parts) <= 3 or not all(
        part.isascii() and part.isdigit() and len(part) < 3 for part in parts
    ):
        raise Misfit()
    return sum(int(part) * unit for part, unit in zip(parts, (3600, 60, 1), strict=False))


def _length(value: Value) -> float:
    if not is_array(value):
        raise Misfit()
    return len(value)


def _size(value: Value) -> float:
    """The right side of a comparison of arrays: a length, or an array that has it."""
    return len(value) if is_array(value) else as_number(value)


def _has(*, ci: bool) -> Test:
    def test(a: Value, b: Value, env: Environment) -> bool:
        items = as_array(a) if a is not None else []
        env.budget.items(len(items))
        if ci:
            wanted = _text(b, env).lower()
            return any(as_text(item).lower() == wanted for item in items if not _holds_others(item))
        return any(alike(item, b, env.budget) or _same_text(item, b) for item in items)

    return test


def _same_text(item: Value, b: Value) -> bool:
    """A filter's right side is mostly typed in, as text, whatever the items are."""
    return not _holds_others(item) and not _holds_others(b) and as_text(item) == as_text(b)


def _holds_others(value: Value) -> bool:
    return is_array(value) or isinstance(value, Mapping)


def _negated(test: Test) -> Test:
    return lambda a, b, env: not test(a, b, env)


def _tests() -> dict[str, Test]:
    tests: dict[str, Test] = {"exist": _exist, "notexist": _negated(_exist)}
    texts: dict[str, Callable[[str, str], bool]] = {
        "equal": lambda a, b: a == b,
        "contain": lambda a, b: b in a,
        "startwith": str.startswith,
        "endwith": str.endswith,
    }
    for ci in (False, True):
        suffix = ":ci" if ci else ""
        named = {name: _of_texts(compare, ci=ci) for name, compare in texts.items()}
        named["pattern"] = _pattern(ci=ci)
        for name, test in named.items():
            tests[f"text:{name}{suffix}"] = test
            tests[f"text:not{name}{suffix}"] = _negated(test)
        tests[f"array:contain{suffix}"] = _has(ci=ci)
        tests[f"array:notcontain{suffix}"] = _negated(_has(ci=ci))
    order: dict[str, Callable[[float, float], bool]] = {
        "equal": lambda a, b: a == b,
        "notequal": lambda a, b: a != b,
        "less": lambda a, b: a < b,
        "greater": lambda a, b: a > b,
        "lessorequal": lambda a, b: a <= b,
        "greaterorequal": lambda a, b: a >= b,
    }
    for name, compare in order.items():
        tests[f"number:{name}"] = _of(as_number, compare)
        tests[f"date:{name}"] = _of_dates(compare)
        tests[f"time:{name}"] = _of(_time, compare)
        tests[f"array:{name}"] = lambda a, b, env, compare=compare: compare(_length(a), _size(b))  # type: ignore[misc]
    for name in ("equal", "notequal"):
        tests[f"boolean:{name}"] = _of(as_boolean, order[name])
    return tests


OPERATORS: Mapping[str, Test] = _tests()
"""Every operator of a filter, e.g. ``text:equal:ci``."""
