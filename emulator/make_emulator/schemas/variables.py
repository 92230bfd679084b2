"""Variables of organizations and teams. Source: API documentation, "Organizations" and "Teams"."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from ..world.models import Json, VariableChange
from ..world.variables import TYPE_NAMES
from ..world.world import World
from .base import BodySchema, Derived, Int, ResponseSchema, Text, Timestamp


class VariableOut(ResponseSchema):
    type_id = fields.Integer()
    name = fields.String()
    value = fields.Raw(allow_none=True)
    is_system = fields.Boolean()


class TypeId(Int):
    """1 for a number, 2 for a string, 3 for a boolean, 4 for a date in ISO 8601."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min(TYPE_NAMES), max(TYPE_NAMES), **options)


class VariableCreate(BodySchema):
    name = Text(128, required=True)
    type_id = TypeId(required=True)
    value = fields.Raw(required=True)


class VariableUpdate(BodySchema):
    type_id = TypeId()
    value = fields.Raw()


def _difference(world: World, change: VariableChange) -> Json:
    """Value and type before and after; of a variable that was never changed, its name, value and type."""
    if change.before is None:
        return {"name": change.name, **change.after}
    return {"old": change.before, "new": change.after}


def _author(world: World, change: VariableChange) -> str | None:
    author = world.users.get(change.author_id)
    return author.name if author else None


class VariableChangeOut(ResponseSchema):
    """Change of a variable."""

    id = fields.Integer()
    diff_object = Derived(_difference, fields.Dict())
    changed = Timestamp()
    action = Derived(
        lambda world, row: f"{row.owner}_variable_{'created' if row.before is None else 'edited'}",
        fields.String(validate=validate.Regexp(r"(organization|team)_variable_(created|edited)")),
    )
    author = Derived(_author, fields.String(allow_none=True))
