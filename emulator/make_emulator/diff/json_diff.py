"""Differences of two JSON values: the path of each, with both values.

Lists of objects with unique ids, names or keys, such as modules, fields and headers, are compared by these, so that one
inserted module is one difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Final, NamedTuple, TypeAlias

from ..json_types import Json, as_mapping

_IDENTITY_KEYS = ("id", "name", "key")


class _Missing(Enum):
    """Marker for a value that one of the two sides lacks."""

    MISSING = "missing"

    def __repr__(self) -> str:
        return "nothing"


MISSING: Final = _Missing.MISSING

Side: TypeAlias = Json | _Missing
"""Value of one of the two sides at a path."""


class Change(NamedTuple):
    """Difference at one path; either value may be `MISSING`."""

    path: str
    a: Side
    b: Side


def diff_json(a: Side, b: Side, path: str = "") -> Iterator[Change]:
    """Yields the differences of two values, from the top down."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        for name in dict.fromkeys([*a, *b]):
            yield from diff_json(a.get(name, MISSING), b.get(name, MISSING), _join_path(path, str(name)))
    elif isinstance(a, list) and isinstance(b, list):
        yield from _diff_lists(a, b, path)
    elif not _is_equal(a, b):
        yield Change(path, a, b)


def _diff_lists(a: Sequence[Json], b: Sequence[Json], path: str) -> Iterator[Change]:
    key = next((key for key in _IDENTITY_KEYS if _is_unique_key(a, key) and _is_unique_key(b, key)), None)
    if key is None:
        for index in range(max(len(a), len(b))):
            yield from diff_json(_item_at(a, index), _item_at(b, index), f"{path}[{index}]")
        return
    by_key_a, by_key_b = _by_key(a, key), _by_key(b, key)
    common = [name for name in by_key_a if name in by_key_b]
    if common != (order := [name for name in by_key_b if name in by_key_a]):
        yield Change(f"{path}.order", common, order)
    for name in dict.fromkeys([*by_key_a, *by_key_b]):
        yield from diff_json(
            by_key_a.get(name, MISSING), by_key_b.get(name, MISSING), f"{path}[{key} {name}]"
        )


def _by_key(rows: Sequence[Json], key: str) -> dict[str | int, Json]:
    """Returns the rows by the values of a unique key."""
    names = (as_mapping(row).get(key) for row in rows)
    return {name: row for name, row in zip(names, rows, strict=True) if isinstance(name, (str, int))}


def _is_unique_key(rows: Sequence[Json], key: str) -> bool:
    """Returns True if every row is an object, each with another value of a key."""
    names = [row.get(key) if isinstance(row, Mapping) else None for row in rows]
    return all(isinstance(name, (str, int)) for name in names) and len(set(names)) == len(names)


def _item_at(rows: Sequence[Json], index: int) -> Side:
    return rows[index] if index < len(rows) else MISSING


def _join_path(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _is_equal(a: Side, b: Side) -> bool:
    """Returns True if two scalars are equal in JSON: 1 equals 1.0, and true is not 1."""
    return bool(a == b) and (type(a) is type(b) or (_is_number(a) and _is_number(b)))


def _is_number(value: Side) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
