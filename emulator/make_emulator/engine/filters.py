"""Evaluation of the conditions of filters and searches.

Operators: the vendor's list, compared with those in exported blueprints. A value that cannot be converted to the type that
an operator compares does not pass; nor does any value a filter whose operator does not exist (observed by a practitioner).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

from ..json_types import Json
from ..plain_text import find_slip
from .blueprints.conditions import Condition
from .errors import ConversionError, ExpressionError
from .expressions.context import Environment, is_equal_within_budget, text_within_budget
from .expressions.evaluator import render_deep
from .expressions.regex.matcher import compile_regex
from .expressions.values import Value, as_array, as_boolean, as_date, as_number, as_text, is_array, is_empty

Comparator = Callable[[Value, Value, Environment], bool]

EvaluatedCondition: TypeAlias = tuple[Condition[Json], Value, Value, bool]
"""Condition, the values of its left and right side, and its result."""


def conditions_hold(groups: Sequence[Sequence[Condition[Json]]], env: Environment) -> bool:
    """True if all conditions of any group hold, or there are no groups."""
    if not groups:
        return True
    return any(
        all(
            _filter_condition_holds(
                condition.operator, render_deep(condition.a, env), render_deep(condition.b, env), env
            )
            for condition in group
        )
        for group in groups
    )


def evaluate_conditions(
    groups: Sequence[Sequence[Condition[Json]]], env: Environment
) -> tuple[bool, Sequence[Sequence[EvaluatedCondition]]]:
    """Evaluates like `conditions_hold`, at the same cost for the run, and returns each evaluated condition as well.

    A group that does not hold ends with the condition that failed.
    """
    compared: list[list[EvaluatedCondition]] = []
    for group in groups:
        row: list[EvaluatedCondition] = []
        compared.append(row)
        for condition in group:
            a, b = render_deep(condition.a, env), render_deep(condition.b, env)
            holds = _filter_condition_holds(condition.operator, a, b, env)
            row.append((condition, a, b, holds))
            if not holds:
                break
        else:
            return True, compared
    return not groups, compared


def _filter_condition_holds(operator: str, a: Value, b: Value, env: Environment) -> bool:
    """Returns the result of one comparison of a filter, where an operator that does not exist holds for nothing."""
    if operator not in OPERATORS:
        env.budget.charge()
        return False
    return condition_holds(operator, a, b, env)


@lru_cache(maxsize=256)
def operator_hint(operator: str) -> str | None:
    """Returns a sentence about an operator that does not exist, with the nearest one; ``None`` for one that does."""
    if operator in OPERATORS:
        return None
    meant = similar_operator(operator)
    return f"Make has no operator '{operator[:100]}'" + (f"; did you mean '{meant}'?" if meant else ".")


def similar_operator(operator: str) -> str | None:
    """Returns the operator that is meant by one that does not exist, such as ``text:startwith`` by ``startsWith``."""
    words = operator[:100].replace("_", "").lower().split(":")
    kind = _KINDS.get(words[0], "text") if len(words) > 1 or words[0] in _KINDS else "text"
    names = words[1:] if len(words) > 1 else words
    name = _SYNONYMS.get(names[0], names[0]) if names else ""
    full = ":".join([kind, name, *names[1:]])
    for meant in (name, full, f"{kind}:{name}"):
        if meant in OPERATORS:
            return meant
    return find_slip(full, OPERATORS) or find_slip(operator[:100], OPERATORS)


def condition_holds(operator: str, a: Value, b: Value, env: Environment) -> bool:
    """Returns the result of one comparison of a search.

    Raises:
        ExpressionError: if there is no such operator.
    """
    env.budget.charge()
    test = OPERATORS.get(operator)
    if test is None:
        raise ExpressionError(f"Unknown operator '{operator[:100]}'.", hint=operator_hint(operator))
    try:
        return test(a, b, env)
    except ConversionError:
        return False


def _has_value(a: Value, _b: Value, _env: Environment) -> bool:
    return not is_empty(a)


def _to_text(value: Value, env: Environment) -> str:
    return text_within_budget(value, env.budget)


def _text_comparator(compare: Callable[[str, str], bool], *, ci: bool) -> Comparator:
    def test(a: Value, b: Value, env: Environment) -> bool:
        left, right = _to_text(a, env), _to_text(b, env)
        return compare(left.lower(), right.lower()) if ci else compare(left, right)

    return test


def _pattern_comparator(*, ci: bool) -> Comparator:
    def test(a: Value, b: Value, env: Environment) -> bool:
        return compile_regex(_to_text(b, env), "i" if ci else "").has_match(_to_text(a, env), env.budget)

    return test


def _number_comparator(read: Callable[[Value], float], compare: Callable[[float, float], bool]) -> Comparator:
    return lambda a, b, env: compare(read(a), read(b))


def _date_comparator(compare: Callable[[float, float], bool]) -> Comparator:
    """Comparator of dates; a text without a time zone is in the organization's."""
    return lambda a, b, env: compare(as_date(a, env.zone).timestamp(), as_date(b, env.zone).timestamp())


