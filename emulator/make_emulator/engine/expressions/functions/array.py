"""Array functions. ``slice`` counts from 0, all other indexes from 1, as in Make."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence

from ..constraint import Constraint
from ..context import Environment, is_equal_within_budget, text_within_budget
from ..errors import ExpressionError
from ..ordering import sort_key
from ..values import Value, as_text, is_array, is_equal, to_json_value
from .expectations import Arguments, all_arrays, array_like_result, array_of_result, kind, literal_at
from .general import get_at_path, parse_path
from .registry import argument_at, array_at, function, integer_at, text_at


@function("first", 1, expects=array_of_result)
def _first(env: Environment, values: Sequence[Value]) -> Value:
    array = array_at(env, values, 0)
    return array[0] if array else None


@function("last", 1, expects=array_of_result)
def _last(env: Environment, values: Sequence[Value]) -> Value:
    array = array_at(env, values, 0)
    return array[-1] if array else None


@function("keys", 1, expects=kind("collection"))
def _keys(env: Environment, values: Sequence[Value]) -> Value:
    """Names of a collection's fields; positions of an array, counted from 0 as in JavaScript."""
    if isinstance(values[0], Mapping):
        return list(values[0])
    return [str(place) for place in range(len(array_at(env, values, 0)))] if is_array(values[0]) else []


@function("add", 2, None, expects=array_like_result)
def _add(env: Environment, values: Sequence[Value]) -> Value:
    array = array_at(env, values, 0)
    env.budget.charge_items(len(array) + len(values))
    return [*array, *values[1:]]


@function("remove", 2, None, expects=array_like_result)
def _remove(env: Environment, values: Sequence[Value]) -> Value:
    """Only primitive values can be removed."""
    array = array_at(env, values, 0)
    env.budget.charge_items(len(array) * len(values))
    unwanted = [value for value in values[1:] if not is_array(value) and not isinstance(value, Mapping)]
    return [item for item in array if not any(is_equal(item, value) for value in unwanted)]


@function("merge", 1, None, expects=all_arrays)
def _merge(env: Environment, values: Sequence[Value]) -> Value:
    arrays = [array_at(env, values, place) for place in range(len(values))]
    env.budget.charge_items(sum(map(len, arrays)))
    return [item for array in arrays for item in array]


@function("join", 1, 2, expects=kind("array"))
def _join(env: Environment, values: Sequence[Value]) -> Value:
    """Items as one text; the default separator is a comma, as in JavaScript."""
    array, separator = array_at(env, values, 0), text_at(env, values, 1, ",")
    env.budget.charge_weight(array)
    texts = [as_text(item) for item in array]
    env.budget.charge_text(sum(map(len, texts)) + len(separator) * len(texts))
    return separator.join(texts)


@function("arrayDiff", 2, expects=all_arrays)
def _array_diff(env: Environment, values: Sequence[Value]) -> Value:
    """Items of the first array that the second lacks (Help centre, "Array functions")."""
    return [item for item, shared in _with_membership(env, values) if not shared]


@function("arrayIntersect", 2, expects=all_arrays)
def _array_intersect(env: Environment, values: Sequence[Value]) -> Value:
    """Items of the first array that the second has too (Help centre, "Array functions")."""
    return [item for item, shared in _with_membership(env, values) if shared]


def _with_membership(env: Environment, values: Sequence[Value]) -> Iterator[tuple[Value, bool]]:
    array, other = array_at(env, values, 0), array_at(env, values, 1)
    for item in array:
        env.budget.charge(1 + len(other))
        yield item, any(is_equal_within_budget(item, candidate, env.budget) for candidate in other)


def _expect_mapped_items(arguments: Arguments, result: Constraint | None) -> Sequence[Constraint | None]:
    """An array of collections that have the mapped field and the filter field."""
    item = Constraint()
    for place in (1, 2):
        key = literal_at(arguments, place)
        if isinstance(key, str) and key:
            target = item.descend([step for step in parse_path(key) if step != ""])
            if place == 1 and result is not None and result.item is not None:
                target.merge(result.item)
            if place == 2 and isinstance(values := literal_at(arguments, 3), str):
                target.choices += [value.strip() for value in values.split(",") if value.strip()]
    return [Constraint(kind="array", item=item)]


