"""Data structures, as recorded in July 2026."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import ValidationError, fields

from ..json_types import Json
from ..world import blueprint_refs
from .base import BodySchema, Bool, Derived, QuerySchema, ResourceId, ResponseSchema, Text

_FIELD_KEYS: dict[str, tuple[type, ...]] = {
    "name": (str,),
    "type": (str,),
    "label": (str,),
    "required": (bool,),
}


#: Types of a field of a data structure. Source: the vendor's OpenAPI document.
STRUCTURE_TYPES = ("boolean", "text", "number", "date", "buffer", "collection", "array")


class SpecField(fields.Field[Any]):
    """Specification of fields, stored as sent (recorded: nothing is added)."""

    #: The types that a field may have; empty for any.
    types: tuple[str, ...] = ()

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, list):
            raise ValidationError("Parameter '{path}' must be an array.")
        for fault in spec_issues(value, self.types):
            raise ValidationError(fault)
        return value


class StructureSpecField(SpecField):
    """Specification of a data structure's fields."""

    types = STRUCTURE_TYPES


def spec_issues(spec: list[Json], allowed_types: tuple[str, ...] = ()) -> Iterator[str]:
    """Returns the issues of a specification of fields."""
    seen = set()
    for item in spec:
        if not isinstance(item, Mapping):
            yield "Every item of parameter '{path}' must be an object."
            continue
        for key in ("name", "type"):
            if not item.get(key):
                yield f"Missing value of required parameter '{key}'."
        yield from _field_issues(item, allowed_types)
        if isinstance(item.get("name"), str):
            if item["name"] in seen:
                yield f"Duplicate field '{item['name']}'."
            seen.add(item["name"])


def _field_issues(field: Mapping[str, Json], allowed_types: tuple[str, ...]) -> Iterator[str]:
    """Returns the issues of one field, whose own ``spec`` has more fields, or the field of every item."""
    for key, types in _FIELD_KEYS.items():
        if field.get(key) is not None and not isinstance(field[key], types):
            yield f"Invalid value of parameter '{key}'."
    if allowed_types and isinstance(type := field.get("type"), str) and type and type not in allowed_types:
        yield f"Invalid value of parameter 'type': {type} is not one of {', '.join(allowed_types)}."
    match field.get("spec"):
        case None:
            pass
        case list(inner):
            yield from spec_issues(inner, allowed_types)
        case dict(inner):
            yield from _field_issues(inner, allowed_types)
        case _:
            yield "Invalid value of parameter 'spec'."


class DataStructureListItem(ResponseSchema):
    id = fields.Integer()
    name = fields.String()
    team_id = fields.Integer()
    scenario_usages = Derived(
        lambda world, row: [
            {"id": scenario.id, "name": scenario.name}
            for scenario in blueprint_refs.scenarios_using(world, "dataStructure", row.id, row.team_id)
        ],
        fields.List(fields.Dict()),
    )
    data_store_usages = Derived(
        lambda world, row: [
            {"id": store.id, "name": store.name} for store in world.data_stores.where(structure=row.id)
        ],
        fields.List(fields.Dict()),
    )
    spec = fields.List(fields.Dict(), metadata={"extra": True})
    strict = fields.Boolean(metadata={"extra": True})


class DataStructureDetail(ResponseSchema):
    """One structure: ``strict`` is included only if ``cols[]`` names it (recorded)."""

    id = fields.Integer()
    name = fields.String()
    team_id = fields.Integer()
    spec = fields.List(fields.Dict())
    strict = fields.Boolean(metadata={"extra": True})


class DataStructureWritten(ResponseSchema):
    id = fields.Integer()
    name = fields.String()
    team_id = fields.Integer()
    spec = fields.List(fields.Dict())
    strict = fields.Boolean()


class DataStructureCloned(ResponseSchema):
    id = fields.Integer()
    team_id = fields.Integer()
    name = fields.String()
    strict = fields.Boolean()
    spec = fields.List(fields.Dict())


class DataStructuresQuery(QuerySchema):
    team_id = ResourceId("team", required=True)


class DataStructureCreate(BodySchema):
    name = Text(128, required=True)
    team_id = ResourceId("team", required=True)
    spec = StructureSpecField(required=True)
    strict = Bool(load_default=False)


class DataStructureUpdate(BodySchema):
    name = Text(128)
    spec = StructureSpecField()
    strict = Bool()


class DataStructureClone(BodySchema):
    name = Text(128, required=True)
    target_team_id = ResourceId("team")
