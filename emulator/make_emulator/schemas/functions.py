"""Custom functions. Source: API documentation, "Custom functions"; samples and types of the vendor's SDK (order of keys included)."""

from __future__ import annotations

from marshmallow import fields

from ..engine import custom_functions
from ..json_types import Json
from ..world import functions
from ..world.models import CustomFunction, FunctionChange
from ..world.world import World
from .base import BodySchema, Derived, QuerySchema, ResourceId, ResponseSchema, Text, Timestamp, user_summary


def _creator(world: World, row: CustomFunction) -> dict[str, object] | None:
    return user_summary(world.users.get(row.created_by))


def _scenarios(world: World, row: CustomFunction) -> list[dict[str, Json]]:
    return [
        {"id": scenario.id, "name": scenario.name} for scenario in custom_functions.find_callers(world, row)
    ]


def _arguments(world: World, row: CustomFunction) -> str:
    return functions.parse_arguments(row.code)


def _author_name(world: World, row: FunctionChange) -> str | None:
    user = world.users.get(row.updated_by)
    return user.name if user else None


class FunctionListItem(ResponseSchema):
    id = fields.Integer()
    name = fields.String()
    args = Derived(_arguments, fields.String())
    description = fields.String()
    updated_at = Timestamp(attribute="updated")
    created_by_user = Derived(_creator, fields.Dict(allow_none=True))
    created_at = Timestamp(attribute="created")
    code = fields.String(metadata={"extra": True})
    scenarios = Derived(_scenarios, fields.List(fields.Dict()), metadata={"extra": True})


class FunctionDetail(ResponseSchema):
    id = fields.Integer()
    name = fields.String()
    description = fields.String()
    code = fields.String()
    args = Derived(_arguments, fields.String())
    scenarios = Derived(_scenarios, fields.List(fields.Dict()))
    updated_at = Timestamp(attribute="updated")
    created_at = Timestamp(attribute="created")
    created_by_user = Derived(_creator, fields.Dict(allow_none=True))


class FunctionWritten(ResponseSchema):
    id = fields.Integer()
    name = fields.String()
    description = fields.String()
    code = fields.String()
    args = Derived(_arguments, fields.String())
    updated_at = Timestamp(attribute="updated")
    created_at = Timestamp(attribute="created")
    created_by_user = Derived(_creator, fields.Dict(allow_none=True))


class FunctionChangeOut(ResponseSchema):
    id = fields.Integer()
    previous_code = fields.String()
    updated_at = Timestamp(attribute="updated")
    updated_by = Derived(_author_name, fields.String(allow_none=True))


class FunctionsQuery(QuerySchema):
    team_id = ResourceId("team", required=True)


_CODE_LIMITS = {"maximum": 100_000}


class FunctionCreate(BodySchema):
    """``args`` is accepted, as the vendor's own tests send it, and ignored: the code counts."""

    name = Text(128, required=True)
    description = Text(functions.MAX_DESCRIPTION_LENGTH, 0, required=True)
    code = Text(required=True, **_CODE_LIMITS)
    args = Text(functions.MAX_CODE_LENGTH, 0)


class FunctionUpdate(BodySchema):
    name = Text(128)
    description = Text(functions.MAX_DESCRIPTION_LENGTH, 0)
    code = Text(**_CODE_LIMITS)
    args = Text(functions.MAX_CODE_LENGTH, 0)


class FunctionCode(BodySchema):
    code = Text(required=True, **_CODE_LIMITS)