@function("map", 2, 4, expects=_expect_mapped_items)
def _map(env: Environment, values: Sequence[Value]) -> Value:
    """One field of every item, or of the items whose filter field has one of the values ("work,home")."""
    array, path = array_at(env, values, 0), parse_path(values[1])
    filter_path = argument_at(values, 2)
    if filter_path is not None:
        steps = parse_path(filter_path)
        accepted = argument_at(values, 3)
        allowed = (
            {text_within_budget(item, env.budget) for item in accepted}
            if is_array(accepted)
            else {part.strip() for part in text_at(env, values, 3).split(",")}
        )
        array = [item for item in array if _text_or_none(get_at_path(item, steps)) in allowed]
    return [get_at_path(item, path) for item in array]


def _text_or_none(value: Value) -> str | None:
    return None if is_array(value) or isinstance(value, Mapping) else as_text(value)


@function("slice", 2, 3, expects=array_like_result)
def _slice(env: Environment, values: Sequence[Value]) -> Value:
    array = array_at(env, values, 0)
    return list(array[integer_at(values, 1) : integer_at(values, 2, len(array))])


_SORT_ORDERS = ("asc", "desc", "asc ci", "desc ci")


@function("sort", 1, 3, expects=array_like_result)
def _sort(env: Environment, values: Sequence[Value]) -> Value:
    """``sort(array; [order]; [key])``; with two arguments the second may be the key as well."""
    array, order, key = array_at(env, values, 0), argument_at(values, 1), argument_at(values, 2)
    if order is not None and order not in _SORT_ORDERS:
        if key is not None:
            raise ExpressionError(f"'{as_text(order)[:100]}' is not a valid order.")
        order, key = "asc", order
    path = parse_path(key) if key is not None else []
    fold = order in ("asc ci", "desc ci")
    return sorted(
        array, key=lambda item: sort_key(get_at_path(item, path), fold), reverse=order in ("desc", "desc ci")
    )


@function("reverse", 1, expects=array_like_result)
def _reverse(env: Environment, values: Sequence[Value]) -> Value:
    return list(reversed(array_at(env, values, 0)))


@function("shuffle", 1, expects=array_like_result)
def _shuffle(env: Environment, values: Sequence[Value]) -> Value:
    array = list(array_at(env, values, 0))
    env.random.shuffle(array)
    return array


@function("flatten", 1, 2, expects=array_like_result)
def _flatten(env: Environment, values: Sequence[Value]) -> Value:
    array: Sequence[Value] = array_at(env, values, 0)
    for _ in range(min(integer_at(values, 1, 1), 64)):
        if not any(map(is_array, array)):
            break
        env.budget.charge_items(sum(len(item) if is_array(item) else 1 for item in array))
        array = [inner for item in array for inner in (item if is_array(item) else [item])]
    return array


@function("distinct", 1, 2, expects=array_like_result)
def _distinct(env: Environment, values: Sequence[Value]) -> Value:
    path = parse_path(values[1]) if argument_at(values, 1) is not None else []
    return _unique_by(env, array_at(env, values, 0), lambda item: get_at_path(item, path))


@function("deduplicate", 1, expects=array_like_result)
def _deduplicate(env: Environment, values: Sequence[Value]) -> Value:
    return _unique_by(env, array_at(env, values, 0), lambda item: item)


def _unique_by(env: Environment, array: Sequence[Value], key: Callable[[Value], Value]) -> list[Value]:
    """Items with distinct keys, compared by their JSON; of equal ones the first."""
    env.budget.charge_weight(array)
    unique: dict[str, Value] = {}
    for item in array:
        unique.setdefault(json.dumps(to_json_value(key(item)), sort_keys=True), item)
    return list(unique.values())


@function("toArray", 1)
def _to_array(env: Environment, values: Sequence[Value]) -> Value:
    if not isinstance(values[0], Mapping):
        return array_at(env, values, 0)
    env.budget.charge_items(len(values[0]))
    return [{"key": name, "value": item} for name, item in values[0].items()]


@function("toCollection", 3)
def _to_collection(env: Environment, values: Sequence[Value]) -> Value:
    key, value = parse_path(values[1]), parse_path(values[2])
    named = ((_text_or_none(get_at_path(item, key)), item) for item in array_at(env, values, 0))
    return {name: get_at_path(item, value) for name, item in named if name is not None}
