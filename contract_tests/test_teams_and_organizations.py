"""Teams and organizations."""

from __future__ import annotations

from typing import Any

import pytest

from make_emulator.contract.client import ContractClient
from make_emulator.contract.target import Target

from .resources import FreshResources
from .valid_requests import default_columns

ONE = "GET /organizations/{organizationId}"


# --- organizations -------------------------------------------------------------------------------


@pytest.mark.covers("GET /organizations", "success")
@pytest.mark.fidelity("organizations.list")
def test_the_list_shows_the_organizations_of_the_user(api: ContractClient, target: Target) -> None:
    rows = api.get("/organizations").fits()["organizations"]
    [row] = [row for row in rows if row["id"] == target.organization_id]
    assert list(row) == ["id", "name", "timezoneId", "zone"]


@pytest.mark.covers("GET /organizations", "query zone", "query externalId")
@pytest.mark.fidelity("organizations.list-zone")
def test_the_list_can_be_narrowed_to_a_zone(api: ContractClient, target: Target) -> None:
    rows = api.get("/organizations").fits()["organizations"]
    [zone] = {row["zone"] for row in rows if row["id"] == target.organization_id}
    there = api.get("/organizations", zone=zone).fits()["organizations"]
    assert target.organization_id in [row["id"] for row in there]
    assert {row["zone"] for row in there} == {zone}
    elsewhere = api.get("/organizations", zone="contract.example.com").fits()["organizations"]
    assert elsewhere == []
    assert api.get("/organizations", externalId="contract-nothing").fits()["organizations"] == []


@pytest.mark.covers(ONE, "success", "query wait")
@pytest.mark.fidelity("organizations.get", "organizations.counters")
@pytest.mark.parametrize("query", [{}, {"wait": "false"}], ids=str)
def test_one_organization_comes_in_full(query: dict[str, str], api: ContractClient, target: Target) -> None:
    path = f"/organizations/{target.organization_id}"
    organization = api.call("GET", path, query=query).fits()["organization"]
    assert list(organization) == default_columns(ONE)
    for counter in ("operations", "transfer", "centicreditsConsumed", "unusedOperations"):
        assert organization[counter].isdigit()
    assert target.team_id in [team["id"] for team in organization["teams"]]


@pytest.mark.covers("POST /organizations", "success")
@pytest.mark.fidelity("organizations.create", "plans.new-organization")
def test_a_new_organization_has_a_first_team_and_an_owner(api: ContractClient, make: FreshResources) -> None:
    name = make.name("organization")
    sent = {"name": name, "regionId": 1, "timezoneId": 113, "countryId": 4}
    body = api.post("/organizations", sent).fits()
    assert list(body) == ["organization", "userOrganizationRole"]
    made = body["organization"]
    assert (made["name"], made["timezoneId"], made["countryId"]) == (name, 113, 4)
    assert [team["name"] for team in made["teams"]] == ["My Team"]
    assert body["userOrganizationRole"]["usersRoleId"] == 11
    assert api.get(f"/organizations/{made['id']}").fits()["organization"]["productName"] == "Enterprise"


@pytest.mark.covers("POST /organizations", "validation")
@pytest.mark.fidelity("organizations.create-name")
def test_the_name_of_an_organization_has_no_space_at_its_end(
    api: ContractClient, make: FreshResources
) -> None:
    sent = {"name": make.name("organization") + " ", "regionId": 1, "timezoneId": 113, "countryId": 4}
    api.post("/organizations", sent).refused(400, "SC400")


# --- teams ---------------------------------------------------------------------------------------


@pytest.mark.covers("GET /teams", "success", "query organizationId")
@pytest.mark.fidelity("teams.list")
def test_the_list_shows_the_teams_of_an_organization(api: ContractClient, target: Target) -> None:
    rows = api.get("/teams", organizationId=target.organization_id).fits()["teams"]
    assert {row["organizationId"] for row in rows} == {target.organization_id}
    [row] = [row for row in rows if row["id"] == target.team_id]
    assert list(row) == ["id", "name", "organizationId", "globalAgentsEnabled"]


@pytest.mark.covers("GET /teams", "query includePrivateSpaces")
def test_private_spaces_are_no_teams_unless_asked_for(api: ContractClient, target: Target) -> None:
    query = {"organizationId": target.organization_id, "includePrivateSpaces": "false"}
    rows = api.call("GET", "/teams", query=query).fits()["teams"]
    assert rows == api.get("/teams", organizationId=target.organization_id).fits()["teams"]


@pytest.mark.covers("GET /teams/{teamId}", "success")
@pytest.mark.fidelity("teams.get")
def test_one_team_comes_as_in_the_list(api: ContractClient, target: Target) -> None:
    team = api.get(f"/teams/{target.team_id}").fits()["team"]
    assert team in api.get("/teams", organizationId=target.organization_id).fits()["teams"]


@pytest.mark.covers("GET /teams/{teamId}", "cols")
@pytest.mark.fidelity("teams.columns")
def test_what_a_team_consumed_comes_when_asked_for(api: ContractClient, target: Target) -> None:
    columns = ["operationsLimit", "consumedOperations", "transferLimit", "consumedTransfer", "isPaused"]
    query = {"cols[]": columns}
    team: dict[str, Any] = api.call("GET", f"/teams/{target.team_id}", query=query).fits()["team"]
    assert list(team) == columns
    assert isinstance(team["consumedOperations"], int)
    assert isinstance(team["consumedTransfer"], str)


@pytest.mark.covers("POST /teams", "success")
@pytest.mark.fidelity("teams.create")
def test_the_maker_of_a_team_is_its_administrator(
    api: ContractClient, target: Target, make: FreshResources
) -> None:
    name = make.name("team")
    body = api.post("/teams", {"name": name, "organizationId": target.organization_id}).fits()
    assert list(body) == ["userTeamRole", "team"]
    assert (body["userTeamRole"]["usersRoleId"], body["userTeamRole"]["changeable"]) == (1, False)
    assert body["userTeamRole"]["teamId"] == body["team"]["id"]
    assert body["team"]["name"] == name
    assert api.get(f"/teams/{body['team']['id']}").fits()["team"]["name"] == name
