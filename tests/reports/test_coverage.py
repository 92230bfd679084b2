from __future__ import annotations

from typing import Any

from helpers.api import READER_TOKEN, ApiClient
from make_emulator import api as routes
from make_emulator.reports.coverage import CORE_ROUTE_COUNT


def report(api: ApiClient) -> dict[str, Any]:
    response = api.control("GET", "/worlds/default/coverage")
    assert response.status_code == 200
    assert response.json is not None
    held: dict[str, Any] = response.json
    return held


def test_an_unused_world_misses_every_endpoint(api: ApiClient) -> None:
    held = report(api)
    assert len(held["missing"]) == len(held["endpoints"]) == len(routes.endpoints())
    assert held["totals"] == {
        "core": {"called": 0, "of": 47},
        "all": {"called": 0, "of": len(routes.endpoints())},
    }


def test_endpoints_are_counted_by_class_of_status(api: ApiClient) -> None:
    for id in (1, 2, 99):
        api.get(f"/scenarios/{id}")
    api.delete("/scenarios/1", token=READER_TOKEN)
    held = report(api)
    called = {f"{row['method']} {row['path']}": row for row in held["endpoints"] if row["calls"]}
    assert {name: (row["calls"], row["statuses"]) for name, row in called.items()} == {
        "GET /scenarios/{scenarioId}": (3, {"2xx": 2, "4xx": 1}),
        "DELETE /scenarios/{scenarioId}": (1, {"4xx": 1}),
    }
    assert "GET /scenarios/{scenarioId}" not in held["missing"]
    assert held["totals"]["core"]["called"] == 2
    assert held["totals"]["all"]["called"] == 2


def test_what_meets_no_endpoint_is_not_counted(api: ApiClient) -> None:
    api.get("/nowhere")
    api.get("/scenarios/1", token=None)
    assert report(api)["totals"]["all"]["called"] == 0


def test_the_documented_routes_are_numbered_without_a_gap() -> None:
    numbers = {number for endpoint in routes.endpoints() for number in endpoint.core}
    assert numbers <= set(range(1, CORE_ROUTE_COUNT + 1))


def test_a_request_that_a_fault_answered_counts_too(api: ApiClient) -> None:
    api.control("POST", "/worlds/default/faults", json={"path": "/teams/*", "status": 503})
    assert api.get("/teams/1").status_code == 503
    [row] = [row for row in report(api)["endpoints"] if row["calls"]]
    assert (row["path"], row["statuses"]) == ("/teams/{teamId}", {"5xx": 1})
