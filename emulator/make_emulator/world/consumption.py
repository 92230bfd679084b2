"""Consumption of operations, credits and transfer by organizations, teams and scenarios.

Tallies are updated when a run is logged, so reading them is cheap, and the consumption of a deleted scenario stays counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from ..lazy_dataclasses import dataclass
from .clock import DAY, MAX_TIMESTAMP, add_months
from .models import Consumption, Execution, Organization, Scenario, Team
from .world import World

_ZERO = Consumption()


@dataclass(frozen=True, slots=True)
class DailyConsumption:
    """Consumption on one day; ``date`` has the form DD-MM-YYYY for a scenario (recorded), else YYYY-MM-DD (documented)."""

    date: str
    operations: int
    data_transfer: int
    centicredits: int


@dataclass(frozen=True, slots=True)
class ScenarioConsumption:
    """Consumption of one scenario since the organization's counters were last reset."""

    scenario_id: int
    operations: int
    transfer: int
    centicredits: int


def add_execution(world: World, execution: Execution) -> None:
    """Adds a run to the tallies of its scenario, team and organization, unless it is older than their counters."""
    if execution.started < world.organizations[execution.organization_id].last_reset:
        return
    for owner in (
        ("scenario", execution.scenario_id),
        ("team", execution.team_id),
        ("organization", execution.organization_id),
    ):
        before = world.tallies.get(owner, _ZERO)
        world.tallies[owner] = Consumption(
            before.operations + execution.operations,
            before.centicredits + execution.centicredits,
            before.transfer + execution.transfer,
        )


def reset_counters(world: World, until: int) -> list[Organization]:
    """Resets the counters of every organization whose month ends by a moment, and returns those organizations."""
    restarted = []
    for organization in list(world.organizations):
        if organization.next_reset > until:
            continue
        month = organization.months
        while (upcoming := add_months(organization.created, month + 1)) <= until:
            month += 1
        restarted.append(
            world.organizations.put(
                replace(
                    organization,
                    months=month,
                    last_reset=add_months(organization.created, month),
                    next_reset=upcoming,
                )
            )
        )
        owners = {("organization", organization.id)}
        owners |= {("team", team.id) for team in world.teams.where(organization=organization.id)}
        owners |= {("scenario", row.id) for row in world.scenarios.where(organization=organization.id)}
        for owner in owners:
            world.tallies.discard(owner)
    world.counters_until = min((row.next_reset for row in world.organizations), default=MAX_TIMESTAMP + 1)
    return restarted


def organization_of(world: World, team_id: int) -> Organization:
    """The organization of a team, whose license applies to the team."""
    return world.organizations[world.teams[team_id].organization_id]


def owner_key(owner: Organization | Team) -> tuple[str, int]:
    """The key of an owner in tallies and in the index of variables, e.g. ``("team", 1)``."""
    return "team" if isinstance(owner, Team) else "organization", owner.id


def is_exhausted(world: World, organization: Organization) -> bool:
    """Returns True if an organization cannot run scenarios: it is paused, or has no operations left."""
    return (
        organization.is_paused
        or get_consumption(world, organization).operations >= organization.license.operations
    )


def get_consumption(world: World, owner: Organization | Team) -> Consumption:
    """The consumption of an owner since the organization's counters were last reset."""
    return world.tallies.get(owner_key(owner), _ZERO)


def consumption_by_scenario(world: World) -> Callable[[int], Consumption]:
    """Returns the function from a scenario's id to its consumption since the organization's counters were last reset."""
    tallies = world.tallies
    return lambda scenario_id: tallies.get(("scenario", scenario_id), _ZERO)


def list_consumptions(world: World, team: Team) -> list[ScenarioConsumption]:
    """The consumption of each of a team's scenarios that consumed an operation since the counters were last reset."""
    consumption_of = consumption_by_scenario(world)
    rows = ((id, consumption_of(id)) for id in sorted(row.id for row in world.scenarios.where(team=team.id)))
    return [
        ScenarioConsumption(id, used.operations, used.transfer, used.centicredits)
        for id, used in rows
        if used.operations
    ]


def _scenarios_of(world: World, owner: Scenario | Team | Organization) -> Iterable[Scenario]:
    if isinstance(owner, Scenario):
        return (owner,)
    kind, id = owner_key(owner)
    return world.scenarios.where(**{kind: id})


def _finished_executions(world: World, scenario: Scenario) -> Iterator[Execution]:
    """The finished runs of a scenario."""
    now = world.now()
    for entry in world.logs.where(scenario=scenario.id):
        if isinstance(entry, Execution) and entry.ends <= now:
            yield entry


def daily_consumption(
    world: World, owner: Scenario | Team | Organization, zone: ZoneInfo
) -> list[DailyConsumption]:
    """The consumption of the last 30 days, oldest first, without days of none; days end at midnight of the zone."""
    since = world.now() - 30 * DAY
    form = "%d-%m-%Y" if isinstance(owner, Scenario) else "%Y-%m-%d"
    executions = (
        run for scenario in _scenarios_of(world, owner) for run in _finished_executions(world, scenario)
    )
    days: dict[str, DailyConsumption] = {}
    for execution in sorted(executions, key=lambda run: run.started):
        if execution.started < since:
            continue
        date = datetime.fromtimestamp(execution.started / 1000, zone).strftime(form)
        day = days.get(date, DailyConsumption(date, 0, 0, 0))
        days[date] = DailyConsumption(
            date,
            day.operations + execution.operations,
            day.data_transfer + execution.transfer,
            day.centicredits + execution.centicredits,
        )
    return list(days.values())
