"""Declarations of management tools: name, inputs, scope and annotations beside the function that serves the call."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import marshmallow as ma
import orjson

from ....http.errors import RequestValidationError
from ....json_types import Json, JsonObject
from ....schemas.base import BodySchema, is_too_deep, validation_messages
from ..definition import ToolAnnotations, ToolCall, ToolDefinition, ToolError, ToolResult

#: Function of a management tool: returns the text, or the JSON, of its result.
ManagementHandler: TypeAlias = Callable[[ToolCall], Json]

#: Length to which names are cropped (seen on the hosted server).
MAX_NAME_LENGTH = 48

READ_ONLY = ToolAnnotations(read_only=True)
#: Adds or changes, and may be repeated.
WRITE = ToolAnnotations(idempotent=True)
#: Replaces what there was, and may be repeated.
REPLACE = ToolAnnotations(destructive=True, idempotent=True)
DELETE = ToolAnnotations(destructive=True)
#: Adds, and adds again if it is repeated.
ADD = ToolAnnotations()
#: Asks a service outside of Make.
VERIFY = ToolAnnotations(idempotent=True, open_world=True)
#: Does what cannot be undone, outside of Make too.
RUN = ToolAnnotations(destructive=True, open_world=True)


@dataclass(frozen=True, slots=True)
class Input:
    """An input of a tool.

    Args:
        schema: its JSON Schema.
        required: true if calls must have it.
    """

    schema: JsonObject
    required: bool = False


def number(description: str = "", *, required: bool = False) -> Input:
    return _input("number", description, required)


def text(description: str = "", *, required: bool = False, pattern: str | None = None) -> Input:
    made = _input("string", description, required)
    return made if pattern is None else Input({**made.schema, "pattern": pattern}, required)


def flag(description: str = "", *, required: bool = False) -> Input:
    return _input("boolean", description, required)


def collection(description: str = "", *, required: bool = False) -> Input:
    return _input("object", description, required)


def array(description: str = "", *, required: bool = False, items: JsonObject | None = None) -> Input:
    made = _input("array", description, required)
    return made if items is None else Input({**made.schema, "items": items}, required)


def anything(description: str = "", *, required: bool = False) -> Input:
    """Returns an input of any type."""
    return Input({"description": description} if description else {}, required)


def json_object(description: str = "", *, required: bool = False) -> Input:
    """Returns an input that takes an object, or its JSON text, as older editions of the hosted server did."""
    return Input(
        {"type": ["object", "string"], **({"description": description} if description else {})}, required
    )


def parse_json_object(name: str, value: Json) -> Json:
    """Returns an argument that may be a JSON text as the object.

    Raises:
        ToolError: if the text is not a JSON object, or nested deeper than a request may be.
    """
    if not isinstance(value, str):
        return value
    try:
        parsed: Json = orjson.loads(value)
    except orjson.JSONDecodeError:
        parsed = None
    if not isinstance(parsed, Mapping) or is_too_deep(parsed):
        raise ToolError(
            f"MakeError: Parameter '{name}' is not a JSON object.", decision="refused: parameters"
        )
    return parsed


def parse_whole_number(value: Json) -> Json:
    """Returns an argument that may be a number in digits as the number; any other as it is."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        return int(value)
    return value


def check_fields(schema: BodySchema, values: Mapping[str, Json]) -> None:
    """Raises RequestValidationError for values that the body of a request could not have."""
    try:
        schema.load(values)
    except ma.ValidationError as error:
        raise RequestValidationError(list(validation_messages(error.messages))) from None


def _input(kind: str, description: str, required: bool) -> Input:
    schema: JsonObject = {"type": kind}
    return Input({**schema, "description": description} if description else schema, required)


def object_schema(inputs: Mapping[str, Input]) -> JsonObject:
    """Returns the input schema of a tool with these inputs, and no others."""
    return {
        "type": "object",
        "properties": {key: each.schema for key, each in inputs.items()},
        "required": [key for key, each in inputs.items() if each.required],
        "additionalProperties": False,
    }


