"""Scenarios of a world with their state and last runs, for people who look at them."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import nlargest
from operator import attrgetter

from ..engine.runtime.executor import visible_status
from ..world.clock import format_iso
from ..world.models import Execution, Json, Scenario
from ..world.world import World

_newest = attrgetter("started", "sequence")


def scenario_state(scenario: Scenario) -> str:
    """Returns ``invalid``, ``paused``, ``active`` or ``inactive``."""
    if scenario.is_invalid:
        return "invalid"
    if scenario.is_paused:
        return "paused"
    return "active" if scenario.is_active else "inactive"


def list_scenarios(world: World, text: str, *, limit: int, offset: int) -> dict[str, Json]:
    """Returns a page of the scenarios whose name has a text, or whose id it is, with their number."""
    wanted = text.casefold().strip()
    rows = [row for row in world.scenarios if wanted in row.name.casefold() or wanted == str(row.id)]
    rows.sort(key=lambda row: (row.name.casefold(), row.id))
    page = rows[offset : offset + limit]
    return {"scenarios": [scenario_row(world, row, runs=1) for row in page], "total": len(rows)}


def scenario_row(world: World, scenario: Scenario, *, runs: int) -> dict[str, Json]:
    """Returns a scenario with its last runs, the latest first."""
    return {
        "id": scenario.id,
        "name": scenario.name,
        "teamId": scenario.team_id,
        "type": scenario.type,
        "state": scenario_state(scenario),
        "scheduling": dict(scenario.scheduling),
        "nextRun": None if scenario.next_exec is None else format_iso(scenario.next_exec),
        "apps": list(scenario.used_packages),
        "runs": [_run_row(world, run) for run in nlargest(runs, _runs_of(world, scenario), key=_newest)],
    }


def _runs_of(world: World, scenario: Scenario) -> Iterator[Execution]:
    return (entry for entry in world.logs.where(scenario=scenario.id) if isinstance(entry, Execution))


def _run_row(world: World, run: Execution) -> dict[str, Json]:
    return {
        "id": run.id,
        "status": visible_status(run, world.now()),
        "at": format_iso(run.started),
        "operations": run.operations,
        "durationMs": run.duration,
    }
