"""Thread pool of the server: a client that waits delays no other."""

from __future__ import annotations

import logging
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import requests

from make_emulator.server.thread_pool import ThreadPool
from make_emulator.server.tls import EphemeralCA
from make_emulator.server.wsgi import Server

#: More than the server ever had threads.
MANY = 40


class WaitingApp:
    """WSGI application whose ``/wait`` answers when `released` is set, and whose ``/stream`` streams until then."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.entered = threading.Semaphore(0)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/stream":
            start_response("200 OK", [("Content-Type", "text/event-stream")])
            return self._stream()
        if environ["PATH_INFO"] == "/wait":
            self.entered.release()
            assert self.released.wait(60)
        start_response("200 OK", [("Content-Length", "5")])
        return [b"hello"]

    def _stream(self) -> Iterator[bytes]:
        yield b": open\n\n"
        self.entered.release()
        assert self.released.wait(60)


@pytest.fixture
def app() -> Iterator[WaitingApp]:
    app = WaitingApp()
    yield app
    app.released.set()


def connect(server: Server, sent: bytes) -> socket.socket:
    peer = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    peer.sendall(sent)
    return peer


def probe(server: Server, **options: Any) -> str:
    return requests.get(server.url, timeout=60, **options).text


@pytest.mark.parametrize(
    "sent", [b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n"]
)
def test_requests_that_wait_and_streams_that_stay_open_delay_nobody(app: WaitingApp, sent: bytes) -> None:
    with Server(app) as server, ExitStack() as peers:
        for _ in range(MANY):
            peers.enter_context(connect(server, sent))
        for _ in range(MANY):
            assert app.entered.acquire(timeout=60)
        assert probe(server) == "hello"
        app.released.set()


@pytest.mark.parametrize("sent", [b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc"])
def test_requests_that_are_half_sent_delay_nobody(app: WaitingApp, sent: bytes) -> None:
    with Server(app) as server, ExitStack() as peers:
        for _ in range(MANY):
            peers.enter_context(connect(server, sent))
        assert probe(server) == "hello"


def test_handshakes_that_are_never_finished_delay_nobody(app: WaitingApp, tmp_path: Any) -> None:
    authority = EphemeralCA()
    ca_file = authority.write(str(tmp_path / "ca.pem"))
    context = ssl.create_default_context(cafile=str(ca_file))
    with Server(app, tls=authority.context) as server, ExitStack() as peers:
        for _ in range(MANY):
            peers.enter_context(connect(server, b"\x16\x03\x01\x02\x00\x01"))
        with context.wrap_socket(
            peers.enter_context(connect(server, b"")), server_hostname="127.0.0.1"
        ) as peer:
            peer.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert b"".join(iter(lambda: peer.recv(4096), b"")).endswith(b"hello")


def test_a_stop_ends_what_waits(app: WaitingApp) -> None:
    server = Server(app)
    server.start()
    with (
        # Accepted first, so it has a thread when the second one has.
        connect(server, b"GET / H") as half,
        connect(server, b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n") as waiting,
    ):
        assert app.entered.acquire(timeout=60)
        server.stop()
        assert half.recv(1) == b""
        assert waiting.recv(1) == b""


def test_idle_threads_end_and_work_wakes_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("make_emulator.server.thread_pool.IDLE_SECONDS", 0.001)
    monkeypatch.setattr("make_emulator.server.thread_pool.MIN_THREADS", 0)
    done = threading.Semaphore(0)

    class FakeConnection:
        def communicate(self) -> bool:
            return False

        def close(self) -> None:
            done.release()

    pool = ThreadPool(server=None)
    pool.start()
    for _ in range(300):
        pool.put(FakeConnection())
        assert done.acquire(timeout=60)
    for thread in list(pool._threads):
        thread.join(60)
    assert pool.size == 0
    pool.stop(1)


def test_a_connection_that_fails_is_logged_and_costs_no_thread(caplog: pytest.LogCaptureFixture) -> None:
    closed = threading.Semaphore(0)

    class BrokenConnection:
        def communicate(self) -> bool:
            raise RuntimeError("defect")

        def close(self) -> None:
            closed.release()

    pool = ThreadPool(server=None)
    pool.start()
    for _ in range(3):
        pool.put(BrokenConnection())
        assert closed.acquire(timeout=60)
    pool.stop(1)
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 3


_AT_THE_LIMIT = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
from make_emulator.__main__ import main
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
def test_without_file_descriptors_idle_connections_make_room() -> None:
    with (
        subprocess.Popen(
            [sys.executable, "-c", _AT_THE_LIMIT, "serve", "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
        ExitStack() as cleanup,
    ):
        cleanup.callback(process.kill)
        assert process.stdout is not None
        for line in process.stdout:
            if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
                break
        port = int(found[1])  # type: ignore[index]
        with ExitStack() as peers:
            for _ in range(120):
                peers.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))
            health = requests.get(f"http://127.0.0.1:{port}/_emulator/health", timeout=60)
            assert health.json()["status"] == "ok"
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=60)
        assert process.returncode == 0
    assert log.count("no file descriptor is left") == 1
    assert "Traceback" not in log


def test_the_parts_of_cheroot_that_are_replaced_or_undocumented_are_there() -> None:
    """The server uses these; a release of cheroot without them has to be looked at."""
    from cheroot import connections, makefile, server

    used: dict[Any, tuple[str, ...]] = {
        connections.ConnectionManager: ("_from_server_socket", "put", "_expire", "close"),
        connections._ThreadsafeSelector: ("connections", "unregister", "register"),
        makefile.StreamReader: ("has_data",),
        server.HTTPServer: (
            *("prepare", "process_conn", "put_conn", "error_log", "bind_socket", "stop"),
            *("expiration_interval", "keep_alive_conn_limit", "ready", "shutdown_timeout", "ConnectionClass"),
        ),
        server.HTTPConnection: (
            "communicate",
            "close",
            "last_used",
            "remote_addr",
            "remote_port",
            "ssl_env",
            "linger",
            "RequestHandlerClass",
        ),
        server.HTTPRequest: (
            *("parse_request", "ensure_headers_sent", "simple_response", "respond", "inheaders"),
            *("chunked_write", "close_connection"),
        ),
    }
    for owner, names in used.items():
        assert [name for name in names if not hasattr(owner, name)] == []
    prepared: Any = server.HTTPServer(("127.0.0.1", 0), server.Gateway)
    prepared.prepare()
    try:
        assert isinstance(prepared._connections, connections.ConnectionManager)
        selector: Any = prepared._connections
        assert isinstance(selector._selector, connections._ThreadsafeSelector)
        assert (selector._serving, selector._stop_requested) == (False, False)
        with socket.socket() as peer:
            connection = server.HTTPConnection(prepared, peer)
            request = server.HTTPRequest(prepared, connection)
            for name in ("sent_headers", "chunked_read", "response_protocol", "outheaders", "status"):
                assert hasattr(request, name), name
            registered: Any = selector._selector
            registered.register(peer.fileno(), 1, connection)
            assert (peer.fileno(), connection) in list(registered.connections)
            registered.unregister(peer.fileno())
    finally:
        prepared.stop()
