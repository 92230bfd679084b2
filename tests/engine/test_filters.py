"""Operators of filters."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from helpers.engine import NOW, evaluation_context
from make_emulator.engine.blueprints.conditions import Condition
from make_emulator.engine.budget import Budget
from make_emulator.engine.errors import ExpressionError
from make_emulator.engine.expressions.context import Environment
from make_emulator.engine.expressions.values import Value
from make_emulator.engine.filters import (
    condition_holds,
    conditions_hold,
    evaluate_conditions,
    operator_hint,
    similar_operator,
)
from make_emulator.json_types import Json


@pytest.mark.parametrize(
    ("a", "operator", "b", "expected"),
    [
        ("x", "exist", None, True),
        ("", "exist", None, False),
        (None, "notexist", None, True),
        (0, "exist", None, True),
        ("a", "text:equal", "a", True),
        ("A", "text:equal", "a", False),
        ("A", "text:equal:ci", "a", True),
        (5, "text:equal", "5", True),
        ("abc", "text:contain", "b", True),
        ("abc", "text:notcontain:ci", "B", False),
        ("abc", "text:startwith", "ab", True),
        ("abc", "text:notendwith", "bc", False),
        ("abc", "text:pattern", "^a.c$", True),
        ("ABC", "text:pattern", "^a.c$", False),
        ("ABC", "text:pattern:ci", "^a.c$", True),
        ("abc", "text:notpattern", "z", True),
        ("10", "number:greater", "9", True),
        (10, "number:lessorequal", "10", True),
        ("ten", "number:notequal", "9", False),
        (None, "number:less", "9", False),
        ("2016-06-20", "date:less", "20.6.2016 17:26", True),
        ("soon", "date:less", "2016-06-20", False),
        ("9:30", "time:less", "10:00:01", True),
        (True, "boolean:equal", "true", True),
        ("false", "boolean:equal", "false", True),
        (True, "boolean:notequal", "true", False),
        ([1, "b"], "array:contain", "1", True),
        (["B"], "array:contain", "b", False),
        (["B"], "array:contain:ci", "b", True),
        ([1], "array:notcontain", 2, True),
        ([1, 2], "array:equal", "2", True),
        ([1, 2], "array:greater", 2, False),
        ("x", "array:less", 2, False),
    ],
)
def test_an_operator_compares(a: Value, operator: str, b: Value, expected: bool) -> None:
    assert condition_holds(operator, a, b, evaluation_context()) is expected


def test_groups_are_alternatives_of_conditions_that_must_all_hold() -> None:
    yes, no = Condition("{{1.yes}}", "boolean:equal", "true"), Condition("{{1.no}}", "boolean:equal", "true")
    assert conditions_hold([[yes, yes]], evaluation_context())
    assert not conditions_hold([[yes, no]], evaluation_context())
    assert conditions_hold([[no], [yes]], evaluation_context())
    assert conditions_hold([], evaluation_context())


def test_a_date_without_a_time_zone_is_compared_as_one_of_the_organizations() -> None:
    requested: list[str] = []

    def zone() -> ZoneInfo:
        requested.append("zone")
        return ZoneInfo("Europe/Prague")

    env = Environment(Budget(), now=NOW, zone=zone)
    assert condition_holds("date:equal", "2016-12-08T15:00:00Z", NOW - NOW % 3_600_000, env)
    assert requested == []
    assert condition_holds("date:equal", "2016-12-08 16:00", "2016-12-08T15:00:00Z", env)
    assert condition_holds("date:less", "2016-12-08 15:59", "2016-12-08T15:00:00Z", env)
    assert requested == ["zone", "zone"]


@pytest.mark.parametrize(
    "operator", ["text:startswith", "date:before", "number:equal:ci", "nonsense", "Exist"]
)
def test_an_operator_that_does_not_exist_holds_for_nothing_in_a_filter(operator: str) -> None:
    unknown: Condition[Json] = Condition("{{1.name}}", operator, "{{1.name}}")
    yes: Condition[Json] = Condition("{{1.yes}}", "exist")
    cases: list[tuple[list[list[Condition[Json]]], bool]] = [
        ([[unknown]], False),
        ([[yes, unknown]], False),
        ([[unknown, yes]], False),
        ([[unknown], [yes]], True),
    ]
    for groups, passes in cases:
        assert conditions_hold(groups, evaluation_context()) is passes
        assert evaluate_conditions(groups, evaluation_context())[0] is passes


def test_an_operator_that_does_not_exist_has_a_hint_with_the_nearest_one() -> None:
    assert operator_hint("text:startwith") is None
    assert operator_hint("text:startswith") == (
        "Make has no operator 'text:startswith'; did you mean 'text:startwith'?"
    )
    assert operator_hint("date:before") == "Make has no operator 'date:before'; did you mean 'date:less'?"
    assert operator_hint("text:isempty") == "Make has no operator 'text:isempty'; did you mean 'notexist'?"
    assert operator_hint("§") == "Make has no operator '§'."


@pytest.mark.parametrize(
    ("operator", "meant"),
    [
        ("string:equal", "text:equal"),
        ("equals", "text:equal"),
        ("text:isnotempty", "exist"),
        ("number:greaterThanOrEqual", "number:greaterorequal"),
        ("text:contains:ci", "text:contain:ci"),
        ("integer:>", "number:greater"),
        ("datetime:before", "date:less"),
        ("text:regex", "text:pattern"),
        ("text:not_contain", "text:notcontain"),
    ],
)
def test_operators_of_other_languages_have_the_one_of_make(operator: str, meant: str) -> None:
    assert similar_operator(operator) == meant


def test_an_unknown_operator_of_a_search_is_an_error() -> None:
    with pytest.raises(ExpressionError, match="Unknown operator 'text:startswith'") as caught:
        condition_holds("text:startswith", "a", "b", evaluation_context())
    assert caught.value.hint == operator_hint("text:startswith")
