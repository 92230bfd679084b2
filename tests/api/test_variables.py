"""Variables of organizations and teams: what they are called, what they hold, and what became of them."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from helpers.api import OUTSIDER_TOKEN, READER_TOKEN, ApiClient, assert_ok, assert_refused

OF_TEAM = "/teams/1/variables"
OF_ORGANIZATION = "/organizations/1/variables"


def create(api: ApiClient, path: str = OF_TEAM, **body: Any) -> dict[str, Any]:
    response = assert_ok(api.post(path, json={"name": "REGION", "typeId": 2, "value": "eu", **body}))
    [variable] = response.values()
    return dict(variable)


def test_the_variables_of_a_team_are_makes_own_and_custom_ones(api: ApiClient) -> None:
    assert assert_ok(api.get(OF_TEAM))["teamVariables"] == [
        {"typeId": 1, "name": "id", "value": 1, "isSystem": True},
        {"typeId": 2, "name": "name", "value": "Example Team", "isSystem": True},
        {"typeId": 1, "name": "MAX_QUANTITY", "value": 100, "isSystem": False},
    ]


def test_an_organization_shows_what_is_left_of_its_plan(api: ApiClient) -> None:
    rows = {row["name"]: row for row in assert_ok(api.get(OF_ORGANIZATION))["organizationVariables"]}
    assert rows["zone"]["value"] == "eu1.make.com"
    assert rows["LAUNCHED"] == {
        "typeId": 4,
        "name": "LAUNCHED",
        "value": "2026-01-01T00:00:00.000Z",
        "isSystem": False,
    }
    assert_ok(api.post("/scenarios/3/run", json={"responsive": True}))
    [latest, *_] = assert_ok(api.get("/scenarios/3/logs"))["scenarioLogs"]
    after = {
        row["name"]: row["value"] for row in assert_ok(api.get(OF_ORGANIZATION))["organizationVariables"]
    }
    assert rows["operationsLeft"]["value"] - after["operationsLeft"] == latest["operations"] > 0


@pytest.mark.parametrize("path", [OF_TEAM, OF_ORGANIZATION])
def test_a_variable_is_made_changed_and_deleted(api: ApiClient, path: str) -> None:
    assert create(api, path) == {"typeId": 2, "name": "REGION", "value": "eu", "isSystem": False}
    response = assert_ok(api.patch(f"{path}/REGION", json={"typeId": 1, "value": 5}))
    assert list(response.values()) == [{"typeId": 1, "name": "REGION", "value": 5, "isSystem": False}]
    assert_refused(api.delete(f"{path}/REGION"), 406, code="IM004")
    assert assert_ok(api.delete(f"{path}/REGION?confirmed=true")) == {"ok": True}
    assert_refused(api.delete(f"{path}/REGION?confirmed=true"), 404)


@pytest.mark.parametrize(
    ("type_id", "value"),
    [(1, 0.5), (2, ""), (3, False), (4, "1998-03-06T12:31:00.000Z"), (4, "1998-03-06T12:31:00Z")],
)
def test_each_type_has_values(api: ApiClient, type_id: int, value: Any) -> None:
    assert create(api, typeId=type_id, value=value)["value"] == value


@pytest.mark.parametrize(
    ("type_id", "value"),
    [
        *product([1], ["5", True, None, [], {}]),
        *product([2], [5, True, None, []]),
        *product([3], ["true", 1, None]),
        *product([4], [0, "1998-03-06", "1998-02-30T00:00:00.000Z", "soon", None]),
    ],
)
def test_a_value_of_another_type_is_rejected(api: ApiClient, type_id: int, value: Any) -> None:
    body = {"name": "REGION", "typeId": type_id, "value": value}
    assert_refused(api.post(OF_TEAM, json=body), 400)
    assert len(assert_ok(api.get(OF_TEAM))["teamVariables"]) == 3


@pytest.mark.parametrize("name", ["", "with space", "a-b", "a.b", "é", "x" * 129, "MAX_QUANTITY", "name"])
def test_a_name_that_is_none_or_taken_is_rejected(api: ApiClient, name: str) -> None:
    body = assert_refused(api.post(OF_TEAM, json={"name": name, "typeId": 2, "value": "x"}), 400)
    assert all("'name'" in fault["message"] for fault in body["suberrors"])


@pytest.mark.parametrize("type_id", [0, 5, "2", None])
def test_there_are_four_types(api: ApiClient, type_id: Any) -> None:
    assert_refused(api.post(OF_TEAM, json={"name": "X", "typeId": type_id, "value": "x"}), 400)


def test_type_and_value_are_compared_only_when_both_are_given(api: ApiClient) -> None:
    create(api)
    assert_refused(api.patch(f"{OF_TEAM}/REGION", json={"typeId": 1, "value": "eu"}), 400)
    assert assert_ok(api.patch(f"{OF_TEAM}/REGION", json={"value": 5}))["teamVariable"]["typeId"] == 2
    assert assert_ok(api.patch(f"{OF_TEAM}/REGION", json={"typeId": 3}))["teamVariable"]["value"] == 5


def test_the_history_is_reported_from_the_latest_on(api: ApiClient) -> None:
    create(api)
    [made] = assert_ok(api.get(f"{OF_TEAM}/REGION/history"))["teamVariableHistory"]
    assert made == {
        "id": made["id"],
        "diffObject": {"name": "REGION", "typeId": 2, "value": "eu"},
        "changed": "2026-03-02T12:00:00.000Z",
        "action": "team_variable_created",
        "author": "Ada Maker",
    }
    for value in ("us", "us", "ap"):
        assert_ok(api.patch(f"{OF_TEAM}/REGION", json={"value": value}))
    rows = assert_ok(api.get(f"{OF_TEAM}/REGION/history"))["teamVariableHistory"]
    assert [row["diffObject"] for row in rows] == [
        {"old": {"typeId": 2, "value": "us"}, "new": {"typeId": 2, "value": "ap"}},
        {"old": {"typeId": 2, "value": "eu"}, "new": {"typeId": 2, "value": "us"}},
    ]
    assert {row["action"] for row in rows} == {"team_variable_edited"}


def test_a_deleted_variable_takes_its_history_with_it(api: ApiClient) -> None:
    create(api)
    assert_ok(api.delete(f"{OF_TEAM}/REGION?confirmed=true"))
    assert_refused(api.get(f"{OF_TEAM}/REGION/history"), 404)
    create(api)
    assert len(assert_ok(api.get(f"{OF_TEAM}/REGION/history"))["teamVariableHistory"]) == 1


@pytest.mark.parametrize("name", ["id", "name"])
def test_makes_own_variables_cannot_be_changed(api: ApiClient, name: str) -> None:
    assert_refused(api.patch(f"{OF_TEAM}/{name}", json={"value": "x"}), 404)
    assert_refused(api.delete(f"{OF_TEAM}/{name}?confirmed=true"), 404)


def test_a_plan_without_custom_variables_has_makes_own_only(api: ApiClient) -> None:
    api.control("POST", "/worlds", json={"name": "core", "plan": "core"})
    token = assert_ok(api.control("GET", "/worlds/core"))["world"]["token"]
    rows = assert_ok(api.get(OF_TEAM, token=token))["teamVariables"]
    assert [row["name"] for row in rows] == ["id", "name"]
    body = {"name": "REGION", "typeId": 2, "value": "eu"}
    assert_refused(api.post(OF_TEAM, json=body, token=token), 404)
    assert_refused(api.patch(f"{OF_TEAM}/MAX_QUANTITY", json={"value": 5}, token=token), 404)
    assert_refused(api.delete(f"{OF_TEAM}/MAX_QUANTITY?confirmed=true", token=token), 404)


def test_variables_are_out_of_sight_of_others(api: ApiClient) -> None:
    for path in (OF_TEAM, OF_ORGANIZATION):
        assert_refused(api.get(path, token=OUTSIDER_TOKEN), 404)
        assert_ok(api.get(path, token=READER_TOKEN))
        assert_refused(
            api.post(path, json={"name": "X", "typeId": 2, "value": "x"}, token=READER_TOKEN),
            403,
            code="SC403",
        )


def test_variables_go_with_their_team_and_organization(api: ApiClient) -> None:
    assert_ok(api.delete("/teams/1?confirmed=true"))
    assert {row.owner for row in api.world.variables} == {"organization"}
    assert_ok(api.delete("/organizations/1?confirmed=true"))
    assert len(api.world.variables) == len(api.world.variable_changes) == 0


def test_the_request_log_shows_no_secret_in_a_variable(api: ApiClient) -> None:
    create(api, name="API_TOKEN", value="hush-hush")
    assert_ok(api.get(OF_TEAM))
    request_log = assert_ok(api.control("GET", "/worlds/default/requests"))
    assert "hush-hush" not in str(request_log)
    assert "API_TOKEN" in str(request_log)
