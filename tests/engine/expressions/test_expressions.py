"""Expression language: syntax errors, and conversions of values to text and other types."""

from __future__ import annotations

import math

import pytest

from helpers.engine import SAMPLE_BUNDLE, evaluation_context, render_text
from make_emulator.engine.budget import Budget
from make_emulator.engine.errors import BudgetExceededError, ConversionError, ExpressionError
from make_emulator.engine.expressions.evaluator import _OTHER_FUNCTIONS, render, render_deep
from make_emulator.engine.expressions.functions import FUNCTIONS
from make_emulator.engine.expressions.values import (
    EMPTY_TEXT,
    FieldMarker,
    Value,
    as_date,
    as_text,
    coerce,
    format_iso,
    to_json_value,
)


def refusal(text: str) -> str:
    with pytest.raises(ExpressionError) as caught:
        render_text(text)
    assert caught.value.name == "DataError"
    return caught.value.message


def test_an_unknown_function_is_named() -> None:
    assert refusal("{{createJSON(1.name)}}") == "Function 'createJSON' not found!"


def test_an_error_inside_of_a_call_names_every_call_around_it() -> None:
    assert refusal('{{if(exists(1.a); "x"; "y")}}') == (
        "Function 'if' finished with error! Function 'exists' not found!"
    )


def test_what_a_function_cannot_read_is_quoted() -> None:
    assert refusal('{{parseDate("soon"; "YYYY")}}') == (
        "Function 'parseDate' finished with error! 'soon' is not a valid date."
    )
    assert refusal("{{first(1.name)}}") == (
        "Function 'first' finished with error! 'Ada' is not a valid array."
    )


@pytest.mark.parametrize(
    "text", ["{{1 +}}", "{{upper(1.name}}", "{{1.a AND 1.b}}", "{{a AND b}}", "{{1.[x]}}", "{{;}}"]
)
def test_a_broken_expression_is_rejected(text: str) -> None:
    assert refusal(text).startswith("Invalid expression '")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{{1.name}}}", "{Ada}"),
        ("{{{1.name}}", "{Ada"),
        ("{{{{1.name}}}}", "{{Ada}}"),
        ('{"a": {{{1.name}}}, "b": 1}', '{"a": {Ada}, "b": 1}'),
        ("{{{ open", "{{{ open"),
        ("{{{", "{{{"),
        ('{{replace("{{{"; "{"; "x")}}', "xxx"),
    ],
)
def test_the_last_two_of_several_braces_open_an_expression(text: str, value: str) -> None:
    assert render_text(text) == value


def test_the_branch_that_is_not_taken_is_not_computed() -> None:
    assert render_text('{{if(1.yes; 1; parseDate("soon"; "YYYY"))}}') == 1


def test_an_error_names_its_place_in_the_field() -> None:
    def place(value: Value) -> str:
        with pytest.raises(ExpressionError) as caught:
            render_deep(value, evaluation_context())
        return caught.value.for_field("field").message.removesuffix(": Function 'no' not found!")

    assert place("{{no()}}") == "Failed to map 'field'"
    assert place({"6": "{{no()}}"}) == "Failed to map 'field.6'"
    assert place({"a": {"b": "{{no()}}"}}) == "Failed to map 'field.a.b'"
    assert place([{"name": "x", "value": "{{no()}}"}]) == "Failed to map '0.value'"
    assert place({"a": [1, [{"b": "{{no()}}"}]]}) == "Failed to map '0.b'"


def test_functions_want_the_right_number_of_arguments() -> None:
    assert "Wrong number of arguments: 3." in refusal("{{upper(1; 2; 3)}}")


def test_the_marks_leave_out_or_empty_a_field() -> None:
    mapper = {
        "a": "{{ignore}}",
        "b": "{{erase}}",
        "c": "{{if(1.no; 1; ignore)}}",
        "d": ["{{ignore}}", "{{1.name}}"],
    }
    assert render_deep(mapper, evaluation_context()) == {"b": None, "d": ["Ada"]}


def test_emptystring_differs_from_an_empty_text() -> None:
    assert render_text("{{emptystring}}") is EMPTY_TEXT
    assert render_text("{{1.empty}}") is not EMPTY_TEXT


def test_a_collection_within_text_is_json_without_blanks() -> None:
    bundle: dict[str, Value] = {
        "row": {"a": 0.5, "at": as_date("2016-06-20"), "ü": None},
        "rows": [{"a": 1}, {"a": [2.0]}],
    }
    assert render_text("see {{1.row}}", bundle) == 'see {"a":0.5,"at":"2016-06-20T00:00:00.000Z","ü":null}'
    assert render_text("see {{1.rows}}", bundle) == 'see {"a":1}, {"a":[2]}'


