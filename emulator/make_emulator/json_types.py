"""JSON values as types, and accessors that narrow them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

if TYPE_CHECKING:
    Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
    """A JSON value; treated as immutable once it is part of the state. An array is a list or a tuple."""
else:
    # The type hints of rows are resolved at run time, where a recursive alias cannot be.
    Json = Any

JsonObject: TypeAlias = dict[str, Any]
"""A JSON object of a known format, whose members are therefore not narrowed one by one: a response to a client, a document
of OpenAPI or JSON Schema, a row of a seed. Where the format is not known, it is a ``Mapping[str, Json]``."""


def as_mapping(value: Json) -> Mapping[str, Json]:
    """Returns a JSON object as it is, and an empty one for any other value."""
    return value if isinstance(value, Mapping) else {}


def as_array(value: Json) -> Sequence[Json]:
    """Returns a JSON array as it is, and an empty one for any other value."""
    return value if isinstance(value, (list, tuple)) else ()


def as_mappings(value: Json) -> Sequence[Mapping[str, Json]]:
    """Returns the objects in a JSON array, and none for any other value."""
    return [item for item in as_array(value) if isinstance(item, Mapping)]


def text_or_none(value: Json) -> str | None:
    """Returns a JSON string as it is, and ``None`` for any other value."""
    return value if isinstance(value, str) else None


def is_integer(value: Json) -> TypeGuard[int]:
    """Returns true for a whole JSON number, which a boolean is not."""
    return isinstance(value, int) and not isinstance(value, bool)
