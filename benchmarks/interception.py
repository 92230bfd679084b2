"""Interception: the duration of a call that `mock_make` handles, by itself and through HTTP clients."""

from __future__ import annotations

import io
from typing import Any

import httpx
import orjson
import requests
from flask import Flask
from requests.adapters import BaseAdapter

from make_emulator.app import API_PREFIX
from make_emulator.client.wsgi_client import call_wsgi
from make_emulator.testing import mock_make, routing, transports

from . import baseline, large_world
from .large_world import HEADERS
from .measurement import Effort, Measurement, measure_alternately, seconds_per_call
from .report import Metric

HOST = "eu1.make.com"
URL = f"https://{HOST}{API_PREFIX}/scenarios/1"


class _BareAdapter(BaseAdapter):
    """The least that takes requests into a WSGI application."""

    def __init__(self, app: Flask) -> None:
        super().__init__()
        self._app = app

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        result = call_wsgi(self._app, request.method or "", "https", HOST, "/one", request.headers.items())
        response = requests.Response()
        response.status_code, response.url, response.request = result.status, URL, request
        response.headers.update(result.headers)
        response.raw = io.BytesIO(result.body)
        return response

    def close(self) -> None:
        """There is nothing to close."""


def measure(effort: Effort) -> list[Metric]:
    """A call by itself, through requests and through httpx; and entering `mock_make`."""
    app = large_world.create_benchmark_app(scenarios=100, records=100)
    body: dict[str, Any] = orjson.loads(
        app.test_client().get(f"{API_PREFIX}/scenarios/1", headers=HEADERS).data
    )
    yardstick = baseline.create_app(one=body)
    route = routing.Route(app, HOST, block_others=True, may_delay=lambda: False)
    routing.push_route(route)
    try:
        with transports.install():
            return [
                *_measure_direct_calls(app, yardstick, effort),
                _measure_requests(yardstick, effort),
                _measure_httpx(yardstick, effort),
                _measure_mock_make(effort),
            ]
    finally:
        routing.remove_route(route)


def _ratio_figure(
    name: str, ours: Measurement, theirs: Measurement, effort: Effort, target: float | None = None
) -> Metric:
    comparison = measure_alternately(ours, theirs, effort.rounds)
    return Metric(name, comparison.ratios, "x", target, note=comparison.note("ms", scale=1000))


def _measure_direct_calls(app: Flask, yardstick: Flask, effort: Effort) -> list[Metric]:
    client = yardstick.test_client()
    path = f"{API_PREFIX}/scenarios/1"

    def ours() -> float:
        return seconds_per_call(
            lambda: call_wsgi(app, "GET", "https", HOST, path, HEADERS.items()), effort.seconds
        )

    def same() -> float:
        return seconds_per_call(
            lambda: call_wsgi(yardstick, "GET", "https", HOST, "/one", HEADERS.items()), effort.seconds
        )

    def theirs() -> float:
        return seconds_per_call(lambda: client.get("/one", headers=HEADERS), effort.seconds)

    return [
        _ratio_figure("intercepted GET, ratio to bare Flask's test client", ours, theirs, effort, 1.5),
        _ratio_figure("the same against a bare WSGI call made by hand", ours, same, effort),
    ]


def _measure_requests(yardstick: Flask, effort: Effort) -> Metric:
    with requests.Session() as session, requests.Session() as other:
        for each_session in (session, other):
            each_session.headers.update(HEADERS)
            each_session.trust_env = False
        other.mount("https://", _BareAdapter(yardstick))
        return _ratio_figure(
            "the same through requests, against a bare adapter",
            lambda: seconds_per_call(lambda: session.get(URL), effort.seconds),
            lambda: seconds_per_call(lambda: other.get(URL), effort.seconds),
            effort,
        )


def _measure_httpx(yardstick: Flask, effort: Effort) -> Metric:
    transport = httpx.WSGITransport(yardstick)
    with httpx.Client(headers=HEADERS) as client, httpx.Client(headers=HEADERS, transport=transport) as other:
        return _ratio_figure(
            "the same through httpx, against its WSGI transport",
            lambda: seconds_per_call(lambda: client.get(URL), effort.seconds),
            lambda: seconds_per_call(lambda: other.get(f"https://{HOST}/one"), effort.seconds),
            effort,
        )


def _measure_mock_make(effort: Effort) -> Metric:
    def enter() -> None:
        with mock_make():
            pass

    times = [1000 * seconds_per_call(enter, effort.seconds) for _ in range(effort.rounds)]
    return Metric("setup and teardown of mock_make", times, "ms", 5)
