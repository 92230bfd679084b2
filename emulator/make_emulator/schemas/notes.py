"""Notes on the modules of scenarios, and build-time variables. Source: the vendor's OpenAPI document."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from ..world.models import Note
from ..world.world import World
from .base import (
    BodySchema,
    Bool,
    Derived,
    Int,
    ListField,
    Object,
    QuerySchema,
    ResourceId,
    ResponseSchema,
    Text,
    Timestamp,
    user_summary,
)


def _creator(world: World, row: Note) -> Any:
    return user_summary(world.users.get(row.created_by)) or {}


def _last_editor(world: World, row: Note) -> Any:
    return (user_summary(world.users.get(row.updated_by)) if row.updated_by is not None else None) or {}


class NoteOut(ResponseSchema):
    """A note; the user who updated it is an empty object until then."""

    id = fields.Integer()
    scenario_id = fields.Integer()
    module_ids = fields.List(fields.Integer())
    metadata = fields.Dict()
    content = fields.String()
    created = Timestamp()
    updated = Timestamp()
    is_filter_note = fields.Boolean()
    created_by_user = Derived(_creator, fields.Dict())
    updated_by_user = Derived(_last_editor, fields.Dict())


class NotesQuery(QuerySchema):
    team_id = ResourceId("team", required=True)
    organization_id = ResourceId("organization")


class NoteBody(BodySchema):
    module_ids = ListField(Int(1), maximum=1000)
    metadata = Object()
    content = Text(65_536, 0)
    is_filter_note = Bool()


_BUILD_VALUE = validate.Regexp(
    r"(?:TAC|PAC)_[0-9]{1,18}\Z",
    error="Parameter '{{path}}' must be TAC_ or PAC_ and digits.",
)


class BuildVariableBody(BodySchema):
    error_messages = {"type": "Parameter '{path}' must be an object."}  # noqa: RUF012

    name = Text(128, required=True)
    value = fields.String(required=True, validate=_BUILD_VALUE)


class BuildVariablesBody(BodySchema):
    input = ListField(fields.Nested(BuildVariableBody), required=True, maximum=1000)


class BuildVariableQuery(QuerySchema):
    value = Text(128, required=True)
