"""Serializers that turn rows into JSON objects, compiled from the schemas' declarations.

marshmallow takes 40 µs to dump an object, too much for a list, so a plain-dict serializer is compiled once from a
schema's fields; a property test holds it equal to ``schema.dump``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from marshmallow import fields

from ..world.clock import format_iso
from ..world.world import World
from .base import Constant, Derived, ResponseSchema, Timestamp, omit_nulls

Serializer = Callable[[World, Any], dict[str, Any]]


@lru_cache(maxsize=4096)
def compile_serializer(schema: type[ResponseSchema], columns: tuple[str, ...] | None = None) -> Serializer:
    """Compile the function that turns a row into the dict which ``schema().dump(row)`` would give.

    Args:
        schema: what to show.
        columns: the JSON names to show, in their order; by default those that come unasked.
    """
    by_name = {field.data_key or name: (name, field) for name, field in schema().fields.items()}
    if columns is None:
        columns = tuple(name for name, default in schema.columns().items() if default)
    names: dict[str, Any] = {"iso": format_iso}
    items = []
    for position, column in enumerate(columns):
        attribute, field = by_name[column]
        items.append(
            f"{column!r}: {_field_expression(f'f{position}', field.attribute or attribute, field, names)}"
        )
    source = f"lambda world, row: {{{', '.join(items)}}}"
    compiled: Serializer = eval(source, names)
    if omitted := schema.omit_none:
        return lambda world, row: omit_nulls(compiled(world, row), omitted)
    return compiled


def _field_expression(slot: str, attribute: str, field: fields.Field[Any], names: dict[str, Any]) -> str:
    if isinstance(field, Derived):
        names[slot] = field.compute
        return f"{slot}(world, row)"
    if isinstance(field, Constant):
        names[slot] = field.value
        return slot
    value = f"row.{attribute}"
    if isinstance(field, Timestamp):
        return f"(None if {value} is None else iso({value}))"
    if isinstance(field, fields.Nested):
        names[slot] = compile_serializer(type(field.schema))
        if field.many:
            return f"[{slot}(world, item) for item in {value}]"
        return f"(None if {value} is None else {slot}(world, {value}))"
    # Tuples are written as arrays by the JSON writer.
    return value


def serialize_rows(
    world: World, schema: type[ResponseSchema], columns: tuple[str, ...] | None, rows: Iterable[Any]
) -> list[Any]:
    """Returns the rows of a list, ready for the JSON writer."""
    dump = compile_serializer(schema, columns)
    return [dump(world, row) for row in rows]
