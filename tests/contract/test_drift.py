"""Drift: an answer is compared with what is declared of its route."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.api import ApiClient, assert_ok
from make_emulator.contract.drift import Drift, find_drift, find_error_drift

TEAM = {"id": 1, "name": "Team", "organizationId": 1, "globalAgentsEnabled": False}
PAGE = {"sortBy": "name", "limit": 10, "sortDir": "asc", "offset": 0, "returnTotalCount": False}
LIST, ONE = "GET /teams", "GET /teams/{teamId}"


def found(body: Any, route: str = ONE, **how: Any) -> list[tuple[str, str, str, str]]:
    drifts = find_drift(route, body, **how)
    assert {each.route for each in drifts} <= {route}
    return [(each.path, each.kind, each.expected, each.found) for each in drifts]


def test_an_answer_of_the_declared_shape_does_not_drift(api: ApiClient) -> None:
    assert found({"team": TEAM}) == []
    assert found({"teams": [TEAM, TEAM], "pg": PAGE}, LIST) == []
    for route, path in (("GET /hooks", "/hooks?teamId=1"), ("GET /scenarios", "/scenarios?teamId=1")):
        assert found(assert_ok(api.get(path)), route) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"name": 1}, ("team.name", "type", "string", "integer")),
        ({"id": "1"}, ("team.id", "type", "integer", "string")),
        ({"id": True}, ("team.id", "type", "integer", "boolean")),
        ({"id": 1.5}, ("team.id", "type", "integer", "number")),
        ({"name": None}, ("team.name", "type", "string", "null")),
        ({"colour": [1]}, ("team.colour", "unknown", "nothing", "array")),
    ],
)
def test_each_departure_is_reported_with_its_place(change: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert found({"team": {**TEAM, **change}}) == [expected]


def test_what_is_missing_is_reported_with_its_type() -> None:
    lacking = {name: value for name, value in TEAM.items() if name != "name"}
    assert found({"team": lacking}) == [("team.name", "missing", "string", "nothing")]
    assert found({}) == [("team", "missing", "object", "nothing")]
    assert found([]) == [("the body", "type", "object", "array")]


def test_rows_that_depart_in_the_same_way_are_reported_once() -> None:
    rows = [{**TEAM, "id": str(id)} for id in range(5)]
    assert found({"teams": rows, "pg": PAGE}, LIST) == [("teams[].id", "type", "integer", "string")]


def test_just_the_columns_that_were_requested_are_needed() -> None:
    assert found({"team": {"name": "Team"}}, columns=["name"]) == []
    assert [path for path, *_ in found({"team": {"name": "Team"}}, columns=["name", "id"])] == ["team.id"]
    assert ("team.isPaused", "missing") in [each[:2] for each in found({"team": TEAM}, columns=["*"])]


def test_a_moment_is_written_in_iso_8601(api: ApiClient) -> None:
    body = assert_ok(api.get("/scenarios/1"))
    route = "GET /scenarios/{scenarioId}"
    assert found(body, route) == []
    body["scenario"]["created"] = "02.03.2026"
    assert found(body, route) == [("scenario.created", "type", "a moment in ISO 8601", "string")]


def test_rows_of_several_kinds_are_compared_with_the_kind_that_fits_best(api: ApiClient) -> None:
    body = assert_ok(api.get("/scenarios/1/logs"))
    route = "GET /scenarios/{scenarioId}/logs"
    assert {row["type"] for row in body["scenarioLogs"]} >= {"start", "auto"}
    assert found(body, route) == []
    del next(row for row in body["scenarioLogs"] if row["type"] == "auto")["duration"]
    assert found(body, route) == [("scenarioLogs[].duration", "missing", "integer", "nothing")]


def test_a_rejection_has_a_shape_too() -> None:
    good = {"detail": "d", "message": "m", "code": "SC400", "suberrors": [{"message": "m", "name": "Error"}]}
    assert find_error_drift(ONE, good) == []
    assert find_error_drift(ONE, {"message": "m"}) == [Drift(ONE, "code", "missing", "string", "nothing")]
    assert [each.path for each in find_error_drift(ONE, {**good, "suberrors": [{"message": "m"}]})] == [
        "suberrors[].name"
    ]


def test_a_drift_is_reported_in_a_sentence_without_the_value() -> None:
    [each] = find_drift(ONE, {"team": {**TEAM, "name": 4711}})
    assert each.sentence() == "GET /teams/{teamId}: team.name is integer, not string"
