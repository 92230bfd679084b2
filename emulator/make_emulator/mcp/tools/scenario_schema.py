"""Input schema of a scenario tool, made from the inputs of the scenario.

Source: integromat/make-mcp-server (the vendor's local server), whose conversion is assumed for the hosted one.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...engine.mock_data.field_specs import select_options
from ...json_types import Json, JsonObject, as_mappings
from ...world.models import FieldSpecs

#: Type of an input -> type in JSON Schema. Other types have none.
_TYPES: Mapping[str, str] = {
    "text": "string",
    "date": "string",
    "json": "string",
    "select": "string",
    "number": "number",
    "boolean": "boolean",
    "array": "array",
    "collection": "object",
}
_PRIMITIVES = frozenset(("string", "number", "boolean"))


#: Specification, by its identity -> its schema. Rows never change, so a specification keeps its schema.
_schemas: dict[int, tuple[FieldSpecs, JsonObject]] = {}
_MAX_SCHEMAS = 4096


def input_schema(fields: FieldSpecs) -> JsonObject:
    """Returns the JSON Schema of the inputs of a scenario, which is not to be changed."""
    known = _schemas.get(id(fields))
    if known is None or known[0] is not fields:
        if len(_schemas) >= _MAX_SCHEMAS:
            _schemas.clear()
        _schemas[id(fields)] = known = fields, _object_schema(fields)
    return known[1]


def _object_schema(fields: Json) -> JsonObject:
    named = [field for field in as_mappings(fields) if field.get("name")]
    return {
        "type": "object",
        "properties": {str(field["name"]): _field_schema(field) for field in named},
        "required": [field["name"] for field in named if field.get("required")],
    }


def _field_schema(field: Mapping[str, Json]) -> JsonObject:
    kind, inner = field.get("type"), field.get("spec")
    json_type = _TYPES.get(kind) if isinstance(kind, str) else None
    if json_type == "object":
        schema = _object_schema(inner)
    elif json_type is None:
        schema = {}
    else:
        schema = {"type": json_type}
    if kind == "select":
        schema["enum"] = select_options(field)
    elif kind == "array" and inner:
        schema["items"] = _field_schema(inner) if isinstance(inner, Mapping) else _object_schema(inner)
    if field.get("help"):
        schema["description"] = field["help"]
    # The vendor compares the default with an empty text, which equals 0 and false in JavaScript.
    if json_type in _PRIMITIVES and field.get("default"):
        schema["default"] = field["default"]
    return schema
