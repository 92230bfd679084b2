"""Selections of rows by id, for calls that delete or retry several at once."""

from __future__ import annotations

from marshmallow import ValidationError, validates_schema

from .base import BodySchema, Bool, ListField, Text


class Selection(BodySchema):
    """Exactly one of a list, ``all``, or ``all`` with exceptions."""

    ids = ListField(Text(128), minimum=1)
    all = Bool()
    except_ids = ListField(Text(128))

    @validates_schema
    def _exactly_one(self, data: dict[str, object], **kwargs: object) -> None:
        if ("ids" in data) == bool(data.get("all")):
            raise ValidationError("Exactly one of 'ids' and 'all' is needed.")
        if "except_ids" in data and not data.get("all"):
            raise ValidationError("'exceptIds' goes with 'all' only.")
