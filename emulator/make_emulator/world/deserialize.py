"""Deserialization of rows from JSON, by validating readers that are derived from the rows' type hints.

Rows are read a column at a time, so that most of the work is done by loops that Python runs in C. No counterpart for
writing is needed: orjson serializes dataclasses.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import lru_cache
from typing import Any, Union, get_args, get_origin, get_type_hints

#: Converts a column of JSON values into values of rows.
Reader = Callable[[Sequence[Any]], Sequence[Any]]


class DeserializationError(ValueError):
    """The JSON does not have the expected type; the text says where and why."""


@lru_cache(maxsize=256)
def reader_for(hint: Any) -> Reader:
    """The reader for values of a type hint of a row."""
    if hint is Any:
        return lambda values: values
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _optional_reader(*(member for member in arguments if member is not types.NoneType))
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            return _collection_reader(tuple, arguments[0])
        return _tuple_reader(arguments)
    if origin is frozenset:
        return _collection_reader(frozenset, arguments[0])
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _exact_type_reader(dict)
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return _collection_reader(list, dict if get_origin(arguments[0]) else arguments[0])
    if is_dataclass(hint) and isinstance(hint, type):
        return _dataclass_reader(hint)
    return _exact_type_reader(int, float) if hint is float else _exact_type_reader(hint)


def _exact_type_reader(*kinds: type) -> Reader:
    allowed = set(kinds)

    def read(values: Sequence[Any]) -> Sequence[Any]:
        # Compared exactly: true is an int to Python.
        if others := set(map(type, values)) - allowed:
            names = " or ".join(kind.__name__ for kind in kinds)
            raise DeserializationError(f"is no {names} but {min(kind.__name__ for kind in others)}")
        return values

    return read


def _optional_reader(kind: Any) -> Reader:
    if kind in (int, str, bool):
        return _exact_type_reader(kind, types.NoneType)
    inner = reader_for(kind)

    def read(values: Sequence[Any]) -> Sequence[Any]:
        converted = iter(inner([value for value in values if value is not None]))
        return [None if value is None else next(converted) for value in values]

    return read


def _collection_reader(kind: Callable[[Sequence[Any]], Any], item: Any) -> Reader:
    lists, items = _exact_type_reader(list), reader_for(item)
    return lambda values: [kind(items(value)) for value in lists(values)]


def _tuple_reader(kinds: Sequence[Any]) -> Reader:
    lists, items = _exact_type_reader(list), [reader_for(kind) for kind in kinds]

    def read(values: Sequence[Any]) -> Sequence[Any]:
        if any(len(value) != len(items) for value in lists(values)):
            raise DeserializationError(f"has not {len(items)} items")
        columns = [item([value[place] for value in values]) for place, item in enumerate(items)]
        return list(zip(*columns, strict=True))

    return read


def _dataclass_reader(kind: Any) -> Reader:
    hints = get_type_hints(kind)
    columns = [(field, reader_for(hints[field.name])) for field in fields(kind)]
    names = frozenset(field.name for field, _ in columns)
    arguments = ", ".join(names)
    # No field has a name in the form of `_Row`.
    make = eval(f"lambda {arguments}: _Row({', '.join(f'{name}={name}' for name in names)})", {"_Row": kind})
    order = [name.strip() for name in arguments.split(",")]

    def read(rows: Sequence[Any]) -> Sequence[Any]:
        _exact_type_reader(dict)(rows)
        for row in rows:
            if not row.keys() <= names:
                raise DeserializationError(
                    f"{kind.__name__} has an unknown field '{min(row.keys() - names)}'"
                )
        values: dict[str, Sequence[Any]] = {}
        for field, read_column in columns:
            try:
                values[field.name] = _read_column(field, read_column, rows)
            except DeserializationError as error:
                raise DeserializationError(f"{kind.__name__}.{field.name} {error}") from None
        return list(map(make, *(values[name] for name in order)))

    return read


def _read_column(field: Field[Any], read: Reader, rows: Sequence[Any]) -> Sequence[Any]:
    """The values of one field of every row; a field with a default may be missing."""
    name = field.name
    try:
        return read([row[name] for row in rows])
    except KeyError:
        if field.default is MISSING and field.default_factory is MISSING:
            raise DeserializationError("is missing") from None
    converted = iter(read([row[name] for row in rows if name in row]))
    make = field.default_factory
    return [next(converted) if name in row else field.default if make is MISSING else make() for row in rows]
