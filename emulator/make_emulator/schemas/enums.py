"""Fixed lists: countries, regions, time zones. Source: the SDK's types and samples."""

from __future__ import annotations

from marshmallow import fields

from .base import ResponseSchema


class CountryOut(ResponseSchema):
    id = fields.Integer()
    name = fields.String()
    code = fields.String()
    code2 = fields.String()


class RegionOut(ResponseSchema):
    id = fields.Integer()
    name = fields.String()


class TimezoneOut(ResponseSchema):
    id = fields.Integer()
    name = fields.String()
    code = fields.String()
    offset = fields.String()
