"""Feature controls of organizations. Source: the vendor's OpenAPI document (its names and shapes)."""

from __future__ import annotations

from marshmallow import fields

from .base import BodySchema, Bool, Int, QuerySchema, ResponseSchema, Text


class FeatureControlOut(ResponseSchema):
    """Feature that an organization can switch off; texts are objects of a text for each language."""

    id = fields.Integer()
    name = fields.String()
    label = fields.Dict()
    description = fields.Dict()
    tags = fields.List(fields.String())
    warning_message = fields.Dict(data_key="warning_message")
    enabled = fields.Boolean()


class FeatureControlState(ResponseSchema):
    id = fields.Integer()
    enabled = fields.Boolean()


class FeatureControlsQuery(QuerySchema):
    feature_control_name = Text(128)


class FeatureControlUpdate(BodySchema):
    id = Int(1, required=True)
    enabled = Bool(required=True)
