"""Test files with anything in them: mistakes or results, never a traceback."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.scenario_tests import write_test_file
from make_emulator.scenario_tests.documents import InvalidTestFileError, parse_test_file
from make_emulator.scenario_tests.golden import update_golden_values
from make_emulator.scenario_tests.output import json_document, junit_xml
from make_emulator.scenario_tests.results import check_test, failure_lines, find_unused

VALID: dict[str, Any] = {
    "given": {"now": "2026-03-02T09:00:00Z", "settings": {"unmatched": "mock"}},
    "modules": {
        "slack:CreateMessage": {"output": {"ts": "1"}},
        "Keep": [{"error": {"name": "DataError", "message": "x"}, "times": 1}, {"output": []}],
    },
    "http": [
        {
            "url": "https://crm.example.com/*",
            "status": 200,
            "headers": {"a": "b"},
            "body": {"a": 1},
            "times": 2,
            "delayMs": 5,
        }
    ],
    "tests": [
        {
            "name": "one",
            "given": {
                "webhook": {
                    "method": "post",
                    "query": {"q": "1"},
                    "headers": {"X": "y"},
                    "json": {"id": 1, "total": 500},
                },
                "records": {"50": {"k": {"total": 1}}},
                "variables": {"team": {"A": "b"}, "organization": {"N": 1}},
                "connections": {"40": {"outcome": "ok", "message": "m"}},
            },
            "marks": ["slow"],
            "cases": [{"name": "c", "n": 1}],
            "expect": {
                "status": "success",
                "error": {"name": {"$regex": "^D"}, "module": "Keep"},
                "outputs": {"a": {"$approx": 1, "$within": 0.1}},
                "response": {"status": 201, "headers": {"$length": 1}},
                "reached": ["Keep", 4],
                "not_reached": [9],
                "order": [1, 2, "Keep"],
                "modules": {
                    "Keep": {
                        "operations": {"at_least": 1},
                        "inputs": [{"key": "$any"}],
                        "bundles": {"$contains": {}},
                        "error": "$absent",
                    }
                },
                "filters": {"Large": "passed", "Small": {"passed": 1, "stopped": [{"a": {"$type": "date"}}]}},
                "requests": [{"url": {"$glob": "*"}, "query": {}}],
                "mails": {"$exact": []},
                "records": {"50": {"$not": {"a": {"$one_of": [1, "b"]}}}},
                "incomplete": 0,
                "operations": 3,
                "credits": {"at_most": 5},
                "name": "x",
                "active": True,
            },
        }
    ],
}

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(
        [
            0,
            -1,
            10**17,
            1.5,
            "",
            "$any",
            "$absent",
            "${n}",
            "${x}",
            "$${",
            "Keep",
            "4",
            "99",
            "{{1.id}}",
            "a\nb",
            "\x85",
            "1e400",
            "😀",
        ]
    ),
    st.sampled_from(
        [
            [],
            {},
            [[]],
            [{}],
            {"$regex": "("},
            {"$regex": "(a+)+$"},
            {"$exact": {"$exact": 1}},
            {"": ""},
            {"$type": []},
            {"$not": "$any"},
            {"at_most": 0},
        ]
    ),
    st.text(max_size=8),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in items:
        yield from places(item, (*path, step))


def replaced(path: tuple[Any, ...], value: Any, *, removes: bool, key: str | None) -> dict[str, Any]:
    whole = copy.deepcopy(VALID)
    inner: Any = whole
    for step in path[:-1]:
        inner = inner[step]
    if removes:
        del inner[path[-1]]
    elif key is not None and isinstance(inner, dict):
        inner[key] = inner.pop(path[-1])
    else:
        inner[path[-1]] = value
    return whole


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    write_test_file(folder, "")
    return folder


def run_all(text: str, folder: Path) -> None:
    path = folder / "orders.test.yaml"
    path.write_text(text, "utf-8")
    try:
        file = parse_test_file(path.read_bytes().decode(), path)
    except InvalidTestFileError as error:
        mistakes: InvalidTestFileError | None = error
    else:
        mistakes = None
    if mistakes is not None:
        assert mistakes.issues
        assert all(issue.text and issue.file == str(path) for issue in mistakes.issues)
        assert "\x1b" not in str(mistakes)
        return
    results = [check_test(test) for test in file.tests]
    for result in results:
        lines = list(failure_lines(result))
        assert bool(lines) or not result.is_failure
        assert not any("\n" in line for line in lines)
    json.dumps(json_document(results, [], []))
    junit_xml(results)
    find_unused(use for result in results for use in result.stub_uses)
    update = update_golden_values(path, file, results)
    # What was written is a test file again.
    parse_test_file(update.after, path)


def test_the_file_that_is_damaged_is_valid(folder: Path) -> None:
    path = folder / "orders.test.yaml"
    file = parse_test_file(json.dumps(VALID), path)
    assert [test.name for test in file.tests] == ["one [c]"]


@given(
    path=st.sampled_from(list(places(VALID))),
    value=ODD,
    removes=st.booleans(),
    key=st.none() | st.sampled_from(["", "x", "given", "4", "Keep", "$any", "$regex"]),
)
def test_a_damaged_file_is_a_mistake_or_runs(
    folder: Path, path: tuple[Any, ...], value: Any, removes: bool, key: str | None
) -> None:
    run_all(json.dumps(replaced(path, value, removes=removes, key=key), ensure_ascii=False), folder)


@given(path=st.sampled_from([place for place in places(VALID) if "expect" in place]), value=ODD)
def test_without_a_table_the_golden_values_are_valid(folder: Path, path: tuple[Any, ...], value: Any) -> None:
    whole = replaced(path, value, removes=False, key=None)
    whole["tests"][0].pop("cases", None)
    run_all(json.dumps(whole, ensure_ascii=False), folder)


@given(text=st.text(st.sampled_from("tes:-[]{}, \n#'\"&*!|>%@`$\t"), max_size=40))
def test_any_text_is_a_mistake(folder: Path, text: str) -> None:
    run_all(text, folder)
