"""Passing of requests and responses: unchanged, as they come, and at a pace."""

from __future__ import annotations

import gzip
import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from werkzeug.wrappers import Request, Response

from helpers.mcp import ACCEPT, INITIALIZE, frame
from helpers.waiting import wait_until
from make_emulator import MakeEmulator, World
from make_emulator.proxy.app import Pace
from make_emulator.proxy.upstream import Upstream, hook_origin
from make_emulator.server.wsgi import Server

from .conftest import FakeTimer, ProxiedZone

UDID = "abcdefghijklmnopqrstuvwxyz123456"


@contextmanager
def zone(answer: Any) -> Iterator[tuple[str, list[Request]]]:
    """A server that answers by a function of the request; its address, and the requests."""
    received: list[Request] = []

    def app(environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        request.get_data()
        received.append(request)
        return answer(request)(environ, start_response)

    with Server(app) as server:
        yield server.url, received


# --- requests ------------------------------------------------------------------------------------


def test_a_request_passes_as_it_was_sent(proxied: ProxiedZone) -> None:
    with (
        zone(lambda request: Response("{}", mimetype="application/json")) as (origin, received),
        proxied.open(origin=origin, allow_writes=True) as proxy,
    ):
        proxy.call(
            "PATCH",
            "/api/v2/data-stores/1/data/a%2Fb%20c?pg%5Blimit%5D=5&x=%C3%BC",
            "token-1",
            {"Content-Type": "application/json", "X-Mine": "1", "User-Agent": "mine/2"},
            data=b'{"b":1,  "a":2}',
        )
    [request] = received
    assert request.environ["REQUEST_URI"] == "/api/v2/data-stores/1/data/a%2Fb%20c?pg%5Blimit%5D=5&x=%C3%BC"
    assert request.get_data() == b'{"b":1,  "a":2}'
    assert request.headers["Authorization"] == "Token token-1"
    assert (request.headers["X-Mine"], request.headers["User-Agent"]) == ("1", "mine/2")
    assert request.headers["Host"] == origin.partition("//")[2]
    assert "Cookie" not in request.headers


def test_cookies_and_redirects_are_those_of_the_client(proxied: ProxiedZone) -> None:
    def answer(request: Request) -> Response:
        response = Response(status=302, headers={"Location": "https://eu2.make.com/api/v2/users/me"})
        response.set_cookie("sid", "of-the-zone")
        return response

    with zone(answer) as (origin, received), proxied.open(origin=origin) as proxy:
        first = proxy.call("GET", "/api/v2/users/me", "t")
        proxy.call("GET", "/api/v2/users/me", "t")
    assert (first.status_code, first.headers["Location"]) == (302, "https://eu2.make.com/api/v2/users/me")
    assert "Cookie" not in received[1].headers


@pytest.mark.parametrize("path", ["/", "/login", "/api/v1/teams", "/_emulator/worlds", "/oauth/v2/token"])
def test_other_paths_are_not_served(path: str, proxied: ProxiedZone) -> None:
    with zone(lambda request: Response("x")) as (origin, received), proxied.open(origin=origin) as proxy:
        assert requests.get(proxy.url + path, timeout=30).status_code == 404
    assert received == []


def test_webhooks_of_a_zone_have_a_host_of_their_own() -> None:
    assert hook_origin("https://eu1.make.com") == "https://hook.eu1.make.com"
    assert hook_origin("http://127.0.0.1:5000") == "http://127.0.0.1:5000"
    upstream = Upstream("https://eu1.make.com")
    assert upstream.url(f"/hook/{UDID}?a=1") == f"https://hook.eu1.make.com/{UDID}?a=1"
    assert upstream.url("/api/v2/hooks") == "https://eu1.make.com/api/v2/hooks"


# --- responses -----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 401, 403, 404, 406, 409, 429, 500, 503])
def test_errors_pass_unchanged(status: int, proxied: ProxiedZone) -> None:
    body = b'{"message": "Ouch",\n "code":"IM001"}'
    headers = {"Content-Type": "application/json; charset=utf-8", "X-Request-Id": "r1", "Retry-After": "7"}
    with (
        zone(lambda request: Response(body, status, headers)) as (origin, _),
        proxied.open(origin=origin, pace=Pace(FakeTimer())) as proxy,
    ):
        response = proxy.call("GET", "/api/v2/teams/1", "t")
    assert (response.status_code, response.content) == (status, body)
    assert {name: response.headers[name] for name in headers} == headers


def test_compressed_bodies_pass_as_they_are_and_are_recorded_in_plain(proxied: ProxiedZone) -> None:
    def answer(request: Request) -> Response:
        assert request.headers["Accept-Encoding"] == "gzip"
        return Response(
            gzip.compress(b'{"a": 1}'), mimetype="application/json", headers={"Content-Encoding": "gzip"}
        )

    with zone(answer) as (origin, _), proxied.open(origin=origin) as proxy:
        response = proxy.call("GET", "/api/v2/teams/1", "t", {"Accept-Encoding": "gzip, deflate, br"})
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.json() == {"a": 1}
    assert proxy.exchanges[0].response.json() == {"a": 1}


def test_a_head_request_and_an_empty_response(proxied: ProxiedZone) -> None:
    def answer(request: Request) -> Response:
        return (
            Response("{}", mimetype="application/json") if request.method == "HEAD" else Response(status=204)
        )

    with zone(answer) as (origin, _), proxied.open(origin=origin, allow_writes=True) as proxy:
        head = proxy.call("HEAD", "/api/v2/teams", "t")
        empty = proxy.call("DELETE", "/api/v2/teams/1", "t")
    assert (head.status_code, head.content, head.headers["Content-Length"]) == (200, b"", "2")
    assert (empty.status_code, empty.content) == (204, b"")


def test_a_stream_passes_piece_by_piece(proxied: ProxiedZone) -> None:
    next_piece = threading.Semaphore(0)

    def pieces() -> Iterator[bytes]:
        yield b"data: 1\n\n"
        assert next_piece.acquire(timeout=60)
        yield b"data: 2\n\n"

    with (
        zone(lambda request: Response(pieces(), mimetype="text/event-stream")) as (origin, _),
        proxied.open(origin=origin) as proxy,
    ):
        connection = http.client.HTTPConnection("127.0.0.1", int(proxy.url.rpartition(":")[2]), timeout=60)
        connection.request("GET", "/mcp/stream", headers={"Accept": "text/event-stream"})
        response = connection.getresponse()
        # The first piece is here while the second one waits for it.
        assert response.read1() == b"data: 1\n\n"
        next_piece.release()
        assert response.read() == b"data: 2\n\n"
        connection.close()
        wait_until(lambda: proxy.exchanges)
    assert proxy.exchanges[0].response.body == b"data: 1\n\ndata: 2\n\n"


def test_a_client_of_mcp_with_a_session_passes(proxied: ProxiedZone, world: World) -> None:
    headers = {"Authorization": f"Bearer {world.token}", "Accept": ACCEPT}
    with proxied.open() as proxy:
        path = f"/mcp/u/{world.token}/stream"
        opened = proxy.call("POST", path, world.token, headers, json=frame("initialize", INITIALIZE))
        session = opened.headers["Mcp-Session-Id"]
        headers["Mcp-Session-Id"] = session
        noted = proxy.call(
            "POST", path, world.token, headers, json=frame("notifications/initialized", id=None)
        )
        listed = proxy.call("POST", path, world.token, headers, json=frame("tools/list", id=2))
        ended = proxy.call("DELETE", path, world.token, headers)
    assert [response.status_code for response in (opened, noted, listed, ended)] == [200, 202, 200, 200]
    assert "scenarios_list" in listed.text
    assert world.token not in proxy.har.read_text("utf-8")


def test_a_stream_that_breaks_off_breaks_off_for_the_client_too(
    proxied: ProxiedZone, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def break_off() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.recv(65_536)
                head = (
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                )
                peer.sendall(head + b"5\r\n12345\r\n9\r\n123")

        thread = threading.Thread(target=break_off)
        thread.start()
        origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with proxied.open(origin=origin) as proxy:
            connection = http.client.HTTPConnection(
                "127.0.0.1", int(proxy.url.rpartition(":")[2]), timeout=60
            )
            connection.request("GET", "/api/v2/teams/1")
            response = connection.getresponse()
            assert response.status == 200
            with pytest.raises((http.client.IncompleteRead, ConnectionError)):
                response.read()
            connection.close()
            thread.join()
            wait_until(lambda: len(proxy.log) == 2)
    assert "the response broke off" in proxy.log[0]
    assert caplog.records == []
    # The beginning is no evidence of the whole.
    assert proxy.exchanges[0].response.body is None


def test_a_client_that_goes_away_ends_the_request_to_the_zone(proxied: ProxiedZone) -> None:
    ended = threading.Event()

    def pieces() -> Iterator[bytes]:
        try:
            while True:
                yield b": keepalive\n\n"
                ended.wait(0.01)
        finally:
            ended.set()

    with (
        zone(lambda request: Response(pieces(), mimetype="text/event-stream")) as (origin, _),
        proxied.open(origin=origin) as proxy,
    ):
        connection = http.client.HTTPConnection("127.0.0.1", int(proxy.url.rpartition(":")[2]), timeout=60)
        connection.request("GET", "/mcp/stream")
        response = connection.getresponse()
        response.read1()
        response.close()
        connection.close()
        assert ended.wait(timeout=60)


# --- failures ------------------------------------------------------------------------------------


def test_a_zone_that_cannot_be_reached_is_502(proxied: ProxiedZone) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        origin = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with proxied.open(origin=origin) as proxy:
            response = proxy.call("GET", "/api/v2/teams/1?token=hunter2", "t")
    assert response.status_code == 502
    assert response.json()["detail"] == "127.0.0.1 cannot be reached: Connection refused."
    assert proxy.log == [
        "GET /api/v2/teams/1?token=********: no answer, 127.0.0.1 cannot be reached: Connection refused"
    ]


def test_a_certificate_that_is_not_trusted_is_502(proxied: ProxiedZone) -> None:
    with MakeEmulator(tls=True) as other, proxied.open(origin=other.url) as proxy:
        response = proxy.call("GET", "/api/v2/teams/1", "t")
    assert response.status_code == 502
    assert "certificate" in response.json()["detail"]


def test_a_list_that_cannot_be_filtered_is_not_shown(proxied: ProxiedZone) -> None:
    with (
        zone(lambda request: Response("[1, 2]", mimetype="application/json")) as (origin, _),
        proxied.open(origin=origin, allow={"scenarios/1": "read"}) as proxy,
    ):
        response = proxy.call("GET", "/api/v2/scenarios?teamId=1", "t")
    assert response.status_code == 502
    assert "cannot filter it" in response.json()["detail"]


# --- pace ----------------------------------------------------------------------------------------


def limited(limit: int, remaining: int = 1_000) -> Response:
    headers = {"X-RateLimit-Limit": str(limit), "X-RateLimit-Remaining": str(remaining)}
    return Response("{}", mimetype="application/json", headers=headers)


def test_calls_stay_below_the_limit_that_the_zone_shows(proxied: ProxiedZone) -> None:
    timer = FakeTimer()
    with (
        zone(lambda request: limited(10)) as (origin, received),
        proxied.open(origin=origin, pace=Pace(timer)) as proxy,
    ):
        for _ in range(9):
            proxy.call("GET", "/api/v2/teams/1", "t")
    # Eight of ten a minute are for the proxy.
    assert len(received) == 9
    assert timer.slept == [60.0]


def test_calls_wait_while_the_rest_of_the_window_is_for_others(proxied: ProxiedZone) -> None:
    timer = FakeTimer()
    with (
        zone(lambda request: limited(100, remaining=20)) as (origin, _),
        proxied.open(origin=origin, pace=Pace(timer)) as proxy,
    ):
        proxy.call("GET", "/api/v2/teams/1", "t")
        proxy.call("GET", "/api/v2/teams/1", "t")
    assert timer.slept == [60.0]


def test_the_lowest_limit_of_several_organizations_counts(proxied: ProxiedZone) -> None:
    timer, limits = FakeTimer(), iter([10, 600, 600])
    with (
        zone(lambda request: limited(next(limits, 600))) as (origin, _),
        proxied.open(origin=origin, pace=Pace(timer)) as proxy,
    ):
        for _ in range(9):
            proxy.call("GET", "/api/v2/teams/1", "t")
    assert timer.slept == [60.0]