def _seconds_since_midnight(value: Value) -> float:
    """Returns the seconds since midnight of a text ``h:m`` or ``h:m:s``."""
    parts = as_text(value).split(":")
    if not 2 <= len(parts) <= 3 or not all(
        part.isascii() and part.isdigit() and len(part) < 3 for part in parts
    ):
        raise ConversionError()
    return sum(int(part) * unit for part, unit in zip(parts, (3600, 60, 1), strict=False))


def _array_length(value: Value) -> float:
    if not is_array(value):
        raise ConversionError()
    return len(value)


def _length_operand(value: Value) -> float:
    """Returns the right side of a comparison of arrays: a length, or the length of an array."""
    return len(value) if is_array(value) else as_number(value)


def _contains_comparator(*, ci: bool) -> Comparator:
    def test(a: Value, b: Value, env: Environment) -> bool:
        items = as_array(a) if a is not None else []
        env.budget.charge_items(len(items))
        if ci:
            searched = _to_text(b, env).lower()
            return any(as_text(item).lower() == searched for item in items if not _is_container(item))
        return any(is_equal_within_budget(item, b, env.budget) or _equals_as_text(item, b) for item in items)

    return test


def _equals_as_text(item: Value, b: Value) -> bool:
    """Compares as texts: the right side of a filter is mostly typed in, as text, whatever the items are."""
    return not _is_container(item) and not _is_container(b) and as_text(item) == as_text(b)


def _is_container(value: Value) -> bool:
    return is_array(value) or isinstance(value, Mapping)


def _negate(test: Comparator) -> Comparator:
    return lambda a, b, env: not test(a, b, env)


def _build_operators() -> dict[str, Comparator]:
    comparators: dict[str, Comparator] = {"exist": _has_value, "notexist": _negate(_has_value)}
    texts: dict[str, Callable[[str, str], bool]] = {
        "equal": lambda a, b: a == b,
        "contain": lambda a, b: b in a,
        "startwith": str.startswith,
        "endwith": str.endswith,
    }
    for ci in (False, True):
        suffix = ":ci" if ci else ""
        named = {name: _text_comparator(compare, ci=ci) for name, compare in texts.items()}
        named["pattern"] = _pattern_comparator(ci=ci)
        for name, test in named.items():
            comparators[f"text:{name}{suffix}"] = test
            comparators[f"text:not{name}{suffix}"] = _negate(test)
        comparators[f"array:contain{suffix}"] = _contains_comparator(ci=ci)
        comparators[f"array:notcontain{suffix}"] = _negate(_contains_comparator(ci=ci))
    order: dict[str, Callable[[float, float], bool]] = {
        "equal": lambda a, b: a == b,
        "notequal": lambda a, b: a != b,
        "less": lambda a, b: a < b,
        "greater": lambda a, b: a > b,
        "lessorequal": lambda a, b: a <= b,
        "greaterorequal": lambda a, b: a >= b,
    }
    for name, compare in order.items():
        comparators[f"number:{name}"] = _number_comparator(as_number, compare)
        comparators[f"date:{name}"] = _date_comparator(compare)
        comparators[f"time:{name}"] = _number_comparator(_seconds_since_midnight, compare)
        comparators[f"array:{name}"] = lambda a, b, env, compare=compare: compare(
            _array_length(a), _length_operand(b)
        )  # type: ignore[misc]
    for name in ("equal", "notequal"):
        comparators[f"boolean:{name}"] = _number_comparator(as_boolean, order[name])
    return comparators


OPERATORS: Mapping[str, Comparator] = _build_operators()
"""Comparators by operator, e.g. ``text:equal:ci``."""

#: Names that other languages have for an operator -> Make's name, without its type.
_SYNONYMS: Mapping[str, str] = {
    "!=": "notequal",
    "<": "less",
    "<=": "lessorequal",
    "=": "equal",
    "==": "equal",
    ">": "greater",
    ">=": "greaterorequal",
    "after": "greater",
    "before": "less",
    "begins": "startwith",
    "beginswith": "startwith",
    "doesnotcontain": "notcontain",
    "doesnotexist": "notexist",
    "empty": "notexist",
    "ends": "endwith",
    "eq": "equal",
    "exists": "exist",
    "greaterthan": "greater",
    "greaterthanorequal": "greaterorequal",
    "gt": "greater",
    "gte": "greaterorequal",
    "includes": "contain",
    "is": "equal",
    "isempty": "notexist",
    "isequal": "equal",
    "isnot": "notequal",
    "isnotempty": "exist",
    "later": "greater",
    "lessthan": "less",
    "lessthanorequal": "lessorequal",
    "lt": "less",
    "lte": "lessorequal",
    "matches": "pattern",
    "ne": "notequal",
    "neq": "notequal",
    "notempty": "exist",
    "notexists": "notexist",
    "earlier": "less",
    "regex": "pattern",
}
#: Names that people use for the types of operators -> the type.
_KINDS: Mapping[str, str] = {
    **{kind: kind for kind in ("array", "boolean", "date", "number", "text", "time")},
    "bool": "boolean",
    "datetime": "date",
    "int": "number",
    "integer": "number",
    "list": "array",
    "numeric": "number",
    "str": "text",
    "string": "text",
}
