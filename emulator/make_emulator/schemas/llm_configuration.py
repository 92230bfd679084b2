"""Language models of teams. Source: the vendor's OpenAPI document."""

from __future__ import annotations

from .base import BodySchema, Choice, Int, Text

_TIERS = ("small", "medium", "large")


class LlmConfigurationUpdate(BodySchema):
    ai_mapping_account_id = Int(1, allow_none=True)
    ai_mapping_model_name = Text(255, minimum=0, allow_none=True)
    ai_mapping_builtin_tier = Choice(*_TIERS, allow_none=True)
    ai_toolkit_account_id = Int(1, allow_none=True)
    ai_toolkit_model_name = Text(255, minimum=0, allow_none=True)
    ai_toolkit_builtin_tier = Choice(*_TIERS, allow_none=True)
