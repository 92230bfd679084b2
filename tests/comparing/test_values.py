"""Where two JSON values differ."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.comparing.values import NOTHING, changes

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=15,
)


@given(_JSON)
def test_a_value_does_not_differ_from_itself(value: Any) -> None:
    assert list(changes(value, value)) == []


@given(_JSON, _JSON)
def test_both_ways_tell_the_same_places(a: Any, b: Any) -> None:
    forth, back = list(changes(a, b)), list(changes(b, a))
    assert sorted(repr((path, one, other)) for path, one, other in forth) == sorted(
        repr((path, one, other)) for path, other, one in back
    )


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (1, 1.0, []),
        (True, 1, [("", True, 1)]),
        ({"a": 1}, {"a": 2, "b": None}, [("a", 1, 2), ("b", NOTHING, None)]),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1]}}, [("a.b[1]", 2, NOTHING)]),
        (
            {"flow": [{"id": 1, "x": 1}, {"id": 2, "x": 2}]},
            {"flow": [{"id": 3}, {"id": 1, "x": 1}, {"id": 2, "x": 5}]},
            [("flow[id 2].x", 2, 5), ("flow[id 3]", NOTHING, {"id": 3})],
        ),
        (
            [{"name": "A", "value": 1}, {"name": "B"}],
            [{"name": "B"}, {"name": "A", "value": 2}],
            [(".order", ["A", "B"], ["B", "A"]), ("[name A].value", 1, 2)],
        ),
        ([{"name": "A"}, {"name": "A"}], [{"name": "A"}], [("[1]", {"name": "A"}, NOTHING)]),
    ],
)
def test_each_place_is_told_once(a: Any, b: Any, expected: list[tuple[str, Any, Any]]) -> None:
    assert [tuple(change) for change in changes(a, b)] == expected
