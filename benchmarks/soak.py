"""Soak: ten minutes of mixed load on one server; its memory stays flat, nothing fails, and no thread is left behind.

``python -m benchmarks.soak [--minutes 10]`` exits with 1 for an unexpected status, a failed connection, growing memory or
threads that do not end. Every client has a world of its own, which is kept in a state file, and besides API calls delivers webhooks,
injects faults, resets of connections among them, moves the clock, saves and restores snapshots, runs scenarios short and long, resets
its world and replaces it by a new one; others send half a request and go.
"""

from __future__ import annotations

import argparse
import json
import random
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import requests

from .processes import ServerProcess, start_emulator

CLIENTS = 12

#: Growth of resident memory over the last two fifths, as a ratio; before that, the request logs of the worlds fill up to their limits.
MAX_GROWTH = 1.1

#: Statuses that the load provokes.
EXPECTED = {200, 201, 204, 400, 404, 406, 410, 422, 429, 503}

#: Threads of an idle server: those of the pool's minimum, and of the process.
MAX_IDLE_THREADS = 24


class Client(threading.Thread):
    """Client with a world of its own, until `stop` is set."""

    def __init__(self, url: str, number: int, stop: threading.Event) -> None:
        super().__init__(name=f"client-{number}", daemon=True)
        self._url = url
        self._random = random.Random(number)
        self._stopped = stop
        self._session = requests.Session()
        self.statuses: Counter[int] = Counter()
        self.errors: list[str] = []
        self._hook = ""
        self._long_scenario = 0
        self._world: dict[str, Any] = {}

    def run(self) -> None:
        actions = (
            *[self._read] * 30, *[self._write] * 20, *[self._deliver] * 15, self._fault, self._reset_connection, self._advance,
            self._reset, self._snapshot, self._replace, self._disconnect, self._run_scenario, self._run_long_scenario,
        )  # fmt: skip
        self._attempt(self._create)
        while not self._stopped.is_set():
            self._attempt(self._random.choice(actions))

    def _attempt(self, action: Callable[[], None]) -> None:
        try:
            action()
        except requests.RequestException as error:
            self.errors.append(f"{action.__name__}: {error!r}")
        except (KeyError, ValueError) as error:
            self.errors.append(f"{action.__name__}: response not understood: {error!r}")

    def _call(self, method: str, path: str, **options: Any) -> requests.Response:
        response = self._session.request(method, self._url + path, timeout=60, **options)
        self.statuses[response.status_code] += 1
        if response.status_code not in EXPECTED:
            self.errors.append(f"{method} {path} -> {response.status_code}: {response.text[:200]}")
        return response

    def _api(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Token {self._world['token']}"}
        return self._call(method, f"/api/v2{path}", headers=headers, **options)

    def _control(self, method: str, path: str, **options: Any) -> requests.Response:
        return self._call(method, f"/_emulator/worlds/{self._world['name']}{path}", **options)

    def _create(self) -> None:
        self._world = self._call("POST", "/_emulator/worlds", json={"rateLimit": False}).json()["world"]
        hook = {"name": "Soak", "teamId": self._world["teamId"], "typeName": "gateway-webhook"}
        hook |= dict.fromkeys(("method", "headers", "stringify"), False)
        created = self._api("POST", "/hooks", json=hook).json()["hook"]
        self._hook = urlsplit(created["url"]).path
        trigger = {"id": 1, "module": "gateway:CustomWebHook", "version": 1, "mapper": {}}
        trigger["parameters"] = {"hook": created["id"], "maxResults": 1}
        self._start_scenario({"type": "immediately"}, trigger)
        repeater = {"id": 1, "module": "builtin:BasicRepeater", "version": 1, "parameters": {}}
        repeater["mapper"] = {"start": "1", "repeats": "1000", "step": "1"}
        write = {"id": 2, "module": "datastore:AddRecord", "version": 1, "parameters": {"datastore": 1}}
        write["mapper"] = {"key": "{{1.i % 50}}", "overwrite": True, "data": {"sku": "B", "quantity": 1}}
        self._long_scenario = self._start_scenario({"type": "on-demand"}, repeater, write)

    def _start_scenario(self, scheduling: dict[str, Any], *flow: Any) -> int:
        scenario = {"teamId": self._world["teamId"], "scheduling": json.dumps(scheduling)}
        scenario["blueprint"] = json.dumps({"name": "Soak", "flow": flow, "metadata": {}})
        created = self._api("POST", "/scenarios", params={"confirmed": "true"}, json=scenario)
        id = int(created.json()["scenario"]["id"])
        self._api("POST", f"/scenarios/{id}/start", json={})
        return id

    def _read(self) -> None:
        self._api(
            "GET",
            self._random.choice(
                ["/scenarios?teamId=1", "/teams/1", "/data-stores/1/data", "/hooks?teamId=1"]
            ),
        )

    def _write(self) -> None:
        record = {"key": str(self._random.randrange(50)), "data": {"sku": "A", "quantity": 1}}
        self._api("PUT", f"/data-stores/1/data/{record['key']}", json=record["data"])

    def _deliver(self) -> None:
        self._call("POST", self._hook, json={"n": self._random.random()})

    def _run_scenario(self) -> None:
        self._api("POST", "/scenarios/1/run", json={"responsive": True, "data": {"name": "Ann"}})

    def _run_long_scenario(self) -> None:
        self._api("POST", f"/scenarios/{self._long_scenario}/run", json={"responsive": False})

    def _fault(self) -> None:
        fault = self._random.choice([{"status": 503}, {"delayMs": 200}])
        self._control("POST", "/faults", json={"path": "/teams/*", "times": 2, **fault})

    def _reset_connection(self) -> None:
        self._control("POST", "/faults", json={"path": "/users/me", "times": 1, "action": "reset"})
        try:
            self._api("GET", "/users/me")
        except requests.ConnectionError:
            return
        self.errors.append("a connection that was to be reset was not")

    def _advance(self) -> None:
        self._control("POST", "/clock/advance", json={"seconds": 3600})

    def _reset(self) -> None:
        self._control("POST", "/reset")
        self._hook = "/hook/none"

    def _snapshot(self) -> None:
        document = self._control("GET", "/snapshot").content
        self._control("PUT", "/snapshot", data=document, headers={"Content-Type": "application/json"})

    def _replace(self) -> None:
        self._control("DELETE", "")
        self._create()

    def _disconnect(self) -> None:
        parts = urlsplit(self._url)
        with socket.create_connection((str(parts.hostname), int(parts.port or 80)), timeout=60) as peer:
            peer.sendall(b"POST /api/v2/scenarios HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")


def soak(minutes: float) -> list[str]:
    """Run the load; returns what went wrong."""
    stop = threading.Event()
    with (
        tempfile.TemporaryDirectory() as folder,
        start_emulator("--state", f"{folder}/state.json", "--state-worlds", "all") as server,
    ):
        server.wait_until_ready(
            f"GET /_emulator/health HTTP/1.1\r\nHost: {urlsplit(server.url).netloc}\r\n\r\n".encode()
        )
        clients = [Client(server.url.removesuffix("/api/v2"), number, stop) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        ends, first = time.monotonic() + 60 * minutes, 0.0
        while (left := ends - time.monotonic()) > 0:
            time.sleep(min(left, 5))
            memory = server.memory() or 0.0
            if left < 60 * minutes * 0.4:
                first = first or memory
            done = sum(client.statuses.total() for client in clients)
            print(f"{done:>9} responses, {memory:.0f} MB, {_thread_count(server)} threads", flush=True)
        stop.set()
        for client in clients:
            client.join(60)
        problems = [error for client in clients for error in client.errors]
        if any(client.is_alive() for client in clients):
            problems.append("a client still waits for a response")
        if first and memory > MAX_GROWTH * first:
            problems.append(f"memory grew from {first:.0f} to {memory:.0f} MB")
        time.sleep(25)
        if (threads := _thread_count(server) or 0) > MAX_IDLE_THREADS:
            problems.append(f"{threads} threads are left")
    print(dict(sum((client.statuses for client in clients), Counter())))
    return problems


def _thread_count(server: ServerProcess) -> int | None:
    """Number of threads of the process; ``None`` where the system does not tell."""
    try:
        with open(f"/proc/{server.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("Threads:"))
    except OSError:
        return None


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.soak", description="Soak one server with mixed load."
    )
    parser.add_argument("--minutes", type=float, default=10)
    problems = soak(parser.parse_args().minutes)
    for problem in problems[:20]:
        print(problem, file=sys.stderr)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
