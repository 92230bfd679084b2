"""JSON Schema of seeds, for editors; derived from the marshmallow schemas."""

from __future__ import annotations

import inspect
import json
from typing import Any

import marshmallow as ma
from marshmallow import fields

from ..json_types import JsonObject
from .fields import SeedField
from .schema import SEED_SCHEMA, NestedSection, Section, SectionList


def json_schema() -> JsonObject:
    """The JSON Schema of a seed, derived from the marshmallow schemas."""
    definitions: JsonObject = {}
    whole = _section_schema(SEED_SCHEMA, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A seed of make-emulator",
        **whole,
        "$defs": dict(sorted(definitions.items())),
    }


def json_schema_text() -> str:
    """The JSON Schema of a seed as indented JSON."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _section_schema(section: ma.Schema, definitions: JsonObject) -> JsonObject:
    required = [field.data_key or name for name, field in section.load_fields.items() if field.required]
    return {
        "description": inspect.getdoc(type(section)) or "",
        "type": "object",
        "additionalProperties": False,
        **({"required": required} if required else {}),
        "properties": {
            field.data_key or name: _field_schema(field, definitions)
            for name, field in section.load_fields.items()
        },
    }


def _field_schema(field: fields.Field[Any], definitions: JsonObject) -> JsonObject:
    about = {"description": about} if (about := getattr(field, "about", "")) else {}
    if isinstance(field, SectionList):
        least = {"minItems": field.min_items} if field.min_items else {}
        return {**about, "type": "array", **least, "items": _section_reference(field.schema, definitions)}
    if isinstance(field, NestedSection):
        return {**about, **_section_reference(field.schema, definitions)}
    assert isinstance(field, SeedField)
    default = field.load_default
    shown = {"default": default} if isinstance(default, (str, int)) and default != "" else {}
    return {**about, **field.shape, **shown}


def _section_reference(section: ma.Schema, definitions: JsonObject) -> JsonObject:
    assert isinstance(section, Section)
    name = type(section).__name__.removesuffix("Section")
    if name not in definitions:
        definitions[name] = {}
        definitions[name] = _section_schema(section, definitions)
    return {"$ref": f"#/$defs/{name}"}
