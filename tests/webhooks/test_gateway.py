"""Webhook gateway: deliveries to scenarios, and responses to the caller."""

from __future__ import annotations

import http.client
import json
from urllib.parse import urlsplit

import pytest

from helpers.api import ApiClient, json_of
from helpers.webhooks import FAILING_MODULE, WebhookHarness, webhook_response_module
from make_emulator.app import create_app, registry_of
from make_emulator.engine.run_state import Stopwatch
from make_emulator.http.request_log import LogEntry
from make_emulator.registry import WorldSpec
from make_emulator.server.wsgi import Server
from make_emulator.world import snapshot
from make_emulator.world.models import Execution

# --- running at once -----------------------------------------------------------------------------


def test_a_delivery_runs_an_instant_scenario_at_once(gateway: WebhookHarness) -> None:
    gateway.listen()
    response = gateway.send(json={"sku": "A-1"})
    assert (response.status_code, response.get_data()) == (200, b"Accepted")
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Make-Actual-Status"] == "200"
    [run] = gateway.runs()
    assert (run.type, run.instant, run.author_id, run.status) == ("auto", True, None, 1)
    assert run.transfer >= len('{"sku":"A-1"}')
    assert gateway.bundles() == [[{"sku": "A-1"}]]
    assert gateway.waiting() == []


def test_the_default_world_keeps_the_order_that_comes_in(gateway: WebhookHarness) -> None:
    assert gateway.send(hook=1, json={"sku": "Q-9", "quantity": 4}).status_code == 200
    records = json_of(gateway.api.get("/data-stores/1/data"))["records"]
    assert records[-1]["data"] == {"sku": "Q-9", "quantity": 4}


def test_the_run_is_in_the_scenarios_log(gateway: WebhookHarness) -> None:
    gateway.listen()
    gateway.send(json={})
    gateway.api.world.clock.advance(seconds=10)
    rows = json_of(gateway.api.get(f"/scenarios/{gateway.scenario}/logs"))["scenarioLogs"]
    assert [(row["instant"], row["status"]) for row in rows if row.get("type") == "auto"] == [(True, 1)]


# --- answers -------------------------------------------------------------------------------------


def test_the_caller_gets_what_the_scenario_responds(gateway: WebhookHarness) -> None:
    gateway.listen(
        webhook_response_module(
            "201",
            '{"id": "{{1.id}}"}',
            {"key": "Content-Type", "value": "application/json"},
            {"key": "X-Id", "value": "{{1.id}}"},
        )
    )
    response = gateway.send(json={"id": 7})
    assert (response.status_code, json_of(response)) == (201, {"id": "7"})
    assert response.headers["Content-Type"] == "application/json"
    assert (response.headers["X-Id"], response.headers["Access-Control-Allow-Origin"]) == ("7", "*")


def test_waiting_for_an_answer_takes_the_time_of_the_run(gateway: WebhookHarness) -> None:
    gateway.listen(webhook_response_module())
    before = gateway.api.world.now()
    gateway.send(json={})
    [run] = gateway.runs()
    assert gateway.api.world.now() == run.ends > before


def test_a_collection_is_answered_as_json(gateway: WebhookHarness) -> None:
    gateway.listen(webhook_response_module(200, "{{1.who}}"))
    assert json.loads(gateway.send(json={"who": {"name": "Ann"}}).get_data()) == {"name": "Ann"}


def test_an_answer_without_a_body_says_accepted(gateway: WebhookHarness) -> None:
    gateway.listen(webhook_response_module("{{1.status}}", "{{1.body}}"))
    for status, body, reported in (
        (200, None, b"Accepted"),
        (202, "", b"Accepted"),
        (404, "", b"Accepted"),
        (200, 0, b"0"),
        (204, "no", b""),
    ):
        response = gateway.send(json={"status": status, "body": body})
        assert (response.status_code, response.get_data()) == (status, reported)


