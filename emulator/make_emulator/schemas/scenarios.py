"""Scenarios and their blueprints, as recorded in July 2026 (order of keys included)."""

from __future__ import annotations

import re
from operator import attrgetter, itemgetter
from typing import Any

import orjson
from marshmallow import ValidationError, fields, validate

from ..world import incomplete_executions
from ..world.consumption import consumption_by_scenario
from ..world.models import SCENARIO_TYPES
from .base import (
    BodySchema,
    Bool,
    Choice,
    Constant,
    Derived,
    Int,
    ListField,
    Object,
    QuerySchema,
    Related,
    Relation,
    ResourceId,
    ResponseSchema,
    Text,
    Timestamp,
    is_too_deep,
    user_summary,
)
from .data_structures import SpecField

_nullable_integer = fields.Integer(allow_none=True)


_INCOMPLETE_EXECUTIONS = Relation(incomplete_executions.count_by_scenario, "id")
_CONSUMPTION = Relation(consumption_by_scenario, "id")
_CREATOR = Relation(lambda world: world.users.lookup, "created_by")
_LAST_EDITOR = Relation(lambda world: world.users.lookup, "updated_by")


class JsonText(fields.Field[Any]):
    """JSON object sent as a string, as blueprints and schedulings are."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str):
            raise ValidationError("Parameter '{path}' must be a JSON string.")
        try:
            read = orjson.loads(value)
        except orjson.JSONDecodeError:
            raise ValidationError("Parameter '{path}' is not valid JSON.") from None
        if not isinstance(read, dict):
            raise ValidationError("Parameter '{path}' must hold a JSON object.")
        if is_too_deep(read):
            raise ValidationError("Parameter '{path}' is nested too deep.")
        return read


class _ScenarioColumns(ResponseSchema):
    """Common fields of scenarios. The unusual lower-case names are the service's own."""

    id = fields.Integer()
    name = fields.String()
    team_id = fields.Integer()
    hook_id = fields.Integer(allow_none=True)
    devices = Constant([], fields.List(fields.Dict()))
    device_id = Constant(None, _nullable_integer)
    device_scope = Constant(None, fields.String(allow_none=True))
    concept = fields.Boolean()
    description = fields.String()
    folder_id = fields.Integer(allow_none=True)
    slots = Constant(None, _nullable_integer)
    is_invalid = fields.Boolean(data_key="isinvalid")
    is_linked = fields.Boolean(attribute="is_active", data_key="islinked")
    is_locked = fields.Boolean(data_key="islocked")
    is_paused = fields.Boolean()
    used_packages = fields.List(fields.String())
    last_edit = Timestamp()
    scheduling = fields.Dict()
    is_waiting = Constant(False, fields.Boolean(), data_key="iswaiting")
    dlq_count = Related(_INCOMPLETE_EXECUTIONS, itemgetter(0), fields.Integer())
    all_dlq_count = Related(_INCOMPLETE_EXECUTIONS, itemgetter(1), fields.Integer())
    created_by_user = Related(_CREATOR, user_summary, fields.Dict())
    updated_by_user = Related(_LAST_EDITOR, user_summary, fields.Dict(allow_none=True))
    next_exec = Timestamp()
    created = Timestamp()
    chaining_role = Constant("none", fields.String())
    type = fields.String()
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
    """Row of the list, with the consumption of the scenario in the current period."""

    reuse_fragments = True

    is_shared = Constant(False, fields.Boolean())
    operations = Related(_CONSUMPTION, attrgetter("operations"), fields.Integer())
    centicredits = Related(_CONSUMPTION, attrgetter("centicredits"), fields.Integer())
    transfer = Related(_CONSUMPTION, attrgetter("transfer"), fields.Integer())
    used_modules = fields.List(fields.Dict())
    is_active = fields.Boolean()


class ScenarioCloned(_ScenarioColumns):
    """New clone: no user updated it, and its sharing is null (recorded)."""

    is_shared = Constant(None, fields.Boolean(allow_none=True))
    is_active = fields.Boolean()


class ScenarioState(ResponseSchema):
    id = fields.Integer()
    is_linked = fields.Boolean(attribute="is_active", data_key="islinked")
    is_active = fields.Boolean()


class ScenariosQuery(QuerySchema):
    team_id = ResourceId("team")
    organization_id = ResourceId("organization")
    ids = ListField(Int(1), data_key="id")
    folder_id = ResourceId("folder")
    is_active = Bool()
    is_linked = Bool(data_key="islinked")
    concept = Bool()
    type = Choice(*SCENARIO_TYPES)


class Interface(BodySchema):
    """Inputs and outputs under the names that creating and updating use."""

    error_messages = {"type": "Parameter '{path}' must be an object."}  # noqa: RUF012

    input_spec = SpecField(allow_none=True, data_key="input_spec")
    output_spec = SpecField(allow_none=True, data_key="output_spec")


class ScenarioCreate(BodySchema):
    team_id = ResourceId("team", required=True)
    blueprint = JsonText(required=True)
    scheduling = JsonText(required=True)
    folder_id = ResourceId("folder", allow_none=True)
    basedon = Int(1, allow_none=True)
    # In no document; a partner's SDK sends it.
    concept = Bool()
    name = Text(120)
    metadata = fields.Nested(Interface)


class ScenarioUpdate(BodySchema):
    name = Text(120)
    description = Text(240, 0)
    folder_id = ResourceId("folder", allow_none=True)
    # These two are in no document; a partner's SDK sends them.
    basedon = Int(1, allow_none=True)
    concept = Bool()
    blueprint = JsonText()
    scheduling = JsonText()
    metadata = fields.Nested(Interface)
    base_version = Int(1)


class CloneQuery(QuerySchema):
    organization_id = ResourceId("organization", required=True)
    confirmed = Bool(load_default=False)
    not_analyze = Bool(load_default=False)


class ScenarioClone(BodySchema):
    name = Text(120, required=True)
    team_id = ResourceId("team", required=True)
    states = fields.Raw(required=True)
    account = Object()
    key = Object()
    hook = Object()
    device = Object()
    udt = Object()
    datastore = Object()


#: URL of HTTP in ASCII, without credentials.
_CALLBACK_URL = (
    validate.Length(max=2048, error="Parameter '{{path}}' has a wrong length."),
    validate.Regexp(
        r"https?://[\w.:\[\]-]+([/?#][!-~]*)?\Z",
        re.ASCII,
        error="Parameter '{{path}}' must be a URL that begins with http:// or https://.",
    ),
)


class ScenarioRun(BodySchema):
    data = Object(allow_none=True)
    responsive = Bool(load_default=False)
    callback_url = fields.String(validate=[*_CALLBACK_URL])


class RunOut(ResponseSchema):
    execution_id = fields.String()
    status_url = fields.String()


class InterfaceOut(ResponseSchema):
    input = fields.List(fields.Dict(), allow_none=True)
    output = fields.List(fields.Dict(), allow_none=True)


class InterfacePair(BodySchema):
    error_messages = {"type": "Parameter '{path}' must be an object."}  # noqa: RUF012

    input = SpecField(allow_none=True)
    output = SpecField(allow_none=True)


class InterfaceUpdate(BodySchema):
    interface = fields.Nested(InterfacePair, required=True)


class BlueprintQuery(QuerySchema):
    blueprint_id = Int(1)
    draft = Bool(load_default=False)


class BlueprintVersionOut(ResponseSchema):
    created = Timestamp()
    version = fields.Integer()
    scenario_id = fields.Integer()
    draft = fields.Boolean()
