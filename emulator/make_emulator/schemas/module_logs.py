"""Logs and operations of the modules of a scenario. Source: the vendor's OpenAPI document."""

from __future__ import annotations

from marshmallow import fields

from ..world.module_logs import ModuleLog
from ..world.world import World
from .base import Bool, Derived, Int, QuerySchema, ResponseSchema, Text, Timestamp


def _warning(world: World, row: ModuleLog) -> dict[str, str] | None:
    return None if row.warning is None else {"message": row.warning}


def _error(world: World, row: ModuleLog) -> dict[str, str] | None:
    return None if row.error is None else {"message": row.error}


class ModuleLogOut(ResponseSchema):
    """Operations of a module in one execution."""

    omit_none = ("warning", "error")

    imt_id = fields.String(attribute="execution.imt_id")
    execution_id = fields.String(attribute="execution.id")
    organization_id = fields.Integer(attribute="execution.organization_id")
    team_id = fields.Integer(attribute="execution.team_id")
    scenario_id = fields.Integer(attribute="execution.scenario_id")
    timestamp = Timestamp(attribute="execution.started")
    status = fields.Integer()
    bundles = fields.Integer()
    size = fields.Integer()
    warning = Derived(_warning, fields.Dict(allow_none=True))
    error = Derived(_error, fields.Dict(allow_none=True))


class ModuleOperationsOut(ResponseSchema):
    module_id = fields.Integer()
    total = fields.Integer()
    warnings = fields.Integer()
    errors = fields.Integer()


class ModuleLogsQuery(QuerySchema):
    last = Text(256, data_key="pg[last]")
    show_last = Bool(load_default=False, data_key="pg[showLast]")


class OperationsQuery(QuerySchema):
    days = Int(1, 30, load_default=1)
