"""Hooks, their queues and their logs, as recorded in July 2026 (order of keys included)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from marshmallow import fields

from ..world import hooks
from ..world.consumption import organization_of
from ..world.models import Hook, HookLog
from ..world.world import World
from .base import (
    BodySchema,
    Bool,
    Choice,
    Constant,
    Derived,
    Int,
    OpenBodySchema,
    QuerySchema,
    ResourceId,
    ResponseSchema,
    Text,
    Timestamp,
    request_origin,
)
from .selections import Selection

#: Hosts of the service: a client that calls the emulator under one of them gets URLs of hooks under another.
_MAKE_DOMAINS = (".make.com", ".make.celonis.com")


def hook_address(world: World, hook: Hook, called: str) -> str:
    """Returns the address of a mailhook, or the URL of another hook.

    Args:
        called: the origin of the request, such as ``http://127.0.0.1:4747``.
    """
    zone = organization_of(world, hook.team_id).zone
    if hook.type == "mail":
        return f"{hook.udid}@hook.{zone}"
    if (urlsplit(called).hostname or "").endswith(_MAKE_DOMAINS):
        return f"https://hook.{zone}/{hook.udid}"
    return f"{called}/hook/{hook.udid}"


def _address(world: World, hook: Hook) -> str:
    return hook_address(world, hook, request_origin.get()())


def _scenario_attribute(name: str) -> Callable[[World, Any], Any]:
    def compute(world: World, row: Hook) -> Any:
        scenario = hooks.scenario_of(world, row)
        return None if scenario is None else getattr(scenario, name)

    return compute


def _is_confidential(world: World, row: Hook) -> bool | None:
    scenario = hooks.scenario_of(world, row)
    if scenario is None:
        return None
    metadata = world.blueprints[scenario.id, scenario.blueprint_version].blueprint.get("metadata")
    settings = metadata.get("scenario") if isinstance(metadata, dict) else None
    return isinstance(settings, dict) and settings.get("confidential") is True


def _flag() -> fields.Boolean:
    return fields.Boolean(allow_none=True)


class _HookBase(ResponseSchema):
    id = fields.Integer()
    name = fields.String()
    team_id = fields.Integer()
    organization_id = Derived(
        lambda world, row: world.teams[row.team_id].organization_id,
        fields.Integer(),
    )
    udid = fields.String()
    type = fields.String()
    package_name = Constant(None, fields.String(allow_none=True))
    theme = fields.String()
    editable = fields.Boolean()
    flags = Constant({}, fields.Dict())
    queue_count = Derived(lambda world, row: len(world.incomings.where(hook=row.id)), fields.Integer())
    queue_limit = Derived(hooks.queue_limit, fields.Integer())
    enabled = fields.Boolean()
    gone = Derived(hooks.is_gone, fields.Boolean())
    type_name = fields.String()
    type_app_name = Constant(None, fields.String(allow_none=True))
    data = fields.Dict()
    scenario_id = Derived(_scenario_attribute("id"), fields.Integer(allow_none=True))
    scenario_name = Derived(_scenario_attribute("name"), fields.String(allow_none=True))
    scenario_is_active = Derived(_scenario_attribute("is_active"), _flag())


class HookListItem(_HookBase):
    """Row of the list, without the confidentiality of the scenario (recorded)."""

    relay = Constant(None, fields.String(allow_none=True))
    url = Derived(_address, fields.String())


class HookOut(_HookBase):
    """One hook."""

    scenario_is_confidential = Derived(_is_confidential, _flag())
    relay = Constant(None, fields.String(allow_none=True))
    url = Derived(_address, fields.String())


class TriggerOut(ResponseSchema):
    """Hook that triggers a scenario, without an envelope."""

    id = fields.Integer()
    name = fields.String()
    udid = fields.String()
    scope = Constant("hook", fields.String())
    queue_count = Derived(lambda world, row: len(world.incomings.where(hook=row.id)), fields.Integer())
    queue_limit = Derived(hooks.queue_limit, fields.Integer())
    type_name = fields.String()
    type = fields.String()
    url = Derived(_address, fields.String())
    flags = Constant({}, fields.Dict())


class HookPing(ResponseSchema):
    """State of a hook, without an envelope; ``dataStructure`` is included once it was learned."""

    omit_none = ("dataStructure",)

    address = Derived(_address, fields.String())
    attached = Derived(
        lambda world, row: _scenario_attribute("is_active")(world, row) is True, fields.Boolean()
    )
    learning = fields.Boolean()
    gone = Derived(hooks.is_gone, fields.Boolean())
    data_structure = Derived(
        lambda world, row: list(row.structure) or None, fields.List(fields.Dict(), allow_none=True)
    )


class IncomingListItem(ResponseSchema):
    id = fields.String()
    scope = Constant("hook", fields.String())
    size = fields.Integer()
    created = Timestamp()


class IncomingOut(IncomingListItem):
    """Item of a queue with its data: a bundle, or an array of them."""

    data = fields.Raw()


def _sizes(world: World, row: HookLog) -> dict[str, int]:
    return {"before": row.size, "after": row.size}


class HookLogListItem(ResponseSchema):
    status_id = fields.Integer(attribute="status")
    parser = fields.String()
    replayable = Constant(True, fields.Boolean())
    sizes = Derived(_sizes, fields.Dict())
    logged_at = Timestamp()
    udids = Derived(lambda world, row: [row.udid], fields.List(fields.String()))
    type_id = Constant(3, fields.Integer())
    id = fields.String()
    app_parser = Constant(None, fields.String(allow_none=True))
    imt_id = fields.String()


class HookLogOut(HookLogListItem):
    """Delivery with its request, its response and the parsed bundles."""

    data = fields.Dict()


class HooksQuery(QuerySchema):
    team_id = ResourceId("team", required=True)
    type_name = Text(256)
    assigned = Bool()
    view_for_scenario_id = ResourceId("scenario")


class HookCreateQuery(QuerySchema):
    use_defaults = Choice("requiredOnly")


class HookCreate(OpenBodySchema):
    """The fields of the hook's type are beside these; they are collected in ``own`` and validated with the type."""

    name = Text(128, required=True)
    # The vendor's documents type it as a string; clients send both.
    team_id = ResourceId("team", required=True, accepts_text=True)
    type_name = Text(256, required=True)


class HookRename(BodySchema):
    name = Text(128, required=True)


class IncomingsSelection(Selection):
    """Selection of deliveries in the queue of a hook."""


class HookLogsQuery(QuerySchema):
    from_ = Int(0, data_key="from")
    to = Int(0)
