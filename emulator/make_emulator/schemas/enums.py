"""Fixed lists: countries, regions, time zones and others. Sources: the SDK's types and samples; the vendor's OpenAPI document."""

from __future__ import annotations

from marshmallow import fields

from .base import Bool, QuerySchema, ResponseSchema, Text


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


class NamedIdOut(ResponseSchema):
    id = fields.Integer()
    name = fields.String()


class LocaleOut(ResponseSchema):
    id = fields.Integer()
    name = fields.String()
    code = fields.String()
    angular_code = fields.String()


class LanguageOut(ResponseSchema):
    code = fields.String()
    name = fields.String()


class ImtZoneOut(ResponseSchema):
    id = fields.Integer()
    domain = fields.String()
    name = fields.String()


class VariableTypeOut(ResponseSchema):
    id = fields.Integer()
    name = fields.String()
    team_only = fields.Boolean()


class EmailNotificationOut(ResponseSchema):
    id = fields.Integer()
    translation_key = fields.String()
    name = fields.String()
    description = fields.String()


class FeatureOut(ResponseSchema):
    title = fields.String()
    name = fields.String()


class ReviewStatusOut(ResponseSchema):
    value = fields.Integer()
    label = fields.String()


class LlmModelOut(ResponseSchema):
    model_name = fields.String()
    provider_name = fields.String()
    model_display_name = fields.String()
    model_display_priority = fields.Integer()
    provider_display_name = fields.String()


class LlmTierOut(ResponseSchema):
    tier_name = fields.String()
    model_name = fields.String()
    provider_name = fields.String()
    centicredits_coefficient = fields.Float()
    model_display_name = fields.String()
    provider_display_name = fields.String()


class LanguagesQuery(QuerySchema):
    localized = Bool(load_default=False)


class EmailNotificationsQuery(QuerySchema):
    language = Text(8)
