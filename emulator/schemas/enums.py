"""The fixed lists: countries, regions, time zones. Source: the SDK's types and samples."""

from __future__ import annotations

from marshmallow import fields

from .base import Answer


class CountryOut(Answer):
    id = fields.Integer()
    name = fields.String()
    code = fields.String()
    code2 = fields.String()


class RegionOut(Answer):
    id = fields.Integer()
    name = fields.String()


class TimezoneOut(Answer):
    id = fields.Integer()
    name = fields.String()
    code = fields.String()
    offset = fields.String()
