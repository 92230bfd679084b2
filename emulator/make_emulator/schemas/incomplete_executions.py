"""Incomplete executions, called dlqs in Make's API. Source: the vendor's SDK."""

from __future__ import annotations

from marshmallow import fields

from .base import (
    BodySchema,
    Bool,
    Choice,
    Constant,
    Derived,
    Int,
    QuerySchema,
    ResourceId,
    ResponseSchema,
    Timestamp,
)
from .scenarios import JsonText
from .selections import Selection


class IncompleteExecutionListItem(ResponseSchema):
    id = fields.String()
    reason = fields.String()
    created = Timestamp()
    size = fields.Integer()
    resolved = fields.Boolean()
    retry = fields.Boolean()
    attempts = fields.Integer()


class IncompleteExecutionOut(ResponseSchema):
    """One incomplete execution; a team is called by its former name, company."""

    id = fields.String()
    scenario_id = fields.Integer()
    scenario_name = Derived(lambda world, row: world.scenarios[row.scenario_id].name, fields.String())
    company_id = fields.Integer(attribute="team_id")
    company_name = Derived(lambda world, row: world.teams[row.team_id].name, fields.String())
    resolved = fields.Boolean()
    deleted = Constant(False, fields.Boolean())
    index = fields.Integer()
    created = Timestamp()
    execution_id = fields.String()
    retry = fields.Boolean()
    attempts = fields.Integer()
    size = fields.Integer()


class IncompleteExecutionChanged(ResponseSchema):
    failer = fields.Integer()
    blueprint = fields.Dict()


class RetryListItem(ResponseSchema):
    """Retry of an incomplete execution: a run of its own, which is not in the scenario's log."""

    imt_id = fields.String()
    duration = fields.Integer(attribute="execution.duration")
    transfer = fields.Integer(attribute="execution.transfer")
    operations = fields.Integer(attribute="execution.operations")
    centicredits = fields.Integer(attribute="execution.centicredits")
    team_id = fields.Integer(attribute="execution.team_id")
    id = fields.String()
    type = fields.String(attribute="execution.type")
    author_id = fields.Integer(attribute="execution.author_id", allow_none=True)
    timestamp = Timestamp(attribute="execution.started")
    status = fields.Integer(attribute="execution.status")


class RetryOut(ResponseSchema):
    imt_id = fields.String()
    duration = fields.Integer(attribute="execution.duration")
    operations = fields.Integer(attribute="execution.operations")
    centicredits = fields.Integer(attribute="execution.centicredits")
    transfer = fields.Integer(attribute="execution.transfer")
    organization_id = fields.Integer(attribute="execution.organization_id")
    team_id = fields.Integer(attribute="execution.team_id")
    id = fields.String()
    type = fields.String(attribute="execution.type")
    author_id = fields.Integer(attribute="execution.author_id", allow_none=True)
    instant = fields.Boolean(attribute="execution.instant")
    timestamp = Timestamp(attribute="execution.started")
    status = fields.Integer(attribute="execution.status")


class IncompleteExecutionsQuery(QuerySchema):
    scenario_id = ResourceId("scenario", required=True)


class IncompleteExecutionsDelete(IncompleteExecutionsQuery):
    confirmed = Bool(load_default=False)


class RetryLogsQuery(QuerySchema):
    """Filters. ``from`` and ``to`` are milliseconds, both inclusive."""

    status = Choice("1", "2", "3")
    since = Int(0, data_key="from")
    until = Int(0, data_key="to")


class IncompleteExecutionUpdate(BodySchema):
    blueprint = JsonText()
    failer = Int(1)


class IncompleteExecutionsSelection(Selection):
    """Selection of incomplete executions."""
