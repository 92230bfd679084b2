"""Differences of two JSON values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from make_emulator.diff.json_diff import MISSING, diff_json

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=15,
)


@given(_JSON)
def test_a_value_does_not_differ_from_itself(value: Any) -> None:
    assert list(diff_json(value, value)) == []


@given(_JSON, _JSON)
def test_both_ways_show_the_same_places(a: Any, b: Any) -> None:
    forth, back = list(diff_json(a, b)), list(diff_json(b, a))
    assert sorted(repr((path, one, other)) for path, one, other in forth) == sorted(
        repr((path, one, other)) for path, other, one in back
    )


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (1, 1.0, []),
        (True, 1, [("", True, 1)]),
        ({"a": 1}, {"a": 2, "b": None}, [("a", 1, 2), ("b", MISSING, None)]),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1]}}, [("a.b[1]", 2, MISSING)]),
        (
            {"flow": [{"id": 1, "x": 1}, {"id": 2, "x": 2}]},
            {"flow": [{"id": 3}, {"id": 1, "x": 1}, {"id": 2, "x": 5}]},
            [("flow[id 2].x", 2, 5), ("flow[id 3]", MISSING, {"id": 3})],
        ),
        (
            [{"name": "A", "value": 1}, {"name": "B"}],
            [{"name": "B"}, {"name": "A", "value": 2}],
            [(".order", ["A", "B"], ["B", "A"]), ("[name A].value", 1, 2)],
        ),
        ([{"name": "A"}, {"name": "A"}], [{"name": "A"}], [("[1]", {"name": "A"}, MISSING)]),
    ],
)
def test_each_place_is_reported_once(a: Any, b: Any, expected: list[tuple[str, Any, Any]]) -> None:
    assert [tuple(change) for change in diff_json(a, b)] == expected
