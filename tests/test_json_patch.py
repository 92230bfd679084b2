from __future__ import annotations

import pytest

from make_emulator.json_patch import Operation, PatchError, add, apply_patch, move, remove, replace
from make_emulator.json_types import JsonObject

DOCUMENT: JsonObject = {"a": [1, 2, 3], "b/c": {"~d": None}}


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (add(("a", 1), 9), {"a": [1, 9, 2, 3], "b/c": {"~d": None}}),
        (add(("a", "-"), 9), {"a": [1, 2, 3, 9], "b/c": {"~d": None}}),
        (add(("b/c", "e"), 9), {"a": [1, 2, 3], "b/c": {"~d": None, "e": 9}}),
        (add((), 9), 9),
        (replace(("a", 0), {}), {"a": [{}, 2, 3], "b/c": {"~d": None}}),
        (replace((), []), []),
        (remove(("a", 0)), {"a": [2, 3], "b/c": {"~d": None}}),
        (remove(("b/c", "~d")), {"a": [1, 2, 3], "b/c": {}}),
        (move(("a", 0), ("a", "-")), {"a": [2, 3, 1], "b/c": {"~d": None}}),
        (move(("a",), ("b/c", "a")), {"b/c": {"~d": None, "a": [1, 2, 3]}}),
        (move(("a", 0), ("a", 0)), DOCUMENT),
    ],
)
def test_an_operation_changes_a_copy(operation: Operation, expected: object) -> None:
    document: JsonObject = {"a": [1, 2, 3], "b/c": {"~d": None}}
    assert apply_patch(document, [operation]) == expected
    assert document == DOCUMENT


def test_operations_are_applied_one_after_the_other() -> None:
    assert apply_patch({}, [add(("a",), []), add(("a", "-"), 1), add(("a", 0), 0)]) == {"a": [0, 1]}


@pytest.mark.parametrize(
    ("operation", "text"),
    [
        (add(("x", "y"), 1), "/x does not exist"),
        (add(("a", 4), 1), "/a/4 is no place of the array"),
        (add(("a", 0, "x"), 1), "/a/0 is neither an object nor an array"),
        (replace(("b/c", "d"), 1), "/b~1c/d does not exist"),
        (remove(("a", 3)), "/a/3 does not exist"),
        (move(("x",), ("a", 0)), "/x does not exist"),
        (move(("a",), ("a", 0)), "/a/0 lies in the value that is moved there"),
    ],
)
def test_an_operation_that_cannot_be_applied_is_an_error(operation: Operation, text: str) -> None:
    with pytest.raises(PatchError, match=f"^{text}$"):
        apply_patch(DOCUMENT, [operation])


def test_operations_are_written_as_rfc_6902_has_them() -> None:
    assert [
        each.to_json()
        for each in (
            add(("a", "-"), None),
            replace(("b/c", "~d"), 1),
            remove(("a", 0)),
            move(("a",), ("b",)).below(("response", "blueprint")),
        )
    ] == [
        {"op": "add", "path": "/a/-", "value": None},
        {"op": "replace", "path": "/b~1c/~0d", "value": 1},
        {"op": "remove", "path": "/a/0"},
        {"op": "move", "from": "/response/blueprint/a", "path": "/response/blueprint/b"},
    ]
