"""Spans of requests, runs, modules and requests to the network, as an exporter in memory gets them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from helpers.api import ADMIN_TOKEN, ApiClient, assert_status
from helpers.http_modules import RecordingTransport, http_v4_module
from helpers.mcp import McpHarness
from helpers.webhooks import WebhookHarness
from make_emulator.app import create_app
from make_emulator.telemetry.recorder import Telemetry
from make_emulator.world.transport import HttpResponse, NoResponseError

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
TRACEPARENT = {"traceparent": f"00-{TRACE}-{PARENT}-01"}


class Spans:
    """Spans that were recorded, oldest end first."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))

    def take(self) -> list[ReadableSpan]:
        """The spans since the last call."""
        spans = list(self._exporter.get_finished_spans())
        self._exporter.clear()
        return spans


@pytest.fixture
def spans() -> Spans:
    return Spans()


@pytest.fixture
def api(spans: Spans) -> ApiClient:
    return ApiClient(create_app(telemetry=Telemetry(spans.provider)))


def attributes(span: ReadableSpan) -> Mapping[str, Any]:
    return span.attributes or {}


def parent_id(span: ReadableSpan) -> str | None:
    return f"{span.parent.span_id:016x}" if span.parent else None


def own_id(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"{span.context.span_id:016x}"


def trace_id(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"{span.context.trace_id:032x}"


def run_greeting(api: ApiClient, **headers: str) -> Any:
    body = {"data": {"name": "Zoe"}, "responsive": True}
    return assert_status(api.post("/scenarios/1/run", json=body, headers=headers))


def create_scenario(api: ApiClient, *flow: Any) -> int:
    blueprint = {"name": "Made", "flow": list(flow), "metadata": {}}
    body = {"teamId": 1, "blueprint": json.dumps(blueprint), "scheduling": '{"type": "on-demand"}'}
    made = assert_status(api.post("/scenarios?confirmed=true", json=body))
    id = int(made["scenario"]["id"])
    assert_status(api.post(f"/scenarios/{id}/start"))
    return id


# --- requests ------------------------------------------------------------------------------------


def test_a_request_is_a_span_named_by_its_route(api: ApiClient, spans: Spans) -> None:
    assert_status(api.get("/scenarios/1?cols[]=id"))
    [span] = spans.take()
    assert (span.name, span.kind, span.parent) == (
        "GET /api/v2/scenarios/{scenarioId}",
        SpanKind.SERVER,
        None,
    )
    assert span.status.status_code is StatusCode.UNSET
    assert dict(attributes(span)) == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.route": "/api/v2/scenarios/{scenarioId}",
        "url.scheme": "http",
        "url.path": "/api/v2/scenarios/1",
        "server.address": "localhost",
        "client.address": "127.0.0.1",
        "make.world": "default",
        "make.decision": "served",
        "make.organization.id": 1,
    }


def test_a_request_continues_the_trace_of_its_client(api: ApiClient, spans: Spans) -> None:
    assert_status(api.get("/users/me", headers=TRACEPARENT))
    [span] = spans.take()
    assert (trace_id(span), parent_id(span)) == (TRACE, PARENT)


def test_a_client_that_does_not_sample_gets_no_span(api: ApiClient, spans: Spans) -> None:
    assert_status(api.get("/users/me", headers={"traceparent": f"00-{TRACE}-{PARENT}-00"}))
    assert spans.take() == []


@pytest.mark.parametrize("header", ["", "nonsense", f"00-{'0' * 32}-{PARENT}-01", "ÿ"])
def test_a_header_that_is_no_trace_begins_one(api: ApiClient, spans: Spans, header: str) -> None:
    assert_status(api.get("/users/me", headers={"traceparent": header}))
    [span] = spans.take()
    assert span.parent is None


def test_a_rejected_request_has_its_decision_and_code(api: ApiClient, spans: Spans) -> None:
    token = api.token_with("scenarios:read")
    spans.take()
    assert api.delete("/scenarios/1", token=token).status_code == 403
    assert api.get("/scenarios/999").status_code == 404
    assert api.get("/no/such/route").status_code == 404
    assert api.get("/users/me", token="wrong").status_code == 401
    shown = [(span.name, attributes(span).get("http.response.status_code")) for span in spans.take()]
    assert shown == [
        ("DELETE /api/v2/scenarios/{scenarioId}", 403),
        ("GET /api/v2/scenarios/{scenarioId}", 404),
        ("GET", 404),
        ("GET /api/v2/users/me", 401),
    ]


def test_an_injected_failure_is_a_failed_span(api: ApiClient, spans: Spans) -> None:
    assert_status(
        api.control("POST", "/worlds/default/faults", json={"path": "/users/me", "status": 503}), 201
    )
    spans.take()
    assert api.get("/users/me").status_code == 503
    [span] = spans.take()
    assert span.status.status_code is StatusCode.ERROR
    assert attributes(span)["error.type"] == "503"


def test_a_request_without_a_response_is_a_failed_span(api: ApiClient, spans: Spans) -> None:
    assert_status(
        api.control("POST", "/worlds/default/faults", json={"path": "/users/me", "action": "reset"}), 201
    )
    spans.take()
    with pytest.raises(Exception, match="reset"):
        api.get("/users/me")
    [span] = spans.take()
    assert span.status.status_code is StatusCode.ERROR
    assert attributes(span)["error.type"] == "InjectedResetError"


@pytest.mark.parametrize("probe", ["/health", "/ready"])
def test_probes_are_no_spans(api: ApiClient, spans: Spans, probe: str) -> None:
    assert api.control("GET", probe).status_code == 200
    assert spans.take() == []


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/_emulator/worlds", "GET /_emulator/worlds"),
        ("GET", "/_emulator/worlds/default/clock", "GET /_emulator/worlds/{name}/clock"),
        ("POST", "/_emulator/worlds/default/clock/advance", "POST /_emulator/worlds/{name}/clock"),
        ("POST", "/hook/abcdefghijklmnop", "POST /hook/{udid}"),
        ("POST", f"/mcp/u/{ADMIN_TOKEN}/stateless", "POST /mcp/u/{key}"),
        ("POST", "/mcp/stateless", "POST /mcp/stateless"),
        ("POST", "/oauth/v2/token", "POST /oauth/v2/token"),
    ],
)
def test_other_requests_are_named_without_what_is_secret(
    api: ApiClient, spans: Spans, method: str, path: str, name: str
) -> None:
    api.app.test_client().open(path, method=method, json={} if method == "POST" else None).close()
    [span] = spans.take()
    assert span.name == name
    assert "abcdefghijklmnop" not in str(dict(attributes(span)))
    assert ADMIN_TOKEN not in str(dict(attributes(span)))