def test_an_empty_body_can_be_forced(gateway: WebhookHarness) -> None:
    gateway.listen(webhook_response_module(200, "{{emptystring}}"))
    response = gateway.send(json={})
    assert (response.status_code, response.get_data()) == (200, b"")
    kept = snapshot.loads(snapshot.dumps(snapshot.take(gateway.api.world)), "again")
    assert [run.respond.body for run in kept.logs if isinstance(run, Execution) and run.respond] == [""]


@pytest.mark.parametrize("status", [301, 302, 303, 307])
def test_a_browser_is_sent_elsewhere(gateway: WebhookHarness, status: int) -> None:
    gateway.listen(
        webhook_response_module(
            str(status), None, {"key": "Location", "value": "https://example.com/{{1.id}}"}
        )
    )
    response = gateway.send(json={"id": 7})
    assert (response.status_code, response.headers["Location"]) == (status, "https://example.com/7")


def test_only_the_first_answer_counts(gateway: WebhookHarness) -> None:
    first, second = webhook_response_module(201, "first"), webhook_response_module(500, "second")
    gateway.listen(first, {**second, "id": 10})
    response = gateway.send(json={})
    assert (response.status_code, response.get_data()) == (201, b"first")
    [run] = gateway.runs()
    assert (run.status, [step.module_id for step in run.steps][-2:]) == (1, [9, 10])


def test_headers_and_statuses_that_cannot_be_sent_do_no_harm(gateway: WebhookHarness) -> None:
    gateway.listen(
        webhook_response_module(
            "{{1.status}}",
            "ok",
            {"key": "Bad Name", "value": "x"},
            {"key": "X-Split", "value": "a\r\nSet-Cookie: b"},
            {"key": "X-Snow", "value": "\u2603"},
            {"key": "Content-Length", "value": "1"},
            {"key": "Location", "value": "https://example.com/"},
        )
    )
    response = gateway.send(json={"status": 303})
    assert (response.status_code, response.headers["Location"]) == (303, "https://example.com/")
    assert not {"Bad Name", "X-Split", "X-Snow", "Set-Cookie"} & set(response.headers.keys())
    assert response.get_data() == b"ok"
    assert gateway.send(json={"status": 100}).status_code == 200
    refused = gateway.send(json={"status": 404})
    assert (refused.status_code, refused.headers["Access-Control-Allow-Origin"]) == (404, "*")


def test_a_scenario_that_fails_before_it_responds_is_500(gateway: WebhookHarness) -> None:
    gateway.listen(FAILING_MODULE, webhook_response_module())
    response = gateway.send(json={})
    assert (response.status_code, response.get_data()) == (500, b"Scenario failed to complete.")
    scenario = json_of(gateway.api.get(f"/scenarios/{gateway.scenario}"))["scenario"]
    assert (scenario["isActive"], scenario["isinvalid"]) == (False, True)


def test_a_scenario_that_fails_after_it_responded_stays_active(gateway: WebhookHarness) -> None:
    gateway.listen(webhook_response_module(200, "done"), FAILING_MODULE)
    assert gateway.send(json={}).get_data() == b"done"
    assert gateway.runs()[0].status == 3
    assert json_of(gateway.api.get(f"/scenarios/{gateway.scenario}"))["scenario"]["isActive"] is True


def test_without_a_module_that_responds_a_failure_is_accepted_all_the_same(gateway: WebhookHarness) -> None:
    gateway.listen(FAILING_MODULE)
    assert gateway.send(json={}).get_data() == b"Accepted"
    assert gateway.send(json={"second": True}).get_data() == b"Accepted"
    assert len(gateway.runs()) == 1, "the first error of an instant scenario deactivates it"
    assert gateway.waiting() == [{}, {"second": True}], "what failed goes before what came later"