def test_a_collection_within_a_call_is_no_text() -> None:
    assert refusal("{{upper(1.address)}} Street") == (
        "Function 'upper' finished with error! The arguments do not fit."
    )


def test_an_operator_behind_an_operator_has_a_text_of_its_own() -> None:
    with pytest.raises(ExpressionError) as caught:
        render_deep({"value": ["{{if(1.a <> 2; 1; 2)}}"]}, evaluation_context())
    assert caught.value.name == "DataError"
    assert caught.value.for_field("v").message == "Invalid IML for parameter '0': Operator next to operator"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (5, "5"),
        (0.1, "0.1"),
        (1e21, "1e+21"),
        (2.0**60, "1152921504606847000"),
        (1e-7, "1e-7"),
        (0.000001, "0.000001"),
        (math.inf, "Infinity"),
        (math.nan, "NaN"),
    ],
)
def test_numbers_are_written_as_in_javascript(number: float, text: str) -> None:
    assert as_text(number) == text


def test_a_value_that_cannot_become_what_its_field_expects_is_a_misfit() -> None:
    with pytest.raises(ConversionError) as caught:
        coerce("soon", "date")
    assert caught.value.message == "Validation failed for 1 parameter(s)."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2016-06-20T17:26:44.356Z", "2016-06-20T17:26:44.356Z"),
        ("2016-06-20 19:26:44 GMT+02:00", "2016-06-20T17:26:44.000Z"),
        ("2016-06-20 19:26+0200", "2016-06-20T17:26:00.000Z"),
        ("2016-06-20", "2016-06-20T00:00:00.000Z"),
        ("2016/06/20 17:26", "2016-06-20T17:26:00.000Z"),
        ("06/20/2016 5:26 PM", "2016-06-20T17:26:00.000Z"),
        ("20.6.2016 17:26", "2016-06-20T17:26:00.000Z"),
    ],
)
def test_dates_are_read_in_the_forms_of_the_help_centre(text: str, expected: str) -> None:
    assert format_iso(as_date(text)) == expected


def test_what_is_kept_is_json() -> None:
    made = to_json_value(
        {"a": as_date("2016-06-20"), "b": b"x", "c": math.nan, "d": [FieldMarker.ERASE], "e": "\ud800"}
    )
    assert made == {"a": "2016-06-20T00:00:00.000Z", "b": "eA==", "c": None, "d": [None], "e": "\ufffd"}


def test_expressions_leave_bundles_as_they_were() -> None:
    before = repr(SAMPLE_BUNDLE)
    for text in (
        "{{add(1.numbers; 1)}}",
        "{{sort(1.numbers)}}",
        "{{reverse(1.words)}}",
        "{{shuffle(1.words)}}",
    ):
        render_text(text)
    assert repr(SAMPLE_BUNDLE) == before


# --- what cannot be had --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        f'{{{{replace("{"a" * 4_000}"; "a"; "{"b" * 4_000}")}}}}',
        f'{{{{join(split("{"a" * 4_000}"; ""); "{"b" * 4_000}")}}}}',
        f'{{{{replace("{"a" * 4_000}"; "/a/g"; "{"b" * 4_000}")}}}}',
    ],
)
def test_a_text_cannot_grow_without_bounds(text: str) -> None:
    budget = Budget(work=100_000)
    with pytest.raises(BudgetExceededError):
        render(text * 3, evaluation_context(budget))


def test_an_expression_cannot_be_nested_without_bounds() -> None:
    assert refusal("{{" + "(" * 3_000 + "1" + ")" * 3_000 + "}}") == "The expression is too long."
    assert render_text("{{" + "(" * 30 + "1" + ")" * 30 + "}}") == 1


def test_a_long_sum_is_no_deep_tree() -> None:
    assert render_text("{{" + "+".join(["1"] * 4_000) + "}}") == 4_000
    assert render_text("{{" + "-" * 5_000 + "1}}") == 1


def test_many_short_expressions_use_up_the_work() -> None:
    with pytest.raises(BudgetExceededError) as caught:
        render("{{1.name}}" * 1_000, evaluation_context(Budget(work=1_000)))
    assert caught.value.name == "ScenarioTimeoutError"


def test_brackets_in_quotes_do_not_hide_how_deep_others_lie() -> None:
    with pytest.raises(ExpressionError, match="too long"):
        render_text("{{" + "upper(')' + " * 700 + "'x'" + ")" * 700 + "}}")
    with pytest.raises(ExpressionError, match="too long"):
        render_text("{{" + "1.rows[" * 41 + "1" + "]" * 41 + "}}")
    assert render_text("{{upper('" + "(" * 100 + "')}}") == "(" * 100


def test_no_function_has_a_hint_to_use_another() -> None:
    assert _OTHER_FUNCTIONS.keys() & FUNCTIONS.keys() == set()
