"""The variables of OpenTelemetry, and servers that are started with them."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import requests

from helpers.api import ADMIN_TOKEN
from helpers.server import run_server
from make_emulator.cli import serve_world
from make_emulator.cli.errors import CommandError
from make_emulator.telemetry.settings import exporter_names

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}


@pytest.mark.parametrize(
    ("variables", "names"),
    [
        ({}, []),
        ({"OTEL_SERVICE_NAME": "x"}, []),
        (ENDPOINT, ["otlp_proto_http"]),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, ["otlp_proto_http"]),
        ({**ENDPOINT, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, ["otlp_proto_grpc"]),
        (
            {
                **ENDPOINT,
                "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
                "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
            },
            ["otlp_proto_http"],
        ),
        ({"OTEL_TRACES_EXPORTER": "console"}, ["console"]),
        ({"OTEL_TRACES_EXPORTER": "otlp, console"}, ["otlp_proto_http", "console"]),
        ({**ENDPOINT, "OTEL_TRACES_EXPORTER": "none"}, []),
        ({**ENDPOINT, "OTEL_SDK_DISABLED": "TRUE"}, []),
        ({**ENDPOINT, "OTEL_SDK_DISABLED": "false"}, ["otlp_proto_http"]),
    ],
)
def test_the_standard_variables_select_the_exporters(variables: dict[str, str], names: list[str]) -> None:
    assert exporter_names(variables) == names


def call(url: str, **options: Any) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, headers={"Authorization": f"Token {ADMIN_TOKEN}"}, timeout=60, **options)


def test_a_server_writes_spans_to_the_console() -> None:
    environment = {"OTEL_TRACES_EXPORTER": "console", "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=ci"}
    with run_server(**environment) as (process, url):
        assert call(f"{url}/teams/1").status_code == 200
        process.terminate()
        output, _ = process.communicate(timeout=10)
    assert process.returncode == 0
    span = json.loads(output[output.index("{") :])
    assert span["name"] == "GET /api/v2/teams/{teamId}"
    resource = span["resource"]["attributes"]
    assert (resource["service.name"], resource["deployment.environment"]) == ("make-emulator", "ci")


class _Collector(BaseHTTPRequestHandler):
    received: list[tuple[str, bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.received.append((self.path, body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@contextmanager
def collector() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    received: list[tuple[str, bytes]] = []
    handler = type("Handler", (_Collector,), {"received": received})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", received
        server.shutdown()
        thread.join()


def test_a_server_sends_spans_to_a_collector_at_the_latest_when_it_stops() -> None:
    with collector() as (endpoint, received):
        environment = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
            "OTEL_SERVICE_NAME": "make-in-ci",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }
        with run_server(**environment) as (process, url):
            assert call(f"{url}/teams/1").status_code == 200
            process.terminate()
            _, errors = process.communicate(timeout=10)
        assert process.returncode == 0
        assert "Traceback" not in errors
    assert {path for path, _ in received} == {"/v1/traces"}
    sent = b"".join(body for _, body in received)
    assert b"GET /api/v2/teams/{teamId}" in sent
    assert b"make-in-ci" in sent


def test_a_collector_that_does_not_respond_does_not_hold_up_the_end() -> None:
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1"}
    with run_server(**environment) as (process, url):
        assert call(f"{url}/teams/1").status_code == 200
        process.terminate()
        process.communicate(timeout=10)
    assert process.returncode == 0


def test_an_exporter_that_does_not_exist_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "carrier-pigeon")
    with ExitStack() as running, pytest.raises(CommandError) as raised:
        serve_world.open_telemetry(running)
    text = raised.value.message
    assert text.startswith("OpenTelemetry: no exporter of spans is named 'carrier-pigeon'; installed: ")
    assert "console" in text


def test_without_the_extra_the_server_starts_and_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "console")
    for name in [name for name in sys.modules if name.startswith("make_emulator.telemetry.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)
    with ExitStack() as running:
        assert serve_world.open_telemetry(running) is None
    assert capsys.readouterr().err == (
        "make-emulator: the variables of OpenTelemetry have no effect without pip install 'make-emulator[otel]'\n"
    )


def test_without_variables_nothing_of_it_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    with ExitStack() as running:
        assert serve_world.open_telemetry(running) is None
