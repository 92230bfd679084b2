"""Runs, hooks and scenarios as the vendor's notes and practitioners describe them, over the API."""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers.api import ApiClient, assert_ok, assert_refused, json_of
from helpers.engine import EngineHarness, add_record_module, module, set_variable
from helpers.webhooks import WebhookHarness
from make_emulator.engine.runtime import module_scripts
from make_emulator.world import snapshot
from make_emulator.world.models import ExecutionError, ModuleScript


def learn(api: ApiClient, hook: int) -> None:
    assert json_of(api.post(f"/hooks/{hook}/learn-start")) == {"success": True}


def ping(api: ApiClient, hook: int) -> Any:
    return json_of(api.get(f"/hooks/{hook}/ping"))


# --- learning on a live scenario -----------------------------------------------------------------


def test_a_hook_that_was_told_to_learn_captures_a_delivery_without_a_run(gateway: WebhookHarness) -> None:
    gateway.listen(set_variable(5, "{{1.a}}"))
    assert gateway.send(json={"a": "first"}).text == "Accepted"
    assert len(gateway.runs()) == 1, "a new hook learns besides"
    learn(gateway.api, gateway.hook)
    response = gateway.send(json={"sku": "x", "size": 5})
    [*_, entry] = gateway.api.handle.request_log
    assert entry.sentence().endswith("-> 200: its structure was learned, and no scenario ran")
    assert (response.status_code, response.text) == (200, "Accepted")
    assert (len(gateway.runs()), gateway.waiting()) == (1, [])
    learned = ping(gateway.api, gateway.hook)
    assert learned["learning"] is False
    assert {field["name"] for field in learned["dataStructure"]} == {"sku", "size"}
    # Learning is over: the next delivery runs the scenario.
    gateway.send(json={"a": "third"})
    assert [run.steps[-1].output[0] for run in gateway.runs()] == [{"x": "first"}, {"x": "third"}]


def test_learning_that_was_stopped_captures_nothing(gateway: WebhookHarness) -> None:
    gateway.listen()
    learn(gateway.api, gateway.hook)
    assert json_of(gateway.api.post(f"/hooks/{gateway.hook}/learn-stop")) == {"success": True}
    gateway.send(json={"a": 1})
    assert len(gateway.runs()) == 1


def test_a_delivery_to_a_learning_hook_of_an_inactive_scenario_waits(paused_gateway: WebhookHarness) -> None:
    learn(paused_gateway.api, paused_gateway.hook)
    paused_gateway.send(json={"a": 1})
    assert paused_gateway.waiting() == [{"a": 1}]
    assert ping(paused_gateway.api, paused_gateway.hook)["learning"] is False


def test_a_queued_scenario_gets_no_captured_delivery(gateway: WebhookHarness) -> None:
    gateway.listen(scheduling={"type": "indefinitely", "interval": 900})
    learn(gateway.api, gateway.hook)
    gateway.send(json={"a": 1})
    gateway.send(json={"a": 2})
    assert gateway.waiting() == [{"a": 2}]


def test_a_snapshot_keeps_that_the_next_delivery_is_captured(gateway: WebhookHarness) -> None:
    learn(gateway.api, gateway.hook)
    restored = snapshot.loads(snapshot.dumps(snapshot.take(gateway.api.world)), "copy")
    assert restored.hooks[gateway.hook].captures_next


# --- an error of Make's own ----------------------------------------------------------------------


@pytest.mark.parametrize("scheduling", [{"type": "indefinitely", "interval": 900}, {"type": "on-demand"}])
def test_an_unexpected_error_locks_the_scenario(api: ApiClient, scheduling: dict[str, Any]) -> None:
    flow = [{"id": 1, "module": "acme:find", "version": 1, "parameters": {}, "mapper": {}}]
    body = {
        "teamId": 1,
        "blueprint": json.dumps({"name": "Find", "flow": flow, "metadata": {}}),
        "scheduling": json.dumps(scheduling),
    }
    id = assert_ok(api.post("/scenarios?confirmed=true", json=body))["scenario"]["id"]
    assert_ok(api.post(f"/scenarios/{id}/start"))
    script = {"error": {"name": "UnexpectedError", "message": "Oops"}}
    assert_ok(api.control("PUT", "/worlds/default/modules/acme:find", json=script))
    if scheduling["type"] == "on-demand":
        assert_ok(api.post(f"/scenarios/{id}/run", json={}))
    else:
        assert_ok(api.control("POST", "/worlds/default/clock/advance", json={"seconds": 1800}))
    row = assert_ok(api.get(f"/scenarios/{id}"))["scenario"]
    assert (row["isActive"], row["islocked"]) == (False, True)
    refused = assert_refused(api.post(f"/scenarios/{id}/start"))
    assert refused["detail"] == "Scenario is locked."
    assert not assert_ok(api.get(f"/scenarios/{id}"))["scenario"]["isActive"]


@pytest.mark.parametrize("name", ["InvalidConfigurationError", "DataError", "RuntimeError"])
def test_no_other_error_locks_it(name: str) -> None:
    harness = EngineHarness()
    script = ModuleScript(module="acme:find", error=ExecutionError(name=name, message="No"))
    module_scripts.save_script(harness.world, script)
    for _ in range(3):
        execution = harness.run(module(1, "acme:find"), kind="auto")
    assert not harness.world.scenarios[execution.scenario_id].is_locked


# --- a full data store ---------------------------------------------------------------------------


def test_a_bundle_for_which_there_was_no_space_is_retried() -> None:
    harness = EngineHarness()
    harness.run(set_variable(1, "x"), add_record_module(2, "key", "x" * 1_100_000), settings={"dlq": True})
    [row] = harness.world.incomplete_executions
    assert (row.reason, row.retry, row.most_attempts) == ("Out of space.", True, 8)
    assert row.next_retry is not None
