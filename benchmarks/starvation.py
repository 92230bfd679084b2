"""Starvation: the response time of one world while clients of another half-send, wait, stream and compute.

The load of one measurement: 500 half-sent requests, 200 open event streams, 200 calls that a fault holds, 100 TCP
connections that stop in the middle of a TLS handshake (at a second server with TLS) and a scenario that computes all
the time. The server runs in a process of its own, the clients of the load in another.
"""

from __future__ import annotations

import argparse
import gc
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import orjson

from .large_world import ADMIN_TOKEN
from .load import Connection, request_bytes
from .measurement import Effort, percentile
from .processes import ROOT, ServerProcess
from .report import Metric

HALF_SENT, STREAMS, WAITING, HANDSHAKES = 500, 200, 200, 100

#: Bundles of the run that computes: about half a second, started again as soon as it ends.
BUNDLES = 20_000

#: Requests of the probe in each state: several runs of the scenario begin and end meanwhile.
PROBES = 3_000

HEADERS = {"Authorization": f"Token {ADMIN_TOKEN}"}


def measure(effort: Effort) -> list[Metric]:
    """99th percentile of a probe's response times, quiet and under load; and connections that were refused."""
    quiet: list[float] = []
    loaded: list[float] = []
    failures = 0
    for _ in range(effort.rounds):
        with ServerProcess("-m", "benchmarks.starvation", "--serve") as server:
            probe = _Probe(server)
            probe.times(200)
            quiet.append(percentile(probe.times(PROBES)))
            with _start_load(server) as load:
                loaded.append(percentile(probe.times(PROBES)))
                load.terminate()
            failures += probe.failures
    ratios = [busy / calm for busy, calm in zip(loaded, quiet, strict=True)]
    note = f"quiet {1000 * sorted(quiet)[len(quiet) // 2]:.3g} ms"
    return [
        Metric("p99 of a world beside starving clients, ratio to a quiet server", ratios, "x", 5, note=note),
        Metric("p99 of a world beside starving clients", [1000 * each for each in loaded], "ms", 100),
        Metric("probes that were refused or failed", [failures], "", 0),
    ]


class _Probe:
    """GET requests to a world of its own, on a kept connection, and on a new one every tenth time."""

    def __init__(self, server: ServerProcess) -> None:
        self._address = server.address
        created = _json(
            server.exchange(
                request_bytes("POST", f"{server.url}/_emulator/worlds", body=b'{"rateLimit": false}')
            )
        )["world"]
        headers = {"Authorization": f"Token {created['token']}"}
        self._request = request_bytes("GET", f"{server.url}/api/v2/teams/{created['teamId']}", headers)
        self._connection = Connection(self._address)
        self.failures = 0

    def times(self, count: int) -> list[float]:
        times = []
        for number in range(count):
            started = time.perf_counter()
            if number % 10 == 0:
                self._connection.close()
                self._connection = Connection(self._address)
            try:
                self._connection.exchange(self._request)
            except (OSError, RuntimeError):
                self.failures += 1
                self._connection = Connection(self._address)
            times.append(time.perf_counter() - started)
        return times


def _json(response: bytes) -> Any:
    return orjson.loads(response.partition(b"\r\n\r\n")[2])


