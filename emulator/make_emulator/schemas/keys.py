"""Keys of the keychain and their types. Source: the vendor's OpenAPI document."""

from __future__ import annotations

from marshmallow import fields

from .base import BodySchema, Choice, Constant, Object, QuerySchema, ResourceId, ResponseSchema, Text

#: The types by which the list can be filtered (documented).
_TYPE_NAMES = (
    *("aes-key", "apikeyauth", "apn", "basicauth", "clientcertauth"),
    *("eet", "gpg-private", "gpg-public", "webpay"),
)


class KeyOut(ResponseSchema):
    """Key, without its parameters. By default only its id and its name are shown."""

    id = fields.Integer()
    name = fields.String()
    type_name = fields.String(metadata={"extra": True})
    team_id = fields.Integer(metadata={"extra": True})
    package_name = Constant(None, fields.String(allow_none=True), metadata={"extra": True})
    theme = fields.String(metadata={"extra": True})


class KeyWritten(ResponseSchema):
    """Response to creating and updating: all columns."""

    id = fields.Integer()
    name = fields.String()
    type_name = fields.String()
    team_id = fields.Integer()
    package_name = Constant(None, fields.String(allow_none=True))
    theme = fields.String()


class KeyTypeOut(ResponseSchema):
    name = fields.String()
    label = fields.String()
    parameters = fields.List(fields.Dict())
    component_type = Constant("key", fields.String())
    author = Constant("Make", fields.String())
    version = fields.String()
    theme = fields.String()
    icon = fields.String()


class KeysQuery(QuerySchema):
    team_id = ResourceId("team", required=True)
    type_name = Choice(*_TYPE_NAMES)


class KeyCreate(BodySchema):
    name = Text(128, required=True)
    team_id = ResourceId("team", required=True)
    type_name = Text(128, required=True)
    parameters = Object(required=True)


class KeyUpdate(BodySchema):
    name = Text(128)
    parameters = Object()
