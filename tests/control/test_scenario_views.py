"""Scenarios and events of a world in the control API."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

import pytest

from helpers.api import ApiClient, assert_status
from helpers.webhooks import WebhookHarness


def scenarios(api: ApiClient, query: str = "") -> dict[str, Any]:
    listed: dict[str, Any] = assert_status(api.control("GET", f"/worlds/default/scenarios{query}"))
    return listed


def test_scenarios_are_listed_by_name_with_their_last_run(api: ApiClient) -> None:
    listed = scenarios(api)
    names = [row["name"] for row in listed["scenarios"]]
    assert names == sorted(names, key=str.casefold)
    assert listed["total"] == len(names)
    greeting = next(row for row in listed["scenarios"] if row["id"] == 1)
    assert (greeting["state"], greeting["scheduling"], greeting["nextRun"]) == (
        "active",
        {"type": "on-demand"},
        None,
    )
    [run] = greeting["runs"]
    assert (run["status"], run["durationMs"] > 0) == ("SUCCESS", True)


def test_scenarios_are_searched_and_paged(api: ApiClient) -> None:
    assert [row["id"] for row in scenarios(api, "?q=GREET")["scenarios"]] == [1]
    assert [row["id"] for row in scenarios(api, "?q=3")["scenarios"]] == [3]
    everything = [row["id"] for row in scenarios(api)["scenarios"]]
    page = scenarios(api, "?limit=2&offset=1")
    assert ([row["id"] for row in page["scenarios"]], page["total"]) == (everything[1:3], len(everything))
    assert scenarios(api, "?q=%00nothing") == {"scenarios": [], "total": 0}


@pytest.mark.parametrize(
    "query", ["?limit=-1", "?offset=x", "?limit=1e3", "?limit=99999999999", "?limit=\u0661"]
)
def test_a_number_that_is_none_is_rejected(api: ApiClient, query: str) -> None:
    assert_status(api.control("GET", f"/worlds/default/scenarios{query}"), 400)


def test_a_scenario_has_its_blueprint_hook_and_runs(api: ApiClient) -> None:
    harness = WebhookHarness(api)
    id = harness.listen()
    harness.send(json={"name": "Ada"})
    harness.send(json={"name": "Zoe"})
    shown = assert_status(api.control("GET", f"/worlds/default/scenarios/{id}"))["scenario"]
    assert shown["blueprint"]["flow"][0]["module"] == "gateway:CustomWebHook"
    assert shown["hook"]["address"].endswith(f"/hook/{api.world.hooks[harness.hook].udid}")
    assert len(shown["runs"]) == 2
    assert shown["runs"][0]["at"] >= shown["runs"][1]["at"]
    assert (
        len(assert_status(api.control("GET", f"/worlds/default/scenarios/{id}?limit=1"))["scenario"]["runs"])
        == 1
    )


def test_a_scenario_shows_its_inputs_and_its_incomplete_executions(api: ApiClient) -> None:
    greeting = assert_status(api.control("GET", "/worlds/default/scenarios/1"))["scenario"]
    assert [field["name"] for field in greeting["inputs"]] == ["name"]
    harness = WebhookHarness(api)
    failing = {
        "id": 2,
        "module": "json:ParseJSON",
        "version": 1,
        "parameters": {"type": ""},
        "mapper": {"json": "{"},
    }
    id = harness.listen(failing, settings={"dlq": True})
    harness.send(json={})
    [row] = assert_status(api.control("GET", f"/worlds/default/scenarios/{id}"))["scenario"][
        "incompleteExecutions"
    ]
    assert row["attempts"] == 0
    assert "JSON" in row["reason"]


def test_a_run_names_those_that_it_called_the_one_that_called_it_and_its_replays(api: ApiClient) -> None:
    harness = WebhookHarness(api)
    calling = {
        "id": 2,
        "module": "scenario-service:CallSubscenario",
        "version": 2,
        "parameters": {"scenario": 1, "shouldWaitForExecutionEnd": True},
        "mapper": {"name": "{{1.name}}"},
    }
    id = harness.listen(calling)
    harness.send(json={"name": "Ada"})
    runs = assert_status(api.control("GET", f"/worlds/default/scenarios/{id}"))["scenario"]["runs"]
    caller = run_of(api, runs[0]["id"])
    [called] = caller["calls"]
    assert (called["scenarioId"], called["scenarioName"], called["status"]) == (1, "Greeting", "SUCCESS")
    assert (caller["calledBy"], caller["replayOf"], caller["replays"]) == (None, None, [])
    assert caller["durationMs"] > 0
    shown = run_of(api, called["id"])
    assert shown["calledBy"]["id"] == caller["id"]
    assert shown["calls"] == []
    # A run is replayed once it has ended.
    api.control("POST", "/worlds/default/clock/advance", json={"seconds": 60})
    body = {"executionIds": [caller["id"]]}
    replay = assert_status(api.post(f"/scenarios/{id}/replay", json=body), 202)["executionId"]
    assert run_of(api, replay)["replayOf"]["id"] == caller["id"]
    assert [row["id"] for row in run_of(api, caller["id"])["replays"]] == [replay]


def run_of(api: ApiClient, id: str) -> dict[str, Any]:
    shown: dict[str, Any] = assert_status(api.control("GET", f"/worlds/default/executions/{id}"))["execution"]
    return shown


@pytest.mark.parametrize(
    "path",
    [
        "/worlds/none/scenarios",
        "/worlds/default/scenarios/999",
        "/worlds/none/events",
        "/worlds/none/executions/1",
        "/worlds/default/executions/1",
    ],
)
def test_what_there_is_not_is_404(api: ApiClient, path: str) -> None:
    assert_status(api.control("GET", path), 404)


def state(api: ApiClient) -> dict[str, Any]:
    response = api.control("GET", "/worlds/default/events")
    shown: dict[str, Any] = assert_status(response)
    return shown


def test_the_state_changes_with_the_world_and_its_requests(api: ApiClient) -> None:
    before = state(api)
    assert state(api) == before
    api.get("/users/me")
    after_reading = state(api)
    assert (after_reading["request"], after_reading["state"]) == (before["request"] + 1, before["state"])
    api.patch("/scenarios/1", json={"name": "Renamed"})
    assert state(api)["state"] > before["state"]
    api.control("PATCH", "/worlds/default/clock", json={"frozen": True, "now": "2026-03-02T12:00:00Z"})
    assert (state(api)["frozen"], state(api)["now"]) == (True, "2026-03-02T12:00:00.000Z")


def test_events_begin_with_the_present_state(api: ApiClient) -> None:
    response = api.control(
        "GET", "/worlds/default/events", headers={"Accept": "text/event-stream"}, buffered=False
    )
    assert response.content_type == "text/event-stream"
    assert response.headers["Cache-Control"] == "no-store"
    [first] = islice(response.iter_encoded(), 1)
    assert json.loads(first.removeprefix(b"data: ")) == state(api)
    response.close()
