"""Consumption of scenarios, teams and organizations."""

from __future__ import annotations

import re

import pytest

from make_emulator.contract.client import ContractClient
from make_emulator.contract.target import Target

FIELDS = ["date", "operations", "dataTransfer", "centicredits"]


@pytest.mark.fidelity("consumption.scenarios", "consumption.scenarios-team")
def test_the_consumption_of_scenarios_has_the_time_of_the_last_reset(
    api: ContractClient, target: Target
) -> None:
    body = api.get("/scenarios/consumptions", teamId=target.team_id).fits()
    assert set(body) == {"scenarioConsumptions", "lastReset"}
    for row in body["scenarioConsumptions"]:
        assert row["operations"] > 0
    api.get("/scenarios/consumptions").refused(400, "SC400")


@pytest.mark.fidelity("consumption.owners", "scenarios.usage-timezone")
@pytest.mark.parametrize("timezone", ["true", "false"])
def test_the_usage_of_a_team_and_its_organization_comes_by_day(
    timezone: str, api: ContractClient, target: Target
) -> None:
    paths = (f"/teams/{target.team_id}/usage", f"/organizations/{target.organization_id}/usage")
    team, organization = (api.get(path, organizationTimezone=timezone).fits()["data"] for path in paths)
    for row in (*team, *organization):
        assert list(row) == FIELDS
        assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", row["date"])
    days = [row["date"] for row in team]
    assert days == sorted(set(days))
    assert len(team) <= 31
    assert {row["date"] for row in team} <= {row["date"] for row in organization}
