"""What the dashboard shows of a world."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nlargest
from itertools import islice
from operator import attrgetter
from typing import Any

from ..endpoint import Endpoint
from ..engine import scheduler
from ..middleware.tenant import Tenant
from ..reports import access
from ..world.clock import iso
from ..world.models import Execution, Scenario
from ..world.world import World

#: How many requests, scenarios or data stores, and runs of a scenario are shown.
REQUESTS, ROWS, RUNS = 40, 50, 3

_RUN_STATES = {1: ("success", "good"), 2: ("warning", "warn"), 3: ("error", "bad")}


@dataclass(frozen=True, slots=True)
class Run:
    """A run as a word, and when it began."""

    state: str
    tone: str
    at: str


@dataclass(frozen=True, slots=True)
class Row:
    """A scenario with its last runs."""

    id: int
    name: str
    state: str
    tone: str
    runs: list[Run]


def view(tenant: Tenant, endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """The world at this moment, what fell due included."""
    with tenant.hold() as world:
        scheduler.catch_up(world)
        team = tenant.main_team()
        organization = world.organizations[team.organization_id] if team else None
        scenarios = [_row(world, scenario) for scenario in islice(world.scenarios, ROWS)]
        shown: dict[str, Any] = {
            "name": tenant.name,
            "now": iso(world.now()),
            "frozen": world.clock.frozen,
            "token": tenant.main_token().token,
            "plan": organization.plan if organization else None,
            "zone": organization.zone if organization else None,
            "team_id": team.id if team else None,
            "organization_id": organization.id if organization else None,
            "user_id": tenant.main_user().id,
            "scenarios": scenarios,
            "scenarios_all": len(world.scenarios),
            "data_stores": list(islice(world.data_stores, ROWS)),
            "data_stores_all": len(world.data_stores),
        }
    entries = list(tenant.journal)
    return shown | {
        "requests": [
            {"at": iso(entry.at), "status": entry.status, "sentence": entry.sentence()}
            for entry in reversed(entries[-REQUESTS:])
        ],
        "requests_kept": len(entries),
        "tokens": access.report(tenant, endpoints),
    }


def _row(world: World, scenario: Scenario) -> Row:
    if scenario.is_invalid:
        state, tone = "invalid", "bad"
    elif scenario.is_paused:
        state, tone = "paused", "warn"
    else:
        state, tone = ("active", "good") if scenario.is_active else ("inactive", "soft")
    runs = (entry for entry in world.logs.where(scenario=scenario.id) if isinstance(entry, Execution))
    latest = nlargest(RUNS, runs, key=attrgetter("started", "sequence"))
    return Row(scenario.id, scenario.name, state, tone, [_run(run, world.now()) for run in latest])


def _run(run: Execution, now: int) -> Run:
    state, tone = _RUN_STATES.get(run.status, ("unknown", "soft")) if run.ends <= now else ("running", "soft")
    return Run(state, tone, iso(run.started))
