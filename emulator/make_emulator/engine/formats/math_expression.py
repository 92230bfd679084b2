"""Evaluator of math expressions as the app "Math" takes them: the arithmetic of mathjs, with real numbers only.

Sources: make.com, "Math" (its example); AdobeDocs, workfront-fusion.en, "Math" (the same engine), which refers to mathjs for the
syntax. Numbers are those of JavaScript. Matrices, units, complex numbers, texts and assignments are not supported.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from enum import Enum, auto
from typing import Final

from ..errors import ModuleError
from ..expressions.context import EvaluationBudget
from ..expressions.values import normalize_number

MAX_LENGTH: Final = 10_000
MAX_NESTING: Final = 50
MAX_FACTORIAL: Final = 170

_CONSTANTS: Mapping[str, float | bool] = {
    "pi": math.pi, "PI": math.pi, "e": math.e, "E": math.e, "tau": math.tau, "phi": (1 + math.sqrt(5)) / 2,
    "LN2": math.log(2), "LN10": math.log(10), "LOG2E": math.log2(math.e), "LOG10E": math.log10(math.e),
    "SQRT2": math.sqrt(2), "SQRT1_2": math.sqrt(0.5), "Infinity": math.inf, "NaN": math.nan,
    "true": True, "false": False,
}  # fmt: skip

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<operator>==|!=|<=|>=|[-+*/%^!<>?:(),])|(?P<end>\Z)|(?P<invalid>.))",
    re.ASCII | re.DOTALL,
)
#: Names that are operators.
_WORD_OPERATORS = frozenset(("mod", "and", "or", "xor", "not"))


class _Kind(Enum):
    NUMBER = auto()
    NAME = auto()
    OPERATOR = auto()
    END = auto()


def evaluate_math(text: str, budget: EvaluationBudget) -> int | float | bool:
    """Returns the value of an expression such as ``(sqrt(3^2 + 4^2)) + (2 * (3 + 4))``.

    Raises:
        ModuleError: if it is not an expression, or not one of real numbers (the texts are those of mathjs).
    """
    if len(text) > MAX_LENGTH:
        raise _error("The expression is too long.")
    budget.charge(1 + len(text) // 4)
    return _Evaluator(text, budget).evaluate()


def _error(text: str) -> ModuleError:
    return ModuleError("RuntimeError", text)


class _Evaluator:
    """One pass over an expression, which is evaluated as it is parsed; the recursion is as deep as its brackets."""

    def __init__(self, text: str, budget: EvaluationBudget) -> None:
        self._budget = budget
        self._tokens = _tokenize(text)
        self._position = 0
        self._depth = 0

    def evaluate(self) -> int | float | bool:
        value = self._conditional()
        if not self._is_end():
            self._fail_unexpected()
        return value if isinstance(value, bool) else normalize_number(value)

    # --- tokens ----------------------------------------------------------------------------------

    def _peek(self) -> str:
        """Returns the text of the next token if it is an operator, else nothing."""
        kind, text, _ = self._tokens[self._position]
        return text if kind is _Kind.OPERATOR else ""

    def _accept(self, *operators: str) -> str:
        text = self._peek()
        if text and text in operators:
            self._position += 1
            return text
        return ""

    def _is_end(self) -> bool:
        return self._tokens[self._position][0] is _Kind.END

    def _starts_value(self, offset: int = 0) -> bool:
        kind, text, _ = self._tokens[min(self._position + offset, len(self._tokens) - 1)]
        return kind in (_Kind.NUMBER, _Kind.NAME) or (kind is _Kind.OPERATOR and text == "(")

    def _fail_unexpected(self) -> None:
        kind, text, place = self._tokens[self._position]
        what = "part" if kind in (_Kind.NUMBER, _Kind.NAME) else "operator"
        raise _error(f'Unexpected {what} "{text[:20]}" (char {place})')

    # --- operators, the weakest first -------------------------------------------------------------

    def _conditional(self) -> float:
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise _error("The expression is nested too deep.")
        value = self._logical()
        if self._accept("?"):
            yes = self._conditional()
            if not self._accept(":"):
                raise _error(f"False part of conditional expression expected (char {self._place()})")
            no = self._conditional()
            value = yes if value else no
        self._depth -= 1
        return value

    def _logical(self) -> float:
        value = self._conjunction()
        while operator := self._accept("or", "xor"):
            other = self._conjunction()
            value = bool(value) != bool(other) if operator == "xor" else bool(value) or bool(other)
        return value

    def _conjunction(self) -> float:
        value = self._comparison()
        while self._accept("and"):
            other = self._comparison()
            value = bool(value) and bool(other)
        return value

    def _comparison(self) -> float:
        value = self._sum()
        while operator := self._accept("==", "!=", "<", ">", "<=", ">="):
            value = _COMPARISONS[operator](value, self._sum())
        return value

    def _sum(self) -> float:
        value = self._product()
        while operator := self._accept("+", "-"):
            start = self._position
            operand = self._product()
            if self._is_percentage(start):
                # 100 + 8% is 108.
                operand = value * operand
            value = value + operand if operator == "+" else value - operand
        return value

    def _is_percentage(self, start: int) -> bool:
        """Returns True if the operand since a token was a number with a percent sign, and nothing else."""
        kind = self._tokens[start][0]
        return self._position == start + 2 and kind is _Kind.NUMBER and self._tokens[start + 1][1] == "%"

    def _product(self) -> float:
        value = self._implicit_product()
        while operator := self._accept("*", "/", "%", "mod"):
            self._budget.charge()
            value = _ARITHMETIC[operator](value, self._implicit_product())
        return value

    def _implicit_product(self) -> float:
        """Evaluates factors without an operator between them, such as ``2 pi`` and ``2(3 + 4)``."""
        value = self._signed()
        while self._starts_value():
            if self._tokens[self._position][0] is _Kind.NUMBER:
                self._fail_unexpected()
            value = value * self._signed()
        return value

    def _signed(self) -> float:
        signs: list[str] = []
        while sign := self._accept("+", "-", "not"):
            signs.append(sign)
        value = self._power()
        for sign in reversed(signs):
            value = -value if sign == "-" else not value if sign == "not" else +value
        return value

    def _power(self) -> float:
        value = self._postfix()
        if not self._accept("^"):
            return value
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise _error("The expression is nested too deep.")
        value = _power(value, self._signed())
        self._depth -= 1
        return value

    def _postfix(self) -> float:
        value = self._primary()
        while True:
            if self._accept("!"):
                value = _factorial(value)
            elif self._peek() == "%" and not self._is_modulo():
                self._position += 1
                value = value / 100
            else:
                return value

    def _is_modulo(self) -> bool:
        """Returns True if a percent sign stands between two values: the sign behind ``8% - 1`` is an operator."""
        return self._starts_value(1)

    def _place(self) -> int:
        return self._tokens[self._position][2]

    def _primary(self) -> float:
        kind, text, place = self._tokens[self._position]
        if kind is _Kind.NUMBER:
            self._position += 1
            return float(text)
        if kind is _Kind.NAME:
            self._position += 1
            return self._call(text) if self._peek() == "(" and text not in _CONSTANTS else _constant(text)
        if self._accept("("):
            value = self._conditional()
            if not self._accept(")"):
                raise _error(f"Parenthesis ) expected (char {self._place()})")
            return value
        if kind is _Kind.END:
            raise _error(f"Unexpected end of expression (char {place})")
        raise _error(f"Value expected (char {place})")

    def _call(self, name: str) -> float:
        function = _FUNCTIONS.get(name)
        if function is None:
            raise _error(f"Undefined function {name[:50]}")
        self._accept("(")
        arguments: list[float] = []
        if not self._accept(")"):
            arguments.append(self._conditional())
            while self._accept(","):
                arguments.append(self._conditional())
            if not self._accept(")"):
                raise _error(f"Parenthesis ) expected (char {self._place()})")
        least, most, body = function
        if len(arguments) < least:
            raise _error(f"Too few arguments in function {name} (expected: number, index: {len(arguments)})")
        if most is not None and len(arguments) > most:
            raise _error(
                f"Too many arguments in function {name} (expected: {most}, actual: {len(arguments)})"
            )
        self._budget.charge(1 + len(arguments))
        return _real(lambda: body(*arguments))


def _tokenize(text: str) -> Sequence[tuple[_Kind, str, int]]:
    """Returns kind, text and place (from 1) of each token."""
    tokens: list[tuple[_Kind, str, int]] = []
    for match in _TOKEN.finditer(text):
        group = match.lastgroup or ""
        piece, place = match[group], match.start(group) + 1
        if group == "invalid":
            raise _error(f'Syntax error in part "{text[place - 1 : place + 19]}" (char {place})')
        is_operator = group == "operator" or piece in _WORD_OPERATORS
        kind = _Kind.OPERATOR if is_operator else _Kind[group.upper()]
        tokens.append((kind, piece, place))
        if kind is _Kind.END:
            break
    return tokens


def _constant(name: str) -> float:
    if name not in _CONSTANTS:
        raise _error(f"Undefined symbol {name[:50]}")
    return _CONSTANTS[name]


def _real(compute: Callable[[], float]) -> float:
    """Returns a result, NaN where there is none among the real numbers, and infinity where it is too large."""
    try:
        value = compute()
    except (ValueError, ZeroDivisionError):
        return math.nan
    except OverflowError:
        return math.inf
    if isinstance(value, complex):
        raise _error("The emulator does not calculate with complex numbers.")
    return value


def _power(base: float, exponent: float) -> float:
    if base == 0 and exponent < 0:
        return math.inf
    if base < 0 and not float(exponent).is_integer() and math.isfinite(exponent):
        raise _error("The emulator does not calculate with complex numbers.")
    return _real(lambda: math.pow(base, exponent))


def _divide(left: float, right: float) -> float:
    if right == 0:
        if left == 0 or math.isnan(left):
            return math.nan
        return math.copysign(math.inf, left) * math.copysign(1, right)
    return _real(lambda: left / right)


def _modulo(left: float, right: float) -> float:
    """Returns the remainder with the sign of the divisor; by zero, the dividend."""
    return left if right == 0 else _real(lambda: left - right * math.floor(left / right))


def _factorial(value: float) -> float:
    if value < 0 or math.isnan(value):
        raise _error("Value must be non-negative")
    if not float(value).is_integer():
        return _real(lambda: math.gamma(value + 1))
    return float(math.factorial(int(value))) if value <= MAX_FACTORIAL else math.inf


def _round_half_away(value: float, digits: float = 0) -> float:
    """Rounds halves away from zero, to 0 to 15 digits."""
    if not float(digits).is_integer() or not 0 <= digits <= 15:
        raise _error("Number of decimals in function round must be in the range of 0-15")
    if not math.isfinite(value):
        return value
    scale = 10.0 ** int(digits)
    scaled = abs(value) * scale
    whole = math.floor(scaled + 0.5) if math.isfinite(scaled) else scaled
    # The product may be just below the half that is written: 1.005.
    if float(f"{scaled:.15g}") - math.floor(scaled) >= 0.5 and math.isfinite(scaled):
        whole = math.floor(scaled) + 1
    return math.copysign(whole / scale, value)


def _sqrt(value: float) -> float:
    if value < 0:
        raise _error("The emulator does not calculate with complex numbers.")
    return math.sqrt(value)


def _log(value: float, base: float = math.e) -> float:
    if value < 0:
        raise _error("The emulator does not calculate with complex numbers.")
    if value == 0:
        return -math.inf
    return math.log(value) if base == math.e else _divide(math.log(value), math.log(base))


def _nth_root(value: float, root: float = 2) -> float:
    if value < 0:
        if root % 2 != 1:
            raise _error("Root must be odd when a is negative.")
        return -_power(-value, _divide(1, root))
    return _power(value, _divide(1, root))


def _median(*values: float) -> float:
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _whole(operation: Callable[..., int]) -> Callable[..., float]:
    def apply(*values: float) -> float:
        if not all(float(value).is_integer() for value in values):
            raise _error("Parameters in function must be integer numbers")
        return operation(*(int(value) for value in values))

    return apply


_ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "*": lambda a, b: a * b,
    "/": _divide,
    "%": _modulo,
    "mod": _modulo,
}
_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "==": lambda a, b: math.isclose(a, b, rel_tol=1e-12),
    "!=": lambda a, b: not math.isclose(a, b, rel_tol=1e-12),
    "<": lambda a, b: a < b and not math.isclose(a, b, rel_tol=1e-12),
    ">": lambda a, b: a > b and not math.isclose(a, b, rel_tol=1e-12),
    "<=": lambda a, b: a <= b or math.isclose(a, b, rel_tol=1e-12),
    ">=": lambda a, b: a >= b or math.isclose(a, b, rel_tol=1e-12),
}

#: Name -> the least and the most arguments, and the function.
_FUNCTIONS: Mapping[str, tuple[int, int | None, Callable[..., float]]] = {
    "abs": (1, 1, abs),
    "acos": (1, 1, math.acos),
    "acosh": (1, 1, math.acosh),
    "add": (2, None, lambda *values: sum(values)),
    "asin": (1, 1, math.asin),
    "asinh": (1, 1, math.asinh),
    "atan": (1, 1, math.atan),
    "atan2": (2, 2, math.atan2),
    "atanh": (1, 1, math.atanh),
    "cbrt": (1, 1, lambda value: math.copysign(math.pow(abs(value), 1 / 3), value)),
    "ceil": (1, 1, lambda value: math.ceil(value) if math.isfinite(value) else value),
    "cos": (1, 1, math.cos),
    "cosh": (1, 1, math.cosh),
    "cube": (1, 1, lambda value: value**3),
    "divide": (2, 2, _divide),
    "exp": (1, 1, math.exp),
    "factorial": (1, 1, _factorial),
    "fix": (1, 1, lambda value: math.trunc(value) if math.isfinite(value) else value),
    "floor": (1, 1, lambda value: math.floor(value) if math.isfinite(value) else value),
    "gcd": (2, None, _whole(math.gcd)),
    "hypot": (1, None, math.hypot),
    "lcm": (2, None, _whole(math.lcm)),
    "log": (1, 2, _log),
    "log10": (1, 1, lambda value: _log(value) if value <= 0 else math.log10(value)),
    "log2": (1, 1, lambda value: _log(value) if value <= 0 else math.log2(value)),
    "max": (1, None, lambda *values: max(values)),
    "mean": (1, None, lambda *values: sum(values) / len(values)),
    "median": (1, None, _median),
    "min": (1, None, lambda *values: min(values)),
    "mod": (2, 2, _modulo),
    "multiply": (2, None, lambda *values: math.prod(values)),
    "nthRoot": (1, 2, _nth_root),
    "pow": (2, 2, _power),
    "prod": (1, None, lambda *values: math.prod(values)),
    "round": (1, 2, _round_half_away),
    "sign": (1, 1, lambda value: math.copysign(1, value) if value else 0),
    "sin": (1, 1, math.sin),
    "sinh": (1, 1, math.sinh),
    "sqrt": (1, 1, _sqrt),
    "square": (1, 1, lambda value: value * value),
    "subtract": (2, 2, lambda a, b: a - b),
    "sum": (1, None, lambda *values: sum(values)),
    "tan": (1, 1, math.tan),
    "tanh": (1, 1, math.tanh),
    "unaryMinus": (1, 1, lambda value: -value),
}
