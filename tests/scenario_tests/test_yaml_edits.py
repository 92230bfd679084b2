from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from make_emulator.scenario_tests.yaml_edits import render_block, render_flow, replace_values
from make_emulator.yaml_documents import parse_yaml

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=12) | st.sampled_from(
    [
        "yes",
        "1e3",
        "0x1",
        "~",
        "null",
        "2026-03-02",
        "a: b",
        "# c",
        "- d",
        "{{1.x}}",
        "two\nlines",
        "",
        " ",
        "é😀",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS.filter(bool), inner, max_size=3),
    max_leaves=10,
)

TEXT = """\
# head 😀
tests:
  - name: "a"   # keep
    expect:
      outputs: {a: 1, b: "x"}  # c1
      # between
      modules:
        Tell:
          inputs:
            - text: old   # c2
              n: 5
            # after
          bundles:
      order: [1, 2]
  - name: b
    expect:
      block: |
        several
        lines
      # the end
      last: 'y'
"""


def parsed(text: str) -> Any:
    return parse_yaml(text, "f", not_mapping="", allows_number_keys=True)


@given(value=JSON)
def test_a_value_reads_back_as_it_was_written(value: Any) -> None:
    assert parsed(f"v: {render_flow(value)}\n").data["v"] == value
    block = render_block({"v": {"w": value}})
    assert parsed(block).data == {"v": {"w": value}}


@given(
    value=JSON,
    place=st.sampled_from(
        [
            ("outputs",),
            ("outputs", "b"),
            ("modules", "Tell", "inputs"),
            ("modules", "Tell", "bundles"),
            ("order",),
            ("modules",),
        ]
    ),
)
def test_a_replaced_value_reads_back_and_the_others_stay(value: Any, place: tuple[str, ...]) -> None:
    path: tuple[str | int, ...] = ("tests", 0, "expect", *place)
    before = parsed(TEXT)
    after = parsed(replace_values(TEXT, before, {path: value})).data
    expected = parsed(TEXT).data
    inner = expected
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    assert after == expected


def test_comments_and_the_form_of_the_rest_stay() -> None:
    long: Any = {"a": "x" * 60, "b": {"c": ["y" * 60]}}
    changed = replace_values(
        TEXT,
        parsed(TEXT),
        {
            ("tests", 0, "expect", "outputs"): {"a": 2, "b": "x"},
            ("tests", 0, "expect", "modules", "Tell", "inputs"): [{"text": "new", "n": 5}],
            ("tests", 0, "expect", "modules", "Tell", "bundles"): [long],
            ("tests", 0, "expect", "order"): [1, 2, 3],
            ("tests", 1, "expect", "block"): "a\nb",
        },
    )
    assert (
        changed
        == f"""\
# head 😀
tests:
  - name: "a"   # keep
    expect:
      outputs: {{a: 2, b: "x"}}  # c1
      # between
      modules:
        Tell:
          inputs:
            - text: new   # c2
              n: 5
            # after
          bundles:
            - a: {"x" * 60}
              b:
                c: [{"y" * 60}]
      order: [1, 2, 3]
  - name: b
    expect:
      block: "a\\nb"
      # the end
      last: 'y'
"""
    )


def test_lines_that_end_as_on_windows_stay_so() -> None:
    text = "a: 1\r\nb: [x]  # c\r\nd: 2\r\n"
    assert replace_values(text, parsed(text), {("b",): ["y"], ("d",): 3}) == "a: 1\r\nb: [y]  # c\r\nd: 3\r\n"
