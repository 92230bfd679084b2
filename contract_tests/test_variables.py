"""Variables of teams and organizations that this run made, and their use in scenarios."""

from __future__ import annotations

from typing import Any

import pytest

from make_emulator.contract.client import ContractClient

from .behaviours import live, return_data, run_again
from .resources import FreshResources


@pytest.fixture
def team(api: ContractClient, make: FreshResources) -> int:
    """A team whose plan has custom variables."""
    id = make.team()
    probe = api.post(f"/teams/{id}/variables", {"name": "PROBE", "typeId": 1, "value": 1})
    if probe.status == 404:
        pytest.skip("the plan does not include custom variables")
    api.delete(f"/teams/{id}/variables/PROBE", confirmed="true").ok()
    return id


def create(api: ContractClient, team: int, name: str, type: int, value: Any) -> dict[str, Any]:
    body = {"name": name, "typeId": type, "value": value}
    row: dict[str, Any] = api.post(f"/teams/{team}/variables", body).fits()["teamVariable"]
    return row


@pytest.mark.fidelity("variables.routes")
@pytest.mark.parametrize(
    ("type", "value", "other"),
    [
        (1, 0.5, "5"),
        (2, "eu", 5),
        (3, False, "true"),
        (4, "1998-03-06T12:31:00.000Z", "1998-03-06"),
    ],
)
def test_each_type_of_variable_has_its_values(
    type: int, value: Any, other: Any, api: ContractClient, team: int
) -> None:
    row = create(api, team, "X", type, value)
    assert row == {"typeId": type, "name": "X", "value": value, "isSystem": False}
    assert row in api.get(f"/teams/{team}/variables").fits()["teamVariables"]
    api.post(f"/teams/{team}/variables", {"name": "Y", "typeId": type, "value": other}).refused(400)


@pytest.mark.fidelity("variables.routes")
def test_an_organization_has_variables_too(api: ContractClient, make: FreshResources) -> None:
    path = f"/organizations/{make.organization()}/variables"
    made = api.post(path, {"name": "X", "typeId": 2, "value": "eu"})
    if made.status == 404:
        pytest.skip("the plan does not include custom variables")
    row = made.fits()["organizationVariable"]
    assert row == {"typeId": 2, "name": "X", "value": "eu", "isSystem": False}
    rows = {row["name"]: row for row in api.get(path).fits()["organizationVariables"]}
    assert rows["X"] == row
    assert rows["id"]["isSystem"] is True


@pytest.mark.fidelity("variables.type-check")
def test_type_and_value_are_compared_only_when_both_are_sent(api: ContractClient, team: int) -> None:
    create(api, team, "X", 2, "eu")
    path = f"/teams/{team}/variables/X"
    api.patch(path, {"typeId": 1, "value": "eu"}).refused(400)
    assert api.patch(path, {"value": 5}).fits()["teamVariable"]["typeId"] == 2
    assert api.patch(path, {"typeId": 3}).fits()["teamVariable"]["value"] == 5


@pytest.mark.parametrize("name", ["with space", "a-b", "é"])
@pytest.mark.fidelity("variables.names")
def test_a_name_has_letters_digits_and_two_signs(name: str, api: ContractClient, team: int) -> None:
    api.post(f"/teams/{team}/variables", {"name": name, "typeId": 1, "value": 1}).refused(400)
    assert create(api, team, "$rate_2", 1, 5)["name"] == "$rate_2"


@pytest.mark.fidelity("variables.names-taken")
def test_a_name_that_is_taken_or_too_long_is_refused(api: ContractClient, team: int) -> None:
    create(api, team, "X", 1, 1)
    for name in ("X", "name", "x" * 129):
        api.post(f"/teams/{team}/variables", {"name": name, "typeId": 1, "value": 1}).refused(400)


@pytest.mark.fidelity("variables.confirmed")
def test_a_variable_is_deleted_with_confirmation(api: ContractClient, team: int) -> None:
    create(api, team, "X", 1, 1)
    path = f"/teams/{team}/variables/X"
    api.delete(path).refused(406, "IM004")
    assert api.delete(path, confirmed="true").fits() == {"ok": 1}
    api.delete(path, confirmed="true").refused(404)


@pytest.mark.fidelity("variables.history", "variables.history-shape")
def test_the_history_has_each_change_latest_first(api: ContractClient, team: int) -> None:
    create(api, team, "X", 2, "eu")
    path = f"/teams/{team}/variables/X"
    [made] = api.get(f"{path}/history").fits()["teamVariableHistory"]
    assert made["diffObject"] == {"name": "X", "typeId": 2, "value": "eu"}
    for value in ("us", "ap"):
        api.patch(path, {"value": value}).fits()
    rows = api.get(f"{path}/history").fits()["teamVariableHistory"]
    assert [row["diffObject"] for row in rows] == [
        {"old": {"typeId": 2, "value": "us"}, "new": {"typeId": 2, "value": "ap"}},
        {"old": {"typeId": 2, "value": "eu"}, "new": {"typeId": 2, "value": "us"}},
    ]
    api.delete(path, confirmed="true").fits()
    api.get(f"{path}/history").refused(404)


@pytest.mark.fidelity("variables.in-scenarios")
def test_a_scenario_reads_the_variables_of_its_team(
    api: ContractClient, team: int, make: FreshResources
) -> None:
    create(api, team, "API_URL", 2, "https://example.com")
    create(api, team, "DUE", 4, "2026-01-31T12:00:00.000Z")
    value = '{{var.team.API_URL}}|{{formatDate(var.team.DUE; "DD"; "UTC")}}|{{var.team.NOTHING}}'
    scenario = live(make, return_data(value), team=team)
    ran = run_again(make, scenario)
    assert ran["outputs"] == {"result": "https://example.com|31|"}
    api.delete(f"/scenarios/{scenario}").ok()


@pytest.mark.fidelity("variables.system-names")
def test_an_organization_shows_what_is_left_of_its_plan(api: ContractClient) -> None:
    rows = {
        row["name"]: row
        for row in api.get(f"/organizations/{api.target.organization_id}/variables").fits()[
            "organizationVariables"
        ]
    }
    assert {"id", "name", "operationsLeft", "dataLeft", "zone"} <= set(rows)
    assert rows["id"]["value"] == api.target.organization_id
