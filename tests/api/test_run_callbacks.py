"""Callbacks of runs: a request to the URL that the caller of a run named, once the run has ended."""

from __future__ import annotations

import threading
from typing import Any

import orjson
import pytest

from helpers.api import ApiClient, assert_ok, assert_refused
from helpers.engine import module
from make_emulator.engine.scheduling import scheduler
from make_emulator.world import snapshot
from make_emulator.world.transport import HttpResponse, NoResponseError, OutgoingRequest

URL = "https://listener.example/done?job=7"


class Listener:
    """Transport that records the requests, and fails if told to."""

    def __init__(self, *, fails: bool = False) -> None:
        self.requests: list[OutgoingRequest] = []
        self._fails = fails

    def __call__(self, request: OutgoingRequest, interruption: threading.Event | None = None) -> HttpResponse:
        self.requests.append(request)
        if self._fails:
            raise NoResponseError("timeout", "The operation timed out.")
        return HttpResponse(status=204)


def start_scenario(api: ApiClient, seconds: int = 30) -> int:
    """Starts a scenario whose runs take a time."""
    flow = [module(1, "util:FunctionSleep", {"duration": seconds})]
    body = {
        "teamId": 1,
        "blueprint": orjson.dumps({"name": "Slow", "flow": flow, "metadata": {}}).decode(),
        "scheduling": '{"type":"on-demand"}',
    }
    id = int(assert_ok(api.post("/scenarios", json=body))["scenario"]["id"])
    assert_ok(api.post(f"/scenarios/{id}/start"))
    return id


def run(api: ApiClient, id: int, **body: Any) -> Any:
    return assert_ok(api.post(f"/scenarios/{id}/run", json={"callbackUrl": URL, **body}))


def sent_requests(api: ApiClient) -> list[Any]:
    # The scheduler runs at the start of a request.
    assert_ok(api.get("/users/me"))
    response = api.control("GET", "/worlds/default/http")
    assert response.json is not None
    requests: list[Any] = response.json["requests"]
    return requests


def test_the_callback_is_called_once_when_the_run_has_ended(api: ApiClient) -> None:
    api.world.transport = listener = Listener()
    started = run(api, start_scenario(api))
    api.world.clock.advance(29)
    assert_ok(api.get(started["statusUrl"].partition("/api/v2")[2]))
    assert listener.requests == []
    api.world.clock.advance(60)
    assert_ok(api.get("/users/me"))
    api.world.clock.advance(60)
    assert_ok(api.get("/users/me"))
    [request] = listener.requests
    assert (request.method, request.url, dict(request.headers)) == (
        "POST",
        URL,
        {"content-type": "application/json"},
    )
    assert orjson.loads(request.body) == {
        "executionId": started["executionId"],
        "statusUrl": started["statusUrl"],
    }


def test_a_callback_is_recorded_and_by_default_not_sent(api: ApiClient) -> None:
    id = start_scenario(api)
    started = run(api, id)
    api.world.clock.advance(60)
    [request] = sent_requests(api)
    assert request["body"] == started
    assert (request["scenarioId"], request["executionId"], request["moduleId"], request["module"]) == (
        id,
        started["executionId"],
        0,
        "callbackUrl",
    )
    assert (request["answeredBy"], request["status"], request["error"]) == ("simulation", None, None)


@pytest.mark.parametrize(
    ("rule", "answer"),
    [
        ({"status": 503}, (503, None)),
        ({"error": "connection"}, (None, "ConnectionError")),
        ({"error": "timeout"}, (None, "ModuleTimeoutError")),
        ({"delayMs": 5_000}, (None, "ModuleTimeoutError")),
    ],
)
def test_a_rule_answers_a_callback(api: ApiClient, rule: dict[str, Any], answer: tuple[Any, Any]) -> None:
    added = api.control("POST", "/worlds/default/http", json={"url": "https://listener.example/*", **rule})
    assert added.json is not None
    run(api, start_scenario(api))
    api.world.clock.advance(60)
    [request] = sent_requests(api)
    assert (request["status"], request["error"]) == answer
    assert (request["answeredBy"], request["ruleId"]) == ("rule", added.json["rule"]["id"])


def test_a_callback_that_fails_is_not_repeated(api: ApiClient) -> None:
    api.world.transport = listener = Listener(fails=True)
    run(api, start_scenario(api))
    for _ in range(3):
        api.world.clock.advance(60)
        assert_ok(api.get("/users/me"))
    assert len(listener.requests) == 1
    [request] = sent_requests(api)
    assert (request["answeredBy"], request["error"]) == ("network", "ModuleTimeoutError")


def test_the_caller_of_a_responsive_run_is_called_only_if_it_was_not_awaited(api: ApiClient) -> None:
    run(api, start_scenario(api), responsive=True)
    api.world.clock.advance(600)
    assert sent_requests(api) == []
    id = start_scenario(api, seconds=60)
    response = api.post(f"/scenarios/{id}/run", json={"callbackUrl": URL, "responsive": True})
    assert_refused(response, 424)
    assert sent_requests(api) == []
    api.world.clock.advance(60)
    [request] = sent_requests(api)
    execution = request["body"]["executionId"]
    assert assert_ok(api.get(f"/scenarios/{id}/executions/{execution}"))["status"] == "SUCCESS"


def test_a_run_that_is_stopped_is_announced_when_it_stops(api: ApiClient) -> None:
    id = start_scenario(api, seconds=300)
    started = run(api, id)
    api.world.clock.advance(10)
    assert_ok(api.post(f"/scenarios/{id}/executions/{started['executionId']}/stop", json={"force": True}))
    [request] = sent_requests(api)
    assert (request["executionId"], request["at"]) == (started["executionId"], "2026-03-02T12:00:10.000Z")


def test_the_runs_of_a_deleted_scenario_are_not_announced(api: ApiClient) -> None:
    id = start_scenario(api)
    run(api, id)
    assert_ok(api.delete(f"/scenarios/{id}?confirmed=true"))
    api.world.clock.advance(60)
    assert sent_requests(api) == []


def test_callbacks_survive_a_snapshot(api: ApiClient) -> None:
    started = run(api, start_scenario(api))
    restored = snapshot.loads(snapshot.dumps(snapshot.take(api.world)), "restored")
    restored.clock.advance(60)
    scheduler.catch_up(restored)
    assert [row.execution_id for row in restored.http_requests] == [started["executionId"]]
    assert not list(restored.callbacks)


def test_a_catch_up_leaves_further_callbacks_to_the_next_one(
    api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("make_emulator.engine.scheduling.scheduler.MAX_CALLBACKS_PER_CATCH_UP", 2)
    id = start_scenario(api)
    started = {run(api, id)["executionId"] for _ in range(3)}
    api.world.clock.advance(600)
    assert len(sent_requests(api)) == 2
    assert {row["executionId"] for row in sent_requests(api)} == started


@pytest.mark.parametrize(
    "url",
    [
        "",
        "listener.example",
        "ftp://listener.example/",
        "https://",
        "https://ada:secret@listener.example/",
        "https://listener.example/a b",
        "https://listener.example/\n",
        "https://ünicode.example/",
        "https://listener.example/" + "x" * 2048,
        7,
        None,
    ],
)
def test_a_callback_url_that_is_none_is_refused_and_nothing_runs(api: ApiClient, url: Any) -> None:
    id = start_scenario(api)
    assert_refused(api.post(f"/scenarios/{id}/run", json={"callbackUrl": url}))
    assert not list(api.world.callbacks)
    api.world.clock.advance(600)
    assert "EXECUTION_END" not in str(assert_ok(api.get(f"/scenarios/{id}/logs")))
