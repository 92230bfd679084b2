"""Consumption of scenarios, teams and organizations.

Sources: a recorded exchange (a scenario's usage), else the vendor's OpenAPI document.
"""

from __future__ import annotations

from marshmallow import fields

from .base import Bool, QuerySchema, ResourceId, ResponseSchema


class ConsumptionOut(ResponseSchema):
    """Consumption of a scenario since the last reset."""

    scenario_id = fields.Integer()
    operations = fields.Integer()
    transfer = fields.Integer()
    centicredits = fields.Integer()


class ConsumptionsQuery(QuerySchema):
    team_id = ResourceId("team", required=True)
    organization_id = ResourceId("organization")


class DailyUsageOut(ResponseSchema):
    date = fields.String()
    operations = fields.Integer()
    data_transfer = fields.Integer()
    centicredits = fields.Integer()


class UsageQuery(QuerySchema):
    organization_timezone = Bool(load_default=False)