_PATH_PARAMETER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RestCall:
    """Call of a route of the REST API by a tool, made from its arguments.

    Inputs with the name of a path parameter go into the path. The others go into the query of a GET and into the body of any
    other route.

    Attributes:
        route: as it is declared, such as ``GET /teams/{teamId}``.
        rename: name of an input -> name of the parameter, where they differ.
        query: names of inputs that go into the query of a route with a body.
        body: names of inputs that go into the body of a DELETE.
        fixed_query: query parameters that every call has.
        defaults: body fields of calls without the argument.
        answer: key of the response that is the result; empty for the whole response.
        sentence: fixed result, in place of the response.
        reduce: result of the response, where it is another.
    """

    route: str
    rename: Mapping[str, str] = field(default_factory=dict)
    query: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    fixed_query: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, Json] = field(default_factory=dict)
    answer: str = ""
    sentence: str = ""
    reduce: Callable[[Any], Json] | None = None

    def __call__(self, call: ToolCall) -> Json:
        """Returns the result of the tool."""
        path_names = _PATH_PARAMETER.findall(self.route)
        has_body = not self.route.startswith(("GET ", "DELETE ")) or bool(self.body)
        path: dict[str, object] = {}
        query: dict[str, Any] = {}
        body: dict[str, Json] = {}
        for name, value in call.arguments.items():
            target = self.rename.get(name, name)
            if target in path_names:
                path[target] = value
            elif not has_body or name in self.query:
                query[f"{target}[]" if isinstance(value, list) else target] = value
            else:
                body[target] = value
        if has_body:
            body = {**{name: value for name, value in self.defaults.items() if name not in body}, **body}
        query |= self.fixed_query
        response = call.api(self.route, path=path, query=query, body=body if has_body else None)
        if self.sentence:
            return self.sentence
        if self.reduce is not None:
            return self.reduce(response)
        result: Json = response[self.answer] if self.answer else response
        return result


#: Query of lists and rows that show every column.
ALL_COLUMNS: Mapping[str, str] = {"cols[]": "*"}
#: Query of deletions, which the tools confirm.
CONFIRMED: Mapping[str, str] = {"confirmed": "true"}


class ToolGroup:
    """Management tools of one category, in the order of their declaration."""

    def __init__(self, category: str) -> None:
        self.category = category
        self.tools: list[ToolDefinition] = []
        #: Name of a tool -> its call, of those that are one call of the REST API.
        self.rest_calls: dict[str, RestCall] = {}

    def tool(
        self,
        name: str,
        title: str,
        *,
        annotations: ToolAnnotations,
        scopes: Sequence[str] = (),
        inputs: Mapping[str, Input] | None = None,
        has_secrets: bool = False,
    ) -> Callable[[ManagementHandler], ManagementHandler]:
        """Declares a tool ``{category}_{name}``; the docstring of the function is its description."""
        schema = object_schema(inputs or {})

        def declare(handler: ManagementHandler) -> ManagementHandler:
            self.tools.append(
                ToolDefinition(
                    name=f"{self.category}_{name}"[:MAX_NAME_LENGTH],
                    title=title,
                    description=f"{title} ({self.category}): {' '.join((handler.__doc__ or '').split())}",
                    input_schema=schema,
                    annotations=annotations,
                    scopes=tuple(scopes),
                    has_secrets=has_secrets,
                    handler=lambda call: ToolResult.of(handler(call)),
                )
            )
            return handler

        return declare

    def rest(
        self,
        name: str,
        title: str,
        description: str,
        call: RestCall,
        *,
        annotations: ToolAnnotations,
        scopes: Sequence[str] = (),
        inputs: Mapping[str, Input] | None = None,
        has_secrets: bool = False,
    ) -> None:
        """Declares a tool that is one call of the REST API."""

        def handler(tool_call: ToolCall) -> Json:
            return call(tool_call)

        handler.__doc__ = description
        self.tool(
            name, title, annotations=annotations, scopes=scopes, inputs=inputs, has_secrets=has_secrets
        )(handler)
        self.rest_calls[self.tools[-1].name] = call
