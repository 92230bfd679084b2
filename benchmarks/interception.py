"""What a call costs that `mock_make` takes over: by itself, and through the clients that tests use."""

from __future__ import annotations

import io
from typing import Any

import httpx
import orjson
import requests
from flask import Flask
from requests.adapters import BaseAdapter

from emulator.app import API
from emulator.testing import mock_make, routing, transports
from emulator.testing.wsgi import call

from . import bare, big
from .report import Figure
from .rounds import Effort, Measure, alternate, each

HEADERS = {"Authorization": f"Token {big.TOKEN}"}
HOST = "eu1.make.com"
URL = f"https://{HOST}{API}/scenarios/1"


class _BareAdapter(BaseAdapter):
    """The least that takes requests into a WSGI application."""

    def __init__(self, app: Flask) -> None:
        super().__init__()
        self._app = app

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        answer = call(self._app, request.method or "", "https", HOST, "/one", request.headers.items())
        response = requests.Response()
        response.status_code, response.url, response.request = answer.status, URL, request
        response.headers.update(answer.headers)
        response.raw = io.BytesIO(answer.body)
        return response

    def close(self) -> None:
        """There is nothing to close."""


def measure(effort: Effort) -> list[Figure]:
    """A call by itself, through requests and through httpx; and entering `mock_make`."""
    app = big.create(scenarios=100, records=100)
    body: dict[str, Any] = orjson.loads(app.test_client().get(f"{API}/scenarios/1", headers=HEADERS).data)
    yardstick = bare.create_app(one=body)
    route = routing.Route(app, HOST, block_others=True, may_wait=lambda: False)
    routing.enter(route)
    try:
        with transports.install():
            return [
                *_alone(app, yardstick, effort),
                _through_requests(yardstick, effort),
                _through_httpx(yardstick, effort),
                _entering(effort),
            ]
    finally:
        routing.leave(route)


def _ratio(name: str, ours: Measure, theirs: Measure, effort: Effort, target: float | None = None) -> Figure:
    duel = alternate(ours, theirs, effort.rounds)
    return Figure(name, duel.ratios, "x", target, note=duel.note("ms", scale=1000))


def _alone(app: Flask, yardstick: Flask, effort: Effort) -> list[Figure]:
    client = yardstick.test_client()
    path = f"{API}/scenarios/1"

    def ours() -> float:
        return each(lambda: call(app, "GET", "https", HOST, path, HEADERS.items()), effort.seconds)

    def same() -> float:
        return each(lambda: call(yardstick, "GET", "https", HOST, "/one", HEADERS.items()), effort.seconds)

    def theirs() -> float:
        return each(lambda: client.get("/one", headers=HEADERS), effort.seconds)

    return [
        _ratio("intercepted GET, time against bare Flask's test client", ours, theirs, effort, 1.5),
        _ratio("the same against a bare WSGI call made by hand", ours, same, effort),
    ]


def _through_requests(yardstick: Flask, effort: Effort) -> Figure:
    with requests.Session() as session, requests.Session() as other:
        for each_session in (session, other):
            each_session.headers.update(HEADERS)
            each_session.trust_env = False
        other.mount("https://", _BareAdapter(yardstick))
        return _ratio(
            "the same through requests, against a bare adapter",
            lambda: each(lambda: session.get(URL), effort.seconds),
            lambda: each(lambda: other.get(URL), effort.seconds),
            effort,
        )


def _through_httpx(yardstick: Flask, effort: Effort) -> Figure:
    transport = httpx.WSGITransport(yardstick)
    with httpx.Client(headers=HEADERS) as client, httpx.Client(headers=HEADERS, transport=transport) as other:
        return _ratio(
            "the same through httpx, against its WSGI transport",
            lambda: each(lambda: client.get(URL), effort.seconds),
            lambda: each(lambda: other.get(f"https://{HOST}/one"), effort.seconds),
            effort,
        )


def _entering(effort: Effort) -> Figure:
    def enter() -> None:
        with mock_make():
            pass

    times = [1000 * each(enter, effort.seconds) for _ in range(effort.rounds)]
    return Figure("entering and leaving mock_make", times, "ms", 5)
