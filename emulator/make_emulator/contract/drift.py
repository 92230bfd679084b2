"""Drift: differences between the shape of a response and the declared shape of its route.

The declared shapes are those of the OpenAPI document; here stand only the few that no schema declares.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from ..http.openapi import build_document
from ..json_types import JsonObject
from .declarations import endpoints

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")

_STRING, _INTEGER, _BOOLEAN = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}


def _object_schema(required: Mapping[str, Any], optional: Mapping[str, Any] | None = None) -> JsonObject:
    return {"type": "object", "required": list(required), "properties": {**required, **(optional or {})}}


_ANY_OBJECT = {"type": "object"}
_ANY_LIST: JsonObject = {"type": "array", "items": {}}
_SUCCESS = _object_schema({"success": _BOOLEAN})
_INTERFACE_SPECS = _object_schema({"input_spec": _ANY_LIST, "output_spec": _ANY_LIST})

#: Route -> the shape of a response without a declared schema.
_UNDECLARED_SHAPES: dict[str, JsonObject] = {
    "POST /scenarios/{scenarioId}/run": _object_schema(
        {"executionId": _STRING},
        {
            "statusUrl": _STRING,
            "status": {"enum": [1, 2, 3]},
            "outputs": _ANY_OBJECT,
            "error": _ANY_OBJECT,
        },
    ),
    "GET /scenarios/{scenarioId}/executions/{executionId}": _object_schema(
        {"status": {"enum": ["RUNNING", "SUCCESS", "WARNING", "ERROR"]}},
        {
            "outputs": _ANY_OBJECT,
            "error": _object_schema({"name": _STRING, "message": _STRING}, {"causeModule": _ANY_OBJECT}),
        },
    ),
    "GET /scenarios/{scenarioId}/blueprint": _object_schema(
        {
            "code": {"enum": ["OK"]},
            "response": _object_schema(
                {
                    "blueprint": {
                        "type": "object",
                        "required": ["flow", "name", "metadata"],
                    },
                    "scheduling": _object_schema(
                        {"type": _STRING}, {"interval": _INTEGER, "restrict": _ANY_LIST}
                    ),
                    "concept": _BOOLEAN,
                    "created": {"type": "string", "format": "date-time"},
                    "last_edit": {"type": "string", "format": "date-time"},
                    "metadata": _INTERFACE_SPECS,
                    "idSequence": _INTEGER,
                    "version": _INTEGER,
                }
            ),
        }
    ),
    "POST /hooks/{hookId}/enable": _SUCCESS,
    "POST /hooks/{hookId}/disable": _SUCCESS,
    "DELETE /scenarios/{scenarioId}": _object_schema({"scenario": _INTEGER}),
    "DELETE /connections/{connectionId}": _object_schema({"connection": _INTEGER}),
    "DELETE /hooks/{hookId}": _object_schema({"hook": _INTEGER}),
    "DELETE /data-stores/{dataStoreId}/data": _object_schema({"keys": {"type": "array", "items": _STRING}}),
    "GET /templates/{templateId}/blueprint": _object_schema(
        {
            "blueprint": {"type": "object", "required": ["flow", "name", "metadata"]},
            "controller": _ANY_OBJECT,
            "scheduling": _ANY_OBJECT,
            "language": _STRING,
            "metadata": {},
        }
    ),
}

#: Route -> properties beside the declared response.
_EXTRA_PROPERTIES: dict[str, JsonObject] = {
    "GET /scenarios/{scenarioId}/logs": {
        "pg": _object_schema(
            {"sortBy": _STRING, "limit": _INTEGER, "sortDir": {"enum": ["asc", "desc"]}, "offset": _INTEGER},
            {"returnTotalCount": _BOOLEAN, "last": _STRING, "showLast": _BOOLEAN},
        )
    },
    "GET /data-stores/{dataStoreId}/data": {"spec": _ANY_LIST, "strict": _BOOLEAN, "count": _INTEGER},
}


@dataclass(frozen=True, slots=True, order=True)
class Drift:
    """One difference: ``path`` reads ``scenarios[].lastEdit``; ``kind`` is missing, unknown or type."""

    route: str
    path: str
    kind: str
    expected: str
    found: str

    def sentence(self) -> str:
        match self.kind:
            case "missing":
                return f"{self.route}: {self.path} is missing ({self.expected} was expected)"
            case "unknown":
                return f"{self.route}: {self.path} is not known here ({self.found})"
        return f"{self.route}: {self.path} is {self.found}, not {self.expected}"

    def as_json(self) -> dict[str, str]:
        return asdict(self)


@lru_cache(maxsize=1)
def _openapi_document() -> JsonObject:
    return build_document(list(endpoints().values()), "")


@lru_cache(maxsize=256)
def response_shape(route: str) -> JsonObject:
    """Returns the shape of the response 200 of a route, as JSON Schema."""
    if (by_hand := _UNDECLARED_SHAPES.get(route)) is not None:
        return by_hand
    method, _, path = route.partition(" ")
    response = _openapi_document()["paths"][path][method.lower()]["responses"][str(endpoints()[route].status)]
    shape: JsonObject = response["content"]["application/json"]["schema"]
    if beside := _EXTRA_PROPERTIES.get(route):
        shape = {
            **shape,
            "required": [*shape["required"], *beside],
            "properties": {**shape["properties"], **beside},
        }
    return shape


def error_shape() -> JsonObject:
    """Returns the shape of an error, with the fields of a conflict and of an action to confirm."""
    shape: JsonObject = _openapi_document()["components"]["schemas"]["Error"]
    more = {"currentVersion": _INTEGER, "lastEdit": _STRING, "metadata": _ANY_LIST}
    return {**shape, "properties": {**shape["properties"], **more}}


def find_drift(route: str, body: Any, *, columns: Sequence[str] | None = None) -> list[Drift]:
    """Returns the differences between a response 200 and its declared shape.

    Args:
        columns: the values of ``cols[]``; without any, all default columns must be there.
    """
    endpoint = endpoints()[route]
    shape = response_shape(route)
    schema = endpoint.response.schema
    if endpoint.cols and schema is not None:
        wanted = list(schema.columns()) if columns and "*" in columns else columns
        default = [name for name, is_default in schema.columns().items() if is_default]
        shape = _with_columns(shape, [name for name in wanted or default if name not in schema.omit_none])
    return sorted({Drift(route, *found) for found in _compare(shape, body, "")})


def find_error_drift(route: str, body: Any) -> list[Drift]:
    """Returns the differences between an error and its declared shape."""
    return sorted({Drift(route, *found) for found in _compare(error_shape(), body, "")})


def _with_columns(shape: JsonObject, columns: Sequence[str]) -> JsonObject:
    """Returns the shape with just those columns required in the rows, which are the first key of the envelope."""
    [key, *others] = shape["properties"]
    inner = shape["properties"][key]
    if inner.get("type") == "array":
        inner = {**inner, "items": {**inner["items"], "required": list(columns)}}
    else:
        inner = {**inner, "required": list(columns)}
    properties = {key: inner, **{other: shape["properties"][other] for other in others}}
    return {**shape, "properties": properties}


_Difference = tuple[str, str, str, str]


def _compare(shape: Mapping[str, Any], value: Any, path: str) -> Iterator[_Difference]:
    if options := shape.get("anyOf"):
        outcomes = [list(_compare(option, value, path)) for option in options]
        yield from min(outcomes, key=len)
        return
    here = path or "the body"
    if (choices := shape.get("enum")) is not None and value not in choices:
        yield here, "type", f"one of {', '.join(map(str, choices))}", _type_name(value)
        return
    wanted = shape.get("type")
    kinds = [wanted] if isinstance(wanted, str) else list(wanted or ())
    if kinds and not any(_is_type(value, kind) for kind in kinds):
        yield here, "type", " or ".join(kinds), _type_name(value)
        return
    if shape.get("format") == "date-time" and isinstance(value, str) and not _DATE_TIME.fullmatch(value):
        yield here, "type", "a moment in ISO 8601", _type_name(value)
    if isinstance(value, dict):
        yield from _compare_object(shape, value, path)
    elif isinstance(value, list):
        for item in value:
            yield from _compare(shape.get("items", {}), item, f"{path}[]")


def _compare_object(shape: Mapping[str, Any], value: JsonObject, path: str) -> Iterator[_Difference]:
    properties: Mapping[str, Any] = shape.get("properties") or {}
    for name in shape.get("required", ()):
        if name not in value:
            yield _join_path(path, name), "missing", _expected_type(properties.get(name, {})), "nothing"
    for name, inner in value.items():
        if name in properties:
            yield from _compare(properties[name], inner, _join_path(path, name))
        elif properties:
            yield _join_path(path, name), "unknown", "nothing", _type_name(inner)


def _join_path(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _expected_type(shape: Mapping[str, Any]) -> str:
    kind = shape.get("type", "anything")
    return kind if isinstance(kind, str) else " or ".join(kind)


def _is_type(value: Any, kind: str) -> bool:
    match kind:
        case "null":
            return value is None
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case "string":
            return isinstance(value, str)
        case "array":
            return isinstance(value, list)
    return isinstance(value, dict)


def _type_name(value: Any) -> str:
    """Returns the JSON type of a value; never the value itself, which may be private."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
    return "object"
