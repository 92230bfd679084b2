"""Data of the API reference, derived from the OpenAPI document."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

#: Maximum depth of the fields of a body.
MAX_DEPTH = 6

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FieldRow:
    """Row of the table of a body."""

    depth: int
    name: str
    type: str
    required: bool
    notes: str


@dataclass(frozen=True, slots=True)
class ParameterRow:
    """Row of the table of parameters."""

    name: str
    place: str
    type: str
    required: bool
    notes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """Route with its parameters, bodies and a curl command."""

    id: str
    method: str
    path: str
    summary: str
    scopes: list[str]
    parameters: list[ParameterRow]
    #: ``None`` without a body.
    body: list[FieldRow] | None
    response: list[FieldRow]
    #: Example of the body as JSON; ``None`` without one.
    example: str | None
    #: Example of the response as JSON; ``None`` without one.
    response_example: str | None
    curl: str
    #: Text that the search box matches.
    search_text: str


@dataclass(frozen=True, slots=True)
class OperationGroup:
    """Routes of one tag."""

    name: str
    operations: list[Operation]

    @property
    def id(self) -> str:
        return self.name.replace(" ", "-")


def template_context(document: Mapping[str, Any], *, token: str, ids: Mapping[str, int]) -> dict[str, Any]:
    """Returns the variables of the template.

    Args:
        token: the token in the curl commands.
        ids: parameter -> the id of the world in place of 1, the first id of the default world, in examples of requests.
    """
    base_url = document["servers"][0]["url"]
    groups: dict[str, OperationGroup] = {}
    errors: dict[str, str] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            group = groups.setdefault(operation["tags"][0], OperationGroup(operation["tags"][0], []))
            group.operations.append(_operation(base_url, method.upper(), path, operation, token, ids))
            errors |= {
                status: response["description"]
                for status, response in operation["responses"].items()
                if status >= "400"
            }
    return {
        "title": document["info"]["title"],
        "description": document["info"]["description"],
        "base_url": base_url,
        "groups": list(groups.values()),
        "errors": sorted(errors.items()),
        "error": list(_fields(document["components"]["schemas"]["Error"])),
    }


def _operation(
    base_url: str, method: str, path: str, operation: Mapping[str, Any], token: str, ids: Mapping[str, int]
) -> Operation:
    parameters = [_parameter(each) for each in operation["parameters"]]
    body = _content_schema(operation.get("requestBody"))
    example = _example_body(operation, ids)
    answer = _success(operation)["content"]["application/json"].get("example")
    scopes = operation["x-scopes"]
    names = [each.name for each in parameters]
    return Operation(
        id=operation["operationId"],
        method=method,
        path=path,
        summary=operation["summary"],
        scopes=scopes,
        parameters=parameters,
        body=None if body is None else list(_fields(body)),
        response=list(_fields(_content_schema(_success(operation)) or {})),
        example=_json_text(example),
        response_example=_json_text(answer),
        curl=_curl_command(base_url + path, method, operation["parameters"], example, token, ids),
        search_text=" ".join(
            [method, path, operation["summary"], operation["operationId"], *scopes, *names]
        ).lower(),
    )


def _json_text(value: Any) -> str | None:
    return None if value is None else json.dumps(value, indent=2, ensure_ascii=False)


def _success(operation: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the response of a success."""
    return next(response for status, response in operation["responses"].items() if status < "400")


def _content_schema(message: Mapping[str, Any] | None) -> Schema | None:
    schema: Schema | None = message and message["content"]["application/json"]["schema"]
    return schema


def _parameter(each: Mapping[str, Any]) -> ParameterRow:
    schema = each["schema"]
    return ParameterRow(
        each["name"], each["in"], _type_text(schema), each["required"], _constraints_text(schema)
    )


def _fields(schema: Schema, depth: int = 0) -> Iterator[FieldRow]:
    """Yields the fields of an object, each followed by its own fields."""
    if "items" in schema:
        yield from _fields(schema["items"], depth)
    for number, shape in enumerate(schema.get("anyOf", ()), 1):
        if "properties" in shape:
            yield FieldRow(depth, f"({number})", "one of these", False, "")
            yield from _fields(shape, depth + 1)
    required = schema.get("required", ())
    for name, inner in schema.get("properties", {}).items():
        yield FieldRow(depth, name, _type_text(inner), name in required, _constraints_text(inner))
        if depth < MAX_DEPTH:
            yield from _fields(inner, depth + 1)


def _type_text(schema: Schema) -> str:
    if "enum" in schema and "type" not in schema:
        return "string"
    kinds = schema.get("type", "any")
    names = [kinds] if isinstance(kinds, str) else list(kinds)
    if len(names) > 3:
        return "any"
    if "array" in names and (items := schema.get("items")):
        names[names.index("array")] = f"array of {_type_text(items)}"
    return " or ".join(names)


def _constraints_text(schema: Schema) -> str:
    """Returns the constraints of a value, as text."""
    items = schema.get("items", {})
    notes = []
    if options := schema.get("enum") or items.get("enum"):
        notes.append("one of " + ", ".join(json.dumps(option).strip('"') for option in options))
    for name, text in (("minLength", "at least {} character{}"), ("maxLength", "at most {} character{}")):
        if name in schema:
            notes.append(text.format(schema[name], "" if schema[name] == 1 else "s"))
    for name, text in (("minimum", "from {}"), ("maximum", "up to {}"), ("default", "by default {}")):
        # The largest id is no useful information.
        if name in schema and schema[name] is not None and schema[name] != 2**53 - 1:
            notes.append(text.format(json.dumps(schema[name])))
    if form := schema.get("format"):
        notes.append(form)
    if schema.get("pattern"):
        notes.append(f"matches {schema['pattern']}")
    return "; ".join(notes)


def _curl_command(
    url: str,
    method: str,
    parameters: list[Mapping[str, Any]],
    body: Any,
    token: str,
    ids: Mapping[str, int],
) -> str:
    """Returns a curl command with the parameters of the example only."""
    query = []
    for each in parameters:
        if "example" not in each:
            continue
        name, text = (
            each["name"],
            quote(_parameter_text(_with_id(each["name"], each["example"], ids)), safe=""),
        )
        if each["in"] == "path":
            url = url.replace("{" + name + "}", text)
        else:
            query.append(f"{name}={text}")
    words = [
        "curl",
        *(["-X", method] if method != "GET" else []),
        url + ("?" + "&".join(query) if query else ""),
    ]
    lines = [shlex.join(words), shlex.join(["-H", f"Authorization: Token {token}"])]
    if body is not None:
        data = json.dumps(body, ensure_ascii=False)
        lines += [shlex.join(["-H", "Content-Type: application/json"]), shlex.join(["-d", data])]
    return " \\\n  ".join(lines)


def _parameter_text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


def _with_id(name: str, value: Any, ids: Mapping[str, int]) -> Any:
    """Returns a value of an example; the id of the world if it is the first one of the default world."""
    return ids.get(name, value) if value == 1 else value


def _example_body(operation: Mapping[str, Any], ids: Mapping[str, int]) -> Any:
    """Returns the example of a body with ids of the world; ``None`` without one."""
    message = operation.get("requestBody")
    example = message and message["content"]["application/json"].get("example")
    return example and {name: _with_id(name, value, ids) for name, value in example.items()}
