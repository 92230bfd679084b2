"""Check of arguments against the input schema of a tool: the keywords of JSON Schema that input schemas here use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...json_types import Json, JsonObject, as_array, as_mapping, is_integer

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list, tuple),
    "null": (type(None),),
}


def find_issues(schema: JsonObject, arguments: Mapping[str, Json]) -> list[str]:
    """Returns a text for each argument that is missing, unknown or wrong."""
    return list(_object_issues(schema, arguments, ""))


def _object_issues(schema: Mapping[str, Json], value: Mapping[str, Json], path: str) -> Iterator[str]:
    properties = as_mapping(schema.get("properties"))
    for name in as_array(schema.get("required")):
        if name not in value:
            yield f"{path}{name}: Required"
    for name, inner in value.items():
        if name in properties:
            yield from _value_issues(as_mapping(properties[name]), inner, f"{path}{name}")
        elif schema.get("additionalProperties") is False:
            yield f"{path}{name}: Unrecognized key"


def _value_issues(schema: Mapping[str, Json], value: Json, path: str) -> Iterator[str]:
    kind = schema.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    if kind is not None and not any(_is_of_type(value, str(each)) for each in kinds):
        yield f"{path}: Expected {' or '.join(map(str, kinds))}"
        return
    if (choices := schema.get("enum")) is not None and value not in as_array(choices):
        yield f"{path}: Expected one of {', '.join(map(str, as_array(choices)))}"
    if isinstance(value, Mapping) and "properties" in schema:
        yield from _object_issues(schema, value, f"{path}.")
    if isinstance(value, list) and isinstance(items := schema.get("items"), Mapping):
        for number, item in enumerate(value):
            yield from _value_issues(items, item, f"{path}[{number}]")


def _is_of_type(value: Json, kind: str) -> bool:
    if kind == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind == "integer":
        return is_integer(value)
    return isinstance(value, _TYPES[kind])
