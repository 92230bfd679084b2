"""The app "CSV": rows as bundles, bundles as rows, and texts that are no rows."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.engine import EngineHarness, error_of, iterator, last_module_output, module


def parse(text: Any, id: int = 1, **parameters: Any) -> Any:
    return module(id, "csv:ParseCSV", {"csv": text}, parameters=parameters)


def create(mapper: Any, id: int = 2, flags: Any = None, **parameters: Any) -> Any:
    parameters = {"feeder": 1, **parameters}
    return module(id, "csv:AnyOtherName", mapper, parameters=parameters, flags=flags or {})


def test_every_row_is_a_bundle_whose_columns_are_numbered() -> None:
    assert last_module_output(parse('name,age\r\n"Ann, ""B""\n",31\r\n')) == [
        {"col1": "name", "col2": "age"},
        {"col1": 'Ann, "B"\n', "col2": "31"},
    ]


def test_headers_are_left_out_and_name_nothing() -> None:
    assert last_module_output(parse("name,age\nAnn,31", containsHeaders=True, columnCount=2)) == [
        {"col1": "Ann", "col2": "31"}
    ]
    assert last_module_output(parse("name,age", containsHeaders=True)) == []


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        ("a,b\nc,", {"delimiterType": "comma"}),
        ("a\tb\rc\t", {"delimiterType": "tab"}),
        ("a;b\nc;\n", {"delimiterType": "other", "delimiter": ";"}),
        ("a.b\nc.", {"delimiterType": "other", "delimiter": "."}),
    ],
)
def test_cells_are_separated_as_the_parameters_say(text: str, parameters: Any) -> None:
    assert last_module_output(parse(text, **parameters)) == [
        {"col1": "a", "col2": "b"},
        {"col1": "c", "col2": ""},
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a,b\nc", "Number of columns on line 2 does not match header"),
        ("a,b\n\nc,d", "Number of columns on line 2 does not match header"),
        ('a,b"c', "Invalid opening quote at line 1"),
        ('a\n"b"c', 'Invalid closing quote at line 2; found "c" instead of delimiter ","'),
        ('a\n"b', "Quoted field not terminated at line 2"),
    ],
)
def test_what_is_no_table_is_a_data_error(text: str, reason: str) -> None:
    assert error_of(EngineHarness().run(parse(text))) == ("DataError", reason)


def test_misplaced_quotes_are_kept_if_the_module_says_so() -> None:
    assert last_module_output(parse('5" x,"a"b"\n', preserveQuotes=True)) == [{"col1": '5" x', "col2": 'a"b'}]


@pytest.mark.parametrize(
    "parameters",
    [
        {"columnCount": 0},
        {"columnCount": "many"},
        {"delimiterType": "semicolon"},
        {"delimiterType": ["comma"]},
        {"delimiterType": "other"},
        {"delimiterType": "other", "delimiter": ";;"},
        {"delimiterType": "other", "delimiter": '"'},
    ],
)
def test_parameters_that_are_invalid_are_rejected(parameters: Any) -> None:
    rejection = ("BundleValidationError", "Validation failed for 1 parameter(s).")
    assert error_of(EngineHarness().run(parse("a", **parameters))) == rejection


def test_no_text_at_all_is_a_missing_parameter() -> None:
    assert error_of(EngineHarness().run(parse("")))[0] == "BundleValidationError"


@pytest.mark.parametrize(
    "text", ["," * 3_000, "a\n" * 300_000, ("," * 999 + "\n") * 4_000, '"' * 3_000_000, '"\n' * 500_001]
)
def test_a_text_of_too_many_cells_ends_in_time(text: str) -> None:
    execution = EngineHarness().run(parse(text))
    assert execution.error is None or execution.error.name in ("DataSizeLimitExceededError", "DataError")


def test_an_aggregator_writes_a_row_for_each_bundle_with_all_cells_in_quotes() -> None:
    people = [{"n": 'Ann "A"', "mail": [{"at": 1}]}, {"n": "", "mail": ["x", "y"]}]
    mapper = {"mails": "{{1.mail}}", "Full Name": "{{1.n}}"}
    text = '"[object Object]","Ann ""A"""\n"x,y",""'
    assert last_module_output(iterator(*people), create(mapper)) == [{"text": text}]
    assert last_module_output(iterator(*people), create(mapper, includeHeaders=True)) == [
        {"text": f'"mails","Full Name"\n{text}'}
    ]


def test_an_aggregator_separates_as_its_parameters_say_and_groups() -> None:
    flags = {"groupBy": "{{1.w}}"}
    mapper = {"v": "{{1.v}}", "w": "{{1.w}}"}
    aggregator = create(mapper, flags=flags, delimiterType="tab", newline="crlf")
    items = [{"v": 1, "w": "a"}, {"v": 2, "w": "b"}, {"v": 3, "w": "a"}]
    assert last_module_output(iterator(*items), aggregator) == [
        {"text": '"1"\t"a"\r\n"3"\t"a"', "__IMTKEY__": "a"},
        {"text": '"2"\t"b"', "__IMTKEY__": "b"},
    ]


def test_an_aggregation_of_nothing_is_an_empty_text() -> None:
    assert last_module_output(iterator(), create({"v": "{{1.v}}"}, includeHeaders=True)) == [{"text": ""}]


def test_an_aggregator_without_a_feeder_fails() -> None:
    execution = EngineHarness().run(module(1, "csv:CreateCSV", {"a": 1}))
    assert error_of(execution)[0] == "BlueprintValidationError"


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=5)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=4), st.booleans())
def test_what_pythons_writer_wrote_is_read(rows: list[list[str]], all_quoted: bool) -> None:
    file = io.StringIO()
    csv.writer(file, quoting=csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL).writerows(rows)
    assert [list(bundle.values()) for bundle in last_module_output(parse(file.getvalue()))] == rows
