"""Streamed responses: each piece reaches the client when the application yields it, through every entry point."""

from __future__ import annotations

import asyncio
import http.client
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import httpx
import pytest
import requests
from flask import Flask, Response

from helpers.api import ADMIN_TOKEN
from make_emulator import app as application
from make_emulator import mock_make
from make_emulator.http.context import RequestContext
from make_emulator.http.pipeline import API_PIPELINE, Pipeline
from make_emulator.http.request_log import BODY_LIMIT, LogEntry
from make_emulator.http.steps.authentication import require_caller
from make_emulator.server.wsgi import Server
from make_emulator.testing import app_pool

HEADERS = {"Authorization": f"Token {ADMIN_TOKEN}"}
PATH = "/api/v2/stream"
URL = f"https://eu1.make.com{PATH}"

#: How long a piece waits for the client to have read the one before, in seconds; only a failing test waits so long.
PATIENCE = 10


@dataclass
class Stream:
    """Body whose pieces are produced only after the client has read the one before."""

    pieces: list[bytes] = field(default_factory=lambda: [b"one", b"two", b"three"])
    was_read: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    waits: threading.Event = field(default_factory=threading.Event)
    closed: threading.Event = field(default_factory=threading.Event)
    error: Exception | None = None

    def __iter__(self) -> Iterator[bytes]:
        try:
            for number, piece in enumerate(self.pieces):
                if number:
                    self.waits.set()
                if number and not self.was_read.acquire(timeout=PATIENCE):
                    yield b"the piece before was held back"
                    return
                yield piece
            if self.error is not None:
                raise self.error
        finally:
            self.closed.set()

    def step(self, context: RequestContext) -> None:
        """Request step that responds with the stream."""
        if context.entry.path == "/stream":
            context.response = Response(iter(self), content_type="text/event-stream")

    def read(self, pieces: Iterator[Any]) -> list[Any]:
        """Reads piece by piece, and lets the next one be produced after each."""
        found = []
        for piece in pieces:
            found.append(piece)
            self.was_read.release()
        return found


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> Stream:
    """A stream that every application made in the test responds with at ``/api/v2/stream``."""
    stream = Stream()
    steps = list(API_PIPELINE.request_steps)
    steps.insert(steps.index(require_caller) + 1, stream.step)
    pipeline = Pipeline(steps, API_PIPELINE.response_steps, API_PIPELINE.error_response)
    monkeypatch.setattr(application, "API_PIPELINE", pipeline)
    monkeypatch.setattr(app_pool, "_idle", [])
    return stream


@pytest.fixture
def app(stream: Stream) -> Flask:
    return application.create_app(now="2026-03-02T12:00:00Z")


@contextmanager
def serve(app: Flask) -> Iterator[str]:
    with Server(app) as server:
        yield server.url + PATH


def last_entry(app: Flask) -> LogEntry:
    handle = application.registry_of(app).get("default")
    assert handle is not None
    return list(handle.request_log)[-1]


# --- in process ----------------------------------------------------------------------------------


def test_in_process_each_piece_is_produced_when_it_is_read(app: Flask, stream: Stream) -> None:
    response = app.test_client().get(PATH, headers=HEADERS)
    assert response.is_streamed
    assert "Content-Length" not in response.headers
    assert response.headers["authtype"] == "token"
    pieces = response.iter_encoded()
    assert next(pieces) == b"one"
    assert not stream.closed.is_set()
    stream.was_read.release()
    assert stream.read(pieces) == [b"two", b"three"]
    assert stream.closed.is_set()


def test_a_stream_is_in_the_log_while_it_flows(app: Flask, stream: Stream) -> None:
    response = app.test_client().get(PATH, headers=HEADERS)
    entry = last_entry(app)
    # The test client reads the first piece ahead.
    assert (entry.path, entry.status, entry.response_body) == ("/stream", 200, b"one")
    pieces = response.iter_encoded()
    next(pieces)
    stream.was_read.release()
    stream.read(pieces)
    assert entry.response_body == b"onetwothree"


