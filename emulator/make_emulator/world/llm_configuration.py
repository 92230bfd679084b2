"""Language models of teams for AI mapping and the AI toolkit. Source: the vendor's OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping

from .enums import LLM_TIERS, LlmTier
from .exceptions import InvalidParametersError
from .models import Json, LlmConfiguration, Team
from .world import World

PARTS = ("aiMapping", "aiToolkit")

#: Setting -> its value in a team that has chosen none (assumed; the tiers are those of the document's example).
_DEFAULTS: Mapping[str, Json] = {
    "aiMappingAccountId": None,
    "aiMappingModelName": None,
    "aiMappingBuiltinTier": "medium",
    "aiToolkitAccountId": None,
    "aiToolkitModelName": None,
    "aiToolkitBuiltinTier": "small",
}


def get(world: World, team: Team) -> dict[str, Json]:
    """The settings of a team, with the models of the tiers that it uses."""
    row = world.llm_configurations.get(team.id)
    values = {**_DEFAULTS, **(row.values if row else {})}
    shown: dict[str, Json] = {}
    for part in PARTS:
        tier = values[f"{part}BuiltinTier"]
        shown |= {
            f"{part}{name}": values[f"{part}{name}"] for name in ("AccountId", "ModelName", "BuiltinTier")
        }
        shown[f"{part}BuiltinTierInfo"] = next(
            (_tier_info(each) for each in LLM_TIERS if each.tier_name == tier), None
        )
    return shown


def update(world: World, team: Team, changes: Mapping[str, Json]) -> dict[str, Json]:
    """Changes some settings of a team.

    Raises:
        InvalidParametersError: if there is none, or the team has no such connection.
    """
    if not changes:
        raise InvalidParametersError("At least one parameter is needed.")
    for part in PARTS:
        id = changes.get(f"{part}AccountId")
        if not isinstance(id, int):
            continue
        connection = world.connections.get(id)
        if connection is None or connection.team_id != team.id:
            raise InvalidParametersError(f"Invalid value of parameter '{part}AccountId'.")
    row = world.llm_configurations.get(team.id)
    values = {**(row.values if row else {}), **changes}
    world.llm_configurations.put(LlmConfiguration(team_id=team.id, values=values))
    return get(world, team)


def _tier_info(tier: LlmTier) -> dict[str, Json]:
    return {
        "tierName": tier.tier_name,
        "modelName": tier.model_name,
        "providerName": tier.provider_name,
        "centicreditsCoefficient": tier.centicredits_coefficient,
        "createdAt": "2025-11-01T00:00:00Z",
        "updatedAt": "2025-11-01T00:00:00Z",
    }
