"""General functions: choosing between values, and reaching into collections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..context import Environment, is_equal_within_budget, resolve_path, text_within_budget
from ..values import MAX_DEPTH, Value, as_text, is_array, is_empty, is_number, is_truthy
from .registry import Thunk, argument_at, function, lazy_function


@lazy_function("if", 2, 3)
def _if(env: Environment, thunks: Sequence[Thunk]) -> Value:
    if is_truthy(thunks[0]()):
        return thunks[1]()
    return thunks[2]() if len(thunks) > 2 else None


@lazy_function("ifempty", 2, 2)
def _ifempty(env: Environment, thunks: Sequence[Thunk]) -> Value:
    """Empty are nothing and the empty text; 0 and false are not (developer documentation, "IML")."""
    value = thunks[0]()
    return thunks[1]() if is_empty(value) else value


@lazy_function("switch", 3, None)
def _switch(env: Environment, thunks: Sequence[Thunk]) -> Value:
    """Pairs of a value and a result; an odd one at the end is the result if none matches."""
    value = thunks[0]()
    pairs = thunks[1:]
    for place in range(0, len(pairs) - 1, 2):
        if is_equal_within_budget(value, pairs[place](), env.budget):
            return pairs[place + 1]()
    return pairs[-1]() if len(pairs) % 2 else None


@function("equal", 2)
def _equal(env: Environment, values: Sequence[Value]) -> Value:
    return is_equal_within_budget(values[0], values[1], env.budget)


@function("get", 2)
def _get(env: Environment, values: Sequence[Value]) -> Value:
    """The path may be a number or a text with dots; numbers count from 1."""
    return get_at_path(values[0], parse_path(values[1]))


#: Characters of a path that are read.
_MAX_PATH_LENGTH = 10_000


def parse_path(path: Value) -> list[str | int]:
    """The steps of a path written as a number (``2``) or with dots (``"2.raw_name"``)."""
    if is_number(path):
        return [int(path)] if isinstance(path, int) else ["?"]
    if is_array(path) or isinstance(path, Mapping):
        return ["?"]
    # Nothing lies deeper than that, and the rest of a longer path leads nowhere.
    steps = as_text(path)[:_MAX_PATH_LENGTH].split(".", MAX_DEPTH + 1)
    return [int(step) if _is_index(step) else step for step in steps]


def _is_index(step: str) -> bool:
    return step.isascii() and step.isdigit() and len(step) < 10


def get_at_path(item: Value, path: Sequence[str | int]) -> Value:
    """Follow a path of which a number may also be the name of a field."""
    for step in path:
        if item is None:
            break
        item = resolve_path(item, [step if is_array(item) else str(step)])
    return item


@function("pick", 2, None)
def _pick(env: Environment, values: Sequence[Value]) -> Value:
    names = _field_names(env, values[1:])
    return {name: item for name, item in _collection_argument(values).items() if name in names}


@function("omit", 2, None)
def _omit(env: Environment, values: Sequence[Value]) -> Value:
    names = _field_names(env, values[1:])
    return {name: item for name, item in _collection_argument(values).items() if name not in names}


def _collection_argument(values: Sequence[Value]) -> Mapping[str, Value]:
    value = argument_at(values, 0)
    return value if isinstance(value, Mapping) else {}


def _field_names(env: Environment, values: Sequence[Value]) -> set[str]:
    return {
        text_within_budget(name, env.budget)
        for value in values
        for name in (value if is_array(value) else [value])
    }