def test_only_the_beginning_of_a_stream_is_logged(app: Flask, stream: Stream) -> None:
    stream.pieces = [b"x" * 10_000] * 5
    body = b"".join(stream.read(app.test_client().get(PATH, headers=HEADERS).iter_encoded()))
    assert len(body) == 50_000
    entry = last_entry(app)
    assert len(entry.response_body) == BODY_LIMIT
    assert entry.size > BODY_LIMIT


def test_closing_a_stream_closes_its_generator(app: Flask, stream: Stream) -> None:
    response = app.test_client().get(PATH, headers=HEADERS)
    assert next(response.iter_encoded()) == b"one"
    response.close()
    assert stream.closed.is_set()


def test_a_truncated_stream_breaks_off_after_its_first_piece(app: Flask, stream: Stream) -> None:
    client = app.test_client()
    client.post("/_emulator/worlds/default/faults", json={"action": "truncate"})
    pieces = client.get(PATH, headers=HEADERS).iter_encoded()
    assert next(pieces) == b"one"
    with pytest.raises(ConnectionResetError):
        next(pieces)
    assert last_entry(app).decision == "fault"


# --- over a socket -------------------------------------------------------------------------------


def test_over_a_socket_each_piece_comes_at_once(app: Flask, stream: Stream) -> None:
    with serve(app) as url, requests.get(url, headers=HEADERS, stream=True, timeout=PATIENCE) as response:
        assert response.headers["Transfer-Encoding"] == "chunked"
        assert stream.read(response.iter_content(None)) == [b"one", b"two", b"three"]


def test_an_open_stream_delays_no_other_request(app: Flask, stream: Stream) -> None:
    with serve(app) as url, requests.get(url, headers=HEADERS, stream=True, timeout=PATIENCE) as response:
        pieces = response.iter_content(None)
        assert next(pieces) == b"one"
        other = requests.get(url.replace("/stream", "/users/me"), headers=HEADERS, timeout=PATIENCE)
        assert other.status_code == 200
        assert not stream.closed.is_set()
        stream.was_read.release()
        assert stream.read(pieces) == [b"two", b"three"]


def test_an_http_1_0_client_reads_a_stream_until_the_connection_ends(app: Flask, stream: Stream) -> None:
    stream.was_read.release(len(stream.pieces))
    with (
        serve(app) as url,
        socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), PATIENCE) as client,
    ):
        head = f"GET {PATH} HTTP/1.0\r\nHost: localhost\r\nAuthorization: {HEADERS['Authorization']}\r\n\r\n"
        client.sendall(head.encode())
        received = b"".join(iter(partial(client.recv, 4096), b""))
    assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert received.endswith(b"\r\n\r\nonetwothree")


def test_a_client_that_hangs_up_ends_the_stream(app: Flask, stream: Stream) -> None:
    stream.pieces = [b"x" * 65_536] * 1_000
    with serve(app) as url:
        with requests.get(url, headers=HEADERS, stream=True, timeout=PATIENCE) as response:
            assert next(response.iter_content(1)) == b"x"
        stream.was_read.release(1_000)
        assert stream.closed.wait(PATIENCE)


def test_a_truncated_stream_breaks_the_connection(app: Flask, stream: Stream) -> None:
    with serve(app) as url:
        app.test_client().post("/_emulator/worlds/default/faults", json={"action": "truncate"})
        with (
            pytest.raises((requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError)),
            requests.get(url, headers=HEADERS, stream=True, timeout=PATIENCE) as response,
        ):
            stream.read(response.iter_content(None))


# --- through mock_make ---------------------------------------------------------------------------


def test_requests_streams_through_mock_make(stream: Stream) -> None:
    with mock_make() as world, requests.get(URL, headers=world.headers, stream=True) as response:
        assert response.headers["Transfer-Encoding"] == "chunked"
        assert stream.read(response.iter_content(None)) == [b"one", b"two", b"three"]
    assert stream.closed.is_set()


def test_requests_iterates_over_the_lines_of_a_stream(stream: Stream) -> None:
    stream.pieces = [b"data: 1\n\n", b"data: 2\n\n"]
    with mock_make() as world, requests.get(URL, headers=world.headers, stream=True) as response:
        lines = [line for line in stream.read(response.iter_content(None)) if line]
    assert lines == stream.pieces


