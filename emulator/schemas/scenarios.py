"""Scenarios and their blueprints, as recorded in July 2026 (order of keys included)."""

from __future__ import annotations

from typing import Any

import orjson
from marshmallow import ValidationError, fields

from ..world import incompletes
from ..world.models import Scenario
from ..world.usage import consumed_by_scenario
from ..world.world import World
from .base import (
    Answer,
    Body,
    Bool,
    Choice,
    Constant,
    Derived,
    Int,
    Many,
    Moment,
    Object,
    Query,
    Ref,
    Text,
    person,
    too_deep,
)
from .data_structures import Spec

_maybe_number = fields.Integer(allow_none=True)


class JsonText(fields.Field[Any]):
    """A JSON object sent as a string, the way the API takes blueprints and schedulings."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str):
            raise ValidationError("Parameter '{path}' must be a JSON string.")
        try:
            read = orjson.loads(value)
        except orjson.JSONDecodeError:
            raise ValidationError("Parameter '{path}' is not valid JSON.") from None
        if not isinstance(read, dict):
            raise ValidationError("Parameter '{path}' must hold a JSON object.")
        if too_deep(read):
            raise ValidationError("Parameter '{path}' is nested too deep.")
        return read


class _ScenarioColumns(Answer):
    """What every form of a scenario shows. The odd lower-case names are the service's own."""

    id = fields.Integer()
    name = fields.String()
    team_id = fields.Integer()
    hook_id = fields.Integer(allow_none=True)
    devices = Constant([], fields.List(fields.Dict()))
    device_id = Constant(None, _maybe_number)
    device_scope = Constant(None, fields.String(allow_none=True))
    concept = fields.Boolean()
    description = fields.String()
    folder_id = fields.Integer(allow_none=True)
    slots = Constant(None, _maybe_number)
    is_invalid = fields.Boolean(data_key="isinvalid")
    is_linked = fields.Boolean(attribute="is_active", data_key="islinked")
    is_locked = fields.Boolean(data_key="islocked")
    is_paused = fields.Boolean()
    used_packages = fields.List(fields.String())
    last_edit = Moment()
    scheduling = fields.Dict()
    is_waiting = Constant(False, fields.Boolean(), data_key="iswaiting")
    dlq_count = Derived(lambda world, row: incompletes.counts(world, row)[0], fields.Integer())
    all_dlq_count = Derived(lambda world, row: incompletes.counts(world, row)[1], fields.Integer())
    created_by_user = Derived(lambda world, row: person(world, row.created_by), fields.Dict())
    updated_by_user = Derived(lambda world, row: person(world, row.updated_by), fields.Dict(allow_none=True))
    next_exec = Moment()
    created = Moment()
    chaining_role = Constant("none", fields.String())
    type = Constant("scenario", fields.String())
    scenario_version = fields.Integer(attribute="blueprint_version", metadata={"extra": True})
    module_sequence_id = Derived(
        lambda world, row: world.blueprints[row.id, row.blueprint_version].id_sequence,
        fields.Integer(),
        metadata={"extra": True},
    )


class ScenarioOut(_ScenarioColumns):
    """One scenario."""

    is_shared = Constant(False, fields.Boolean())
    is_active = fields.Boolean()


class ScenarioListItem(_ScenarioColumns):
    """A row of the list, with what the scenario consumed in the current period."""

    @staticmethod
    def depends_on(world: World, row: Scenario) -> object:
        users = world.users
        return (
            world.tallies.get(("scenario", row.id)),
            users.get(row.created_by),
            users.get(row.updated_by) if row.updated_by is not None else None,
            incompletes.counts(world, row),
        )

    is_shared = Constant(False, fields.Boolean())
    operations = Derived(lambda world, row: consumed_by_scenario(world, row).operations, fields.Integer())
    centicredits = Derived(lambda world, row: consumed_by_scenario(world, row).centicredits, fields.Integer())
    transfer = Derived(lambda world, row: consumed_by_scenario(world, row).transfer, fields.Integer())
    used_modules = fields.List(fields.Dict())
    is_active = fields.Boolean()


class ScenarioCloned(_ScenarioColumns):
    """A fresh clone: nobody updated it, and whether it is shared is not known yet (recorded)."""

    is_shared = Constant(None, fields.Boolean(allow_none=True))
    is_active = fields.Boolean()


class ScenarioState(Answer):
    id = fields.Integer()
    is_linked = fields.Boolean(attribute="is_active", data_key="islinked")
    is_active = fields.Boolean()


class ScenariosQuery(Query):
    team_id = Ref("team")
    organization_id = Ref("organization")
    ids = Many(Int(1), data_key="id")
    folder_id = Ref("folder")
    is_active = Bool()
    is_linked = Bool(data_key="islinked")
    concept = Bool()
    type = Choice("scenario", "tool")


class Interface(Body):
    """Inputs and outputs under the names that creating and updating use."""

    error_messages = {"type": "Parameter '{path}' must be an object."}  # noqa: RUF012

    input_spec = Spec(allow_none=True, data_key="input_spec")
    output_spec = Spec(allow_none=True, data_key="output_spec")


class ScenarioCreate(Body):
    team_id = Ref("team", required=True)
    blueprint = JsonText(required=True)
    scheduling = JsonText(required=True)
    folder_id = Ref("folder", allow_none=True)
    basedon = Int(1, allow_none=True)
    name = Text(120)
    metadata = fields.Nested(Interface)


class ScenarioUpdate(Body):
    name = Text(120)
    description = Text(240, 0)
    folder_id = Ref("folder", allow_none=True)
    blueprint = JsonText()
    scheduling = JsonText()
    metadata = fields.Nested(Interface)
    base_version = Int(1)


class CloneQuery(Query):
    organization_id = Ref("organization", required=True)
    confirmed = Bool(load_default=False)
    not_analyze = Bool(load_default=False)


class ScenarioClone(Body):
    name = Text(120, required=True)
    team_id = Ref("team", required=True)
    states = fields.Raw()
    account = Object()
    key = Object()
    hook = Object()
    device = Object()
    udt = Object()
    datastore = Object()


class ScenarioRun(Body):
    data = Object(allow_none=True)
    responsive = Bool(load_default=False)
    callback_url = Text(2048)


class RunOut(Answer):
    execution_id = fields.String()
    status_url = fields.String()


class InterfaceOut(Answer):
    input = fields.List(fields.Dict(), allow_none=True)
    output = fields.List(fields.Dict(), allow_none=True)


class InterfacePair(Body):
    error_messages = {"type": "Parameter '{path}' must be an object."}  # noqa: RUF012

    input = Spec(allow_none=True)
    output = Spec(allow_none=True)


class InterfaceUpdate(Body):
    interface = fields.Nested(InterfacePair, required=True)


class BlueprintQuery(Query):
    blueprint_id = Int(1)
    draft = Bool(load_default=False)


class BlueprintVersionOut(Answer):
    created = Moment()
    version = fields.Integer()
    scenario_id = fields.Integer()
    draft = fields.Boolean()


class UsageQuery(Query):
    organization_timezone = Bool(load_default=False)


class DayOfUseOut(Answer):
    date = fields.String()
    operations = fields.Integer()
    data_transfer = fields.Integer()
    centicredits = fields.Integer()
