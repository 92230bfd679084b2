"""Serializers that turn rows into JSON objects, compiled from the schemas' declarations.

marshmallow takes 40 µs to dump an object, too much for a list, so a function that builds plain dicts is compiled once
from a schema's fields; a property test holds it equal to ``schema.dump``. Rows never change, so a list may reuse the
JSON text of a row as long as the values that the row is related to are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import orjson
from marshmallow import fields

from ..world.clock import format_iso
from ..world.world import World
from .base import Constant, Derived, Related, Relation, ResponseSchema, Timestamp, omit_nulls

Serializer = Callable[[World, Any], dict[str, Any]]
ListSerializer = Callable[[World, Iterable[Any]], list[Any]]

#: Maximum number of rows of a schema whose JSON texts are kept.
MAX_FRAGMENTS = 10_000


@lru_cache(maxsize=4096)
def compile_serializer(schema: type[ResponseSchema], columns: tuple[str, ...] | None = None) -> Serializer:
    """Compiles the function that turns a row into the dict which ``schema().dump(row)`` would give.

    Args:
        schema: what to show.
        columns: the JSON names to show, in their order; by default those that come unasked.
    """
    serializer: Serializer = _Compiler(schema, columns).row_function()
    return serializer


@lru_cache(maxsize=4096)
def _compile_list_serializer(
    schema: type[ResponseSchema], columns: tuple[str, ...] | None = None
) -> ListSerializer:
    compiler = _Compiler(schema, columns)
    serializer: ListSerializer
    if schema.reuse_fragments and columns is None:
        serializer = compiler.reusing_list_function()
    else:
        serializer = compiler.list_function()
    return serializer


def serialize_rows(
    world: World, schema: type[ResponseSchema], columns: tuple[str, ...] | None, rows: Iterable[Any]
) -> list[Any]:
    """Returns the rows of a list, ready for the JSON writer."""
    return _compile_list_serializer(schema, columns)(world, rows)


class _Compiler:
    """Source of the serializers of one schema: one expression for the dict of a row, and the look-ups before it."""

    def __init__(self, schema: type[ResponseSchema], columns: tuple[str, ...] | None) -> None:
        by_name = {field.data_key or name: (name, field) for name, field in schema().fields.items()}
        if columns is None:
            columns = tuple(name for name, default in schema.columns().items() if default)
        self._names: dict[str, Any] = {"iso": format_iso, "omit_nulls": omit_nulls}
        #: Each relation of the row -> the local variable of its value.
        self._relations: dict[Relation, str] = {}
        self._only_related = True
        items = []
        for position, column in enumerate(columns):
            attribute, field = by_name[column]
            items.append(
                f"{column!r}: {self._expression(f'f{position}', field.attribute or attribute, field)}"
            )
        self._row = f"{{{', '.join(items)}}}"
        if schema.omit_none:
            self._row = f"omit_nulls({self._row}, {schema.omit_none!r})"

    def row_function(self) -> Any:
        """Compiles ``serialize(world, row)``."""
        return self._compile("row", [*self._preparations(), *self._lookups(), f"return {self._row}"])

    def list_function(self) -> Any:
        """Compiles ``serialize(world, rows)``."""
        if not self._relations:
            return self._compile("rows", [f"return [{self._row} for row in rows]"])
        return self._compile(
            "rows",
            [
                *self._preparations(),
                "result = []",
                "for row in rows:",
                *(f"    {line}" for line in self._lookups()),
                f"    result.append({self._row})",
                "return result",
            ],
        )

    def reusing_list_function(self) -> Any:
        """Compiles ``serialize(world, rows)``, which keeps the JSON text of each row with all that it was made from.

        Rows are not hashable, so they are kept by ``id``: it stays theirs as long as the cache refers to them.
        """
        assert self._only_related, "a derived column can depend on anything"
        self._names |= {"fragments": {}, "Fragment": orjson.Fragment, "dumps": orjson.dumps}
        values = ", ".join(self._relations.values())
        return self._compile(
            "rows",
            [
                *self._preparations(),
                f"if len(fragments) > {MAX_FRAGMENTS}:",
                "    fragments.clear()",
                "result = []",
                "for row in rows:",
                *(f"    {line}" for line in self._lookups()),
                "    known = fragments.get(id(row))",
                f"    if known is None or known[1] != ({values},):",
                f"        known = fragments[id(row)] = row, ({values},), Fragment(dumps({self._row}))",
                "    result.append(known[2])",
                "return result",
            ],
        )

    def _preparations(self) -> list[str]:
        return [f"find_{name} = prepare_{name}(world)" for name in self._relations.values()]

    def _lookups(self) -> list[str]:
        return [f"{name} = find_{name}(row.{relation.key})" for relation, name in self._relations.items()]

    def _compile(self, parameter: str, lines: list[str]) -> Any:
        source = "\n    ".join([f"def serialize(world, {parameter}):", *lines])
        exec(source, self._names)
        return self._names["serialize"]

    def _expression(self, slot: str, attribute: str, field: fields.Field[Any]) -> str:
        names = self._names
        if isinstance(field, Related):
            variable = self._relations.setdefault(field.relation, f"r{len(self._relations)}")
            names[f"prepare_{variable}"], names[slot] = field.relation.prepare, field.show
            return f"{slot}({variable})"
        if isinstance(field, Derived):
            self._only_related = False
            names[slot] = field.compute
            return f"{slot}(world, row)"
        if isinstance(field, Constant):
            names[slot] = field.value
            return slot
        value = f"row.{attribute}"
        if isinstance(field, Timestamp):
            return f"(None if {value} is None else iso({value}))"
        if isinstance(field, fields.Nested):
            self._only_related = False
            names[slot] = compile_serializer(type(field.schema))
            if field.many:
                return f"[{slot}(world, item) for item in {value}]"
            return f"(None if {value} is None else {slot}(world, {value}))"
        # Tuples are written as arrays by the JSON writer.
        return value
