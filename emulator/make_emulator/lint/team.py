"""Facts of a world for lint: what a team has, its plan, and the scenarios that a scenario may call."""

from __future__ import annotations

from collections.abc import Mapping

from ..json_types import Json
from ..world.consumption import organization_of
from ..world.models import Scenario, Team
from ..world.world import World
from .document import LintOptions


def options_for_team(
    world: World,
    team: Team,
    *,
    scheduling: Mapping[str, Json] | None = None,
    scenario: Scenario | None = None,
) -> LintOptions:
    """Returns the options for a blueprint of a team, or of a scenario of it with its own scheduling."""
    if scheduling is None:
        scheduling = scenario.scheduling if scenario is not None else {}
    scenarios = world.scenarios.where(team=team.id)
    return LintOptions(
        scheduling=scheduling,
        least_minutes=organization_of(world, team.id).license.interval,
        scenario_id=scenario.id if scenario is not None else None,
        called_blueprints={
            row.id: world.blueprints[row.id, row.blueprint_version].blueprint for row in scenarios
        },
        functions=frozenset(row.name for row in world.functions.where(team=team.id)),
        modules=dict(world.custom_modules),
        resources={
            "connection": {row.id: row.account_name for row in world.connections.where(team=team.id)},
            "dataStore": {row.id: "" for row in world.data_stores.where(team=team.id)},
            "dataStructure": {row.id: "" for row in world.data_structures.where(team=team.id)},
            "hook": {row.id: row.type_name for row in world.hooks.where(team=team.id)},
            "key": {row.id: row.type_name for row in world.keys.where(team=team.id)},
        },
    )
