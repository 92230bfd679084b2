from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from make_emulator.json_patch import Operation, PatchError, add, apply_patch, move, remove, replace
from make_emulator.json_text import edit_text, find_replacements

TEXT = """{
    "name": "caf\\u00e9 \\"x\\"",
    "flow": [
        {"id":1, "module": "a:b"},
        {
            "id": 2,
            "mapper": {},
            "x": {
                "y": [1,2]
            }
        }
    ]
}
"""


def changed_lines(new: str, old: str = TEXT) -> tuple[list[str], list[str]]:
    """Returns the lines that only the old text has, and those that only the new one has."""
    before, after = old.splitlines(), new.splitlines()
    return [line for line in before if line not in after], [line for line in after if line not in before]


@pytest.mark.parametrize(
    ("patch", "removed", "added"),
    [
        (
            [replace(("name",), 'café "y" ü')],
            ['    "name": "caf\\u00e9 \\"x\\"",'],
            ['    "name": "caf\\u00e9 \\"y\\" \\u00fc",'],
        ),
        (
            [add(("flow", 0, "version"), 3)],
            ['        {"id":1, "module": "a:b"},'],
            ['        {"id":1, "module": "a:b", "version":3},'],
        ),
        (
            [add(("flow", 1, "mapper", "k"), "v")],
            ['            "mapper": {},'],
            ['            "mapper": {', '                "k": "v"', "            },"],
        ),
        (
            [add(("flow", 1, "x", "y", 1), {})],
            ['                "y": [1,2]'],
            ['                "y": [1,{},2]'],
        ),
        (
            [move(("flow", 1, "x"), ("flow", 1, "parameters"))],
            ['            "x": {'],
            ['            "parameters": {'],
        ),
        (
            [remove(("flow", 1, "mapper"))],
            ['            "mapper": {},'],
            [],
        ),
    ],
)
def test_only_the_patched_places_change(patch: list[Operation], removed: list[str], added: list[str]) -> None:
    new = edit_text(TEXT, patch)
    assert changed_lines(new) == (removed, added)
    assert json.loads(new) == apply_patch(json.loads(TEXT), patch)


def test_a_moved_value_has_the_indentation_of_its_new_place() -> None:
    new = edit_text(
        TEXT,
        [add(("flow", 1, "onerror"), []), move(("flow", 1, "x"), ("flow", 1, "onerror", "-"))],
    )
    assert new.splitlines()[4:] == [
        "        {",
        '            "id": 2,',
        '            "mapper": {},',
        '            "onerror": [',
        "                {",
        '                    "y": [1,2]',
        "                }",
        "            ]",
        "        }",
        "    ]",
        "}",
    ]


def test_line_ends_and_tabs_stay() -> None:
    text = json.dumps({"a": {"b": 1}}, indent="\t").replace("\n", "\r\n")
    new = edit_text(text, [add(("a", "c"), {"d": [1]})])
    assert new == json.dumps({"a": {"b": 1, "c": {"d": [1]}}}, indent="\t").replace("\n", "\r\n")


def test_a_document_on_one_line_stays_on_one_line() -> None:
    patch = [add(("a", "c"), {"d": [1, 2]}), add(("e",), [])]
    spaced = edit_text('{"a": {"b": 1}}', patch)
    assert spaced == '{"a": {"b": 1, "c": {"d": [1, 2]}}, "e": []}'
    assert edit_text('{"a":{"b":1}}', patch) == '{"a":{"b":1,"c":{"d":[1,2]}},"e":[]}'


def test_characters_are_written_as_the_document_writes_them() -> None:
    assert edit_text('{"a": "é"}', [add(("b",), "ü")]) == '{"a": "é", "b": "ü"}'
    assert edit_text('{"a": "\\u00e9"}', [add(("b",), "ü")]) == '{"a": "\\u00e9", "b": "\\u00fc"}'
    assert edit_text('{"a": "\\/x 😀 \\ud83d\\ude00 y"}', [replace(("a",), "/x 😀 😀 z")]) == (
        '{"a": "\\/x 😀 \\ud83d\\ude00 z"}'
    )


