"""The end of the server by a signal: in every state of its clients and runs, with all that was acknowledged stored."""

from __future__ import annotations

import http.client
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests

from helpers.api import ADMIN_TOKEN
from helpers.scenarios import http_request_module
from helpers.server import run_server
from helpers.waiting import wait_until
from make_emulator.server.recovery import read_state

AUTHORIZATION = {"Authorization": f"Token {ADMIN_TOKEN}"}
COUNT = 20

#: Ends the process by itself only after minutes.
LONG = [
    {
        "id": number,
        "module": "builtin:BasicRepeater",
        "version": 1,
        "mapper": {"start": "1", "repeats": "400", "step": "1"},
    }
    for number in (2, 3)
]


class Clients:
    """Clients of one server, in a state that they keep until it ends."""

    def __init__(self, url: str, stack: ExitStack) -> None:
        self.url = url
        self.root = url.removesuffix("/api/v2")
        self.port = int(self.root.rpartition(":")[2])
        self._stack = stack

    def connect(self, sent: bytes) -> None:
        for _ in range(COUNT):
            peer = self._stack.enter_context(socket.create_connection(("127.0.0.1", self.port), timeout=60))
            peer.sendall(sent)

    def post(self, path: str, body: Any, root: str | None = None) -> Any:
        response = requests.post(
            f"{self.url if root is None else root}{path}",
            json=body,
            headers=AUTHORIZATION,
            timeout=60,
            verify=False,
        )
        assert response.ok, response.text
        return response.json()

    def start(self, call: Callable[[], object]) -> None:
        """Make a call in a thread, which ends with the server."""

        def run() -> None:
            with suppress(requests.RequestException):
                call()

        thread = threading.Thread(target=run)
        thread.start()
        self._stack.callback(thread.join)

    def run_scenario(self, *flow: Any) -> None:
        scenario = {
            "teamId": 1,
            "blueprint": orjson.dumps({"name": "Long", "flow": flow, "metadata": {}}).decode(),
            "scheduling": '{"type": "on-demand"}',
        }
        id = self.post("/scenarios?confirmed=true", scenario)["scenario"]["id"]
        self.post(f"/scenarios/{id}/start", {})
        self.start(lambda: self.post(f"/scenarios/{id}/run", {"responsive": False}))


@contextmanager
def outside_server(respond: Callable[[socket.socket, threading.Event], None]) -> Iterator[tuple[str, Any]]:
    """A server of one connection beyond the emulator, and the event of its request."""
    called, ended = threading.Event(), threading.Event()

    def serve() -> None:
        with suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                called.set()
                respond(connection, ended)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(60)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/", called
        finally:
            ended.set()
            thread.join()


def half_sent(clients: Clients, _stack: ExitStack) -> None:
    clients.connect(b"POST /api/v2/scenarios HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf")
    clients.connect(b"GET /api/v2/te")


def waiting_calls(clients: Clients, _stack: ExitStack) -> None:
    faults = f"{clients.root}/_emulator/worlds/default/faults"
    for fault in ({"path": "/enums/*", "action": "timeout"}, {"path": "/users/*", "delayMs": 60_000}):
        assert requests.post(faults, json=fault, timeout=60).ok
    for path in ("enums/countries", "users/me"):
        clients.connect(
            f"GET /api/v2/{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token {ADMIN_TOKEN}\r\n\r\n".encode()
        )

    def matches() -> list[int]:
        return [rule["hits"] for rule in requests.get(faults, timeout=60).json()["faults"]]

    wait_until(lambda: matches() == [COUNT, COUNT])


def event_streams(clients: Clients, stack: ExitStack) -> None:
    for _ in range(COUNT):
        connection = http.client.HTTPConnection("127.0.0.1", clients.port, timeout=60)
        stack.callback(connection.close)
        connection.request(
            "GET",
            "/mcp/sse",
            headers={"Authorization": f"Bearer {ADMIN_TOKEN}", "Accept": "text/event-stream"},
        )
        response = connection.getresponse()
        assert (response.status, response.readline()) == (200, b"event: endpoint\n")


def half_handshakes(clients: Clients, _stack: ExitStack) -> None:
    clients.connect(b"\x16\x03\x01\x02\x00\x01")


def long_computation(clients: Clients, stack: ExitStack) -> None:
    def respond(connection: socket.socket, _ended: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    url, called = stack.enter_context(outside_server(respond))
    clients.run_scenario(http_request_module(url), *LONG)
    assert called.wait(60)


def service_that_drips(clients: Clients, stack: ExitStack) -> None:
    def respond(connection: socket.socket, ended: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not ended.wait(0.2):
            connection.sendall(b"x")

    url, called = stack.enter_context(outside_server(respond))
    clients.run_scenario(http_request_module(url, timeout=300))
    assert called.wait(60)


@pytest.mark.parametrize(
    ("state", "options"),
    [
        (half_sent, ()),
        (waiting_calls, ()),
        (event_streams, ()),
        (half_handshakes, ("--tls",)),
        (long_computation, ("--allow-network", "--allow-private-network")),
        (service_that_drips, ("--allow-network", "--allow-private-network")),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_a_signal_ends_the_server_in_every_state_and_its_state_is_stored(
    tmp_path: Path, state: Callable[[Clients, ExitStack], None], options: tuple[str, ...]
) -> None:
    path = tmp_path / "state.json"
    with ExitStack() as stack, run_server("--state", str(path), *options) as (process, url):
        clients = Clients(url, stack)
        clients.post("/data-stores/1/data", {"key": "kept", "data": {"sku": "A", "quantity": 1}})
        state(clients, stack)
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=60)
        assert process.returncode == 0
        assert "Traceback" not in log
    stored = read_state(path, "default")
    assert stored is not None
    assert (1, "kept") in stored.world.records
    assert stored.world.data_stores[1].records == len(stored.world.records.where(store=1))
    # A snapshot alone, as after any other end.
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
