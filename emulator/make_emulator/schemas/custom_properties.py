"""Custom properties: structures of organizations and their items. Sources: the vendor's OpenAPI document and SDK."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from ..json_types import Json
from ..world import custom_properties
from ..world.clock import format_iso
from ..world.models import CustomPropertyItem, CustomPropertyStructure
from ..world.world import World
from .base import (
    BodySchema,
    Bool,
    Choice,
    Derived,
    Int,
    ListField,
    QuerySchema,
    ResourceId,
    ResponseSchema,
    Text,
)


def _created(world: World, row: CustomPropertyStructure) -> str:
    """Moment in the form that the vendor's SDK shows of lists: ``2026-07-15T13:31:53.345000+00:00``."""
    return format_iso(row.created).removesuffix("Z") + "000+00:00"


def _belongers(world: World, row: CustomPropertyStructure) -> list[dict[str, Json]]:
    return [
        {
            "belongerId": row.organization_id,
            "belongerType": "organization",
            "associatedTypes": ["scenario"],
        }
    ]


class CustomPropertyStructureOut(ResponseSchema):
    id = fields.Integer()
    created = Derived(_created, fields.String())
    belongers = Derived(_belongers, fields.List(fields.Dict()))


def _options(world: World, row: CustomPropertyItem) -> list[dict[str, str]] | None:
    return None if row.options is None else [{"value": value} for value in row.options]


_OPTIONS_SHAPE: fields.Field[Any] = fields.List(fields.Dict(), allow_none=True)


class CustomPropertyItemListItem(ResponseSchema):
    """Row of the list: ``options`` are omitted of types that have none."""

    omit_none = ("options",)

    id = fields.Integer()
    name = fields.String()
    label = fields.String()
    description = fields.String(allow_none=True)
    type = fields.String()
    options = Derived(_options, _OPTIONS_SHAPE)
    required = fields.Boolean()


class CustomPropertyItemOut(ResponseSchema):
    """Created or changed item, with its structure."""

    id = fields.Integer()
    structure_id = fields.Integer()
    name = fields.String()
    label = fields.String()
    description = fields.String(allow_none=True)
    type = fields.String()
    options = Derived(_options, _OPTIONS_SHAPE)
    required = fields.Boolean()


class StructuresQuery(QuerySchema):
    organization_id = ResourceId("organization", required=True)


class StructureCreate(BodySchema):
    associated_type = Choice("scenario", required=True)
    belonger_type = Choice("organization", required=True)
    belonger_id = ResourceId("organization", required=True)


class ItemsQuery(QuerySchema):
    """Filters: texts are regular expressions without regard to case (SDK)."""

    id = Int(1)
    name = Text(1000)
    label = Text(1000)
    description = Text(1000)
    type = Choice(*custom_properties.TYPES)
    required = Bool()


class ItemOption(BodySchema):
    error_messages = {"type": "Parameter '{path}' must be an object."}  # noqa: RUF012

    value = Text(250, required=True)


class ItemUpdate(BodySchema):
    label = Text(64)
    description = Text(1024, 0, allow_none=True)
    options = ListField(fields.Nested(ItemOption), maximum=1000)
    required = Bool()


_NAME = validate.Regexp(
    rf"{custom_properties.NAME_PATTERN.pattern}\Z",
    error="Parameter '{{path}}' must be letters, digits, _ and $ (at most 64), not beginning with a digit.",
)


class ItemCreate(BodySchema):
    """``required`` must be given, though the document has a default (SDK)."""

    name = fields.String(required=True, validate=_NAME)
    label = Text(64, required=True)
    description = Text(1024, 0, allow_none=True)
    type = Choice(*custom_properties.TYPES, required=True)
    options = ListField(fields.Nested(ItemOption), allow_none=True, maximum=1000)
    required = Bool(required=True)
