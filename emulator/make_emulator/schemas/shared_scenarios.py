"""Shares of scenarios. Source: the vendor's OpenAPI document, with its examples of addresses."""

from __future__ import annotations

from marshmallow import fields

from ..world.consumption import organization_of
from ..world.models import SharedScenario
from ..world.world import World
from .base import (
    BodySchema,
    Bool,
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


def _share_url(world: World, row: SharedScenario) -> str:
    return f"https://www.make.com/scenarios/shared/{row.id}"


def _cardinal_url(world: World, row: SharedScenario) -> str:
    return f"https://cardinal.make.com/scenarios/shared/{row.id}"


def _scenario_name(world: World, row: SharedScenario) -> str:
    return world.scenarios[row.scenario_id].name


def _used_packages(world: World, row: SharedScenario) -> list[str]:
    return list(world.scenarios[row.scenario_id].used_packages)


class SharedScenarioListItem(ResponseSchema):
    """Row of the list of a team or an organization."""

    id = fields.String()
    scenario_id = fields.Integer()
    title = fields.String()
    scenario_name = Derived(_scenario_name, fields.String())
    description_short = fields.String(allow_none=True)
    scenario_used_packages = Derived(_used_packages, fields.List(fields.String()))
    share_url = Derived(_share_url, fields.String())
    created_at = Timestamp(attribute="created")
    updated = Timestamp()


class SharedScenarioOfScenario(ResponseSchema):
    """Row of the list of one scenario."""

    id = fields.String()
    scenario_id = fields.Integer()
    title = fields.String()
    title_original = fields.String()
    description_short = fields.String(allow_none=True)
    description_long = fields.String(allow_none=True)
    thumbnail_url = Constant(None, fields.String(allow_none=True))
    share_url = Derived(_share_url, fields.String())
    share_url_cardinal = Derived(_cardinal_url, fields.String())
    is_enabled = fields.Boolean()
    created_at = Timestamp(attribute="created")
    updated = Timestamp()


class SharedScenarioOut(ResponseSchema):
    """One share; ``origin`` is the host of its zone."""

    id = fields.String()
    scenario_id = fields.Integer()
    author_id = fields.Integer()
    is_enabled = fields.Boolean()
    origin = Derived(lambda world, row: organization_of(world, row.team_id).zone, fields.String())
    title_original = fields.String()
    title = fields.String()
    description_short = fields.String(allow_none=True)
    description_long = fields.String(allow_none=True)
    thumbnail_url = Constant(None, fields.String(allow_none=True))
    share_url = Derived(_share_url, fields.String())
    share_url_cardinal = Derived(_cardinal_url, fields.String())
    created_at = Timestamp(attribute="created")
    updated = Timestamp()


class SharedScenarioId(ResponseSchema):
    id = fields.String()


class SharedScenarioCreated(ResponseSchema):
    id = fields.String()
    scenario_id = fields.Integer()


class SharedScenariosQuery(QuerySchema):
    organization_id = ResourceId("organization")
    team_id = ResourceId("team")
    folder_id = ResourceId("folder")
    title = Text(255)
    scenario_name = Text(255)
    scenario_ids = ListField(Int(1))
    return_total_count = Bool(load_default=False, data_key="pg[returnTotalCount]")


class ShareUpdate(BodySchema):
    title = Text(40)
    description_short = Text(260, 0, allow_none=True)
    description_long = Text(2000, 0, allow_none=True)
    is_enabled = Bool()


class ShareCreate(ShareUpdate):
    title = Text(40, required=True)
    is_enabled = Bool(load_default=False)
