"""What an expression comes to, given the bundles and variables in reach."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from ..errors import ExpressionError, Misfit
from .environment import Bundle, Environment, alike, follow, text_of
from .functions import FUNCTIONS
from .parser import REMEMBERED, Expression, template
from .syntax import Call, Chain, Literal, Node, Reference, Unary, Way, Word
from .values import (
    EMPTY_TEXT,
    Mark,
    Value,
    as_number,
    date_of,
    is_number,
    milliseconds,
    number,
    truthy,
)

#: Names that stand for a value wherever they appear (vendor's list of keywords and variables).
WORDS: Mapping[str, Callable[[Environment], Value]] = {
    "null": lambda env: None,
    "true": lambda env: True,
    "false": lambda env: False,
    "emptystring": lambda env: EMPTY_TEXT,
    "emptyarray": lambda env: [],
    "space": lambda env: " ",
    "tab": lambda env: "\t",
    "newline": lambda env: "\n",
    "nbsp": lambda env: "\xa0",
    "carriagereturn": lambda env: "\r",
    "ignore": lambda env: Mark.IGNORE,
    "erase": lambda env: Mark.ERASE,
    "now": lambda env: date_of(env.now),
    "timestamp": lambda env: env.now // 1000,
    "pi": lambda env: math.pi,
    "random": lambda env: env.random.random(),
    "uuid": lambda env: str(uuid.UUID(int=env.random.getrandbits(128), version=4)),
}


def fill(text: str, env: Environment) -> Value:
    """What a text comes to: the value itself if it is one expression and nothing else, else a text.

    Raises:
        ExpressionError: if an expression cannot be read or computed.
        Misfit: if a collection stands amid text.
    """
    if "{{" not in text:
        return text
    if len(text) > REMEMBERED:
        env.budget.step(len(text) // 10)
    parts = template(text)
    if len(parts) == 1:
        [part] = parts
        return part if isinstance(part, str) else _worth(part, env)
    made: list[str] = []
    length = 0
    for part in parts:
        piece = part if isinstance(part, str) else text_of(_worth(part, env), env.budget)
        length += len(piece)
        env.budget.text(length)
        made.append(piece)
    return "".join(made)


def _worth(part: Expression, env: Environment) -> Value:
    # What is short was read before, mostly.
    length = len(part.source)
    env.budget.step(1 + (length if length > REMEMBERED else length // 8))
    return evaluate(part.node(), env)


def evaluate(node: Node, env: Environment) -> Value:
    """The value of an expression.

    Raises:
        ModuleError: and nothing else, whatever the expression says.
    """
    env.budget.step()
    # A table is several times faster here than matching of patterns, and here is where time goes.
    return _KINDS[type(node)](node, env)


def _literal(node: Literal, env: Environment) -> Value:
    return node.value


def _word(node: Word, env: Environment) -> Value:
    word = WORDS.get(node.name)
    return word(env) if word else env.variables.get(node.name)


def _reference(node: Reference, env: Environment) -> Value:
    if isinstance(node.root, int):
        return _from_bundle(env.scope.find(node.root, env.budget), node.path)
    return follow(env.variables.get(node.root), node.path)


def _way(node: Way, env: Environment) -> Value:
    """A place that is no whole number leads to nothing."""
    path: list[str | int] = []
    for step in node.path:
        if not isinstance(step, (str, int)):
            try:
                place = as_number(evaluate(step, env))
            except Misfit:
                return None
            if not isinstance(place, int):
                return None
            step = place
        path.append(step)
    return _reference(Reference(node.root, tuple(path)), env)


def _from_bundle(bundle: Bundle | None, path: Sequence[str | int]) -> Value:
    if bundle is None:
        return None
    value = follow(bundle.data, path)
    if value is None and len(path) == 1:
        return {"__IMTINDEX__": bundle.index, "__IMTLENGTH__": bundle.length}.get(str(path[0]))
    return value


def _call(node: Call, env: Environment) -> Value:
    function = FUNCTIONS.get(node.name)
    if function is None:
        raise ExpressionError(f"Function '{node.name}' not found!")
    try:
        if function.lazy:
            return function.call(env, [partial(_argument, argument, env) for argument in node.arguments])
        return function.apply(env, [_argument(argument, env) for argument in node.arguments])
    except ExpressionError as error:
        raise error.within(node.name) from None
    except Misfit:
        raise ExpressionError("The arguments do not fit.").within(node.name) from None


def _argument(node: Node | None, env: Environment) -> Value:
    if node is None:
        return None
    if isinstance(node, Word) and node.name not in WORDS and node.name not in env.variables:
        # Old blueprints write texts without quotes: contains(1.text; Hello).
        return node.name
    return evaluate(node, env)


def _chain(node: Chain, env: Environment) -> Value:
    value = evaluate(node.first, env)
    for operator, operand in node.rest:
        if operator == "&":
            value = evaluate(operand, env) if truthy(value) else value
        elif operator == "|":
            value = value if truthy(value) else evaluate(operand, env)
        else:
            value = _binary(operator, value, evaluate(operand, env), env)
    return value


def _binary(operator: str, left: Value, right: Value, env: Environment) -> Value:
    match operator:
        case "=" | "!=":
            equal = alike(_value(left), _value(right), env.budget)
            return equal if operator == "=" else not equal
        case "<" | ">" | "<=" | ">=":
            return _compare(operator, left, right)
        case "+" if isinstance(left, str) or isinstance(right, str):
            before, after = text_of(left, env.budget), text_of(right, env.budget)
            env.budget.text(len(before) + len(after))
            return before + after
        case _:
            return _arithmetic(operator, _numeric(left), _numeric(right))


def _value(value: Value) -> Value:
    return None if isinstance(value, Mark) else value


def _compare(operator: str, left: Value, right: Value) -> bool:
    if not (isinstance(left, str) and isinstance(right, str)):
        left, right = _numeric(left), _numeric(right)
    match operator:
        case "<":
            return bool(left < right)
        case ">":
            return bool(left > right)
        case "<=":
            return bool(left <= right)
    return bool(left >= right)


def _numeric(value: Value) -> float:
    """The number that arithmetic sees: nothing is 0, a date its milliseconds, the rest as text or NaN."""
    if value is None or isinstance(value, Mark) or value == "":
        return 0
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, datetime):
        return milliseconds(value)
    if is_number(value):
        return number(value)
    try:
        return as_number(value)
    except Misfit:
        return math.nan


def _arithmetic(operator: str, left: float, right: float) -> int | float:
    try:
        match operator:
            case "+":
                return number(left + right)
            case "-":
                return number(left - right)
            case "*":
                return number(left * right)
            case "/":
                return number(left / right)
        return number(math.fmod(left, right))
    except ZeroDivisionError:
        return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, left)
    except ValueError:
        # fmod of an infinite number, or by zero.
        return math.nan


def _unary(node: Unary, env: Environment) -> Value:
    value = evaluate(node.operand, env)
    for operator in reversed(node.operators):
        if operator == "!":
            value = not truthy(value)
        else:
            operand = _numeric(value)
            value = number(-operand if operator == "-" else operand)
    return value


_KINDS: Mapping[type, Callable[[Any, Environment], Value]] = {
    Literal: _literal,
    Word: _word,
    Reference: _reference,
    Way: _way,
    Call: _call,
    Chain: _chain,
    Unary: _unary,
}


def fill_deep(value: Any, env: Environment) -> Value:
    """Fill every text of a mapper's value; what is to be ignored is left out, what is to be erased is nothing."""
    if isinstance(value, str):
        return fill(value, env)
    if isinstance(value, Mapping):
        filled = {name: _below(name, item, env) for name, item in value.items()}
        env.budget.items(len(filled))
        return {
            name: None if item is Mark.ERASE else item
            for name, item in filled.items()
            if item is not Mark.IGNORE
        }
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        env.budget.items(len(value))
        items = (_below(place, item, env) for place, item in enumerate(value))
        return [None if item is Mark.ERASE else item for item in items if item is not Mark.IGNORE]
    return value


def _below(step: str | int, item: Any, env: Environment) -> Value:
    try:
        return fill_deep(item, env)
    except ExpressionError as error:
        raise error.below(step) from None