# --- runs ----------------------------------------------------------------------------------------


def test_a_run_is_a_span_with_one_for_each_operation(api: ApiClient, spans: Spans) -> None:
    answer = run_greeting(api, **TRACEPARENT)
    *operations, run, request = spans.take()
    assert {trace_id(span) for span in (*operations, run, request)} == {TRACE}
    assert parent_id(run) == own_id(request)
    assert run.name == "run scenario 1"
    assert [span.name for span in operations] == ["scenario-service:ReturnData"]
    assert {parent_id(span) for span in operations} == {own_id(run)}
    shown = attributes(run)
    assert shown["make.execution.id"] == answer["executionId"]
    assert shown["make.execution.status"] == "SUCCESS"
    execution = assert_status(api.get(f"/scenarios/1/logs/{answer['executionId']}"))["scenarioLog"]
    assert shown["make.execution.duration_ms"] == execution["duration"]
    assert shown["make.execution.operations"] == execution["operations"]
    assert {"make.module.id", "make.module.name"} == set(attributes(operations[0]))


def test_a_failed_module_has_the_name_of_its_error(api: ApiClient, spans: Spans) -> None:
    id = create_scenario(api, http_v4_module(1, url="https://down.example.com/"))
    rule = {"url": "https://down.example.com/*", "status": 500, "body": "secret-of-the-service"}
    assert_status(api.control("POST", "/worlds/default/http", json=rule), 201)
    spans.take()
    api.post(f"/scenarios/{id}/run", json={"responsive": True})
    module, run, _ = spans.take()
    error = attributes(module)["error.type"]
    assert error == attributes(run)["error.type"]
    assert module.status.status_code is run.status.status_code is StatusCode.ERROR
    assert (module.status.description, attributes(run)["make.execution.status"]) == (error, "ERROR")


def test_an_aggregator_is_an_operation(api: ApiClient, spans: Spans) -> None:
    id = create_scenario(
        api,
        {
            "id": 1,
            "module": "builtin:BasicRepeater",
            "version": 1,
            "mapper": {"start": "1", "repeats": "3", "step": "1"},
        },
        {
            "id": 2,
            "module": "builtin:BasicAggregator",
            "version": 1,
            "parameters": {"feeder": 1},
            "mapper": {"i": "{{1.i}}"},
        },
    )
    spans.take()
    assert_status(api.post(f"/scenarios/{id}/run", json={"responsive": True}))
    names = [span.name for span in spans.take()]
    assert names == [
        "builtin:BasicRepeater",
        "builtin:BasicAggregator",
        f"run scenario {id}",
        "POST /api/v2/scenarios/{scenarioId}/run",
    ]


