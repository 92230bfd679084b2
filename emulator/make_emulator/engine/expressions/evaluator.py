"""Evaluator of expressions and templates."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from operator import ge, gt, le, lt
from typing import Any

from ...plain_text import did_you_mean
from .ast import (
    BinaryChain,
    Call,
    DynamicReference,
    Identifier,
    Literal,
    Node,
    PathIntoCall,
    Reference,
    Unary,
    UnquotedName,
)
from .context import Bundle, Environment, is_equal_within_budget, resolve_path, text_within_budget
from .errors import ConversionError, ExpressionError
from .functions import FUNCTIONS
from .parser import SHORT_LENGTH
from .template import Expression, parse_template
from .values import (
    EMPTY_TEXT,
    FieldMarker,
    Value,
    as_number,
    date_from_milliseconds,
    is_number,
    is_truthy,
    normalize_number,
    to_epoch_milliseconds,
)

#: Keywords and their values (vendor's list of keywords and variables).
KEYWORDS: Mapping[str, Callable[[Environment], Value]] = {
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
    "ignore": lambda env: FieldMarker.IGNORE,
    "erase": lambda env: FieldMarker.ERASE,
    "now": lambda env: date_from_milliseconds(env.now),
    "timestamp": lambda env: env.now // 1000,
    "pi": lambda env: math.pi,
    "random": lambda env: env.random.random(),
    "uuid": lambda env: str(uuid.UUID(int=env.random.getrandbits(128), version=4)),
}


def render(text: str, env: Environment) -> Value:
    """Evaluates a template: to the value of its expression if it has nothing else, else to a text.

    Raises:
        ExpressionError: if an expression cannot be parsed or evaluated.
    """
    if "{{" not in text:
        return text
    if len(text) > SHORT_LENGTH:
        env.budget.charge(len(text) // 10)
    parts = parse_template(text)
    if len(parts) == 1:
        [part] = parts
        return part if isinstance(part, str) else _evaluate_expression(part, env)
    texts: list[str] = []
    length = 0
    for part in parts:
        piece = (
            part
            if isinstance(part, str)
            else text_within_budget(_evaluate_expression(part, env), env.budget, collections_as_json=True)
        )
        length += len(piece)
        env.budget.charge_text(length)
        texts.append(piece)
    return "".join(texts)


def _evaluate_expression(part: Expression, env: Environment) -> Value:
    # A short expression is mostly in the cache.
    length = len(part.source)
    env.budget.charge(1 + (length if length > SHORT_LENGTH else length // 8))
    return evaluate(part.node(), env)


def evaluate(node: Node, env: Environment) -> Value:
    """Returns the value of an expression.

    Raises:
        ModuleError: and no other error, whatever the expression.
    """
    env.budget.charge()
    # A table is several times faster than a match statement, and this is the hot spot.
    return _EVALUATORS[type(node)](node, env)


def _evaluate_literal(node: Literal, env: Environment) -> Value:
    return node.value


def _evaluate_identifier(node: Identifier, env: Environment) -> Value:
    keyword = KEYWORDS.get(node.name)
    return keyword(env) if keyword else env.variables.get(node.name)


def _evaluate_reference(node: Reference, env: Environment) -> Value:
    if isinstance(node.root, int):
        return _resolve_in_bundle(env.scope.find(node.root, env.budget), node.path)
    return resolve_path(env.variables.get(node.root), node.path)


def _evaluate_dynamic_reference(node: DynamicReference, env: Environment) -> Value:
    return _evaluate_reference(Reference(node.root, _evaluate_path(node.path, env)), env)


def _evaluate_path(
    path: Sequence[str | int | Reference | DynamicReference], env: Environment
) -> tuple[str | int, ...]:
    """Evaluates the indexes of a path; one that is no whole number from 1 on leads to nothing."""
    return tuple(step if isinstance(step, (str, int)) else _to_index(evaluate(step, env)) for step in path)


def _evaluate_path_into_call(node: PathIntoCall, env: Environment) -> Value:
    return resolve_path(evaluate(node.call, env), _evaluate_path(node.path, env))


def _evaluate_unquoted_name(node: UnquotedName, env: Environment) -> Value:
    return None


def _to_index(value: Value) -> int:
    try:
        index = as_number(value)
    except ConversionError:
        return 0
    return index if isinstance(index, int) else 0


def _resolve_in_bundle(bundle: Bundle | None, path: Sequence[str | int]) -> Value:
    if bundle is None:
        return None
    value = resolve_path(bundle.data, path)
    if value is None and len(path) == 1:
        return {"__IMTINDEX__": bundle.index, "__IMTLENGTH__": bundle.length}.get(str(path[0]))
    return value


def _evaluate_call(node: Call, env: Environment) -> Value:
    function = FUNCTIONS.get(node.name) or env.functions(node.name)
    if function is None:
        raise ExpressionError(f"Function '{node.name}' not found!", hint=function_hint(node.name))
    try:
        if function.lazy:
            return function.call(
                env, [partial(_evaluate_argument, argument, env) for argument in node.arguments]
            )
        return function.apply(env, [_evaluate_argument(argument, env) for argument in node.arguments])
    except ExpressionError as error:
        raise error.in_function(node.name) from None
    except ConversionError:
        raise ExpressionError("The arguments do not fit.").in_function(node.name) from None


#: Functions of other languages, and of notes on Make, -> what Make has instead.
_OTHER_FUNCTIONS: Mapping[str, str] = {
    "and": "the operator &",
    "char": "a keyword such as newline or tab",
    "concat": "texts next to each other, or merge for arrays",
    "dateDifference": "the difference of two dates, in milliseconds",
    "exists": "if or ifempty",
    "filter": "map with a key and values to filter by",
    "find": "map with a key and values to filter by, and first",
    "isempty": "ifempty",
    "len": "length",
    "not": "the operator !",
    "now": "the keyword now, without brackets",
    "or": "the operator |",
    "parseJSON": "the module json:ParseJSON",
    "toJSON": "the module json:CreateJSON or json:TransformToJSON",
    "toNumber": "parseNumber",
}


def function_hint(name: str) -> str:
    """Returns a sentence about a function that does not exist, with the nearest thing that does."""
    if (other := _OTHER_FUNCTIONS.get(name)) is not None:
        return f"Make has no function '{name}'; use {other}."
    return f"Make has no function '{name[:100]}'{did_you_mean(name[:100], FUNCTIONS) or '.'}"


def _evaluate_argument(node: Node | None, env: Environment) -> Value:
    if node is None:
        return None
    if isinstance(node, Identifier) and node.name not in KEYWORDS and node.name not in env.variables:
        # Old blueprints have texts without quotes: contains(1.text; Hello).
        return node.name
    if isinstance(node, Reference) and isinstance(node.root, str) and not node.path:
        # A text in backticks is a text too (reports of practitioners).
        return env.variables.get(node.root, node.root)
    return evaluate(node, env)


def _evaluate_chain(node: BinaryChain, env: Environment) -> Value:
    value = evaluate(node.first, env)
    for operator, operand in node.rest:
        if operator == "&":
            value = evaluate(operand, env) if is_truthy(value) else value
        elif operator == "|":
            value = value if is_truthy(value) else evaluate(operand, env)
        else:
            value = _apply_operator(operator, value, evaluate(operand, env), env)
    return value


def _apply_operator(operator: str, left: Value, right: Value, env: Environment) -> Value:
    match operator:
        case "=" | "!=":
            equal = is_equal_within_budget(_without_marker(left), _without_marker(right), env.budget)
            return equal if operator == "=" else not equal
        case "<" | ">" | "<=" | ">=":
            return _compare(operator, left, right)
        case "+" if isinstance(left, str) or isinstance(right, str):
            before, after = text_within_budget(left, env.budget), text_within_budget(right, env.budget)
            env.budget.charge_text(len(before) + len(after))
            return before + after
        case _:
            return _calculate(operator, _to_number_or_nan(left), _to_number_or_nan(right))


def _without_marker(value: Value) -> Value:
    return None if isinstance(value, FieldMarker) else value


def _compare(operator: str, left: Value, right: Value) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return _COMPARISONS[operator](left, right)
    return _COMPARISONS[operator](_to_number_or_nan(left), _to_number_or_nan(right))


# Both operands are texts, or both are numbers.
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {"<": lt, ">": gt, "<=": le, ">=": ge}


def _to_number_or_nan(value: Value) -> float:
    """Returns the operand of arithmetic: 0 for nothing, the milliseconds of a date, the number in a text, else NaN."""
    if value is None or isinstance(value, FieldMarker) or value == "":
        return 0
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, datetime):
        return to_epoch_milliseconds(value)
    if is_number(value):
        return normalize_number(value)
    try:
        return as_number(value)
    except ConversionError:
        return math.nan


def _calculate(operator: str, left: float, right: float) -> int | float:
    try:
        match operator:
            case "+":
                return normalize_number(left + right)
            case "-":
                return normalize_number(left - right)
            case "*":
                return normalize_number(left * right)
            case "/":
                return normalize_number(left / right)
        return normalize_number(math.fmod(left, right))
    except ZeroDivisionError:
        return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, left)
    except ValueError:
        # fmod of an infinite number, or by zero.
        return math.nan


def _evaluate_unary(node: Unary, env: Environment) -> Value:
    value = evaluate(node.operand, env)
    for operator in reversed(node.operators):
        if operator == "!":
            value = not is_truthy(value)
        else:
            operand = _to_number_or_nan(value)
            value = normalize_number(-operand if operator == "-" else operand)
    return value


# Each takes the nodes of its type only, which no type of a mapping says.
_EVALUATORS: Mapping[type, Callable[[Any, Environment], Value]] = {
    Literal: _evaluate_literal,
    Identifier: _evaluate_identifier,
    Reference: _evaluate_reference,
    DynamicReference: _evaluate_dynamic_reference,
    UnquotedName: _evaluate_unquoted_name,
    Call: _evaluate_call,
    PathIntoCall: _evaluate_path_into_call,
    BinaryChain: _evaluate_chain,
    Unary: _evaluate_unary,
}


def render_deep(value: Value, env: Environment) -> Value:
    """Evaluates every template in a value of a mapper; ignored items are left out, erased ones are ``None``."""
    if isinstance(value, str):
        return render(value, env)
    if isinstance(value, Mapping):
        rendered = {name: _render_child(name, item, env) for name, item in value.items()}
        env.budget.charge_items(len(rendered))
        return {
            name: None if item is FieldMarker.ERASE else item
            for name, item in rendered.items()
            if item is not FieldMarker.IGNORE
        }
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        env.budget.charge_items(len(value))
        items = (_render_child(index, item, env) for index, item in enumerate(value))
        return [
            None if item is FieldMarker.ERASE else item for item in items if item is not FieldMarker.IGNORE
        ]
    return value


def _render_child(step: str | int, item: Value, env: Environment) -> Value:
    try:
        return render_deep(item, env)
    except ExpressionError as error:
        raise error.at_step(step) from None
