"""What was consumed: operations, credits and transfer of an organization, a team or a scenario.

Tallies are kept as runs are written, so asking costs nothing, and what a deleted scenario consumed stays consumed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from .clock import DAY, LAST_MOMENT, next_month
from .models import Consumption, Execution, Organization, Scenario, Team
from .world import World

_NOTHING = Consumption()


@dataclass(frozen=True, slots=True)
class DayOfUse:
    """What one scenario consumed on one day. ``date`` reads DD-MM-YYYY (recorded)."""

    date: str
    operations: int
    data_transfer: int
    centicredits: int


def write_execution(world: World, execution: Execution) -> Execution:
    """Add a run to the logs of its scenario and to the tallies of its owners."""
    execution = replace(execution, sequence=world.ids.next("log"))
    world.logs.put(execution)
    if execution.started >= world.organizations[execution.organization_id].last_reset:
        for owner in (
            ("scenario", execution.scenario_id),
            ("team", execution.team_id),
            ("organization", execution.organization_id),
        ):
            before = world.tallies.get(owner, _NOTHING)
            world.tallies[owner] = Consumption(
                before.operations + execution.operations,
                before.centicredits + execution.centicredits,
                before.transfer + execution.transfer,
            )
    return execution


def restart_counters(world: World) -> None:
    """Start the counters of every organization anew whose month is over."""
    now = world.now()
    for organization in list(world.organizations):
        if organization.next_reset > now:
            continue
        since, upcoming = organization.last_reset, organization.next_reset
        while upcoming <= now:
            since, upcoming = upcoming, next_month(upcoming)
        world.organizations.put(replace(organization, last_reset=since, next_reset=upcoming))
        owners = {("organization", organization.id)}
        owners |= {("team", team.id) for team in world.teams.where(organization=organization.id)}
        owners |= {("scenario", row.id) for row in world.scenarios.where(organization=organization.id)}
        for owner in owners:
            world.tallies.pop(owner, None)
    world.counters_until = min((row.next_reset for row in world.organizations), default=LAST_MOMENT)


def consumed(world: World, owner: Organization | Team) -> Consumption:
    """What was consumed since the organization's counters were last reset."""
    kind = "team" if isinstance(owner, Team) else "organization"
    return world.tallies.get((kind, owner.id), _NOTHING)


def consumed_by_scenario(world: World, scenario: Scenario) -> Consumption:
    """The same for one scenario; lists ask it three times a row."""
    return world.tallies.get(("scenario", scenario.id), _NOTHING)


def executions(world: World, scenario: Scenario) -> Iterator[Execution]:
    """The finished runs of a scenario."""
    now = world.now()
    for entry in world.logs.where(scenario=scenario.id):
        if isinstance(entry, Execution) and entry.ends <= now:
            yield entry


def by_day(world: World, scenario: Scenario, zone: ZoneInfo | None) -> list[DayOfUse]:
    """The use of the last 30 days, only days with use, oldest first; days end at midnight of the zone."""
    since = world.now() - 30 * DAY
    days: dict[str, DayOfUse] = {}
    for execution in sorted(executions(world, scenario), key=lambda run: run.started):
        if execution.started < since:
            continue
        date = f"{datetime.fromtimestamp(execution.started / 1000, zone or UTC):%d-%m-%Y}"
        day = days.get(date, DayOfUse(date, 0, 0, 0))
        days[date] = DayOfUse(
            date,
            day.operations + execution.operations,
            day.data_transfer + execution.transfer,
            day.centicredits + execution.centicredits,
        )
    return list(days.values())