def test_no_span_has_data_of_a_scenario(api: ApiClient, spans: Spans) -> None:
    secret = "canary-4711"
    body = {"data": {"name": secret}, "responsive": True}
    assert_status(api.post("/scenarios/1/run", json=body))
    for span in spans.take():
        text = span.to_json()
        assert secret not in text
        assert ADMIN_TOKEN not in text


def test_a_webhook_continues_the_trace_of_its_caller(api: ApiClient, spans: Spans) -> None:
    hook = WebhookHarness(api)
    hook.listen()
    spans.take()
    assert hook.send(json={"order": 1}, headers=TRACEPARENT).status_code == 200
    *_, run, request = spans.take()
    assert (request.name, parent_id(request)) == ("POST /hook/{udid}", PARENT)
    assert (trace_id(run), parent_id(run)) == (TRACE, own_id(request))
    assert run.name == f"run scenario {hook.scenario}"


def test_a_tool_calls_the_api_within_its_request(api: ApiClient, spans: Spans) -> None:
    client = McpHarness(api)
    client.initialize()
    spans.take()
    client.call("teams_get", {"teamId": 1})
    call, request = spans.take()
    assert (call.name, call.kind) == ("call GET /teams/{teamId}", SpanKind.INTERNAL)
    assert parent_id(call) == own_id(request)
    assert request.name == "POST /mcp/stateless"
    assert attributes(request)["http.route"] == "/mcp/stateless"


def test_runs_that_the_clock_starts_are_spans(api: ApiClient, spans: Spans) -> None:
    assert_status(api.control("POST", "/worlds/default/clock/advance", json={"seconds": 14 * 86_400}))
    spans.take()
    # What is due is run before the next request of the world is handled.
    assert_status(api.get("/scenarios/3"))
    *before, request = spans.take()
    runs = [span for span in before if span.name == "run scenario 3"]
    assert len(runs) == 2
    assert {parent_id(run) for run in runs} == {own_id(request)}


def test_a_world_is_traced_after_a_reset_and_new_worlds_are(api: ApiClient, spans: Spans) -> None:
    assert_status(api.control("POST", "/worlds/default/reset"))
    other = assert_status(api.control("POST", "/worlds", json={"name": "other"}), 201)["world"]
    for token in (ADMIN_TOKEN, other["token"]):
        spans.take()
        body = {"data": {"name": "Zoe"}, "responsive": True}
        assert_status(api.post("/scenarios/1/run", json=body, token=token))
        assert any(span.name == "run scenario 1" for span in spans.take())


# --- the network ---------------------------------------------------------------------------------


def test_a_request_to_the_network_hands_the_trace_on(api: ApiClient, spans: Spans) -> None:
    transport = RecordingTransport(HttpResponse(status=200, body=b"{}"))
    api.world.transport = Telemetry(spans.provider).wrap_transport(transport)
    id = create_scenario(api, http_v4_module(1, url="https://user:pw@api.example.com/orders?key=hush"))
    spans.take()
    assert_status(api.post(f"/scenarios/{id}/run", json={"responsive": True}, headers=TRACEPARENT))
    client, module, *_ = spans.take()
    assert (client.name, client.kind, parent_id(client)) == ("GET", SpanKind.CLIENT, own_id(module))
    [request] = transport.requests
    sent = dict(request.headers)
    assert sent["traceparent"] == f"00-{TRACE}-{own_id(client)}-01"
    assert attributes(client)["url.full"] == "https://api.example.com/orders"
    assert attributes(client)["http.response.status_code"] == 200
    assert "hush" not in client.to_json()
    assert "pw@" not in client.to_json()
    [logged] = api.world.http_requests
    assert "traceparent" not in dict(logged.headers)


def test_the_trace_of_a_scenario_itself_stays(api: ApiClient, spans: Spans) -> None:
    transport = RecordingTransport(HttpResponse(status=200))
    api.world.transport = Telemetry(spans.provider).wrap_transport(transport)
    own = {"name": "Traceparent", "value": "00-own"}
    id = create_scenario(api, http_v4_module(1, url="https://api.example.com/", headers=[own]))
    assert_status(api.post(f"/scenarios/{id}/run", json={"responsive": True}))
    [request] = transport.requests
    assert [value for name, value in request.headers if name.lower() == "traceparent"] == ["00-own"]


def test_a_service_that_does_not_answer_is_a_failed_span(api: ApiClient, spans: Spans) -> None:
    transport = RecordingTransport(NoResponseError("timeout", "The operation timed out."))
    api.world.transport = Telemetry(spans.provider).wrap_transport(transport)
    id = create_scenario(api, http_v4_module(1, url="https://api.example.com/"))
    spans.take()
    api.post(f"/scenarios/{id}/run", json={"responsive": True})
    client, *_ = spans.take()
    assert (client.status.status_code, attributes(client)["error.type"]) == (StatusCode.ERROR, "timeout")
