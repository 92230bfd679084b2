"""Comparison of the declared routes, and of their answers, with the vendor's description of the API.

A difference is a line: the route of the description, a colon, and the part that differs, such as
``GET /users: query tfaStatus``. Entries of the fidelity ledger name, under ``leftOut``, the differences that are meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from make_emulator import api
from make_emulator.http.endpoint import Endpoint
from make_emulator.http.openapi import build_document
from make_emulator.json_types import Json

from .vendor_api import Field, Operation, Shape, anonymous, operations, shape_of_schema

#: Query parameters that the declaration of paging and columns brings.
_PAGING = ("pg[limit]", "pg[offset]", "pg[sortBy]", "pg[sortDir]", "cols[]", "cols")


@cache
def _served() -> Mapping[str, Endpoint]:
    return {anonymous(f"{endpoint.method} {endpoint.path}"): endpoint for endpoint in api.endpoints()}


def _declared_operations(endpoints: Sequence[Endpoint]) -> Mapping[str, Mapping[str, Any]]:
    document = build_document(endpoints, "http://127.0.0.1/api/v2")
    return {
        anonymous(f"{method.upper()} {path}"): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


@cache
def _emulated_operations() -> Mapping[str, Mapping[str, Any]]:
    return _declared_operations(list(api.endpoints()))


def _declared(operation: Operation, endpoints: Sequence[Endpoint] | None) -> Mapping[str, Any]:
    declared = _emulated_operations() if endpoints is None else _declared_operations(endpoints)
    return declared[operation.pattern]


def endpoint_of(operation: Operation) -> Endpoint | None:
    """Returns the endpoint that serves an operation; ``None`` if none does."""
    return _served().get(operation.pattern)


def served_operations() -> list[Operation]:
    return [operation for operation in operations() if endpoint_of(operation) is not None]


def undocumented_endpoints() -> list[Endpoint]:
    """Returns the endpoints that the description does not have."""
    documented = {operation.pattern for operation in operations()}
    return [endpoint for pattern, endpoint in _served().items() if pattern not in documented]


def differences(
    operation: Operation, endpoint: Endpoint, endpoints: Sequence[Endpoint] | None = None
) -> Iterator[str]:
    """Returns the parts of a declaration that differ from the description.

    Args:
        endpoints: all endpoints of the API to which it belongs; by default that of the emulator.
    """
    declared = _declared(operation, endpoints)
    if operation.scopes is not None and set(operation.scopes) != set(endpoint.scopes):
        yield "scopes"
    yield from _query_differences(operation, declared)
    yield from _column_differences(operation, endpoint)
    yield from _order_differences(operation, endpoint)
    if operation.body is not None:
        schema = declared.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
        body = Shape(fields={}) if schema is None else shape_of_schema(schema)
        yield from _field_differences("body", operation.body, body)
    if operation.answer is not None:
        yield from _answer_type_differences("", operation.answer, _answer_shape(declared))


def _answer_shape(declared: Mapping[str, Any]) -> Shape:
    """Shape of the response to a successful request."""
    success = next(each for status, each in declared["responses"].items() if status.startswith("2"))
    content = success.get("content", {}).get("application/json")
    return Shape() if content is None else shape_of_schema(content["schema"])


def _query_differences(operation: Operation, declared: Mapping[str, Any]) -> Iterator[str]:
    ours = {
        each["name"]: Field(shape_of_schema(each["schema"]), each["required"])
        for each in declared["parameters"]
        if each["in"] == "query"
    }
    for name, field in operation.query.items():
        if name not in ours:
            yield f"query {name}"
            continue
        yield from _value_differences(f"query {name}", field, ours[name])
    for name in ours:
        if name not in operation.query and name not in _PAGING:
            yield f"query {name} undocumented"


def _column_differences(operation: Operation, endpoint: Endpoint) -> Iterator[str]:
    if operation.columns is None:
        if endpoint.cols:
            yield "columns undocumented"
        return
    if not endpoint.cols or endpoint.response.schema is None:
        yield "columns"
        return
    ours = endpoint.response.schema.columns()
    for name in operation.columns:
        if name not in ours:
            yield f"column {name}"
    if operation.default_columns is not None:
        defaults = [name for name, default in ours.items() if default]
        for name in operation.default_columns:
            if name not in defaults:
                yield f"default column {name}"
        for name in defaults:
            if name not in operation.default_columns:
                yield f"default column {name} undocumented"


def _order_differences(operation: Operation, endpoint: Endpoint) -> Iterator[str]:
    if operation.order is not None and endpoint.paging is not None and endpoint.paging.sort is not None:
        ours = f"{endpoint.paging.sort} {'desc' if endpoint.paging.descending else 'asc'}"
        if ours != operation.order:
            yield "order"


def _field_differences(place: str, theirs: Shape, ours: Shape) -> Iterator[str]:
    """Returns the differences of an object of a request."""
    if theirs.alternatives:
        names = {name: field for each in theirs.alternatives for name, field in (each.fields or {}).items()}
        theirs = Shape(kinds=theirs.kinds, fields={name: Field(each.shape) for name, each in names.items()})
    if theirs.fields is None:
        return
    if ours.fields is None:
        return  # an object with names of the caller's choosing
    for name, field in theirs.fields.items():
        if name not in ours.fields:
            if not ours.is_open:
                yield f"{place} {name}"
            continue
        yield from _value_differences(f"{place} {name}", field, ours.fields[name])
        shape, own = field.shape, ours.fields[name].shape
        if shape.items is not None and own.items is not None:
            yield from _field_differences(f"{place} {name}[]", shape.items, own.items)
        else:
            yield from _field_differences(f"{place} {name}", shape, own)
    for name in ours.fields:
        if name not in theirs.fields and not theirs.is_open:
            yield f"{place} {name} undocumented"


def _value_differences(place: str, theirs: Field, ours: Field) -> Iterator[str]:
    if theirs.is_required != ours.is_required:
        yield f"{place} required"
    if theirs.is_nullable and not ours.is_nullable:
        yield f"{place} null"
    own = ours.shape.kinds - {"null"}
    texts = place.startswith("query") and (own | theirs.shape.kinds) <= {"integer", "string"}
    if theirs.shape.kinds and own and not own & theirs.shape.kinds and not texts:
        yield f"{place} type"
    if theirs.shape.choices and set(theirs.shape.choices) != set(ours.shape.choices):
        yield f"{place} choices"
    for limit, own_limit in zip(theirs.shape.bounds, ours.shape.bounds, strict=True):
        if limit is not None and limit != own_limit:
            yield f"{place} bounds"
            break
    if theirs.shape.default is not None and theirs.shape.default != ours.shape.default:
        yield f"{place} default"


def _answer_type_differences(path: str, theirs: Shape, ours: Shape) -> Iterator[str]:
    """Returns the declared values of an answer that are of another kind."""
    own = ours.kinds - {"null"}
    if theirs.kinds and own and not own & theirs.kinds:
        yield f"answer {path} type"
        return
    for name, field in (theirs.fields or {}).items():
        if ours.fields is not None and name in ours.fields:
            inner = f"{path}.{name}" if path else name
            yield from _answer_type_differences(inner, field.shape, ours.fields[name].shape)
    if theirs.items is not None and ours.items is not None:
        yield from _answer_type_differences(f"{path}[]", theirs.items, ours.items)


def answer_differences(
    operation: Operation, answer: Json, endpoints: Sequence[Endpoint] | None = None
) -> Iterator[str]:
    """Returns the fields that an answer lacks, or has of another kind; a column counts as there if it can be requested."""
    theirs = operation.answer
    if theirs is None:
        return
    for path in dict.fromkeys(theirs.accepts(answer)):
        yield f"answer {path} type"
    declared = _answer_shape(_declared(operation, endpoints))
    yield from (f"answer {path}" for path in _missing(theirs, declared, [answer], ""))


def _missing(theirs: Shape, declared: Shape, values: list[Json], path: str) -> Iterator[str]:
    if theirs.items is not None:
        items = [each for value in values if isinstance(value, list) for each in value]
        yield from _missing(theirs.items, declared.items or Shape(), items, f"{path}[]")
        return
    if theirs.fields is None:
        return
    objects = [value for value in values if isinstance(value, dict)]
    for name, field in theirs.fields.items():
        inner = f"{path}.{name}" if path else name
        own = None if declared.fields is None else declared.fields.get(name)
        found = [value[name] for value in objects if name in value]
        if own is None and not found:
            # An object without declared fields shows them only where there is one.
            if declared.fields is not None or objects:
                yield inner
            continue
        yield from _missing(field.shape, own.shape if own else Shape(), found, inner)
