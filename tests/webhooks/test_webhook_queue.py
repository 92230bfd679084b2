"""Queue of a hook: waiting deliveries, rejected ones, and their runs."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from helpers.api import ApiClient, json_of
from helpers.webhooks import FAILING_MODULE, NO_LISTENER_MESSAGE, WebhookHarness
from make_emulator.webhooks import gateway as webhook_gateway
from make_emulator.world import hook_queues, organizations, snapshot
from make_emulator.world.clock import format_iso

# --- the queue -----------------------------------------------------------------------------------


def test_what_comes_to_an_inactive_scenario_waits_and_is_run_once_it_is_started(
    gateway: WebhookHarness,
) -> None:
    gateway.listen(start=False)
    for number in range(3):
        assert gateway.send(json={"n": number}).get_data() == b"Accepted"
    assert json_of(gateway.api.get(f"/hooks/{gateway.hook}"))["hook"]["queueCount"] == 3
    gateway.api.post(f"/scenarios/{gateway.scenario}/start")
    assert gateway.waiting() == []
    assert gateway.bundles() == [[{"n": 0}], [{"n": 1}], [{"n": 2}]]
    assert json_of(gateway.api.get(f"/scenarios/{gateway.scenario}"))["scenario"]["nextExec"] is None


def test_what_fails_while_a_queue_is_worked_off_leaves_the_rest_there(gateway: WebhookHarness) -> None:
    gateway.listen(FAILING_MODULE, start=False)
    gateway.send(json={"n": 0})
    gateway.send(json={"n": 1})
    gateway.api.post(f"/scenarios/{gateway.scenario}/start")
    assert gateway.waiting() == [{"n": 0}, {"n": 1}], "what failed is back at its place"


def test_what_failed_is_processed_again_once_the_scenario_was_repaired(gateway: WebhookHarness) -> None:
    gateway.listen(FAILING_MODULE)
    gateway.send(json={"n": 0})
    gateway.send(json={"n": 1})
    assert gateway.waiting() == [{"n": 0}, {"n": 1}]
    flow = [{"id": 1, "module": "gateway:CustomWebHook", "version": 1, "parameters": {"hook": gateway.hook}}]
    blueprint = json.dumps({"name": "Mended", "flow": flow, "metadata": {}})
    gateway.api.patch(f"/scenarios/{gateway.scenario}", json={"blueprint": blueprint})
    gateway.api.post(f"/scenarios/{gateway.scenario}/start")
    assert gateway.waiting() == []
    assert gateway.bundles()[-2:] == [[{"n": 0}], [{"n": 1}]]


def test_what_fails_on_a_schedule_is_tried_each_time_until_there_were_too_many_errors(
    gateway: WebhookHarness,
) -> None:
    gateway.listen(FAILING_MODULE, scheduling={"type": "indefinitely", "interval": 900})
    gateway.api.world.clock.advance(seconds=60)
    gateway.api.get("/users/me")
    gateway.send(json={"n": 0})
    for _ in range(5):
        gateway.api.world.clock.advance(minutes=15)
        gateway.api.get("/users/me")
    assert gateway.bundles()[-3:] == 3 * [[{"n": 0}]]
    assert not gateway.api.world.scenarios[gateway.scenario].is_active
    assert gateway.waiting() == [{"n": 0}]


def test_a_scheduled_scenario_takes_so_many_a_run_as_its_trigger_says(gateway: WebhookHarness) -> None:
    gateway.listen(scheduling={"type": "indefinitely", "interval": 900}, maxResults=3)
    gateway.api.world.clock.advance(seconds=60)
    gateway.api.get("/users/me")
    assert gateway.bundles() == [[]], "its first run found nothing"
    for number in range(5):
        gateway.send(json={"n": number})
    gateway.api.world.clock.advance(minutes=15)
    assert gateway.waiting() == [{"n": 3}, {"n": 4}]
    gateway.api.world.clock.advance(minutes=15)
    assert gateway.waiting() == []
    assert gateway.bundles()[1:] == [[{"n": 0}, {"n": 1}, {"n": 2}], [{"n": 3}, {"n": 4}]]
    assert [run.instant for run in gateway.runs()] == [False] * 3


def test_a_scheduled_scenario_works_off_its_queue_in_as_many_cycles_as_it_may_have(
    gateway: WebhookHarness,
) -> None:
    settings = {"roundtrips": 2}
    gateway.listen(scheduling={"type": "indefinitely", "interval": 900}, settings=settings, maxResults=2)
    for number in range(5):
        gateway.send(json={"n": number})
    gateway.api.world.clock.advance(seconds=10)
    assert gateway.waiting() == [{"n": 4}]
    [run] = gateway.runs()
    assert run.operations == 2
    assert [step.output for step in run.steps] == [({"n": 0}, {"n": 1}), ({"n": 2}, {"n": 3})]


SLOW = {"id": 2, "module": "util:FunctionSleep", "version": 1, "mapper": {"duration": 60}}


def test_runs_of_a_webhook_overlap_unless_they_are_to_follow_each_other(gateway: WebhookHarness) -> None:
    gateway.listen(SLOW)
    for number in range(3):
        assert gateway.send(json={"n": number}).get_data() == b"Accepted"
    assert [run.ends - run.started > 60_000 for run in gateway.runs()] == [True] * 3
    assert gateway.runs()[2].started < gateway.runs()[0].ends


def test_in_sequence_what_comes_during_a_run_waits_and_is_processed_in_order(gateway: WebhookHarness) -> None:
    gateway.listen(SLOW, settings={"sequential": True})
    for number in range(3):
        assert gateway.send(json={"n": number}).get_data() == b"Accepted"
    [first] = gateway.runs()
    assert gateway.waiting() == [{"n": 1}, {"n": 2}]
    scenario = json_of(gateway.api.get(f"/scenarios/{gateway.scenario}"))["scenario"]
    assert scenario["nextExec"] == format_iso(first.ends)
    gateway.api.world.clock.advance(minutes=5)
    assert gateway.waiting() == []
    assert gateway.bundles() == [[{"n": 0}], [{"n": 1}], [{"n": 2}]]
    runs = gateway.runs()
    assert [run.started for run in runs[1:]] == [run.ends for run in runs[:2]]


def test_in_sequence_a_webhook_waits_for_what_broke_off(gateway: WebhookHarness) -> None:
    breaks = {"id": 2, "module": "json:ParseJSON", "version": 1, "mapper": {"json": "{{1.json}}"}}
    gateway.listen(breaks, settings={"sequential": True, "dlq": True})
    gateway.send(json={"json": "{"})
    gateway.api.world.clock.advance(minutes=1)
    gateway.send(json={"json": "1"})
    gateway.api.world.clock.advance(minutes=60)
    assert gateway.waiting() == [{"json": "1"}]
    query = {"scenarioId": gateway.scenario}
    [row] = json_of(gateway.api.get("/dlqs", query_string=query))["dlqs"]
    gone = gateway.api.delete("/dlqs", query_string={**query, "confirmed": "true"}, json={"ids": [row["id"]]})
    assert gone.status_code == 200
    assert gateway.waiting() == []
    assert gateway.bundles() == [[{"json": "{"}], [{"json": "1"}]]


def test_a_trigger_that_does_not_say_takes_two(gateway: WebhookHarness) -> None:
    gateway.listen(scheduling={"type": "indefinitely", "interval": 900})
    for number in range(3):
        gateway.send(json={"n": number})
    gateway.api.world.clock.advance(seconds=10)
    assert gateway.waiting() == [{"n": 2}]


def test_a_full_queue_rejects(gateway: WebhookHarness) -> None:
    organizations.change_plan(gateway.api.world, gateway.api.world.organizations[1], "free")
    gateway.listen(start=False)
    assert {gateway.send(json={}).status_code for _ in range(50)} == {200}
    response = gateway.send(json={})
    assert (response.status_code, response.get_data()) == (400, b"Queue is full.")
    assert response.headers["Make-Actual-Status"] == "400"
    assert "Access-Control-Allow-Origin" not in response.headers


def test_a_queue_that_holds_too_many_bytes_is_full(paused_gateway: WebhookHarness) -> None:
    gateway, world = paused_gateway, paused_gateway.api.world
    text = "x" * 2_000_000
    statuses = [gateway.send(json={"text": text}).status_code for _ in range(120)]
    assert statuses == [200] * 8 + [400] * 112
    assert world.incomings.size_of(hook=gateway.hook) <= hook_queues.MAX_QUEUE_SIZE
    assert gateway.send(json={"text": text}).get_data() == b"Queue is full."
    assert gateway.send(json={"text": "short"}).status_code == 200
    hook_queues.delete_incomings(world, world.hooks[gateway.hook], None, confirmed=True)
    assert gateway.send(json={"text": text}).status_code == 200


def test_the_queues_of_a_world_share_a_limit_of_bytes_and_its_logs_too(
    api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hook_queues, "MAX_TOTAL_QUEUE_SIZE", 50_000)
    monkeypatch.setattr(hook_queues, "MAX_TOTAL_LOG_SIZE", 60_000)
    one, other = WebhookHarness(api), WebhookHarness(api)
    for gateway in (one, other):
        gateway.listen(start=False)
    body = {"text": "x" * 10_000}
    statuses = [gateway.send(json=body).status_code for _ in range(4) for gateway in (one, other)]
    assert statuses == [200] * 4 + [400] * 4
    logs = sorted(api.world.hook_logs, key=hook_queues.by_time)
    # A log has the body as text and parsed, so it weighs twice as much.
    assert [log.status for log in logs] == [3, 3]
    assert api.world.hook_logs.total_size <= 60_000
    assert len(snapshot.dumps(snapshot.take(api.world))) < 2_000_000


def test_the_oldest_logs_of_a_hook_make_room_for_new_ones(
    paused_gateway: WebhookHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hook_queues, "MAX_LOG_SIZE", 10_000)
    world = paused_gateway.api.world
    for number in range(40):
        paused_gateway.send(json={"n": number, "text": "x" * 500})
    logs = sorted(world.hook_logs.where(hook=paused_gateway.hook), key=hook_queues.by_time)
    numbers: list[Any] = [json.loads(str(log.data["request"]["body"]))["n"] for log in logs]  # type: ignore[index, call-overload]
    assert numbers == list(range(numbers[0], 40))
    assert 0 < numbers[0] < 39
    assert world.hook_logs.size_of(hook=paused_gateway.hook) <= 10_000
    # One that is larger than the limit stays, alone.
    paused_gateway.send(json={"text": "x" * 20_000})
    assert [log.size for log in world.hook_logs.where(hook=paused_gateway.hook)] == [20_012]


def test_the_sizes_of_queues_come_back_with_a_snapshot(paused_gateway: WebhookHarness) -> None:
    world = paused_gateway.api.world
    paused_gateway.send(json={"text": "x" * 1_000})
    restored = snapshot.loads(snapshot.dumps(snapshot.take(world)), "restored")
    for table, copy in ((world.incomings, restored.incomings), (world.hook_logs, restored.hook_logs)):
        assert copy.total_size == table.total_size >= 1_000
        assert copy.size_of(hook=paused_gateway.hook) == table.size_of(hook=paused_gateway.hook)
    restored.hooks.remove(paused_gateway.hook)
    assert restored.incomings.size_of(hook=paused_gateway.hook) == 0
    assert restored.incomings.total_size == sum(row.size for row in restored.incomings)


def test_without_operations_left_what_comes_waits(gateway: WebhookHarness) -> None:
    world = gateway.api.world
    gateway.listen()
    organization = world.organizations[1]
    spent = replace(organization.license, operations=0)
    world.organizations.put(replace(organization, license=spent))
    assert gateway.send(json={"n": 1}).get_data() == b"Accepted"
    assert (gateway.runs(), gateway.waiting()) == ([], [{"n": 1}])
    world.organizations.put(organization)
    gateway.send(json={"n": 2})
    assert gateway.waiting() == []
    assert gateway.bundles() == [[{"n": 1}], [{"n": 2}]]


def test_running_by_hand_emits_the_data_or_takes_the_queue(gateway: WebhookHarness) -> None:
    gateway.listen(scheduling={"type": "on-demand"}, maxResults=10)
    gateway.send(json={"n": 1})
    gateway.api.post(f"/scenarios/{gateway.scenario}/run", json={"data": {"by": "hand"}})
    gateway.api.post(f"/scenarios/{gateway.scenario}/run", json={})
    gateway.api.post(f"/scenarios/{gateway.scenario}/run", json={})
    assert gateway.bundles() == [[{"by": "hand"}], [{"n": 1}], []]


# --- hooks without a scenario --------------------------------------------------------------------


def test_an_unknown_udid_is_gone(gateway: WebhookHarness) -> None:
    for udid in ("x" * 32, "unknown", "%00", "11111111-1111-4111-8111-111111111111"):
        response = gateway.api.app.test_client().post(f"/hook/{udid}", json={})
        assert (response.status_code, response.get_data()) == (410, b"Webhook not found.")
        assert response.headers["Make-Actual-Status"] == "410"


def test_a_deleted_hook_and_a_mailhook_are_not_found(gateway: WebhookHarness) -> None:
    udid = gateway.api.world.hooks[gateway.hook].udid
    gateway.api.delete(f"/hooks/{gateway.hook}")
    for name in (udid, gateway.api.world.hooks[2].udid):
        response = gateway.api.app.test_client().post(f"/hook/{name}", json={})
        assert (response.status_code, response.get_data()) == (410, b"Webhook not found.")


def test_a_hook_without_a_scenario_accepts_only_what_it_learns_from(gateway: WebhookHarness) -> None:
    assert gateway.send(json={"foo": "bar"}).status_code == 200
    response = gateway.send(json={"foo": "bar"})
    assert (response.status_code, response.get_data(as_text=True)) == (410, NO_LISTENER_MESSAGE)
    assert gateway.waiting() == [{"foo": "bar"}]


def test_a_disabled_hook_takes_nothing(gateway: WebhookHarness) -> None:
    gateway.listen()
    gateway.api.post(f"/hooks/{gateway.hook}/disable")
    assert gateway.send(json={}).status_code == 410
    gateway.api.post(f"/hooks/{gateway.hook}/enable")
    assert gateway.send(json={}).status_code == 200
    assert len(gateway.runs()) == 1


def test_a_hook_that_is_gone_takes_nothing(gateway: WebhookHarness) -> None:
    gateway.api.world.clock.advance(days=6)
    response = gateway.send(json={})
    assert (response.status_code, response.get_data(as_text=True)) == (410, NO_LISTENER_MESSAGE)


# --- limits --------------------------------------------------------------------------------------


def test_more_than_five_megabytes_are_too_large(paused_gateway: WebhookHarness) -> None:
    largest = b"x" * webhook_gateway.BODY_LIMIT
    assert paused_gateway.send(data=largest, content_type="text/plain").status_code == 200
    response = paused_gateway.send(data=largest + b"x", content_type="text/plain")
    assert (response.status_code, response.get_data()) == (413, b"Payload too large.")
    assert len(paused_gateway.waiting()) == 1


def test_more_than_300_requests_in_ten_seconds_are_too_many(paused_gateway: WebhookHarness) -> None:
    assert {paused_gateway.send(json={}).status_code for _ in range(300)} == {200}
    response = paused_gateway.send(json={})
    assert (response.status_code, response.get_data()) == (429, b"Too many requests")
    paused_gateway.api.world.clock.advance(seconds=10)
    assert paused_gateway.send(json={}).status_code == 200


def test_a_world_without_rate_limit_takes_more(paused_gateway: WebhookHarness) -> None:
    paused_gateway.api.world.rate_limited = False
    assert {paused_gateway.send(json={}).status_code for _ in range(302)} == {200}


# --- learning ------------------------------------------------------------------------------------


def test_learning_ends_with_the_first_delivery(gateway: WebhookHarness) -> None:
    gateway.send(json={"foo": "bar", "seed": True})
    ping = json_of(gateway.api.get(f"/hooks/{gateway.hook}/ping"))
    assert ping["learning"] is False
    assert ping["dataStructure"] == [{"name": "foo", "type": "text"}, {"name": "seed", "type": "boolean"}]