def test_requests_without_stream_reads_the_whole_body(stream: Stream) -> None:
    stream.was_read.release(len(stream.pieces))
    with mock_make() as world:
        response = requests.get(URL, headers=world.headers)
        assert response.content == b"onetwothree"
        assert world.requests.all()[-1]["responseBody"] == "onetwothree"


def test_requests_may_close_a_stream_early(stream: Stream) -> None:
    with mock_make() as world:
        with requests.get(URL, headers=world.headers, stream=True) as response:
            assert next(response.iter_content(None)) == b"one"
        assert stream.closed.is_set()
        assert requests.get("https://eu1.make.com/api/v2/users/me", headers=world.headers).status_code == 200


def test_a_stream_that_breaks_off_is_a_broken_connection_for_requests(stream: Stream) -> None:
    stream.error = ConnectionResetError("gone")
    with (
        mock_make() as world,
        requests.get(URL, headers=world.headers, stream=True) as response,
        pytest.raises((requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError)),
    ):
        stream.read(response.iter_content(None))


def test_httpx_streams_through_mock_make(stream: Stream) -> None:
    with mock_make() as world, httpx.stream("GET", URL, headers=world.headers) as response:
        assert stream.read(response.iter_raw()) == [b"one", b"two", b"three"]
    assert stream.closed.is_set()


def test_httpx_may_close_a_stream_early(stream: Stream) -> None:
    with mock_make() as world, httpx.stream("GET", URL, headers=world.headers) as response:
        assert next(response.iter_raw()) == b"one"
    assert stream.closed.is_set()


def test_a_stream_that_breaks_off_is_a_read_error_for_httpx(stream: Stream) -> None:
    stream.error = ConnectionResetError("gone")
    with (
        mock_make() as world,
        httpx.stream("GET", URL, headers=world.headers) as response,
        pytest.raises(httpx.ReadError, match="gone"),
    ):
        stream.read(response.iter_raw())


def test_asynchronous_httpx_streams_through_mock_make(stream: Stream) -> None:
    async def read(pieces: AsyncIterator[bytes]) -> list[bytes]:
        found = []
        async for piece in pieces:
            found.append(piece)
            stream.was_read.release()
        return found

    async def call(headers: dict[str, str]) -> list[bytes]:
        async with httpx.AsyncClient() as client, client.stream("GET", URL, headers=headers) as response:
            return await read(response.aiter_raw())

    with mock_make() as world:
        assert asyncio.run(call(dict(world.headers))) == [b"one", b"two", b"three"]
    assert stream.closed.is_set()


def test_a_task_that_waits_for_a_piece_can_be_cancelled(stream: Stream) -> None:
    async def call(headers: dict[str, str]) -> bytes:
        async with httpx.AsyncClient() as client, client.stream("GET", URL, headers=headers) as response:
            pieces = response.aiter_raw()
            first = await anext(pieces)
            waiting = asyncio.ensure_future(anext(pieces))
            await asyncio.to_thread(stream.waits.wait, PATIENCE)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        stream.was_read.release()
        return first

    with mock_make() as world:
        assert asyncio.run(call(dict(world.headers))) == b"one"
        assert stream.closed.wait(PATIENCE)


def test_http_client_streams_through_mock_make(stream: Stream) -> None:
    with mock_make() as world:
        connection = http.client.HTTPSConnection("eu1.make.com")
        connection.request("GET", PATH, headers=dict(world.headers))
        response = connection.getresponse()
        found = [response.read1()]
        while found[-1]:
            stream.was_read.release()
            found.append(response.read1())
        assert found == [b"one", b"two", b"three", b""]
        connection.request("GET", "/api/v2/users/me", headers=dict(world.headers))
        assert connection.getresponse().status == 200


def test_urllib_reads_a_stream_through_mock_make(stream: Stream) -> None:
    stream.was_read.release(len(stream.pieces))
    with mock_make() as world, urlopen(Request(URL, headers=dict(world.headers))) as response:
        assert response.read() == b"onetwothree"