def test_members_of_modules_stand_in_the_order_of_exports() -> None:
    text = '{"module": "a:b", "mapper": {}}'
    new = edit_text(text, [add(("version",), 1), add(("id",), 2), add(("onerror",), [])])
    assert new == '{"id": 2, "module": "a:b", "version": 1, "mapper": {}, "onerror": []}'


def test_json_within_json_is_edited_in_place() -> None:
    inner = '{"name": "a\\u00e9b \\"q\\"",\n "flow": []}'
    text = json.dumps({"blueprint": inner, "other": 1}, indent=1)
    new = edit_text(text, [replace(("name",), 'aéb "r"'), add(("metadata",), {})], embedded_at=("blueprint",))
    assert json.loads(new) == {
        "blueprint": '{"name": "a\\u00e9b \\"r\\"",\n "flow": [],\n "metadata": {}}',
        "other": 1,
    }
    assert new.replace('\\"r', '\\"q').replace(',\\n \\"metadata\\": {}', "") == text


def test_of_repeated_members_the_last_one_counts() -> None:
    assert edit_text('{"a": 1, "a": 2}', [replace(("a",), 3)]) == '{"a": 1, "a": 3}'


@pytest.mark.parametrize(
    "operation",
    [
        replace(("absent",), 1),
        remove(("flow", 2)),
        add(("flow", 3), 1),
        add(("name", "x"), 1),
        move(("flow",), ("flow", 0)),
    ],
)
def test_an_operation_that_cannot_be_applied_is_an_error(operation: Operation) -> None:
    with pytest.raises(PatchError):
        edit_text(TEXT, [operation])


# Names that no other member of the same object has, as blueprints have them.
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)
LAYOUTS: list[dict[str, Any]] = [
    {},
    {"indent": 2},
    {"indent": "\t", "ensure_ascii": False},
    {"separators": (",", ":")},
    {"separators": (" , ", " : ")},
]


def iter_paths(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    paths = [path]
    if isinstance(value, dict):
        for name, inner in value.items():
            paths += iter_paths(inner, (*path, name))
    if isinstance(value, list):
        for place, inner in enumerate(value):
            paths += iter_paths(inner, (*path, place))
    return paths


@st.composite
def operations(draw: st.DrawFn, document: Any) -> Operation:
    paths = iter_paths(document)
    path, value = draw(st.sampled_from(paths)), draw(VALUES)
    new = (*path, draw(st.text(max_size=3) | st.integers(0, 3) | st.just("-")))
    return draw(
        st.sampled_from(
            [replace(path, value), remove(path), add(new, value), move(draw(st.sampled_from(paths)), new)]
        )
    )


@given(st.data(), VALUES, st.sampled_from(LAYOUTS))
def test_an_edited_text_is_the_patched_document(data: st.DataObject, document: Any, layout: Any) -> None:
    text = json.dumps(document, **layout)
    operation = data.draw(operations(document))
    try:
        expected = apply_patch(document, [operation])
    except PatchError:
        with pytest.raises(PatchError):
            edit_text(text, [operation])
        return
    new = edit_text(text, [operation])
    assert json.loads(new) == expected
    assert rebuild(text, new) == new


def rebuild(old: str, new: str) -> str:
    """Returns the old text with the replacements that lead to the new one."""
    starts = [0, *(match.end() for match in re.finditer("\n", old))]
    for each in reversed(find_replacements(old, new)):
        start = starts[each.start_line - 1] + each.start_column - 1
        end = starts[each.end_line - 1] + each.end_column - 1
        old = old[:start] + each.new + old[end:]
    return old


@given(st.text(alphabet="ab\n", max_size=30), st.text(alphabet="ab\n", max_size=30))
def test_replacements_lead_from_one_text_to_another(old: str, new: str) -> None:
    assume(old != new)
    assert rebuild(old, new) == new
