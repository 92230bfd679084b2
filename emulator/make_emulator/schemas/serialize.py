"""How rows become JSON: by functions compiled from the schemas' declarations.

marshmallow takes 40 µs to dump an object, too much for a list, so a plain-dict serializer is compiled once from a
schema's fields; a property test holds it equal to ``schema.dump``. Rows never change, so the JSON of one can be kept
as long as what it depends on is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import orjson
from marshmallow import fields

from ..world.clock import format_iso
from ..world.world import World
from .base import Constant, Derived, ResponseSchema, Timestamp, omit_nulls

#: The most rows of one kind whose JSON a world keeps.
MAX_CACHED_ROWS = 20_000

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
    """The rows of a list, ready for the JSON writer; what did not change since it was last shown is not made anew."""
    dump = compile_serializer(schema, columns)
    depends_on = schema.cache_key
    # Kept are the two forms that clients ask for again and again: the default columns, and all of them.
    if depends_on is None or (columns is not None and columns != tuple(schema.columns())):
        return [dump(world, row) for row in rows]
    kept = world.serialization_cache.setdefault((schema, columns), {})
    if len(kept) > MAX_CACHED_ROWS:
        kept.clear()
    shown = []
    for row in rows:
        state = depends_on(world, row)
        known = kept.get(row.id)
        if known is None or known[0] is not row or known[1] != state:
            known = kept[row.id] = (row, state, orjson.Fragment(orjson.dumps(dump(world, row))))
        shown.append(known[2])
    return shown
