"""The OpenAPI 3.1 document of the emulated API, written from the endpoints' declarations."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import marshmallow as ma
from marshmallow import fields

from . import __version__
from .endpoint import MAX_LIMIT, PATH_KINDS, Endpoint, Envelope, Part
from .schemas.base import MAX_ID, Answer, Constant, Derived, Many, Moment
from .schemas.data_structures import Spec
from .schemas.scenarios import JsonText

if TYPE_CHECKING:
    pass

_PARAMETER = re.compile(r"\{(\w+)\}")

#: Status -> when it is answered. Every operation that takes a token can answer these.
_ERRORS = {
    "400": "A parameter is missing, unknown or wrong.",
    "401": "The token is missing or unknown.",
    "403": "The token lacks a scope, or the plan does not include this.",
    "404": "There is no such thing, or the token cannot see it.",
    "406": "The request destroys something and does not say confirmed=true.",
    "409": "The change builds on a version that has been succeeded.",
    "413": "The body, or the answer asked for, is too large.",
    "422": "Something else depends on the thing as it is.",
    "424": "Something that the request depends on failed or timed out.",
    "429": "The organization made more requests in a minute than its plan allows.",
}

_ERROR_SCHEMA = {
    "type": "object",
    "required": ["message", "code"],
    "properties": {
        "detail": {"type": "string"},
        "message": {"type": "string"},
        "code": {"type": "string"},
        "suberrors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"message": {"type": "string"}, "name": {"type": "string"}},
            },
        },
    },
}


def document(endpoints: Sequence[Endpoint], base_url: str) -> dict[str, Any]:
    """Describe every route.

    Args:
        base_url: where the API is served, e.g. ``http://127.0.0.1:4747/api/v2``.
    """
    # apispec is needed for this document only.
    from apispec import APISpec
    from apispec.ext.marshmallow import MarshmallowPlugin

    plugin = MarshmallowPlugin(schema_name_resolver=lambda schema: "")
    spec = APISpec(
        title="Make API v2, emulated",
        version=__version__,
        openapi_version="3.1.0",
        info={"description": "The routes of the Make API v2 as make-emulator serves them."},
        servers=[{"url": base_url}],
        security=[{"token": []}],
        plugins=[plugin],
    )
    converter = plugin.converter
    assert converter is not None

    def shape_of(_: Any, field: fields.Field[Any], **kwargs: Any) -> dict[str, Any]:
        return _shape(field, converter.field2property)

    converter.add_attribute_function(shape_of)  # type: ignore[no-untyped-call]
    spec.components.security_scheme(
        "token",
        {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "The word Token, a space, and a UUID v4.",
        },
    )
    spec.components.schema("Error", _ERROR_SCHEMA)
    for endpoint in endpoints:
        spec.path(
            path=endpoint.path,
            operations={endpoint.method.lower(): _operation(endpoint, converter)},
        )
    described: dict[str, Any] = spec.to_dict()
    return described


def _shape(
    field: fields.Field[Any], convert: Callable[[fields.Field[Any]], dict[str, Any]]
) -> dict[str, Any]:
    """What apispec cannot know of the fields that are ours."""
    match field:
        case Derived() | Constant():
            return convert(field.shape)
        case Moment():
            return {"type": ["string", "null"], "format": "date-time"}
        case JsonText():
            return {"type": "string", "contentMediaType": "application/json"}
        case Spec():
            item = {
                "type": "object",
                "required": ["name", "type"],
                "properties": {
                    "name": {"type": "string", "minLength": 1},
                    "type": {"type": "string", "minLength": 1},
                    "label": {"type": ["string", "null"]},
                    "required": {"type": ["boolean", "null"]},
                },
            }
            return {"type": ["array", "null"] if field.allow_none else "array", "items": item}
    return {}


def _operation(endpoint: Endpoint, converter: Any) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "tags": [endpoint.tag],
        "parameters": _parameters(endpoint, converter),
        "responses": {
            "200": {
                "description": "Done.",
                "content": {"application/json": {"schema": _answer(endpoint, converter)}},
            },
            **{
                status: {
                    "description": text,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
                }
                for status, text in _ERRORS.items()
            },
        },
        "x-scopes": list(endpoint.scopes),
    }
    if endpoint.core:
        operation["x-core"] = list(endpoint.core)
    if endpoint.raw_body:
        operation["requestBody"] = _json_body({"type": "object"})
    elif endpoint.body is not None:
        schema = _object(endpoint.body, converter)
        schema["additionalProperties"] = False
        operation["requestBody"] = _json_body(schema)
    return operation


def _json_body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _object(schema: ma.Schema, converter: Any) -> dict[str, Any]:
    shape: dict[str, Any] = converter.schema2jsonschema(schema)
    return shape


def _parameters(endpoint: Endpoint, converter: Any) -> list[dict[str, Any]]:
    parameters = []
    for name in _PARAMETER.findall(endpoint.path):
        number = {"type": "integer", "minimum": 1, "maximum": MAX_ID}
        schema = number if name in PATH_KINDS else {"type": "string", "minLength": 1}
        parameters.append({"in": "path", "name": name, "required": True, "schema": schema})
    for name, field in endpoint.query.load_fields.items() if endpoint.query else ():
        key = field.data_key or name
        parameters.append(
            {
                "in": "query",
                "name": f"{key}[]" if isinstance(field, Many) else key,
                "required": field.required,
                "schema": converter.field2property(field),
            }
        )
    if endpoint.cols and endpoint.answer.schema is not None:
        columns = [*endpoint.answer.schema.columns(), "*"]
        parameters.append(_query("cols[]", {"type": "array", "items": {"type": "string", "enum": columns}}))
    if (paging := endpoint.paging) is not None:
        parameters.append(
            _query(
                "pg[limit]", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": paging.limit}
            )
        )
        parameters.append(_query("pg[offset]", {"type": "integer", "minimum": 0, "default": 0}))
        if paging.sort is not None:
            parameters.append(
                _query("pg[sortBy]", {"type": "string", "enum": list(paging.by), "default": paging.sort})
            )
            parameters.append(_query("pg[sortDir]", {"type": "string", "enum": ["asc", "desc"]}))
    return parameters


def _query(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"in": "query", "name": name, "required": False, "schema": schema}


def _answer(endpoint: Endpoint, converter: Any) -> dict[str, Any]:
    answer: Envelope = endpoint.answer
    if answer.bare is not None:
        return _object(answer.bare(), converter)
    if not answer.parts:
        return {"type": "object"}
    properties = {key: _part(part, converter) for key, part in answer.parts.items()}
    if endpoint.paging is not None:
        properties["pg"] = {"type": "object"}
    return {"type": "object", "required": list(properties), "properties": properties}


def _part(part: Part, converter: Any) -> dict[str, Any]:
    if part.by_type:
        shapes = [_row(schema, converter) for schema in part.by_type.values()]
        return {"type": "array", "items": {"anyOf": shapes}}
    if part.schema is None:
        return {}
    row = _row(part.schema, converter)
    return {"type": "array", "items": row} if part.many else row


def _row(schema: type[Answer], converter: Any) -> dict[str, Any]:
    return _object(schema(), converter)
