"""Reader of fixtures/vendor-api.yaml: the operations of the vendor's description of the API, and the shapes of their values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from make_emulator.json_types import Json, JsonObject
from make_emulator.resources import load_fixture

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

#: Type of the notation -> the kinds of JSON that it is. A bigint is a number or, beyond what JavaScript holds, its digits.
_KINDS = {
    "string": {"string"},
    "integer": {"integer"},
    "number": {"integer", "number"},
    "bigint": {"integer", "string"},
    "boolean": {"boolean"},
    "object": {"object"},
    "null": {"null"},
    "date": {"string"},
    "datetime": {"string"},
    "email": {"string"},
    "uri": {"string"},
    "uuid": {"string"},
}
_NAME = re.compile(r"(?P<name>[^*?]+?)(?:\((?P<bounds>\d*\.\.\d*)\))?(?P<marks>[*?]*)")
_TYPE = re.compile(r"(?P<type>\[.*\]|enum\(.*?\)|\w+)(?:\((?P<bounds>\d*\.\.\d*)\))?")
_PARAMETER = re.compile(r"\{\w+\}")

Bounds = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Values that are allowed somewhere; no kinds stand for any value."""

    kinds: frozenset[str] = frozenset()
    #: Fields of an object, if it lists them.
    fields: Mapping[str, Field] | None = None
    #: True if an object may have more fields than these.
    is_open: bool = True
    items: Shape | None = None
    choices: tuple[str, ...] = ()
    #: Minimum and maximum of the length of a string, of the value of a number, of the number of items.
    bounds: Bounds = (None, None)
    default: str | None = None
    alternatives: tuple[Shape, ...] = ()

    def accepts(self, value: Json, path: str = "") -> Iterator[str]:
        """Returns the paths of the values in it that are of another kind."""
        if self.alternatives:
            found = [list(each.accepts(value, path)) for each in self.alternatives]
            yield from min(found, key=len)
            return
        if value is None or not self.kinds:
            return
        if kind_of(value) not in self.kinds:
            yield path
        elif isinstance(value, list) and self.items is not None:
            for each in value:
                yield from self.items.accepts(each, f"{path}[]")
        elif isinstance(value, dict) and self.fields is not None:
            for name, each in value.items():
                if name in self.fields:
                    yield from self.fields[name].shape.accepts(each, f"{path}.{name}" if path else name)


