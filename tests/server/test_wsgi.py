from __future__ import annotations

import http.client
import socket
from collections.abc import Iterable
from typing import Any

import orjson
import pytest
import requests

from make_emulator.app import create_app
from make_emulator.server import framing, wsgi
from make_emulator.server.wsgi import PortInUseError, Server

ADMIN_TOKEN = {"Authorization": "Token 11111111-1111-4111-8111-111111111111"}


def hello(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Length", "5")])
    return [b"hello"]


def test_a_free_port_is_found_and_reported() -> None:
    with Server(hello) as server:
        assert server.port > 0
        assert server.url == f"http://127.0.0.1:{server.port}"
        assert requests.get(server.url, timeout=5).text == "hello"


def test_a_server_at_every_address_is_called_at_the_loopback_one() -> None:
    with Server(hello, "0.0.0.0") as server:
        assert server.url == f"http://127.0.0.1:{server.port}"
        assert requests.get(server.url, timeout=5).text == "hello"


def test_a_taken_port_is_an_error_of_its_own() -> None:
    with Server(hello) as first, pytest.raises(PortInUseError, match=str(first.port)):
        Server(hello, port=first.port).start()


def test_connections_are_kept_alive() -> None:
    with Server(hello) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        for _ in range(3):
            connection.request("GET", "/")
            assert connection.getresponse().read() == b"hello"
            assert connection.sock is not None
        connection.close()


def test_stopping_does_not_wait_for_idle_connections() -> None:
    server = Server(hello)
    server.start()
    idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(10)]
    server.stop()
    for connection in idle:
        connection.close()


def test_a_stop_does_not_wait_for_the_next_look_at_the_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wsgi, "POLL_INTERVAL", 3600)
    for host in ("127.0.0.1", "0.0.0.0"):
        server = Server(hello, host)
        server.start()
        assert requests.get(server.url, timeout=5).text == "hello"
        # With an interval of an hour the loop ends only because it is woken.
        server.stop()
        with pytest.raises(requests.ConnectionError):
            requests.get(server.url, timeout=5)


def test_a_body_that_is_too_large_gets_an_answer_and_no_reset() -> None:
    with Server(create_app()) as server:
        response = requests.post(
            f"{server.url}/api/v2/data-stores/1/data",
            data=b'{"key": "' + b"x" * 5_000_000 + b'"}',
            headers={**ADMIN_TOKEN, "Content-Type": "application/json"},
            timeout=10,
        )
        assert response.status_code == 400
        assert response.json() == {"detail": "request entity too large"}
        assert requests.get(f"{server.url}/api/v2/teams/1", headers=ADMIN_TOKEN, timeout=5).status_code == 200


@pytest.fixture
def _small_bodies_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wsgi, "MAX_UNCHECKED_SIZE", 1000)


@pytest.mark.usefixtures("_small_bodies_only")
def test_a_large_body_is_read_once_the_application_wants_it() -> None:
    def double(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        read = environ["wsgi.input"].read(3000) + environ["wsgi.input"].read()
        start_response("200 OK", [("Content-Length", str(len(read)))])
        return [read]

    body = bytes(range(256)) * 20_000
    with Server(double) as server:
        response = requests.post(server.url, data=body, timeout=10)
        assert (response.content, response.headers["Connection"]) == (body, "close")
        assert requests.post(server.url, data=b"x" * 1000, timeout=10).content == b"x" * 1000


@pytest.mark.usefixtures("_small_bodies_only")
def test_a_large_body_that_is_refused_is_not_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Any:
        raise AssertionError("the body was read")

    monkeypatch.setattr(framing, "read_body", fail)
    with Server(create_app(control_key="secret")) as server:
        response = requests.put(
            f"{server.url}/_emulator/worlds/default/snapshot", data=b"x" * 100_000, timeout=10
        )
    assert response.status_code == 403
    assert response.headers["Connection"] == "close"


@pytest.mark.usefixtures("_small_bodies_only")
def test_a_large_body_that_is_cut_off_changes_nothing() -> None:
    with Server(create_app()) as server:
        url = f"{server.url}/_emulator/worlds/default/snapshot"
        whole = requests.get(url, timeout=10).content
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
            head = f"PUT /_emulator/worlds/default/snapshot HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(whole) + 9}\r\n\r\n"
            connection.sendall(head.encode() + whole)
            connection.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: connection.recv(65_536), b""))
        assert answer.startswith(b"HTTP/1.1 400 ")
        world = f"{server.url}/_emulator/worlds/default"
        assert requests.get(f"{world}/snapshot", timeout=10).json()["rows"] == orjson.loads(whole)["rows"]


def test_nonsense_on_the_socket_does_not_stop_the_server() -> None:
    with Server(create_app()) as server:
        for nonsense in (b"\x00\x01\x02\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"A" * 100_000):
            with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
                connection.sendall(nonsense)
        assert requests.get(f"{server.url}/_emulator/health", timeout=5).json()["status"] == "ok"


@pytest.mark.parametrize(
    "target", ["//[/x", "http://[::1/x", "/a\N{LATIN SMALL LETTER Y WITH DIAERESIS}", "*"]
)
def test_a_target_beyond_parsing_is_the_clients_fault(target: str) -> None:
    with (
        Server(hello) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection,
    ):
        connection.sendall(
            f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode("latin-1")
        )
        with connection.makefile("rb") as response:
            assert response.readline() == b"HTTP/1.1 400 Bad Request\r\n"
