"""What was consumed: operations, credits and transfer of an organization, a team or a scenario.

Tallies are kept as runs are written, so asking costs nothing, and what a deleted scenario consumed stays consumed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from .clock import DAY, LAST_MOMENT, months_after
from .models import Consumption, Execution, Organization, Scenario, Team
from .world import World

_NOTHING = Consumption()

#: Of so many runs of a scenario, the latest, it is kept what went into each module and came out.
STEPS_KEPT = 100


@dataclass(frozen=True, slots=True)
class DayOfUse:
    """What one scenario consumed on one day. ``date`` reads DD-MM-YYYY (recorded)."""

    date: str
    operations: int
    data_transfer: int
    centicredits: int


def write_execution(world: World, execution: Execution) -> Execution:
    """Add a run to the logs of its scenario and to the tallies of its owners."""
    execution = count_execution(world, execution)
    world.logs.put(execution)
    return execution


def count_execution(world: World, execution: Execution) -> Execution:
    """Add a run to the tallies of its owners, and tell it apart from all others."""
    execution = replace(execution, sequence=world.ids.next("log"))
    _forget_old(world, execution)
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


def restart_counters(world: World, until: int) -> list[Organization]:
    """Start the counters of every organization anew whose month is over by a moment, and tell which."""
    restarted = []
    for organization in list(world.organizations):
        if organization.next_reset > until:
            continue
        month = organization.months
        while (upcoming := months_after(organization.created, month + 1)) <= until:
            month += 1
        restarted.append(
            world.organizations.put(
                replace(
                    organization,
                    months=month,
                    last_reset=months_after(organization.created, month),
                    next_reset=upcoming,
                )
            )
        )
        owners = {("organization", organization.id)}
        owners |= {("team", team.id) for team in world.teams.where(organization=organization.id)}
        owners |= {("scenario", row.id) for row in world.scenarios.where(organization=organization.id)}
        for owner in owners:
            world.tallies.pop(owner, None)
    world.counters_until = min((row.next_reset for row in world.organizations), default=LAST_MOMENT + 1)
    return restarted


def _forget_old(world: World, newest: Execution) -> None:
    """Drop what the plan keeps no longer from the logs of a scenario, and the steps of all but its latest runs."""
    days = world.organizations[newest.organization_id].license.retention
    entries = world.logs.where(scenario=newest.scenario_id)
    stale = []
    for entry in entries:
        at = entry.started if isinstance(entry, Execution) else entry.at
        if at >= newest.started - days * DAY:
            break
        stale.append(entry.id)
    for id in stale:
        world.logs.remove((newest.scenario_id, id))
    detailed = world.detailed.setdefault(newest.scenario_id, deque())
    detailed.append(newest.id)
    if len(detailed) > STEPS_KEPT:
        run = world.logs.get((newest.scenario_id, detailed.popleft()))
        if isinstance(run, Execution) and (run.steps or run.decisions):
            world.logs.put(
                replace(
                    run,
                    steps=(),
                    decisions=(),
                    steps_left_out=run.steps_left_out + len(run.steps),
                    decisions_left_out=run.decisions_left_out + len(run.decisions),
                )
            )


def organization_of(world: World, team_id: int) -> Organization:
    """The organization of a team, whose plan says what the team may use."""
    return world.organizations[world.teams[team_id].organization_id]


def key_of(owner: Organization | Team) -> tuple[str, int]:
    """By what the things of an owner are found, such as what it consumed: ``("team", 1)``."""
    return "team" if isinstance(owner, Team) else "organization", owner.id


def is_exhausted(world: World, organization: Organization) -> bool:
    """Whether an organization may run nothing: it was paused, or has no operations left."""
    return (
        organization.is_paused or consumed(world, organization).operations >= organization.license.operations
    )


def consumed(world: World, owner: Organization | Team) -> Consumption:
    """What was consumed since the organization's counters were last reset."""
    return world.tallies.get(key_of(owner), _NOTHING)


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
