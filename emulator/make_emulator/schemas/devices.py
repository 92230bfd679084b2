"""Mobile devices and their messages. Source: the vendor's OpenAPI document; columns also from its SDK."""

from __future__ import annotations

from marshmallow import fields

from ..world import devices
from ..world.models import Device
from ..world.world import World
from .base import (
    BodySchema,
    Bool,
    Choice,
    Constant,
    Derived,
    Int,
    ListField,
    QuerySchema,
    ResourceId,
    ResponseSchema,
    Text,
    Timestamp,
)


def _scenario_id(world: World, row: Device) -> int | None:
    return next((scenario.id for scenario in devices.scenarios_of(world, row)), None)


class DeviceOut(ResponseSchema):
    id = fields.Integer()
    name = fields.String()
    team_id = fields.Integer()
    udid = fields.String()
    scope = fields.List(fields.String())
    info = fields.Dict(allow_none=True)
    gone = fields.Boolean()
    queue_count = Derived(
        lambda world, row: len(devices.messages(world, row, devices.INCOMING)), fields.Integer()
    )
    queue_limit = Constant(devices.QUEUE_LIMIT, fields.Integer())
    scenario_id = Derived(_scenario_id, fields.Integer(allow_none=True))


class DeviceMessageListItem(ResponseSchema):
    id = fields.String()
    scope = fields.String()
    size = fields.Integer()
    created = Timestamp()


class DeviceMessageOut(DeviceMessageListItem):
    data = fields.String()


class DevicesQuery(QuerySchema):
    team_id = ResourceId("team", required=True)
    assigned = Bool()
    view_for_scenario_id = Int(1)
    scope = ListField(Choice("call", "scanner"))


class DeviceQuery(QuerySchema):
    inspector = Int(0)


class DeviceMessagesQuery(QuerySchema):
    scope = Text(128)


class DeviceUpdate(BodySchema):
    name = Text(128)


class DeviceRequest(BodySchema):
    name = Text(128, required=True)
    team_id = ResourceId("team", required=True)
