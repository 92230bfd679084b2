"""Incomplete executions: bundles that failed are stored, so that they can be tried again.

Sources: Help centre, "Incomplete executions", "Errors that don't create incomplete executions"; the vendor's SDK
for what is kept of each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...world.consumption import organization_of
from ...world.models import IncompleteExecution
from ...world.world import World
from ..apps.context import json_size
from ..expressions.values import to_json_value
from .error_handling import RETRY_DELAYS, FailedBundle
from .run import ScenarioRun


def store_failed_bundles(computed: ScenarioRun, broken: Sequence[FailedBundle]) -> None:
    """Store what broke off in a run, as long as the plan has room.

    Without room it is lost if the scenario may lose data, and else the scenario is stopped (Help centre).
    """
    world, scenario = computed.run.world, computed.run.scenario
    room = _free_storage(world, scenario.team_id) if broken else 0
    for part in broken:
        kept = failed_bundle_fields(computed, part)
        row = IncompleteExecution(
            id=world.ids.hex(32),
            scenario_id=scenario.id,
            team_id=scenario.team_id,
            execution_id=computed.run.execution_id,
            created=part.at,
            index=world.ids.next("incomplete execution"),
            blueprint=computed.blueprint,
            inputs=computed.inputs,
            **kept,
        )
        if row.size <= room:
            room -= row.size
            world.incomplete_executions.put(row)
        elif not computed.allows_data_loss and (now := world.scenarios.get(scenario.id)) is not None:
            world.scenarios.put(replace(now, is_active=False, is_invalid=True, next_exec=None))


def failed_bundle_fields(computed: ScenarioRun, part: FailedBundle) -> Mapping[str, Any]:
    """What is kept of a bundle that broke off: where, why, with what, and when it is tried again."""
    bundles = {str(id): to_json_value(bundle.data) for id, bundle in part.scope.bundles().items()}
    bundles[str(part.module.id)] = dict(part.error.error_bundle)
    return {
        "failer": part.module.id,
        "reason": part.error.message,
        "bundles": bundles,
        "variables": to_json_value(part.variables),
        "size": json_size(bundles),
        "retry": part.attempts > 0,
        "most_attempts": part.attempts,
        "interval": part.interval or 0,
        "next_retry": part.at + (part.interval or RETRY_DELAYS[0]) if part.attempts else None,
    }


def _free_storage(world: World, team_id: int) -> int:
    """How many bytes the plan has left for incomplete executions."""
    organization = organization_of(world, team_id)
    stored = sum(
        kept.size
        for scenario in world.scenarios.where(organization=organization.id)
        for kept in world.incomplete_executions.where(scenario=scenario.id)
    )
    return organization.license.dlq_storage - stored
