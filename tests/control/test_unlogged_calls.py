"""Calls of the emulated API by the control API: the same checks and errors, and no trace."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from helpers.api import OUTSIDER_TOKEN, ApiClient, assert_status
from make_emulator import World
from make_emulator.client.control import ControlError


def call(api: ApiClient, method: str, path: str, body: Any = None) -> TestResponse:
    sent = {"method": method, "path": path, "body": body}
    return api.control("POST", "/worlds/default/unlogged-calls", json=sent)


def order_records(api: ApiClient) -> str:
    rows = assert_status(api.control("GET", "/worlds/default/data-stores"))["dataStores"]
    [id] = [row["id"] for row in rows if row["name"] == "Orders"]
    return f"/data-stores/{id}/data"


def logged(api: ApiClient) -> list[Any]:
    rows: list[Any] = assert_status(api.control("GET", "/worlds/default/requests"))["requests"]
    return rows


def test_records_are_written_without_a_trace(api: ApiClient) -> None:
    records = order_records(api)
    made = assert_status(call(api, "POST", records, {"key": "a/b", "data": {"sku": "Z-1", "quantity": 1}}))
    assert made == {"key": "a/b", "data": {"sku": "Z-1", "quantity": 1}}
    changed = assert_status(call(api, "PATCH", f"{records}/a%2Fb", {"quantity": 2}))
    assert changed["data"]["quantity"] == 2
    assert_status(call(api, "DELETE", f"{records}?confirmed=true", {"keys": ["a/b"]}))
    assert logged(api) == []
    report = assert_status(api.control("GET", "/worlds/default/coverage"))
    assert report["totals"]["all"]["called"] == 0
    assert [
        row["used"] for row in assert_status(api.control("GET", "/worlds/default/access-report"))["tokens"]
    ] == [
        [],
        [],
        [],
    ]


def test_the_validation_and_its_errors_are_those_of_the_api(api: ApiClient) -> None:
    records = order_records(api)
    for method, path, body in (
        ("POST", records, {"key": 5, "data": {}}),
        ("POST", "/teams/1/variables", {"name": "no name", "typeId": 9, "value": "x"}),
        ("PATCH", "/scenarios/1", {"blueprint": "{"}),
        ("GET", "/scenarios/9999", None),
        ("GET", "/no-such-route", None),
        ("GET", "/scenarios?teamId=1&pg%5Blimit%5D=x", None),
    ):
        ours = call(api, method, path, body)
        theirs = api.call(method, path, **({} if body is None else {"json": body}))
        assert (ours.status_code, ours.get_json()) == (theirs.status_code, theirs.get_json()), path
        assert ours.status_code >= 400, path


def test_what_no_member_of_the_first_organization_sees_is_written_as_its_owner(api: ApiClient) -> None:
    [store] = api.world.data_stores.where(team=2)
    record = f"/data-stores/{store.id}/data/own"
    assert_status(api.put(record, json={"note": "Hi"}), 404)
    assert_status(call(api, "PUT", record, {"note": "Hi"}))
    rows = assert_status(api.get(f"/data-stores/{store.id}/data", token=OUTSIDER_TOKEN))["records"]
    assert [row["key"] for row in rows][-1] == "own"


def test_faults_rate_limit_and_scopes_do_not_concern_them(api: ApiClient) -> None:
    assert_status(
        api.control(
            "POST", "/worlds/default/faults", json={"path": "/scenarios*", "status": 503, "times": 1}
        ),
        201,
    )
    assert assert_status(call(api, "GET", "/scenarios/1"))["scenario"]["id"] == 1
    refused = api.get("/scenarios/1")
    assert refused.status_code == 503
    assert "X-RateLimit-Remaining" not in call(api, "GET", "/scenarios/1").headers


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"path": "/scenarios/1"}, "Parameter 'method' must be one of: GET, POST, PUT, PATCH, DELETE."),
        ({"method": "TRACE", "path": "/scenarios/1"}, "Parameter 'method' must be one of"),
        ({"method": "GET"}, "Parameter 'path' must be a path below /api/v2"),
        ({"method": "GET", "path": "scenarios"}, "Parameter 'path' must be a path below /api/v2"),
        ({"method": "GET", "path": "/scenarios", "query": {}}, "Unknown parameter 'query'"),
    ],
)
def test_an_invalid_call_is_refused(api: ApiClient, body: Any, text: str) -> None:
    response = api.control("POST", "/worlds/default/unlogged-calls", json=body)
    assert response.status_code == 400
    assert text in response.get_json()["detail"]


def test_a_test_is_prepared_without_calls_in_its_assertions(make_world: World) -> None:
    made = make_world.call_unlogged(
        "POST", "/api/v2/teams/1/variables", {"name": "region", "typeId": 2, "value": "n"}
    )
    assert made["teamVariable"]["name"] == "region"
    assert make_world.call_unlogged("get", "/teams/1")["team"]["id"] == 1
    assert make_world.requests.all() == []
    with pytest.raises(ControlError, match="404") as refused:
        make_world.call_unlogged("GET", "/scenarios/9999")
    assert refused.value.status == 404
