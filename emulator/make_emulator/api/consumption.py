"""Consumption of scenarios, teams and organizations. Source: API documentation, "Scenarios > Consumptions"; recorded exchanges."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from ..http.endpoint import ApiCall, EndpointGroup
from ..http.envelope import Envelope, EnvelopeField, many
from ..http.errors import BadRequestError
from ..schemas.consumption import ConsumptionOut, ConsumptionsQuery, DailyUsageOut, UsageQuery
from ..world.clock import format_iso
from ..world.consumption import DailyConsumption, daily_consumption, list_consumptions
from ..world.enums import get_timezone
from ..world.models import Organization, Scenario, Team

group = EndpointGroup("consumption")


@group.get(
    "/scenarios/consumptions",
    scopes=["scenarios:read"],
    permission="scenarios get",
    query=ConsumptionsQuery,
    response=Envelope(
        {"scenarioConsumptions": EnvelopeField(ConsumptionOut, many=True), "lastReset": EnvelopeField()}
    ),
    lists="scenario_id",
)
def list_scenario_consumptions(
    call: ApiCall, team: Team, organization: Organization | None = None
) -> dict[str, object]:
    """List the consumption of a team's scenarios since the counters were last reset."""
    owner = call.visibility.organization_of(team)
    if organization not in (None, owner):
        raise BadRequestError("The team belongs to another organization", suberrors=[])
    consumptions = list_consumptions(call.world, team)
    return {"scenarioConsumptions": consumptions, "lastReset": format_iso(owner.last_reset)}


@group.get(
    "/scenarios/{scenarioId}/usage",
    scopes=["scenarios:read"],
    permission="scenario view",
    query=UsageQuery,
    response=many("data", DailyUsageOut),
)
def get_scenario_usage(call: ApiCall, scenario: Scenario) -> list[DailyConsumption]:
    """Get the consumption of a scenario on each of the last 30 days."""
    return daily_consumption(call.world, scenario, _timezone(call))


@group.get(
    "/teams/{teamId}/usage",
    scopes=["teams:read"],
    permission="team view",
    query=UsageQuery,
    response=many("data", DailyUsageOut),
)
def get_team_usage(call: ApiCall, team: Team) -> list[DailyConsumption]:
    """Get the consumption of a team's scenarios on each of the last 30 days."""
    return daily_consumption(call.world, team, _timezone(call))


@group.get(
    "/organizations/{organizationId}/usage",
    scopes=["organizations:read"],
    permission="organization view",
    query=UsageQuery,
    response=many("data", DailyUsageOut),
)
def get_organization_usage(call: ApiCall, organization: Organization) -> list[DailyConsumption]:
    """Get the consumption of an organization's scenarios on each of the last 30 days."""
    return daily_consumption(call.world, organization, _timezone(call))


def _timezone(call: ApiCall) -> ZoneInfo:
    """Time zone whose midnights end the days: the caller's, or on request the organization's."""
    owner = call.organization if call.query["organization_timezone"] else call.user
    assert owner is not None, "the path names what an organization owns"
    return get_timezone(owner.timezone_id)
