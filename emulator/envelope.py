"""The shape of answers: what stands around the objects of a schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .schemas.base import Answer
from .schemas.serialize import dump_all, serializer
from .world.world import World


@dataclass(frozen=True, slots=True)
class Part:
    """One key of an answer: rows of a schema (or of one a type), or a plain value when there is no schema."""

    schema: type[Answer] | None = None
    many: bool = False
    by_type: Mapping[type, type[Answer]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Envelope:
    """The shape of an answer: parts by key, or one schema without an envelope.

    The handler's result is the value of the only part, or a mapping with one value a part. An envelope of
    nothing shows the result as it is.
    """

    parts: Mapping[str, Part] = field(default_factory=dict)
    bare: type[Answer] | None = None

    @property
    def schema(self) -> type[Answer] | None:
        """The schema that ``cols[]`` picks from: that of the first part which has one."""
        if self.bare is not None:
            return self.bare
        return next((part.schema for part in self.parts.values() if part.schema), None)

    def render(self, world: World, result: Any, columns: tuple[str, ...] | None) -> dict[str, Any]:
        if self.bare is not None:
            return serializer(self.bare, columns)(world, result)
        if not self.parts:
            shaped: dict[str, Any] = result
            return shaped
        if len(self.parts) == 1:
            [key] = self.parts
            result = {key: result}
        rendered: dict[str, Any] = {}
        for key, part in self.parts.items():
            value = result[key]
            if part.by_type:
                dumps = {row_type: serializer(schema) for row_type, schema in part.by_type.items()}
                rendered[key] = [dumps[type(row)](world, row) for row in value]
                continue
            if part.schema is None:
                rendered[key] = value
                continue
            chosen = columns if part.schema is self.schema else None
            if part.many:
                rendered[key] = dump_all(world, part.schema, chosen, value)
            else:
                rendered[key] = serializer(part.schema, chosen)(world, value)
        return rendered


def one(key: str, schema: type[Answer]) -> Envelope:
    """``{key: {…}}``"""
    return Envelope({key: Part(schema)})


def many(key: str, schema: type[Answer]) -> Envelope:
    """``{key: [{…}, …]}``, and ``pg`` where the endpoint pages."""
    return Envelope({key: Part(schema, many=True)})


def mixed(key: str, by_type: Mapping[type, type[Answer]]) -> Envelope:
    """``{key: [{…}, …]}`` of rows of several types, each with a schema of its own."""
    return Envelope({key: Part(many=True, by_type=by_type)})


def value(key: str) -> Envelope:
    """``{key: …}`` with a plain value, e.g. the id of what was deleted."""
    return Envelope({key: Part()})


def bare(schema: type[Answer]) -> Envelope:
    """The object itself, without an envelope, as some of Make's older routes answer."""
    return Envelope(bare=schema)
