"""Consumption of scenarios, teams and organizations over the API."""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers.api import ApiClient, assert_ok, assert_refused, suberror_messages
from helpers.engine import set_variable

#: Of the default world's second organization.
OTHER_ORGANIZATION, OTHER_TEAM = 2, 2
NEW_YORK = "America/New_York"


def create(api: ApiClient, team: int = 1) -> int:
    """A live scenario, each run of which is one operation; its id."""
    blueprint = {"name": "One", "flow": [set_variable(1, "1")], "metadata": {}}
    body = {"teamId": team, "blueprint": json.dumps(blueprint), "scheduling": '{"type":"on-demand"}'}
    id = int(assert_ok(api.post("/scenarios?confirmed=true", json=body))["scenario"]["id"])
    assert_ok(api.post(f"/scenarios/{id}/start"))
    return id


def run(api: ApiClient, scenario_id: int) -> None:
    assert_ok(api.post(f"/scenarios/{scenario_id}/run", json={"responsive": True}))
    api.world.clock.advance(1)


def usage(api: ApiClient, path: str) -> dict[str, int]:
    """Operations by day."""
    rows = assert_ok(api.get(f"{path}/usage"))["data"]
    assert all(list(row) == ["date", "operations", "dataTransfer", "centicredits"] for row in rows)
    assert all(row["centicredits"] == 100 * row["operations"] for row in rows)
    return {row["date"]: row["operations"] for row in rows}


def test_the_consumption_of_scenarios_is_that_since_the_last_reset(api: ApiClient) -> None:
    body = assert_ok(api.get("/scenarios/consumptions?teamId=1"))
    assert list(body) == ["scenarioConsumptions", "lastReset"]
    assert body["lastReset"] == assert_ok(api.get("/organizations/1"))["organization"]["lastReset"]
    before = {row["scenarioId"]: row for row in body["scenarioConsumptions"]}
    assert list(before) == sorted(before)
    assert all(row["operations"] > 0 for row in before.values())
    id = create(api)
    run(api, id)
    run(api, id)
    rows = assert_ok(api.get("/scenarios/consumptions?teamId=1&organizationId=1"))["scenarioConsumptions"]
    transfer = rows[-1]["transfer"]
    assert rows == [
        *before.values(),
        {"scenarioId": id, "operations": 2, "transfer": transfer, "centicredits": 200},
    ]
    api.world.clock.advance(days=31)
    body = assert_ok(api.get("/scenarios/consumptions?teamId=1"))
    assert body["lastReset"] > "2026-03-02"
    assert id not in [row["scenarioId"] for row in body["scenarioConsumptions"]]


def test_scenarios_without_an_operation_are_left_out(api: ApiClient) -> None:
    team = assert_ok(api.post("/teams", json={"name": "New", "organizationId": 1}))["team"]["id"]
    create(api, team)
    assert assert_ok(api.get(f"/scenarios/consumptions?teamId={team}"))["scenarioConsumptions"] == []


def test_consumption_needs_a_team_of_the_organization(api: ApiClient) -> None:
    text = "Missing value of required parameter 'teamId'."
    assert suberror_messages(api.get("/scenarios/consumptions?organizationId=1")) == [text]
    created = {"name": "Second", "regionId": 1, "timezoneId": 113, "countryId": 59}
    second = assert_ok(api.post("/organizations", json=created))["organization"]["id"]
    response = api.get(f"/scenarios/consumptions?teamId=1&organizationId={second}")
    assert_refused(response, 400, detail="The team belongs to another organization")


def test_a_teams_usage_adds_up_its_scenarios_by_day(api: ApiClient) -> None:
    before = usage(api, "/teams/1")
    assert list(before) == sorted(before)
    own: dict[str, int] = {}
    for row in assert_ok(api.get("/scenarios?teamId=1"))["scenarios"]:
        for date, operations in usage(api, f"/scenarios/{row['id']}").items():
            day, month, year = date.split("-")
            iso = f"{year}-{month}-{day}"
            own[iso] = own.get(iso, 0) + operations
    assert before == own
    assert usage(api, "/organizations/1") == before


def test_an_organizations_usage_has_all_its_teams_and_no_others(api: ApiClient) -> None:
    team = assert_ok(api.post("/teams", json={"name": "New", "organizationId": 1}))["team"]["id"]
    assert usage(api, f"/teams/{team}") == {}
    id = create(api, team)
    before = usage(api, "/organizations/1")
    run(api, id)
    assert usage(api, f"/teams/{team}") == {"2026-03-02": 1}
    assert usage(api, "/organizations/1")["2026-03-02"] == before.get("2026-03-02", 0) + 1


@pytest.mark.parametrize("path", ["/scenarios/{}", "/teams/1", "/organizations/1"])
def test_days_end_at_the_midnight_of_the_caller_or_of_the_organization(api: ApiClient, path: str) -> None:
    id = create(api)
    api.world.clock.advance(hours=11, minutes=30)
    run(api, id)
    api.world.clock.advance(1)
    is_scenario, path = "{}" in path, path.format(id)

    def last(query: str = "") -> Any:
        return assert_ok(api.get(f"{path}/usage{query}"))["data"][-1]["date"]

    form = "{:02}-03-2026" if is_scenario else "2026-03-{:02}"
    assert (last(), last("?organizationTimezone=true")) == (form.format(3), form.format(3))
    zones = {row["code"]: row["id"] for row in assert_ok(api.get("/enums/timezones"))["timezones"]}
    assert_ok(api.patch("/organizations/1", json={"timezoneId": zones[NEW_YORK]}))
    assert (last(), last("?organizationTimezone=true")) == (form.format(3), form.format(2))
    assert last("?organizationTimezone=false") == form.format(3)


def test_usage_older_than_30_days_is_left_out(api: ApiClient) -> None:
    assert usage(api, "/teams/1")
    api.world.clock.advance(days=31)
    for path in ("/teams/1", "/organizations/1"):
        assert all(date > "2026-03-02" for date in usage(api, path))


@pytest.mark.parametrize("path", [f"/teams/{OTHER_TEAM}", f"/organizations/{OTHER_ORGANIZATION}"])
def test_the_usage_of_others_is_hidden(api: ApiClient, path: str) -> None:
    hidden, absent = api.get(f"{path}/usage"), api.get(f"{path}9999/usage")
    assert (hidden.status_code, absent.status_code) == (404, 404)
    assert_refused(hidden, 404, code="SC404")
