"""Properties of all expressions."""

from __future__ import annotations

import json
import math
from contextlib import nullcontext, suppress
from datetime import UTC
from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from helpers.engine import evaluation_context, render_text
from make_emulator.engine.budget import Budget
from make_emulator.engine.errors import ModuleError
from make_emulator.engine.expressions.evaluator import render
from make_emulator.engine.expressions.functions import FUNCTIONS
from make_emulator.engine.expressions.functions.registry import Thunk
from make_emulator.engine.expressions.regex.matcher import compile_regex
from make_emulator.engine.expressions.template import parse_template
from make_emulator.engine.expressions.values import (
    Value,
    as_number,
    as_text,
    is_equal,
    normalize_number,
    to_json_value,
)
from make_emulator.engine.filters import OPERATORS, condition_holds

#: Texts that look like expressions more often than not.
FRAGMENTS = st.sampled_from(
    [
        *(
            "1.name",
            "1.numbers",
            "1.people",
            "1.people[2].age",
            "1.missing",
            "1.date",
            "`1`",
            "var.input.city",
        ),
        *("now", "null", "true", "emptyarray", "ignore", "erase", "emptystring", "uuid", "pi", "word"),
        *(
            "+",
            "-",
            "*",
            "/",
            "%",
            "&",
            "|",
            "!",
            "=",
            "!=",
            "<",
            ">=",
            "(",
            ")",
            ";",
            "[",
            "]",
            "[]",
            ".",
            "`",
        ),
        *('"text"', "'it''s'", '"/a+/g"', "0", "1", "42", "1.5", "999999999999999999999", " ", '"'),
        *(f"{name}(" for name in FUNCTIONS),
    ]
)
EXPRESSIONS = st.lists(FRAGMENTS, max_size=12).map("".join)

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.datetimes(timezones=st.just(UTC))
    | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(EXPRESSIONS | st.text(max_size=60))
def test_nothing_but_a_module_error_comes_out_of_an_expression(source: str) -> None:
    with suppress(ModuleError):
        render("{{" + source + "}}", evaluation_context(Budget(work=50_000)))


@given(st.sampled_from(sorted(FUNCTIONS)), st.lists(VALUES, max_size=5))
def test_nothing_but_a_module_error_comes_out_of_a_function(name: str, values: list[Value]) -> None:
    arguments: list[Thunk] = [partial(lambda value: value, value) for value in values]
    with suppress(ModuleError):
        json.dumps(to_json_value(FUNCTIONS[name].call(evaluation_context(), arguments)), allow_nan=False)


@given(st.text(max_size=200))
def test_a_text_in_quotes_is_that_text(text: str) -> None:
    assert render_text('{{"' + text.replace('"', '""') + '"}}') == text
    assert render_text("{{'" + text.replace("'", "''") + "'}}") == text


@given(st.integers(0, 2**53) | st.floats(0, 1e20, allow_nan=False).map(normalize_number))
def test_a_number_that_is_written_out_is_that_number(value: float) -> None:
    text = as_text(value)
    assert as_number(text) == value
    if "e" not in text:
        assert render_text("{{" + text + "}}") == value


@given(st.text())
def test_a_text_without_braces_is_itself(text: str) -> None:
    if "{{" not in text:
        assert render_text(text) == text


@given(st.text(alphabet="{}\"'` a1.", max_size=40))
def test_cutting_a_text_loses_nothing(text: str) -> None:
    parts = parse_template(text)
    assert "".join(part if isinstance(part, str) else "{{" + part.source + "}}" for part in parts) == text


@given(VALUES)
def test_a_value_equals_itself_unless_it_is_not_a_number(value: Value) -> None:
    if "nan" not in repr(value):
        assert is_equal(value, value)


@given(st.floats(allow_nan=False) | st.integers())
def test_numbers_are_those_of_javascript(value: float) -> None:
    result = normalize_number(value)
    assert math.isclose(result, value) or math.isinf(result)
    assert isinstance(result, float) or abs(result) <= 2**53


@given(st.sampled_from(sorted(OPERATORS)), VALUES, VALUES)
def test_every_operator_answers_or_raises_a_module_error(operator: str, a: Value, b: Value) -> None:
    # Only a pattern may be wrong in itself; everything else is an answer.
    with suppress(ModuleError) if "pattern" in operator else nullcontext():
        assert condition_holds(operator, a, b, evaluation_context()) in (True, False)


@given(st.text(alphabet="ab()|*+?[]^$\\dw{1,}.-", max_size=20), st.text(alphabet="ab1 ", max_size=30))
def test_a_pattern_matches_in_bounded_time_or_is_rejected(pattern: str, text: str) -> None:
    with suppress(ModuleError):
        compile_regex(pattern, "g").replace(text, "<$&>", Budget())
