"""JSON values as types, and accessors that narrow them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

Json: TypeAlias = Any
"""A JSON value; treated as immutable once it is part of the state. An array is a list or a tuple."""


def as_mapping(value: Json) -> Mapping[str, Json]:
    """Returns a JSON object as it is, and an empty one for any other value."""
    return value if isinstance(value, Mapping) else {}


def as_array(value: Json) -> Sequence[Json]:
    """Returns a JSON array as it is, and an empty one for any other value."""
    return value if isinstance(value, (list, tuple)) else ()


def text_or_none(value: Json) -> str | None:
    """Returns a JSON string as it is, and ``None`` for any other value."""
    return value if isinstance(value, str) else None


def integer_or_none(value: Json) -> int | None:
    """Returns a whole JSON number as it is, and ``None`` for any other value, booleans included."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None