def _start_load(server: ServerProcess) -> subprocess.Popen[str]:
    """A process that holds all clients of the load; returns once they are connected."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.starvation", "--load", server.url],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    if process.stdout.readline().strip() != "connected":
        raise RuntimeError("the clients of the load could not connect")
    return process


# --- the process of the clients ------------------------------------------------------------------


def _hold_load(url: str) -> None:
    parts = urlsplit(url)
    address = (str(parts.hostname), int(parts.port or 80))
    tls_port = int(_json(_exchange(address, request_bytes("GET", f"{url}/tls-port")))["port"])
    with ExitStack() as sockets:

        def hold(count: int, sent: bytes, port: int = address[1]) -> None:
            for _ in range(count):
                peer = sockets.enter_context(socket.create_connection((address[0], port), timeout=60))
                peer.sendall(sent)

        hold(HALF_SENT, b"POST /api/v2/scenarios HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
        hold(STREAMS, request_bytes("GET", f"{url}/stream"))
        hold(WAITING, request_bytes("GET", f"{url}/api/v2/enums/countries", HEADERS))
        hold(HANDSHAKES, b"\x16\x03\x01\x02\x00\x01", tls_port)
        busy = threading.Thread(target=_keep_computing, args=(address, url), daemon=True)
        busy.start()
        time.sleep(1)
        print("connected", flush=True)
        busy.join()


def _exchange(address: tuple[str, int], request: bytes) -> bytes:
    connection = Connection(address)
    try:
        return connection.exchange(request)
    finally:
        connection.close()


def _keep_computing(address: tuple[str, int], url: str) -> None:
    blueprint = {"name": "Busy", "flow": _busy_flow(), "metadata": {}}
    scenario = {
        "teamId": 1,
        "blueprint": json.dumps(blueprint),
        "scheduling": json.dumps({"type": "on-demand"}),
    }
    created = request_bytes("POST", f"{url}/api/v2/scenarios", HEADERS, orjson.dumps(scenario))
    id = _json(_exchange(address, created))["scenario"]["id"]
    _exchange(address, request_bytes("POST", f"{url}/api/v2/scenarios/{id}/start", HEADERS, b"{}"))
    run = request_bytes(
        "POST", f"{url}/api/v2/scenarios/{id}/run", HEADERS, orjson.dumps({"responsive": False})
    )
    while True:
        _exchange(address, run)


def _busy_flow() -> list[dict[str, Any]]:
    repeat = {"start": "1", "repeats": str(BUNDLES // 100), "step": "1"}
    return [
        {"id": 1, "module": "builtin:BasicRepeater", "version": 1, "parameters": {}, "mapper": repeat},
        {
            "id": 2,
            "module": "builtin:BasicRepeater",
            "version": 1,
            "parameters": {},
            "mapper": {**repeat, "repeats": "100"},
        },
        {
            "id": 3,
            "module": "util:SetVariable2",
            "version": 1,
            "parameters": {},
            "mapper": {"name": "x", "scope": "roundtrip", "value": "{{upper(1.i)}} {{2.i * 3}}"},
        },
    ]


# --- the process of the server -------------------------------------------------------------------


def _serve() -> None:
    """The emulator as ``serve`` runs it, with a route that streams events, and a second server with TLS."""
    from flask import Response

    from make_emulator.app import create_app
    from make_emulator.server.tls import EphemeralCA
    from make_emulator.server.wsgi import THREAD_SWITCH_INTERVAL, Server

    sys.setswitchinterval(THREAD_SWITCH_INTERVAL)
    app = create_app(rate_limit=False)
    forever = threading.Event()

    def stream() -> Iterable[bytes]:
        def events() -> Iterator[bytes]:
            while not forever.wait(15):
                yield b": keep-alive\n\n"

        return events()

    tls_server = Server(app, tls=EphemeralCA().context)
    app.add_url_rule("/stream", "stream", lambda: Response(stream(), content_type="text/event-stream"))
    app.add_url_rule("/tls-port", "tls-port", lambda: {"port": tls_server.port})
    app.test_client().post("/_emulator/worlds/default/faults", json={"path": "/enums/*", "action": "timeout"})
    with Server(app) as server, tls_server:
        gc.freeze()
        print(server.url, flush=True)
        forever.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="Server and clients of the starvation benchmark.")
    parser.add_argument("--serve", action="store_true")
    parser.add_argument("--load", metavar="URL")
    options = parser.parse_args()
    if options.serve:
        _serve()
    elif options.load:
        _hold_load(options.load)


if __name__ == "__main__":
    main()