@dataclass(frozen=True, slots=True)
class Field:
    """Field of an object, or parameter of a query."""

    shape: Shape
    is_required: bool = False
    is_nullable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation of the description; only those with a summary have more than their name."""

    method: str
    path: str
    summary: str = ""
    scopes: tuple[str, ...] | None = None
    flags: tuple[str, ...] = ()
    query: Mapping[str, Field] = field(default_factory=dict)
    #: Columns that ``cols[]`` can name; ``None`` without such a parameter, empty if there is no list.
    columns: tuple[str, ...] | None = None
    columns_parameter: str = "cols[]"
    default_columns: tuple[str, ...] | None = None
    order: str | None = None
    body: Shape | None = None
    status: int = 200
    answer: Shape | None = None

    @property
    def route(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def pattern(self) -> str:
        """Method and path without the names of its parameters, which differ between descriptions."""
        return anonymous(self.route)


def anonymous(route: str) -> str:
    """Returns a route without the names of its parameters."""
    return _PARAMETER.sub("{}", route)


def kind_of(value: Json) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "integer" if value.is_integer() else "number"
        case str():
            return "string"
        case list():
            return "array"
    return "object"


@cache
def load_document() -> JsonObject:
    document: JsonObject = load_fixture("vendor-api.yaml")
    return document


@cache
def operations() -> tuple[Operation, ...]:
    """Returns the operations, in the order of the file."""
    return tuple(parse_operation(route, entry) for route, entry in load_document()["operations"].items())


def parse_operation(route: str, entry: Mapping[str, Any]) -> Operation:
    return _Parser(load_document()["schemas"]).operation(route, entry)


class _Parser:
    """Parser for the notation of the file, which its head explains."""

    def __init__(self, schemas: Mapping[str, Any]) -> None:
        self._schemas = schemas

    def operation(self, route: str, entry: Mapping[str, Any]) -> Operation:
        method, _, path = route.partition(" ")
        columns = entry.get("columns")
        return Operation(
            method=method,
            path=path,
            summary=entry.get("summary", ""),
            scopes=tuple(entry["scopes"]) if "scopes" in entry else None,
            flags=tuple(entry.get("flags", ())),
            query=self._fields(entry.get("query", {})),
            columns=() if columns == "any" else None if columns is None else tuple(columns),
            columns_parameter=entry.get("columnsParameter", "cols[]"),
            default_columns=tuple(entry["defaultColumns"]) if "defaultColumns" in entry else None,
            order=entry.get("order"),
            body=self.shape(entry["body"]) if "body" in entry else None,
            status=entry.get("status", 200),
            answer=self.shape(entry["answer"]) if "answer" in entry else None,
        )

    def shape(self, notation: Any) -> Shape:
        """Returns the shape of a type in the notation.

        Raises:
            ValueError: if it is none.
        """
        match notation:
            case str():
                return self._scalar(notation)
            case [item]:
                return Shape(kinds=frozenset({"array"}), items=self.shape(item))
            case {"$oneOf": alternatives}:
                return Shape(
                    kinds=frozenset({"object"}), alternatives=tuple(self.shape(each) for each in alternatives)
                )
            case dict():
                base = self.shape(notation["$ref"]).fields if "$ref" in notation else None
                own = {name: form for name, form in notation.items() if name not in ("$ref", "...")}
                fields = {**(base or {}), **self._fields(own)}
                return Shape(
                    kinds=frozenset({"object"}),
                    fields=fields or None,
                    is_open="..." in notation or not fields,
                )
        raise ValueError(f"not a type: {notation!r}")

    def _fields(self, notation: Mapping[str, Any]) -> dict[str, Field]:
        fields = {}
        for key, form in notation.items():
            match = _NAME.fullmatch(key)
            if match is None:
                raise ValueError(f"not a name: {key!r}")
            shape = self.shape(form)
            if match["bounds"]:
                shape = replace(shape, bounds=_parse_bounds(match["bounds"]))
            fields[match["name"]] = Field(shape, "*" in match["marks"], "?" in match["marks"])
        return fields

    def _scalar(self, text: str) -> Shape:
        text, _, default = text.partition(" = ")
        parts = re.split(r"\|(?![^(]*\))", text)
        if len(parts) > 1:
            shapes = [self._scalar(part) for part in parts]
            lists = [shape for shape in shapes if "array" in shape.kinds]
            merged = Shape(
                kinds=frozenset().union(*(shape.kinds for shape in shapes)),
                items=lists[0].items if lists else None,
                choices=tuple(choice for shape in shapes for choice in shape.choices),
            )
            return replace(merged, default=default or None)
        match = _TYPE.fullmatch(text)
        if match is None:
            raise ValueError(f"not a type: {text!r}")
        type = match["type"]
        if type.startswith("["):
            return Shape(kinds=frozenset({"array"}), items=self._scalar(type[1:-1]), default=default or None)
        if type in self._schemas:
            return self.shape(self._schemas[type])
        if type == "any":
            return Shape(default=default or None)
        bounds = _parse_bounds(match["bounds"]) if match["bounds"] else (None, None)
        if type.startswith("enum("):
            choices = tuple(type[5:-1].split("|"))
            kinds = {"integer"} if all(choice.isdecimal() for choice in choices) else {"string"}
            return Shape(kinds=frozenset(kinds), choices=choices, default=default or None)
        if type not in _KINDS:
            raise ValueError(f"not a type: {text!r}")
        return Shape(kinds=frozenset(_KINDS[type]), bounds=bounds, default=default or None)


def _parse_bounds(text: str) -> Bounds:
    low, _, high = text.partition("..")
    return int(low) if low else None, int(high) if high else None


def shape_of_schema(schema: Mapping[str, Any]) -> Shape:
    """Returns the shape of a JSON Schema, as far as shapes go; an unknown one is any value."""
    if "anyOf" in schema:
        return Shape(alternatives=tuple(shape_of_schema(each) for each in schema["anyOf"]))
    types = schema.get("type", [])
    kinds = set([types] if isinstance(types, str) else types)
    if "number" in kinds:
        kinds.add("integer")
    if "enum" in schema and not kinds:
        kinds = {kind_of(each) for each in schema["enum"]}
    properties = schema.get("properties")
    required = schema.get("required", ())
    fields = None
    if properties is not None:
        fields = {
            name: Field(shape_of_schema(each), name in required, "null" in _types(each))
            for name, each in properties.items()
        }
    low = schema.get("minLength", schema.get("minimum", schema.get("minItems")))
    high = schema.get("maxLength", schema.get("maximum", schema.get("maxItems")))
    default = schema.get("default")
    return Shape(
        kinds=frozenset(kinds),
        fields=fields,
        is_open=schema.get("additionalProperties", True) is not False,
        items=shape_of_schema(schema["items"]) if "items" in schema else None,
        choices=tuple(str(each) for each in schema.get("enum", ()) if each is not None),
        bounds=(low, high),
        default=None
        if default is None
        else str(default).lower()
        if isinstance(default, bool)
        else str(default),
    )


def _types(schema: Mapping[str, Any]) -> list[str]:
    types = schema.get("type", ["null"])
    return [types] if isinstance(types, str) else list(types)
