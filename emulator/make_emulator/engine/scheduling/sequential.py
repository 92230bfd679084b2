"""Sequential processing: the runs of a scenario follow each other, and none follows what broke off until it is resolved.

Sources: Help centre, "Scenario settings"; Adobe's documentation of the same engine, "Configure scenario settings".
"""

from __future__ import annotations

from collections.abc import Mapping

from ...world.models import Execution, Scenario, ScenarioEvent
from ...world.world import World


def is_sequential(world: World, scenario: Scenario) -> bool:
    """Whether the scenario's settings ask for it (``metadata.scenario.sequential``)."""
    metadata = world.blueprints[scenario.id, scenario.blueprint_version].blueprint.get("metadata")
    settings = metadata.get("scenario") if isinstance(metadata, Mapping) else None
    return isinstance(settings, Mapping) and settings.get("sequential") is True


def is_blocked(world: World, scenario: Scenario) -> bool:
    """Whether the scenario may not run by itself, because something that failed is to be resolved or run again first."""
    rows, reruns = (
        world.incomplete_executions.where(scenario=scenario.id),
        world.reruns.where(scenario=scenario.id),
    )
    if not (len(rows) or len(reruns)) or not is_sequential(world, scenario):
        return False
    return len(reruns) > 0 or any(not row.resolved for row in rows)


def earliest_start(world: World, scenario: Scenario) -> int:
    """From when on the scenario may run: the end of its last run, or at any time if runs may overlap."""
    return last_run_end(world, scenario) if is_sequential(world, scenario) else 0


def last_run_end(world: World, scenario: Scenario) -> int:
    """When the last of a scenario's runs until now ends; 0 if there was none."""
    last = world.logs.where(scenario=scenario.id).page(_by_end, descending=True, limit=1)
    return _by_end(last[0])[0] if last else 0


def _by_end(entry: Execution | ScenarioEvent) -> tuple[int, int]:
    return (entry.ends, entry.sequence) if isinstance(entry, Execution) else (0, entry.sequence)
