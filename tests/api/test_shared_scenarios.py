"""Shares of scenarios."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from helpers.api import (
    OUTSIDER_TOKEN,
    ApiClient,
    assert_ok,
    assert_refused,
    assert_status,
    suberror_messages,
    token_of_role,
)


def share(api: ApiClient, scenario: int = 1, **body: Any) -> str:
    created = assert_ok(api.post(f"/scenarios-shared/{scenario}", json={"title": "Greet", **body}))
    assert created["scenarioShared"]["scenarioId"] == scenario
    return str(created["scenarioShared"]["id"])


def listed(api: ApiClient, query: str = "teamId=1") -> list[str]:
    return [row["id"] for row in assert_ok(api.get(f"/scenarios-shared?{query}"))["scenariosShared"]]


def test_a_share_is_created_changed_and_deleted(api: ApiClient) -> None:
    id = share(api, descriptionShort="Says hello.")
    assert re.fullmatch(r"[A-Za-z0-9]{11}", id)
    path = f"/scenarios-shared/1/{id}"
    shown = assert_ok(api.get(path))["scenarioShared"]
    assert shown == {
        "id": id,
        "scenarioId": 1,
        "authorId": 1,
        "isEnabled": False,
        "origin": "eu1.make.com",
        "titleOriginal": "Greet",
        "title": "Greet",
        "descriptionShort": "Says hello.",
        "descriptionLong": None,
        "thumbnailUrl": None,
        "shareUrl": f"https://www.make.com/scenarios/shared/{id}",
        "shareUrlCardinal": f"https://cardinal.make.com/scenarios/shared/{id}",
        "createdAt": "2026-03-02T12:00:00.000Z",
        "updated": "2026-03-02T12:00:00.000Z",
    }
    api.world.clock.advance(minutes=1)
    body = {"title": "Greet them", "descriptionShort": None, "isEnabled": True}
    changed = assert_ok(api.patch(path, json=body))["scenarioShared"]
    assert changed == {**shown, **body, "updated": "2026-03-02T12:01:00.000Z"}
    assert assert_ok(api.delete(path)) == {"scenarioShared": {"id": id}}
    assert_refused(api.get(path), 404, code="SC404")


def test_the_shares_of_one_scenario_are_listed_in_their_order(api: ApiClient) -> None:
    ids = [share(api), share(api)]
    share(api, 2)
    response = assert_ok(api.get("/scenarios-shared/1"))
    assert set(response) == {"scenariosShared"}
    assert [row["id"] for row in response["scenariosShared"]] == ids
    assert {"titleOriginal", "isEnabled", "shareUrlCardinal"} <= set(response["scenariosShared"][0])


def test_the_list_has_twenty_rows_a_page_and_counts_on_request(api: ApiClient) -> None:
    ids = sorted((share(api) for _ in range(22)), reverse=True)
    response = assert_ok(api.get("/scenarios-shared?teamId=1"))
    assert [row["id"] for row in response["scenariosShared"]] == ids[:20]
    assert response["pg"] == {
        "sortBy": "id",
        "limit": 20,
        "sortDir": "desc",
        "offset": 0,
        "returnTotalCount": False,
    }
    counted = assert_ok(
        api.get("/scenarios-shared?organizationId=1&pg[returnTotalCount]=true&pg[limit]=1&pg[offset]=21")
    )
    assert [row["id"] for row in counted["scenariosShared"]] == ids[21:]
    assert (counted["pg"]["returnTotalCount"], counted["pg"]["totalCount"]) == (True, 22)
    row = response["scenariosShared"][0]
    assert row["scenarioName"] == api.world.scenarios[1].name
    assert row["scenarioUsedPackages"] == list(api.world.scenarios[1].used_packages)


def test_the_list_is_filtered(api: ApiClient) -> None:
    folder = assert_ok(api.post("/scenarios-folders", json={"name": "New", "teamId": 1}))["scenarioFolder"][
        "id"
    ]
    assert_ok(api.patch("/scenarios/2", json={"folderId": folder}))
    first, second = share(api), share(api, 2, title="Store orders")
    assert set(listed(api)) == {first, second}
    name = api.world.scenarios[1].name
    for query, expected in (
        ("title=ORDERS", [second]),
        (f"scenarioName={name[1:].upper()}", [first]),
        (f"folderId={folder}", [second]),
        ("scenarioIds=1", [first]),
        ("title=nothing", []),
    ):
        assert listed(api, f"teamId=1&{query}") == expected
    assert set(listed(api, "teamId=1&scenarioIds=1&scenarioIds=2")) == {first, second}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("teamId=1&organizationId=1", 400),
        ("teamId=x", 400),
        ("teamId=1&pg[limit]=101", 400),
        ("teamId=1&pg[sortBy]=name", 400),
        ("teamId=1&title=", 400),
    ],
)
def test_errors_of_the_list_are_one_text(api: ApiClient, query: str, status: int) -> None:
    body = assert_status(api.get(f"/scenarios-shared?{query}"), status)
    assert set(body) == {"error"}
    assert body["error"]


def test_a_missing_token_and_scope_are_told_the_same_way(api: ApiClient) -> None:
    for token, status in ((None, 401), (api.token_with("scenarios:read"), 403)):
        body = assert_status(api.get("/scenarios-shared?teamId=1", token=token), status)
        assert list(body) == ["error"]
    assert_refused(api.get("/scenarios-shared/1", token=None), 401, code="IM015")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Missing value of required parameter 'title'."),
        ({"title": ""}, "Parameter 'title' has a wrong length."),
        ({"title": "x" * 41}, "Parameter 'title' has a wrong length."),
        ({"title": "x", "descriptionShort": "x" * 261}, "Parameter 'descriptionShort' has a wrong length."),
        ({"title": "x", "descriptionLong": "x" * 2001}, "Parameter 'descriptionLong' has a wrong length."),
        ({"title": "x", "isEnabled": "true"}, "Parameter 'isEnabled' must be a boolean."),
    ],
)
def test_a_share_that_is_not_valid_is_refused(api: ApiClient, body: Any, message: str) -> None:
    assert suberror_messages(api.post("/scenarios-shared/1", json=body)) == [message]
    assert listed(api) == []


def test_a_share_belongs_to_its_scenario_and_is_hidden_from_others(api: ApiClient) -> None:
    id = share(api)
    assert_refused(api.get(f"/scenarios-shared/2/{id}"), 404, code="SC404")
    assert_refused(api.delete(f"/scenarios-shared/2/{id}"), 404, code="SC404")
    assert_refused(api.get(f"/scenarios-shared/1/{id}", token=OUTSIDER_TOKEN), 404, code="SC404")
    token = token_of_role(api, "monitoring")
    assert_ok(api.get(f"/scenarios-shared/1/{id}", token=token))
    assert_refused(
        api.patch(f"/scenarios-shared/1/{id}", json={"title": "x"}, token=token), 403, code="IM002"
    )
    assert listed(api) == [id]


def test_sharing_takes_two_scopes(api: ApiClient) -> None:
    for scope in ("scenarios-shared:write", "scenarios:read"):
        response = api.post("/scenarios-shared/1", json={"title": "x"}, token=api.token_with(scope))
        assert_refused(response, 403, code="SC403")


def test_shares_go_with_their_scenario_and_survive_a_snapshot(api: ApiClient) -> None:
    id = share(api)
    snapshot = json.loads(api.control("GET", "/worlds/default/snapshot").get_data())
    assert_ok(api.delete("/scenarios/1"))
    assert listed(api) == []
    assert_ok(api.control("PUT", "/worlds/default/snapshot", json=snapshot))
    assert listed(api) == [id]
