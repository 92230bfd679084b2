"""Custom functions. Source: API documentation, "Custom functions"; samples and types of the vendor's SDK (order of keys included)."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from ..engine import custom_functions
from ..world import functions
from ..world.models import CustomFunction, FunctionChange
from ..world.world import World
from .base import Answer, Body, Derived, Moment, Query, Ref, Text, person


def _creator(world: World, row: CustomFunction) -> dict[str, object] | None:
    return person(world, row.created_by)


def _scenarios(world: World, row: CustomFunction) -> list[dict[str, Any]]:
    return [{"id": scenario.id, "name": scenario.name} for scenario in custom_functions.users_of(world, row)]


def _arguments(world: World, row: CustomFunction) -> str:
    return functions.arguments_of(row.code)


def _changer(world: World, row: FunctionChange) -> str | None:
    user = world.users.get(row.updated_by)
    return user.name if user else None


class FunctionListItem(Answer):
    id = fields.Integer()
    name = fields.String()
    args = Derived(_arguments, fields.String())
    description = fields.String()
    updated_at = Moment(attribute="updated")
    created_by_user = Derived(_creator, fields.Dict(allow_none=True))
    created_at = Moment(attribute="created")
    code = fields.String(metadata={"extra": True})
    scenarios = Derived(_scenarios, fields.List(fields.Dict()), metadata={"extra": True})


class FunctionDetail(Answer):
    id = fields.Integer()
    name = fields.String()
    description = fields.String()
    code = fields.String()
    args = Derived(_arguments, fields.String())
    scenarios = Derived(_scenarios, fields.List(fields.Dict()))
    updated_at = Moment(attribute="updated")
    created_at = Moment(attribute="created")
    created_by_user = Derived(_creator, fields.Dict(allow_none=True))


class FunctionWritten(Answer):
    id = fields.Integer()
    name = fields.String()
    description = fields.String()
    code = fields.String()
    args = Derived(_arguments, fields.String())
    updated_at = Moment(attribute="updated")
    created_at = Moment(attribute="created")
    created_by_user = Derived(_creator, fields.Dict(allow_none=True))


class FunctionChangeOut(Answer):
    id = fields.Integer()
    previous_code = fields.String()
    updated_at = Moment(attribute="updated")
    updated_by = Derived(_changer, fields.String(allow_none=True))


class FunctionsQuery(Query):
    team_id = Ref("team", required=True)


_code = {"maximum": 100_000}


class FunctionCreate(Body):
    """``args`` may be told, as the vendor's own tests do; what counts is the code."""

    name = Text(128, required=True)
    description = Text(functions.DESCRIPTION_LIMIT, 0, required=True)
    code = Text(required=True, **_code)
    args = Text(functions.CODE_LIMIT, 0)


class FunctionUpdate(Body):
    name = Text(128)
    description = Text(functions.DESCRIPTION_LIMIT, 0)
    code = Text(**_code)
    args = Text(functions.CODE_LIMIT, 0)


class FunctionCode(Body):
    code = Text(required=True, **_code)
