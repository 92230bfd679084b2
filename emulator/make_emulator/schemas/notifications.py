"""Notifications and e-mail preferences of users. Source: the vendor's OpenAPI document."""

from __future__ import annotations

from marshmallow import fields

from .base import (
    BodySchema,
    Bool,
    Choice,
    Derived,
    Int,
    ListField,
    QuerySchema,
    ResponseSchema,
    Text,
    Timestamp,
)

#: Ids of notifications are texts of digits.
_text_id = Derived(lambda world, row: str(row.id), fields.String())


class NotificationIdOut(ResponseSchema):
    id = _text_id


class NotificationListItem(ResponseSchema):
    id = _text_id
    subject = fields.String()
    read = Timestamp(allow_none=True)
    created = Timestamp()
    type = fields.Integer()


class NotificationOut(NotificationListItem):
    """One notification, with its text in HTML."""

    body = fields.String()


class TeamNotificationOut(ResponseSchema):
    user_id = fields.Integer()
    team_id = fields.Integer()
    notification_id = fields.Integer()
    enabled = fields.Boolean()


class ZoneQuery(QuerySchema):
    """Zone of the notifications; a world has the notifications of one."""

    imt_zone_id = Int(1)


class NotificationsQuery(ZoneQuery):
    unread_only = Bool(load_default=False)


class MarkAsReadQuery(ZoneQuery):
    ids = Choice("all", required=True)


class NotificationsDelete(BodySchema):
    ids = ListField(Text(32), required=True)


class TeamNotificationUpdate(BodySchema):
    enabled = Bool(required=True)


class PreferenceUpdate(BodySchema):
    id = Text(64, required=True)
    enabled = Bool(required=True)
