"""Envelopes of responses: the JSON around the objects of a schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from ..json_types import Json
from ..lazy_dataclasses import dataclass
from ..schemas.base import ResponseSchema
from ..schemas.serialize import compile_serializer, serialize_rows
from ..world.world import World


@dataclass(frozen=True, slots=True)
class EnvelopeField:
    """One key of a response: rows of a schema (or of one a type), or a plain value when there is no schema."""

    schema: type[ResponseSchema] | None = None
    many: bool = False
    schema_by_type: Mapping[type, type[ResponseSchema]] = field(default_factory=dict)
    #: True if the handler may omit it.
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class Envelope:
    """Envelope of a response: fields by key, or one schema without an envelope.

    The handler's result is the value of the only field, or a mapping with one value a field. Without fields the result
    is rendered unchanged.
    """

    fields: Mapping[str, EnvelopeField] = field(default_factory=dict)
    unwrapped: type[ResponseSchema] | None = None

    @property
    def schema(self) -> type[ResponseSchema] | None:
        """Schema whose columns ``cols[]`` selects: that of the first field which has one."""
        if self.unwrapped is not None:
            return self.unwrapped
        return next((part.schema for part in self.fields.values() if part.schema), None)

    def render(self, world: World, result: Any, columns: tuple[str, ...] | None) -> dict[str, Json]:
        if self.unwrapped is not None:
            return compile_serializer(self.unwrapped, columns)(world, result)
        if not self.fields:
            shaped: dict[str, Json] = result
            return shaped
        if len(self.fields) == 1:
            [key] = self.fields
            result = {key: result}
        rendered: dict[str, Json] = {}
        for key, part in self.fields.items():
            if part.is_optional and key not in result:
                continue
            value = result[key]
            if part.schema_by_type:
                dumps = {
                    row_type: compile_serializer(schema) for row_type, schema in part.schema_by_type.items()
                }
                rendered[key] = [dumps[type(row)](world, row) for row in value]
                continue
            if part.schema is None:
                rendered[key] = value
                continue
            chosen = columns if columns is not None and part.schema is self.schema else None
            if part.many:
                rendered[key] = serialize_rows(world, part.schema, chosen, value)
            else:
                rendered[key] = compile_serializer(part.schema, chosen)(world, value)
        return rendered


def one(key: str, schema: type[ResponseSchema]) -> Envelope:
    """Envelope of one row: ``{key: {…}}``."""
    return Envelope({key: EnvelopeField(schema)})


def many(key: str, schema: type[ResponseSchema]) -> Envelope:
    """Envelope of several rows: ``{key: [{…}, …]}``, and ``pg`` where the endpoint has pages."""
    return Envelope({key: EnvelopeField(schema, many=True)})


def mixed(key: str, by_type: Mapping[type, type[ResponseSchema]]) -> Envelope:
    """``{key: [{…}, …]}`` of rows of several types, each with a schema of its own."""
    return Envelope({key: EnvelopeField(many=True, schema_by_type=by_type)})


def value(key: str) -> Envelope:
    """``{key: …}`` with a plain value, e.g. the id of what was deleted."""
    return Envelope({key: EnvelopeField()})


def bare(schema: type[ResponseSchema]) -> Envelope:
    """The object itself, without an envelope, as in some of Make's older routes."""
    return Envelope(unwrapped=schema)
