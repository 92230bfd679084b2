"""The load generator: only correct responses count, whatever the framing of the server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import count

import pytest
from flask import Flask, Response, request

from benchmarks.load import (
    BATCH,
    BATCH_SIZE,
    COUNTER,
    Connection,
    Exchange,
    UnexpectedResponseError,
    generate_load,
    request_bytes,
)
from make_emulator.server.wsgi import Server

received: list[tuple[str, str]] = []
lock = threading.Lock()


def create_app() -> Flask:
    app = Flask(__name__)

    @app.post("/echo")
    def echo() -> Response:
        text = request.get_data().decode()
        with lock:
            received.append((request.headers.get("Authorization", ""), text))
        return Response(text)

    @app.post("/half")
    def half() -> Response:
        text = request.get_data().decode()
        return Response(text, status=429 if int(text) % 2 else 200)

    @app.get("/chunks")
    def chunks() -> Response:
        return Response(iter([b"first ", b"second"]))

    @app.get("/closed")
    def closed() -> Response:
        return Response(b"closed", headers={"Connection": "close"})

    return app


@pytest.fixture
def server() -> Iterator[Server]:
    received.clear()
    with Server(create_app()) as running:
        yield running


def address(server: Server) -> tuple[str, int]:
    host, _, port = server.url.removeprefix("http://").partition(":")
    return host, int(port)


def test_each_request_of_an_exchange_has_a_number_of_its_own(server: Server) -> None:
    headers = {"Authorization": f"Bearer {BATCH.decode()}"}
    body = b"number " + COUNTER
    exchange = Exchange(request_bytes("POST", f"{server.url}/echo", headers, body), body)
    numbers = count(BATCH_SIZE - 5)
    load = generate_load(address(server), exchange, seconds=0.05, connections=4, numbers=numbers)
    assert load.requests > 0
    assert load.refused == 0
    texts = [text for _, text in received]
    assert len(set(texts)) == len(texts)
    assert texts[0] == f"number {BATCH_SIZE - 5:08}"
    assert {authorization for authorization, _ in received} == {"Bearer 0000", "Bearer 0001"}


def test_a_refused_response_counts_as_none(server: Server) -> None:
    exchange = Exchange(request_bytes("POST", f"{server.url}/half", None, COUNTER), COUNTER)
    load = generate_load(address(server), exchange, seconds=0.05, connections=1)
    assert load.requests > 0
    assert abs(load.requests - load.refused) <= 1


def test_a_response_without_the_expected_bytes_counts_as_none(server: Server) -> None:
    exchange = Exchange(request_bytes("POST", f"{server.url}/echo", None, b"one"), b"another")
    load = generate_load(address(server), exchange, seconds=0.02, connections=2)
    assert (load.requests, load.rate) == (0, 0)
    assert load.refused > 0


def test_a_request_given_as_bytes_must_have_success(server: Server) -> None:
    request = request_bytes("POST", f"{server.url}/half", None, b"1")
    with pytest.raises(UnexpectedResponseError, match="429"):
        generate_load(address(server), request, seconds=0.5, connections=1)


@pytest.mark.parametrize(("path", "expected"), [("/chunks", b"second"), ("/closed", b"closed")])
def test_chunks_and_closed_connections_are_understood(server: Server, path: str, expected: bytes) -> None:
    exchange = Exchange(request_bytes("GET", f"{server.url}{path}"), expected)
    load = generate_load(address(server), exchange, seconds=0.05, connections=2)
    assert load.requests > 0
    assert load.refused == 0


def test_the_exchange_of_a_connection_is_checked(server: Server) -> None:
    connection = Connection(address(server))
    try:
        request = request_bytes("POST", f"{server.url}/echo", None, b"some text")
        assert connection.exchange(request, b"some text").endswith(b"some text")
        with pytest.raises(UnexpectedResponseError, match="200 OK"):
            connection.exchange(request, b"other text")
    finally:
        connection.close()
