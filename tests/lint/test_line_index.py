from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from make_emulator.lint.line_index import LineIndex

TEXT = """{
  "name": "a \\" b",
  "flow": [
    {"id": 1},
    {
      "id": 2,
      "mapper": {
        "text": "x, y: {z}"
      }
    }
  ],
  "empty": {}, "list": []
}
"""


def test_values_are_found_by_path() -> None:
    lines = LineIndex(TEXT)
    assert lines.line_of(()) == 1
    assert lines.line_of(("name",)) == 2
    assert lines.line_of(("flow", 0, "id")) == 4
    assert lines.line_of(("flow", 1)) == 5
    assert lines.line_of(("flow", 1, "mapper", "text")) == 8
    assert lines.line_of(("list",)) == 12


def test_a_missing_value_has_the_line_of_what_is_around_it() -> None:
    assert LineIndex(TEXT).line_of(("flow", 1, "mapper", "absent", 3)) == 7


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)


@given(JSON)
def test_every_path_of_any_document_has_a_line(value: object) -> None:
    text = json.dumps(value, indent=1)
    lines, last = LineIndex(text), text.count("\n") + 1

    def check(item: object, path: tuple[str | int, ...], least: int) -> None:
        line = lines.line_of(path)
        assert line is not None
        assert least <= line <= last
        if isinstance(item, dict):
            for name, inner in item.items():
                check(inner, (*path, name), line)
        if isinstance(item, list):
            for place, inner in enumerate(item):
                check(inner, (*path, place), line)

    check(value, (), 1)