def test_an_answer_that_takes_too_long_is_accepted(
    gateway: WebhookHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.listen(webhook_response_module(201, "late"))
    monkeypatch.setattr(Stopwatch, "draw", lambda self, span: 181_000)
    before = gateway.api.world.now()
    response = gateway.send(json={})
    assert (response.status_code, response.get_data()) == (200, b"Accepted")
    assert gateway.api.world.now() - before == 180_000


# --- preflight, logs, request log, worlds --------------------------------------------------------


def test_a_preflight_grants_what_is_requested(gateway: WebhookHarness) -> None:
    requested = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,x-own",
    }
    response = gateway.send("OPTIONS", headers=requested)
    assert (response.status_code, response.get_data()) == (200, b"ok")
    assert response.headers["Access-Control-Allow-Headers"] == "content-type,x-own"
    assert response.headers["Access-Control-Allow-Methods"] == "GET, PUT, POST, PATCH, DELETE, HEAD, OPTIONS"
    assert gateway.waiting() == []


def test_each_delivery_is_in_the_hooks_log(paused_gateway: WebhookHarness) -> None:
    paused_gateway.send(json={"a": 1}, query="?b=2")
    paused_gateway.send(data=b"{", content_type="application/json")
    path = f"/hooks/{paused_gateway.hook}/logs"
    failed, taken = json_of(paused_gateway.api.get(path))["hookLogs"]
    assert (taken["statusId"], failed["statusId"], taken["typeId"]) == (1, 3, 3)
    data = json_of(paused_gateway.api.get(f"{path}/{taken['id']}"))["hookLog"]["data"]
    assert (data["request"]["method"], data["request"]["query"]) == ("POST", {"b": "2"})
    assert json.loads(data["request"]["body"]) == {"a": 1}
    assert data["response"] == {"headers": [], "status": 200, "body": "Accepted"}
    assert data["parsedItems"] == [{"a": 1, "b": "2"}]
    assert paused_gateway.api.get(f"/hooks/{paused_gateway.hook}/incomings/{taken['id']}").status_code == 200


def test_each_delivery_is_a_sentence_of_the_request_log_without_the_udid(gateway: WebhookHarness) -> None:
    gateway.listen()
    gateway.send(json={"password": "secret"})
    [run] = gateway.runs()
    [entry] = [
        row
        for row in json_of(gateway.api.control("GET", "/worlds/default/requests"))["requests"]
        if row["path"].startswith("/hook/")
    ]
    assert (entry["method"], entry["path"], entry["status"]) == ("POST", "/hook/********", 200)
    assert entry["requestBody"] == {"password": "********"}
    assert entry["sentence"] == (
        f"POST to hook {gateway.hook} (Intake) in organization 1 -> 200: "
        f"scenario {gateway.scenario} ran, execution {run.id}"
    )


def test_a_udid_names_its_world() -> None:
    api = ApiClient(create_app(now="2026-03-02T12:00:00Z"))
    other = registry_of(api.app).create(WorldSpec(name="other", now="2026-03-02T12:00:00Z"))
    udids = {api.world.hooks[1].udid, other.world.hooks[1].udid}
    assert len(udids) == 2
    client = api.app.test_client()
    assert (
        client.post(f"/hook/{other.world.hooks[1].udid}", json={"sku": "B-7", "quantity": 1}).status_code
        == 200
    )
    assert (len(api.world.hook_logs), len(other.world.hook_logs)) == (0, 1)
    udid = other.world.hooks[1].udid
    registry_of(api.app).delete(other)
    assert client.post(f"/hook/{udid}", json={}).status_code == 410


# --- over a socket -------------------------------------------------------------------------------


def test_a_real_client_delivers_over_a_socket(gateway: WebhookHarness) -> None:
    gateway.listen(webhook_response_module("202", "got {{1.sku}}"))
    with Server(gateway.api.app) as server:
        url = json_of(gateway.api.get(f"/hooks/{gateway.hook}", base_url=server.url))["hook"]["url"]
        assert url.startswith(server.url + "/hook/")
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        for sku in ("A-1", "B-7"):
            connection.request(
                "POST", urlsplit(url).path, json.dumps({"sku": sku}), {"Content-Type": "application/json"}
            )
            response = connection.getresponse()
            assert (response.status, response.read()) == (202, f"got {sku}".encode())
        connection.request("HEAD", urlsplit(url).path)
        response = connection.getresponse()
        assert (response.status, response.read()) == (202, b"")
        connection.close()


