"""General functions: conditionals, and access to collections."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from ..constraint import Constraint
from ..context import Environment, is_equal_within_budget, resolve_path, text_within_budget
from ..values import MAX_DEPTH, Value, as_text, is_array, is_empty, is_number, is_truthy
from .expectations import Arguments, all_same_as_result, literal_at
from .registry import Thunk, argument_at, function, lazy_function


def _expect_branches(arguments: Arguments, result: Constraint | None) -> Sequence[Constraint | None]:
    return [None, result, result]


@lazy_function("if", 2, 3, expects=_expect_branches)
def _if(env: Environment, thunks: Sequence[Thunk]) -> Value:
    if is_truthy(thunks[0]()):
        return thunks[1]()
    return thunks[2]() if len(thunks) > 2 else None


@lazy_function("ifempty", 2, 2, expects=all_same_as_result)
def _ifempty(env: Environment, thunks: Sequence[Thunk]) -> Value:
    """``null`` and the empty text are empty; 0 and false are not (developer documentation, "IML")."""
    value = thunks[0]()
    return thunks[1]() if is_empty(value) else value


def _expect_cases(arguments: Arguments, result: Constraint | None) -> Sequence[Constraint | None]:
    """Every second argument has the type of the result."""
    return [None if place == 0 or place % 2 else result for place in range(len(arguments))]


@lazy_function("switch", 3, None, expects=_expect_cases)
def _switch(env: Environment, thunks: Sequence[Thunk]) -> Value:
    """Pairs of a value and a result; a single last argument is the default."""
    value = thunks[0]()
    pairs = thunks[1:]
    for place in range(0, len(pairs) - 1, 2):
        if is_equal_within_budget(value, pairs[place](), env.budget):
            return pairs[place + 1]()
    return pairs[-1]() if len(pairs) % 2 else None


@function("equal", 2)
def _equal(env: Environment, values: Sequence[Value]) -> Value:
    return is_equal_within_budget(values[0], values[1], env.budget)


def _expect_path(arguments: Arguments, result: Constraint | None) -> Sequence[Constraint | None]:
    """A collection or array that has the path."""
    path = literal_at(arguments, 1)
    if not isinstance(path, (str, int)) or isinstance(path, bool):
        return []
    whole = Constraint()
    target = whole.descend([step for step in parse_path(str(path)[:500]) if step != ""])
    if result is not None:
        target.merge(result)
    return [whole]


@function("get", 2, expects=_expect_path)
def _get(env: Environment, values: Sequence[Value]) -> Value:
    """The path may be a number or a text with dots; numbers count from 1. Of a number it is the number (a report)."""
    if is_number(values[0]):
        return values[0]
    return get_at_path(values[0], parse_path(values[1]))


#: Maximum characters of a path; the rest is ignored.
_MAX_PATH_LENGTH = 10_000


def parse_path(path: Value) -> list[str | int]:
    """Parser for a path, written as a number (``2``), with dots (``"2.raw_name"``) or indexes (``"rows[2].name"``)."""
    if is_number(path):
        return [int(path)] if isinstance(path, int) else ["?"]
    if is_array(path) or isinstance(path, Mapping):
        return ["?"]
    # No value is nested deeper, so the rest of a longer path has no value.
    steps = as_text(path)[:_MAX_PATH_LENGTH].split(".", MAX_DEPTH + 1)
    return [part for step in steps for part in _parse_step(step)]


#: A name or an index, and the indexes behind it in brackets; empty brackets mean the first item.
_STEP = re.compile(r"(?P<name>[^\[\]]*)(?P<indexes>(?:\[[0-9]{0,9}\])+)", re.ASCII)


def _parse_step(step: str) -> Iterator[str | int]:
    """Parses what stands between two dots of a path."""
    match = _STEP.fullmatch(step) if step.endswith("]") else None
    name = step if match is None else match["name"]
    if name or match is None:
        yield int(name) if name.isascii() and name.isdigit() and len(name) < 10 else name
    if match is not None:
        indexes = match["indexes"][1:-1].split("][", MAX_DEPTH)
        yield from (int(index or 1) for index in indexes[:MAX_DEPTH])


def get_at_path(item: Value, path: Sequence[str | int]) -> Value:
    """Resolves a path; a number may also be the name of a field."""
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
