"""OpenAPI 3.1 document of the emulated API, generated from the declarations of the endpoints."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from typing import Any

import marshmallow as ma
from marshmallow import fields

from ..json_types import JsonObject
from ..resources import fixture_path, load_fixture
from ..schemas.base import MAX_ID, Constant, Derived, ListField, OpenBodySchema, ResponseSchema, Timestamp
from ..schemas.data_structures import SpecField
from ..schemas.scenarios import JsonText
from ..version import __version__
from ..world.enums import SCOPES
from .endpoint import PATH_PARAMETER_KINDS, TEXT_ID_PARAMETERS, Endpoint
from .envelope import Envelope, EnvelopeField
from .errors import BodyTooLargeError
from .paging import MAX_LIMIT

_PARAMETER = re.compile(r"\{(\w+)\}")
_PYTHON_END_ANCHOR = r"\Z"

#: Status -> description. Every operation has these responses.
_ERRORS = {
    "400": "A parameter is missing, unknown or wrong, or the body is too large.",
    "401": "The token is missing or unknown.",
    "403": "The token lacks a scope, the user's role a permission, or the plan does not include this.",
    "404": "The resource does not exist, or the token cannot see it.",
    "406": "The request is destructive and lacks confirmed=true.",
    "409": "The change is based on an outdated version.",
    "413": "The response is too large.",
    "422": "Other resources depend on this one.",
    "424": "A dependency of the request failed or timed out.",
    "429": "The organization made more requests in a minute than its plan allows.",
}

_ERROR_SCHEMA = {
    "type": "object",
    # Some failures have no detail.
    "required": ["message", "code"],
    "properties": {
        "detail": {"type": "string"},
        "message": {"type": "string"},
        "code": {"type": "string"},
        "suberrors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["message", "name"],
                "properties": {"message": {"type": "string"}, "name": {"type": "string"}},
            },
        },
    },
}

#: Errors of the few routes that have no code.
_PLAIN_ERROR_SCHEMA = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "string"}},
}

#: The error of a body beyond the limit, which is found before the route reads it.
_BODY_TOO_LARGE_SCHEMA = {
    "type": "object",
    "required": ["detail"],
    "properties": {"detail": {"enum": [BodyTooLargeError().detail]}},
    "additionalProperties": False,
}

_PAGE_SCHEMA = {
    "type": "object",
    "required": ["limit", "offset", "returnTotalCount"],
    "properties": {
        "sortBy": {"type": "string"},
        "limit": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT},
        "sortDir": {"enum": ["asc", "desc"]},
        "offset": {"type": "integer", "minimum": 0},
        "returnTotalCount": {"type": "boolean"},
    },
}

#: Origin of the emulator in the recorded examples of responses.
RECORDED_ORIGIN = "http://127.0.0.1:4747"

#: Any JSON but null.
_NON_NULL_TYPES = ["array", "boolean", "number", "object", "string"]


def build_document(endpoints: Collection[Endpoint], base_url: str) -> JsonObject:
    """Returns the document.

    Args:
        base_url: base URL of the API, e.g. ``http://127.0.0.1:4747/api/v2``.
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
        security=[{"token": []}, {"oauth": []}],
        plugins=[plugin],
    )
    converter = plugin.converter
    assert converter is not None

    def shape_of(_: Any, field: fields.Field[Any], **kwargs: Any) -> JsonObject:
        return _field_schema(field, converter.field2property)

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
    origin = base_url.removesuffix("/api/v2")
    spec.components.security_scheme(
        "oauth",
        {
            "type": "oauth2",
            "description": "An access token, after the word Bearer.",
            "flows": {
                "authorizationCode": {
                    "authorizationUrl": f"{origin}/oauth/v2/authorize",
                    "tokenUrl": f"{origin}/oauth/v2/token",
                    "refreshUrl": f"{origin}/oauth/v2/token",
                    "scopes": {scope: _describe_scope(scope) for scope in sorted(SCOPES)},
                }
            },
        },
    )
    spec.components.schema("Error", _ERROR_SCHEMA)
    spec.components.schema("PlainError", _PLAIN_ERROR_SCHEMA)
    spec.components.schema("BodyTooLarge", _BODY_TOO_LARGE_SCHEMA)
    requests, responses = load_fixture("request-examples.yaml"), _load_response_examples(base_url)
    for endpoint in endpoints:
        operation = _operation(endpoint, converter)
        route = f"{endpoint.method} {endpoint.path}"
        _add_examples(operation, requests.get(route, {}))
        if route in responses:
            media = operation["responses"][str(endpoint.status)]["content"]["application/json"]
            media["example"] = responses[route]
        spec.path(path=endpoint.path, operations={endpoint.method.lower(): operation})
    document: JsonObject = spec.to_dict()
    return document