def test_a_body_over_the_limit_is_answered_over_a_socket(gateway: WebhookHarness) -> None:
    with Server(gateway.api.app) as server:
        url = json_of(gateway.api.get(f"/hooks/{gateway.hook}", base_url=server.url))["hook"]["url"]
        for headers in (
            {"Content-Type": "text/plain"},
            {"Content-Type": "text/plain", "Transfer-Encoding": "chunked"},
        ):
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
            body = (b"x" * 1_000_000 for _ in range(6)) if len(headers) == 2 else b"x" * 6_000_000
            connection.request("POST", urlsplit(url).path, body, headers, encode_chunked=len(headers) == 2)
            response = connection.getresponse()
            assert (response.status, response.read()) == (413, b"Payload too large.")
            connection.close()


# --- faults --------------------------------------------------------------------------------------


def log_of(gateway: WebhookHarness) -> list[LogEntry]:
    return list(gateway.api.handle.request_log)


def add_fault(gateway: WebhookHarness, **rule: object) -> None:
    assert gateway.api.control("POST", "/worlds/default/faults", json=rule).status_code == 201


def test_a_fault_whose_path_begins_with_hook_reaches_webhooks(paused_gateway: WebhookHarness) -> None:
    add_fault(paused_gateway, path="/hook/*", status=503, times=1)
    refused = paused_gateway.send(json={"n": 1})
    assert (refused.status_code, refused.get_data()) == (503, b"Service Unavailable")
    assert refused.headers["Make-Actual-Status"] == "503"
    assert refused.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert paused_gateway.waiting() == []
    [entry] = [row.to_json() for row in log_of(paused_gateway) if row.path.startswith("/hook/")]
    assert (entry["status"], entry["decision"]) == (503, "fault")
    assert entry["sentence"] == "POST to a hook -> 503: fault 1 responded"
    assert paused_gateway.send(json={"n": 2}).status_code == 200
    assert len(paused_gateway.waiting()) == 1


def test_a_fault_can_name_one_hook_by_its_udid(gateway: WebhookHarness) -> None:
    gateway.listen()
    udid = json_of(gateway.api.get("/hooks/1"))["hook"]["udid"]
    add_fault(gateway, path=f"/hook/{udid}", status=500)
    assert gateway.send(hook=1, json={}).status_code == 500
    assert gateway.send(json={}).status_code == 200


@pytest.mark.parametrize("path", [None, "/*", "/hooks/*", "*"])
def test_other_faults_leave_webhooks_alone(paused_gateway: WebhookHarness, path: str | None) -> None:
    add_fault(paused_gateway, status=503, **({} if path is None else {"path": path}))
    assert paused_gateway.send(json={}).status_code == 200


def test_a_webhooks_connection_is_reset(paused_gateway: WebhookHarness) -> None:
    add_fault(paused_gateway, path="/hook/*", action="reset")
    with pytest.raises(ConnectionResetError):
        paused_gateway.send(json={})
    assert paused_gateway.waiting() == []


def test_a_truncated_response_comes_after_the_delivery(paused_gateway: WebhookHarness) -> None:
    add_fault(paused_gateway, path="/hook/*", action="truncate")
    assert paused_gateway.send(json={}).get_data() == b"Acce"
    assert len(paused_gateway.waiting()) == 1


def test_a_delivery_is_logged_at_its_arrival(gateway: WebhookHarness) -> None:
    gateway.listen(webhook_response_module())
    arrival = gateway.api.world.now()
    gateway.send(json={})
    assert gateway.api.world.now() > arrival
    assert log_of(gateway)[-1].at == arrival
