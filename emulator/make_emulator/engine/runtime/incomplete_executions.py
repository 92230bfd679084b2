"""Storage of failed bundles as incomplete executions, which can be retried.

Sources: Help centre, "Incomplete executions", "Errors that don't create incomplete executions"; the vendor's SDK
for the fields of each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypedDict

from ...json_types import Json
from ...world.consumption import organization_of
from ...world.models import IncompleteExecution
from ...world.world import World
from ..apps.context import json_size
from ..apps.output_dates import find_dates
from ..expressions.values import to_json_object
from .failed_bundles import RETRY_DELAYS, FailedBundle
from .run import ScenarioRun


def store_failed_bundles(scenario_run: ScenarioRun, failed_bundles: Sequence[FailedBundle]) -> None:
    """Stores the failed bundles of a run, as long as the plan has storage.

    Without storage a bundle is lost if the scenario allows data loss, else the scenario is stopped (Help centre).
    """
    world, scenario = scenario_run.run.world, scenario_run.run.scenario
    agent_run = scenario_run.run.agent_run
    free_bytes = _free_storage(world, scenario.team_id) if failed_bundles else 0
    for failed_bundle in failed_bundles:
        row = IncompleteExecution(
            id=world.ids.hex(32),
            scenario_id=scenario.id,
            team_id=scenario.team_id,
            execution_id=scenario_run.run.execution_id,
            created=failed_bundle.at,
            index=world.ids.next("incomplete execution"),
            blueprint=scenario_run.blueprint,
            inputs=scenario_run.inputs,
            retry=failed_bundle.attempts > 0,
            most_attempts=failed_bundle.attempts,
            interval=failed_bundle.interval or 0,
            next_retry=failed_bundle.at + (failed_bundle.interval or RETRY_DELAYS[0])
            if failed_bundle.attempts
            else None,
            agent=agent_run.agent if agent_run is not None else None,
            **failed_bundle_fields(failed_bundle),
        )
        if row.size <= free_bytes:
            free_bytes -= row.size
            world.incomplete_executions.put(row)
        elif not scenario_run.allows_data_loss and (now := world.scenarios.get(scenario.id)) is not None:
            world.scenarios.put(replace(now, is_active=False, is_invalid=True, next_exec=None))


class FailedBundleFields(TypedDict):
    """Fields of an incomplete execution that describe its failed bundle."""

    failer: int
    reason: str
    bundles: Mapping[str, Mapping[str, Json]]
    variables: Mapping[str, Json]
    bundle_dates: tuple[str, ...]
    variable_dates: tuple[str, ...]
    size: int


def failed_bundle_fields(failed_bundle: FailedBundle) -> FailedBundleFields:
    """Returns the fields of an incomplete execution that describe its failed bundle."""
    data = {str(id): bundle.data for id, bundle in failed_bundle.scope.bundles().items()}
    bundles = {id: to_json_object(bundle) for id, bundle in data.items()}
    bundles[str(failed_bundle.module.id)] = dict(failed_bundle.error.error_bundle)
    return {
        "failer": failed_bundle.module.id,
        "reason": failed_bundle.error.message,
        "bundles": bundles,
        "variables": to_json_object(failed_bundle.variables),
        "bundle_dates": tuple(find_dates(data)),
        "variable_dates": tuple(find_dates(failed_bundle.variables)),
        "size": json_size(bundles),
    }


def _free_storage(world: World, team_id: int) -> int:
    """Returns the bytes that the plan has left for incomplete executions."""
    organization = organization_of(world, team_id)
    stored_bytes = sum(
        stored_execution.size
        for scenario in world.scenarios.where(organization=organization.id)
        for stored_execution in world.incomplete_executions.where(scenario=scenario.id)
    )
    return organization.license.dlq_storage - stored_bytes
