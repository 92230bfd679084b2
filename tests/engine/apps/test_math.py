"""Expressions of the app "Math"."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.engine import EngineHarness, error_of, last_module_output, module, set_variable
from make_emulator.engine.budget import Budget
from make_emulator.engine.errors import ModuleError
from make_emulator.engine.formats.math_expression import _FUNCTIONS, evaluate_math


def evaluate(text: str) -> Any:
    return evaluate_math(text, Budget())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("(sqrt(3^2 + 4^2)) + (2 * (3 + 4))", 19),
        ("1 + 2 * 3", 7),
        ("10 / 4", 2.5),
        ("10/3", 10 / 3),
        ("0.1 + 0.2", 0.30000000000000004),
        ("-2^2", -4),
        ("2^-1", 0.5),
        ("2^3^2", 512),
        ("5 + -3", 2),
        ("--2", 2),
        ("8 % 3", 2),
        ("-7 mod 3", 2),
        ("8%", 0.08),
        ("100 + 8%", 108),
        ("200 - 10%", 180),
        ("50 * 10%", 5),
        ("8% + 1", 1.08),
        ("5!", 120),
        ("3!!", 720),
        ("2 pi", math.tau),
        ("2(3 + 4)", 14),
        ("(1 + 1)(3)", 6),
        ("1e3 + .5", 1000.5),
        ("3 > 2", True),
        ("1 == 2 or 2 <= 2", True),
        ("not (1 < 2)", False),
        ("3 > 2 ? 10 : 20", 10),
        ("1 > 2 ? 10 : 2 > 1 ? 20 : 30", 20),
        ("round(2.5) + round(-2.5)", 0),
        ("round(1.005, 2)", 1.01),
        ("round(1234.5678, 1)", 1234.6),
        ("floor(-1.5) + ceil(1.2) + fix(-1.9)", -1),
        ("max(1, 5, 3) - min(4, 2)", 3),
        ("mean(1, 2, 6) + median(3, 1, 2) + sum(1, 2)", 8),
        ("log(100, 10) + log10(1000) + log2(8) + log(e)", 9),
        ("cbrt(-27) + nthRoot(16, 4) + hypot(3, 4)", 4),
        ("abs(-3) * sign(-2) + pow(2, 3) + square(3) + cube(2)", 22),
        ("gcd(12, 18) + lcm(4, 6)", 18),
        ("sin(0) + cos(0) + atan2(0, 1)", 1),
        ("exp(0) + factorial(4)", 25),
        ("1 / 0", math.inf),
        ("-1 / 0", -math.inf),
        ("171!", math.inf),
        ("10^400", math.inf),
        ("5 mod 0", 5),
    ],
)
def test_an_expression_has_the_value_that_mathjs_gives(text: str, value: Any) -> None:
    result = evaluate(text)
    assert isinstance(result, bool) == isinstance(value, bool)
    assert result == value or math.isclose(result, value, rel_tol=1e-15), result


def test_what_has_no_value_is_not_a_number() -> None:
    assert math.isnan(evaluate("0 / 0"))
    assert math.isnan(evaluate("acos(2)"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 +", "Unexpected end of expression (char 4)"),
        ("x + 1", "Undefined symbol x"),
        ("foo(1)", "Undefined function foo"),
        ("(1 + 2", "Parenthesis ) expected (char 7)"),
        ("1 2", 'Unexpected part "2" (char 3)'),
        ("1, 2", 'Unexpected operator "," (char 2)'),
        ("2 ** 3", "Value expected (char 4)"),
        ("1 ? 2", "False part of conditional expression expected (char 6)"),
        ("2 $ 3", 'Syntax error in part "$ 3" (char 3)'),
        ("sqrt()", "Too few arguments in function sqrt (expected: number, index: 0)"),
        ("sqrt(1, 2)", "Too many arguments in function sqrt (expected: 1, actual: 2)"),
        ("(-1)!", "Value must be non-negative"),
        ("gcd(1.5, 2)", "Parameters in function must be integer numbers"),
        ("sqrt(-1)", "The emulator does not calculate with complex numbers."),
        ("__import__(1)", "Undefined function __import__"),
        ("'1'", "Syntax error in part \"'1'\" (char 1)"),
        ("(" * 60 + "1" + ")" * 60, "The expression is nested too deep."),
        ("2^" * 60 + "1", "The expression is nested too deep."),
        ("1" * 10_001, "The expression is too long."),
    ],
)
def test_what_is_no_expression_fails_the_module(text: str, message: str) -> None:
    with pytest.raises(ModuleError) as caught:
        evaluate(text)
    assert (caught.value.name, caught.value.message) == ("RuntimeError", message)


@given(st.text(alphabet="12.e+-*/%^!()<>=?:, pisqrtmaxnot", max_size=60))
def test_any_text_has_a_value_or_fails(text: str) -> None:
    with suppress(ModuleError):
        assert isinstance(evaluate(text), (int, float))


@pytest.mark.parametrize("name", _FUNCTIONS)
def test_every_function_takes_any_numbers(name: str) -> None:
    for values in ("0", "-1.5", "1e308, 3", "Infinity, 2", "NaN, 0", "2, -3, 7"):
        with suppress(ModuleError):
            assert isinstance(evaluate(f"{name}({values})"), (int, float))


def test_the_module_evaluates_what_is_mapped() -> None:
    expression = module(2, "math:EvaluateExpression", {"expression": "({{1.x}} + 1) * 2"})
    assert last_module_output(set_variable(1, 4), expression) == [{"result": 10}]
    failed = EngineHarness().run(module(1, "math:EvaluateExpression", {"expression": ""}))
    assert error_of(failed)[0] == "BundleValidationError"