def _load_response_examples(base_url: str) -> dict[str, JsonObject]:
    """Returns what the emulator answered to the examples of requests, with the addresses of this one.

    `tools.record_responses` records them, with the first items of long lists only.
    """
    recorded = fixture_path("response-examples.json").read_text("utf-8")
    origin = json.dumps(base_url.removesuffix("/api/v2"))[1:-1]
    examples: dict[str, JsonObject] = json.loads(recorded.replace(RECORDED_ORIGIN, origin))
    return examples


def build_vendor_document(endpoints: Collection[Endpoint], base_url: str) -> JsonObject:
    """Returns the document as Make serves it of itself: OpenAPI 3.0, with the scopes of each operation as its security.

    Source: the document that a zone served in May 2026.
    """
    document = _to_openapi_3_0(build_document(endpoints, base_url))
    for operations in document["paths"].values():
        for operation in operations.values():
            scopes = operation.pop("x-scopes")
            operation.pop("x-core", None)
            for response in operation["responses"].values():
                response["content"]["application/json"].pop("example", None)
            operation["security"] = [{"token": scopes}] if scopes else []
    info = {
        "title": "Web API v2 - Public",
        "version": "1.0.0",
        "description": "The routes of the Make API v2 as make-emulator serves them.",
    }
    return {**document, "openapi": "3.0.0", "info": info}


#: Keywords of JSON Schema that OpenAPI 3.0 has not.
_NEW_KEYWORDS = frozenset({"contentMediaType", "contentSchema"})


def _to_openapi_3_0(value: Any) -> Any:
    """Returns a document in which types are single, and null is ``nullable``."""
    if isinstance(value, list):
        return [_to_openapi_3_0(item) for item in value]
    if not isinstance(value, dict):
        return value
    converted = {name: _to_openapi_3_0(item) for name, item in value.items() if name not in _NEW_KEYWORDS}
    types = converted.get("type")
    if isinstance(types, list):
        rest = [name for name in types if name != "null"]
        del converted["type"]
        if len(rest) == 1:
            converted["type"] = rest[0]
        if len(rest) < len(types):
            converted["nullable"] = True
    if converted.get("required") == []:
        del converted["required"]
    return converted


def _describe_scope(scope: str) -> str:
    """Returns what a scope allows, in words."""
    area, _, access = scope.partition(":")
    verb = {"read": "View", "write": "Create, change and delete"}.get(access, access.capitalize())
    return f"{verb} {area.replace('-', ' ')}"


def _field_schema(field: fields.Field[Any], convert: Callable[[fields.Field[Any]], JsonObject]) -> JsonObject:
    """Returns the schema of a field of our own classes, as far as apispec cannot derive it."""
    match field:
        case Derived() | Constant():
            return convert(field.shape)
        case Timestamp():
            return {"type": ["string", "null"], "format": "date-time"}
        case JsonText():
            return {
                "type": "string",
                "format": "json-object",
                "contentMediaType": "application/json",
                "contentSchema": {"type": "object"},
            }
        case SpecField():
            item = {
                "type": "object",
                "required": ["name", "type"],
                "properties": {
                    "name": {"type": "string", "minLength": 1},
                    "type": {
                        "type": "string",
                        **({"enum": list(field.types)} if field.types else {"minLength": 1}),
                    },
                    "label": {"type": ["string", "null"]},
                    "required": {"type": ["boolean", "null"]},
                },
            }
            return {"type": ["array", "null"] if field.allow_none else "array", "items": item}
        case fields.String() if patterns := _patterns(field):
            # `re.match` anchors at the start, and Python has a sign of its own for the end.
            return {"pattern": f"^{patterns[0].removesuffix(_PYTHON_END_ANCHOR)}$"}
        case _ if type(field) is fields.Raw and not field.allow_none and not field.dump_only:
            return {"type": _NON_NULL_TYPES}
    return {}


def _patterns(field: fields.Field[Any]) -> list[str]:
    return [str(rule.regex.pattern) for rule in field.validators if isinstance(rule, ma.validate.Regexp)]


def _operation(endpoint: Endpoint, converter: Any) -> JsonObject:
    operation: JsonObject = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "tags": [endpoint.tag],
        "parameters": _parameters(endpoint, converter),
        "responses": {
            str(endpoint.status): {
                "description": "Success.",
                "content": {"application/json": {"schema": _response_schema(endpoint, converter)}},
            },
            **{
                status: {
                    "description": text,
                    "content": {"application/json": {"schema": _error_schema(endpoint, status)}},
                }
                for status, text in _ERRORS.items()
            },
        },
        "x-scopes": list(endpoint.scopes),
        "security": [{"token": []}, {"oauth": list(endpoint.scopes)}],
    }
    if endpoint.core:
        operation["x-core"] = list(endpoint.core)
    if endpoint.raw_body:
        operation["requestBody"] = _json_body({"type": "object"}, required=False)
    elif endpoint.body is not None:
        schema = _object_schema(endpoint.body, converter)
        schema["additionalProperties"] = isinstance(endpoint.body, OpenBodySchema)
        operation["requestBody"] = _json_body(schema, required="required" in schema)
    return operation


