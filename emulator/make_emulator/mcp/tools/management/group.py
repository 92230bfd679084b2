"""Declarations of management tools: name, inputs, scope and annotations beside the function that serves the call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ....json_types import Json, JsonObject
from ..definition import ToolAnnotations, ToolCall, ToolDefinition, ToolResult

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


class ToolGroup:
    """Management tools of one category, in the order of their declaration."""

    def __init__(self, category: str) -> None:
        self.category = category
        self.tools: list[ToolDefinition] = []

    def tool(
        self,
        name: str,
        title: str,
        *,
        annotations: ToolAnnotations,
        scopes: Sequence[str] = (),
        inputs: Mapping[str, Input] | None = None,
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
                    handler=lambda call: ToolResult.of(handler(call)),
                )
            )
            return handler

        return declare
