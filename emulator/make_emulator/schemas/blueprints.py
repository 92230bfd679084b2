"""Blueprints that are validated without being stored."""

from __future__ import annotations

from .base import BodySchema, Object


class BlueprintValidate(BodySchema):
    blueprint = Object(required=True)