def _add_examples(operation: JsonObject, example: JsonObject) -> None:
    """Adds the parameters and the body of a request that is answered with success."""
    for parameter in operation["parameters"]:
        values = example.get(parameter["in"], {})
        if parameter["name"] in values:
            parameter["example"] = values[parameter["name"]]
    if "body" in example:
        operation["requestBody"]["content"]["application/json"]["example"] = example["body"]


def _error_schema(endpoint: Endpoint, status: str) -> JsonObject:
    own = _reference("PlainError" if endpoint.plain_errors else "Error")
    return {"anyOf": [own, _reference("BodyTooLarge")]} if status == "400" else own


def _reference(name: str) -> JsonObject:
    return {"$ref": f"#/components/schemas/{name}"}


def _json_body(schema: JsonObject, *, required: bool) -> JsonObject:
    return {"required": required, "content": {"application/json": {"schema": schema}}}


def _object_schema(schema: ma.Schema, converter: Any) -> JsonObject:
    shape: JsonObject = converter.schema2jsonschema(schema)
    return shape


def _parameters(endpoint: Endpoint, converter: Any) -> list[JsonObject]:
    parameters = []
    for name in _PARAMETER.findall(endpoint.path):
        number = {"type": "integer", "minimum": 1, "maximum": MAX_ID}
        schema = (
            number
            if name in PATH_PARAMETER_KINDS and name not in TEXT_ID_PARAMETERS
            else {"type": "string", "minLength": 1}
        )
        parameters.append({"in": "path", "name": name, "required": True, "schema": schema})
    for name, field in endpoint.query.load_fields.items() if endpoint.query else ():
        key = field.data_key or name
        parameters.append(
            {
                "in": "query",
                "name": f"{key}[]" if isinstance(field, ListField) else key,
                "required": field.required,
                "schema": converter.field2property(field),
            }
        )
    if endpoint.cols and endpoint.response.schema is not None:
        columns = [*endpoint.response.schema.columns(), "*"]
        parameters.append(
            _query_parameter(
                "cols" if endpoint.plain_cols else "cols[]",
                {"type": "array", "items": {"type": "string", "enum": columns}},
            )
        )
    if (paging := endpoint.paging) is not None:
        parameters.append(
            _query_parameter(
                "pg[limit]",
                {"type": "integer", "minimum": 1, "maximum": paging.maximum, "default": paging.limit},
            )
        )
        parameters.append(
            _query_parameter("pg[offset]", {"type": "integer", "minimum": 0, "maximum": MAX_ID, "default": 0})
        )
        if paging.sort is not None:
            parameters.append(
                _query_parameter(
                    "pg[sortBy]", {"type": "string", "enum": list(paging.sort_keys), "default": paging.sort}
                )
            )
            direction = "desc" if paging.descending else "asc"
            parameters.append(
                _query_parameter(
                    "pg[sortDir]", {"type": "string", "enum": ["asc", "desc"], "default": direction}
                )
            )
    return parameters


def _query_parameter(name: str, schema: JsonObject) -> JsonObject:
    return {"in": "query", "name": name, "required": False, "schema": schema}


def _response_schema(endpoint: Endpoint, converter: Any) -> JsonObject:
    response: Envelope = endpoint.response
    if response.unwrapped is not None:
        return _row_schema(response.unwrapped, converter, whole=not endpoint.cols)
    if not response.fields:
        return {"type": "object"}
    properties = {
        key: _envelope_field_schema(
            part, converter, whole=not (endpoint.cols and part.schema is response.schema)
        )
        for key, part in response.fields.items()
    }
    if endpoint.paging is not None:
        properties["pg"] = _PAGE_SCHEMA
    required = [
        key for key in properties if key not in response.fields or not response.fields[key].is_optional
    ]
    return {"type": "object", "required": required, "properties": properties}


def _envelope_field_schema(part: EnvelopeField, converter: Any, *, whole: bool) -> JsonObject:
    if part.schema_by_type:
        shapes = [_row_schema(schema, converter, whole=True) for schema in part.schema_by_type.values()]
        return {"type": "array", "items": {"anyOf": shapes}}
    if part.schema is None:
        return {}
    row = _row_schema(part.schema, converter, whole=whole)
    return {"type": "array", "items": row} if part.many else row


def _row_schema(schema: type[ResponseSchema], converter: Any, *, whole: bool) -> JsonObject:
    """Returns the schema of one object of a response; a whole one has every default column."""
    shape = _object_schema(schema(), converter)
    if whole:
        columns = schema.columns().items()
        shape["required"] = [name for name, default in columns if default and name not in schema.omit_none]
    return shape
