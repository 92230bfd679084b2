"""Sequential processing: runs of a scenario do not overlap, and wait until its incomplete executions are resolved.

Sources: Help centre, "Scenario settings"; Adobe's documentation of the same engine, "Configure scenario settings".
"""

from __future__ import annotations

from collections.abc import Mapping

from ...world.models import Execution, Scenario, ScenarioEvent
from ...world.world import World


def is_sequential(world: World, scenario: Scenario) -> bool:
    """Returns True if the setting is enabled (``metadata.scenario.sequential``)."""
    metadata = world.blueprints[scenario.id, scenario.blueprint_version].blueprint.get("metadata")
    settings = metadata.get("scenario") if isinstance(metadata, Mapping) else None
    return isinstance(settings, Mapping) and settings.get("sequential") is True


def is_blocked(world: World, scenario: Scenario) -> bool:
    """Returns True if the scenario has to wait for incomplete executions or retries."""
    rows, reruns = (
        world.incomplete_executions.where(scenario=scenario.id),
        world.reruns.where(scenario=scenario.id),
    )
    if not (len(rows) or len(reruns)) or not is_sequential(world, scenario):
        return False
    return len(reruns) > 0 or any(not row.resolved for row in rows)


def is_running(world: World, scenario: Scenario) -> bool:
    """Returns True if the scenario has to wait for a run that is being computed."""
    return world.runs_in_progress[scenario.id] > 0 and is_sequential(world, scenario)


def earliest_start(world: World, scenario: Scenario) -> int:
    """Returns the earliest start of the next run: the end of the last one, or 0 if runs may overlap."""
    return last_run_end(world, scenario) if is_sequential(world, scenario) else 0


def last_run_end(world: World, scenario: Scenario) -> int:
    """Returns the end of the last of a scenario's runs; 0 if there was none."""
    last = world.logs.where(scenario=scenario.id).page(_by_end, descending=True, limit=1)
    return _by_end(last[0])[0] if last else 0


def _by_end(entry: Execution | ScenarioEvent) -> tuple[int, int]:
    return (entry.ends, entry.sequence) if isinstance(entry, Execution) else (0, entry.sequence)
