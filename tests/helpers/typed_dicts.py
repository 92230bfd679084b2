"""Check of JSON against the types that are declared for it."""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict


def find_mismatches(value: Any, kind: Any, path: str = "$") -> list[str]:
    """Returns a line for each place at which a value is not of a type: keys too many or too few, and other types."""
    if kind is Any:
        return []
    if is_typeddict(kind):
        return _find_in_typed_dict(value, kind, path)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        found = [find_mismatches(value, each, path) for each in arguments]
        return min(found, key=len) if all(found) else []
    if origin is Literal:
        is_choice = any(type(value) is type(choice) and value == choice for choice in arguments)
        return [] if is_choice else [f"{path}: {value!r} is none of {arguments}"]
    if origin is list:
        if not isinstance(value, list):
            return [f"{path}: {value!r} is no list"]
        return [
            line
            for place, item in enumerate(value)
            for line in find_mismatches(item, arguments[0], f"{path}[{place}]")
        ]
    if origin is dict:
        if not isinstance(value, dict):
            return [f"{path}: {value!r} is no object"]
        return [
            line
            for name, item in value.items()
            for line in find_mismatches(item, arguments[1], f"{path}.{name}")
        ]
    expected = {float: (float, int), NoneType: (NoneType,)}.get(kind, (kind,))
    is_fitting = isinstance(value, expected) and (kind is bool or not isinstance(value, bool))
    return [] if is_fitting else [f"{path}: {value!r} is no {kind.__name__}"]


def _find_in_typed_dict(value: Any, kind: Any, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: {value!r} is no {kind.__name__}"]
    hints = get_type_hints(kind)
    lines = [f"{path}: the key {name} is missing" for name in sorted(kind.__required_keys__ - value.keys())]
    lines += [
        f"{path}: {kind.__name__} does not declare {name}" for name in sorted(value.keys() - hints.keys())
    ]
    for name, item in value.items():
        if name in hints:
            lines += find_mismatches(item, hints[name], f"{path}.{name}")
    return lines
