"""Logs of scenarios and details of executions, as recorded in July 2026 (order of keys included)."""

from __future__ import annotations

from marshmallow import fields

from ..world.clock import format_iso
from ..world.executions import is_replayable
from ..world.models import Execution
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
    ResponseSchema,
    Text,
    Timestamp,
)

_nullable_string = fields.String(allow_none=True)


class ExecutionErrorOut(ResponseSchema):
    name = fields.String()
    message = fields.String()


def _author_name(world: World, row: Execution) -> str | None:
    user = world.users.get(row.author_id) if row.author_id is not None else None
    return user.name if user else None


def _replayed(world: World, row: Execution) -> Execution | None:
    found = world.logs.get((row.scenario_id, row.replay_of)) if row.replay_of is not None else None
    return found if isinstance(found, Execution) else None


def _replayed_name(world: World, row: Execution) -> str | None:
    found = _replayed(world, row)
    return found.name if found else None


def _replayed_at(world: World, row: Execution) -> str | None:
    found = _replayed(world, row)
    return format_iso(found.started) if found else None


class LogRow(ResponseSchema):
    """Finished run in the list; ``error`` is omitted if there is none."""

    omit_none = ("error",)

    imt_id = fields.String()
    scenario_name = fields.String()
    replay_of_execution_id = fields.String(attribute="replay_of", allow_none=True)
    event_type = Constant("EXECUTION_END", fields.String())
    team_id = fields.Integer()
    type = fields.String()
    error = fields.Nested(ExecutionErrorOut, allow_none=True)
    scenario_id = fields.Integer()
    instant = fields.Boolean()
    duration = fields.Integer()
    centicredits = fields.Integer()
    operations = fields.Integer()
    transfer = fields.Integer()
    replay_of_execution_name = Derived(_replayed_name, _nullable_string)
    organization_id = fields.Integer()
    id = fields.String()
    author_id = fields.Integer(allow_none=True)
    replay_of_execution_timestamp = Derived(_replayed_at, _nullable_string)
    timestamp = Timestamp(attribute="started")
    status = fields.Integer()
    author_name = Derived(_author_name, fields.String(allow_none=True))


class LogDetail(ResponseSchema):
    """One run, at its own path."""

    omit_none = ("error",)

    imt_id = fields.String()
    event_type = Constant("EXECUTION_END", fields.String())
    id = fields.String()
    kind_id = fields.Integer(attribute="scenario_id", data_key="@kindId")
    timestamp = Timestamp(attribute="started")
    type = fields.String()
    instant = fields.Boolean()
    author_id = fields.Integer(allow_none=True)
    team_id = fields.Integer()
    organization_id = fields.Integer()
    replay_of_execution_id = fields.String(attribute="replay_of", allow_none=True)
    replay_of_execution_name = Derived(_replayed_name, _nullable_string)
    replay_of_execution_timestamp = Derived(_replayed_at, _nullable_string)
    at_scenario_id = fields.Integer(attribute="scenario_id", data_key="@scenarioId")
    scenario_name = fields.String()
    error = fields.Nested(ExecutionErrorOut, allow_none=True)
    scenario_id = fields.Integer()
    duration = fields.Integer()
    centicredits = fields.Integer()
    operations = fields.Integer()
    transfer = fields.Integer()
    status = fields.Integer()
    is_replayable = Derived(is_replayable, fields.Boolean())


class EventRow(ResponseSchema):
    """Action of a user on the scenario: start, stop, modify."""

    imt_id = fields.String()
    id = fields.String()
    detail = Derived(
        lambda world, row: {"author": {"name": _author_name(world, row), "staff": False}}, fields.Dict()
    )
    type = fields.String()
    author_id = fields.Integer()
    timestamp = Timestamp(attribute="at")
    author_name = Derived(_author_name, fields.String(allow_none=True))


class LogsQuery(QuerySchema):
    """Filters. ``from`` and ``to`` are milliseconds, credits are hundredths of one; all bounds are inclusive."""

    status = Choice("1", "2", "3")
    since = Int(0, data_key="from")
    until = Int(0, data_key="to")
    duration_from = Int(0)
    duration_to = Int(0)
    operations_from = Int(0)
    operations_to = Int(0)
    transfer_from = Int(0)
    transfer_to = Int(0)
    credits_from = Int(0)
    credits_to = Int(0)
    execution_name = Text(256)
    show_check_runs = Bool(load_default=False)
    last = Text(256, data_key="pg[last]")
    show_last = Bool(load_default=False, data_key="pg[showLast]")


class LogDetailQuery(QuerySchema):
    max_bytes = Int(1)


class StopExecution(BodySchema):
    force = Bool(load_default=False)


class ReplayBody(BodySchema):
    execution_ids = ListField(Text(128), required=True, minimum=1, maximum=100)
