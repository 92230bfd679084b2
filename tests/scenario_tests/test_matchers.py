from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from make_emulator.scenario_tests.matchers import (
    MATCHERS,
    MISSING,
    find_differences,
    find_matcher_issues,
    matches,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(value=JSON)
def test_every_value_is_like_itself_even_exactly(value: Any) -> None:
    assert matches(value, value)
    assert matches({"$exact": value}, value)
    assert not matches({"$not": value}, value)


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": 1}, {"a": 1.0}),
        ([1, "$any"], [1, {"x": 2}]),
        ({"a": "$absent"}, {"b": 1}),
        ({"$type": "date"}, "2026-03-02T09:00:00Z"),
        ({"$type": "empty"}, None),
        ({"$regex": "^A.*z$"}, "A to z"),
        ({"$glob": "https://*/x"}, "https://a/b/x"),
        ({"$approx": 0.3}, 0.1 + 0.2),
        ({"$approx": 10, "$within": 0.5}, 10.4),
        ({"$contains": "part"}, "a part of it"),
        ({"$contains": {"id": 2}}, [{"id": 1}, {"id": 2, "x": 0}]),
        ({"$contains": [1, 3]}, [3, 2, 1]),
        ({"$length": 2}, {"a": 1, "b": 2}),
        ({"$at_least": 1, "$at_most": 3}, 3),
        ({"$one_of": ["a", {"$regex": "^b"}]}, "bc"),
        ({"$not": {"a": 1}}, {"a": 2}),
        ({"$exact": {"a": {"$subset": {"b": 1}}}}, {"a": {"b": 1, "c": 2}}),
        ({"$1": "x"}, {"$1": "x"}),
    ],
)
def test_a_value_is_as_expected(expected: Any, actual: Any) -> None:
    assert list(find_matcher_issues(expected, ())) == []
    assert list(find_differences(expected, actual)) == []


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        (1, True),
        (1, "1"),
        (None, ""),
        ([1], [1, 2]),
        ([1, 2], [2, 1]),
        ({"a": 1}, [1]),
        ({"a": None}, {}),
        ({"a": "$absent"}, {"a": None}),
        ({"a": "$any"}, {}),
        ({"$type": "number"}, True),
        ({"$type": "integer"}, 1.5),
        ({"$regex": "^b"}, "ab"),
        ({"$approx": 10, "$within": 0.5}, 10.6),
        ({"$approx": 1}, True),
        ({"$contains": 4}, [1, 2]),
        ({"$contains": [1, 4]}, [1, 2]),
        ({"$length": 1}, 1),
        ({"$at_most": 3}, "2"),
        ({"$exact": {"a": {"b": 1}}}, {"a": {"b": 1, "c": 2}}),
    ],
)
def test_a_value_is_not_as_expected(expected: Any, actual: Any) -> None:
    assert not matches(expected, actual)


def test_a_difference_has_its_path_and_says_what_was_expected() -> None:
    expected: Any = {"a": [{"b": {"$regex": "^x"}}], "c": 1}
    found = list(find_differences(expected, {"a": [{"b": "y"}, 5]}))
    assert [(each.path, each.expected, each.actual) for each in found] == [
        (("a", 0, "b"), 'a text that matches "^x"', "y"),
        (("a", 1), "nothing", 5),
        (("c",), "1", MISSING),
    ]


@pytest.mark.parametrize(
    ("expected", "issue"),
    [
        (
            {"$regx": "a"},
            (("$regx",), f"unknown matcher; there are: {', '.join(MATCHERS)}; did you mean '$regex'?"),
        ),
        (
            {"$regex": "("},
            (("$regex",), "this is no regular expression: missing ), unterminated subpattern at position 0"),
        ),
        (
            {"a": [{"$type": "txt"}]},
            (
                ("a", 0, "$type"),
                "this must be one of: text, number, integer, boolean, array, collection, date, empty; did you mean 'text'?",
            ),
        ),
        ({"$regex": "a", "b": 1}, ((), "'$regex' stands beside fields; a matcher stands alone")),
        ({"$within": 1}, ((), "'$within' needs '$approx' beside it")),
        ({"$not": {"$length": -1}}, (("$not", "$length"), "this must be a whole number")),
    ],
)
def test_a_matcher_that_is_none_is_a_mistake(expected: Any, issue: Any) -> None:
    assert list(find_matcher_issues(expected, ())) == [issue]
