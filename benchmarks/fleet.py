"""Fleet: two workers behind one address beside a single server, and many worlds spread over them.

The load of one generator goes to one worker at a time, and in turns to the single server: the ratio shows what a worker loses by being one
of several. Then both workers get a load of their own at once; on a machine with few processors the generators take half of them, so
that ratio shows little of what workers gain.
"""

from __future__ import annotations

import os
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import orjson

from make_emulator.world.slots import slot_of_name

from .load import Connection, LoadResult, request_bytes, run_in_subprocess
from .measurement import Effort, measure_alternately
from .processes import ServerProcess, start_emulator
from .report import Metric

WORKERS = 2

#: Worlds in a full measurement, and in a quick one; connections that create and call them.
WORLDS, FEW_WORLDS = 10_000, 400
CONNECTIONS = 8

_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


@dataclass(frozen=True, slots=True)
class Side:
    """A server with a world for each load generator."""

    server: ServerProcess
    requests: Sequence[bytes]
    processes: Sequence[int]

    def measure(self, requests: Sequence[bytes], seconds: float) -> tuple[float, float]:
        """Requests a second with a generator for each of these, and the processor time of the server for one, in microseconds."""
        before = _processor_seconds(self.processes)
        with ThreadPoolExecutor(len(requests)) as pool:
            results: list[LoadResult] = list(
                pool.map(
                    lambda request: run_in_subprocess(
                        self.server.url, request, seconds=seconds, connections=4
                    ),
                    requests,
                )
            )
        used = _processor_seconds(self.processes) - before
        return sum(result.rate for result in results), 1e6 * used / sum(result.requests for result in results)


def measure(effort: Effort) -> list[Metric]:
    """Throughput of a worker, and of two at once, and the spread of many worlds."""
    total = WORLDS if effort.seconds > Effort.quick().seconds else FEW_WORLDS
    return [*_measure_throughput(effort), *_measure_spread(total)]


def _measure_throughput(effort: Effort) -> list[Metric]:
    seconds = 2 * effort.seconds
    ours: list[float] = []
    theirs: list[float] = []
    with _start_side(1) as single, _start_side(WORKERS) as fleet:

        def call_worker() -> float:
            rate, cost = fleet.measure([fleet.requests[len(ours) % WORKERS]], seconds)
            ours.append(cost)
            return rate

        def call_single() -> float:
            rate, cost = single.measure(single.requests[:1], seconds)
            theirs.append(cost)
            return rate

        single.measure(single.requests, effort.seconds)
        fleet.measure(fleet.requests, effort.seconds)
        one = measure_alternately(call_worker, call_single, effort.rounds)
        both = measure_alternately(
            lambda: fleet.measure(fleet.requests, seconds)[0],
            lambda: single.measure(single.requests, seconds)[0],
            effort.rounds,
        )
    our_cost, their_cost = statistics.median(ours), statistics.median(theirs)
    return [
        Metric(
            "GET one, requests/s of a worker, ratio to one server",
            one.ratios,
            "x",
            0.9,
            at_least=True,
            note=one.note("/s", "one server"),
        ),
        Metric(
            "GET one, processor time of a worker, ratio to one server",
            [our / their for our, their in zip(ours, theirs, strict=True)],
            "x",
            1.1,
            note=f"{our_cost:.4g} us, one server {their_cost:.4g} us",
        ),
        Metric(
            f"GET one, requests/s of {WORKERS} workers, ratio to one server; the load takes its part of {os.cpu_count()} processors",
            both.ratios,
            "x",
            note=both.note("/s", "one server"),
        ),
    ]


def _measure_spread(total: int) -> list[Metric]:
    """Creates worlds, writes the name of each into it, and reads it back; and some with the content of the default world."""
    with _start_fleet() as server:
        idle = server.memory() or 0
        started = time.perf_counter()
        worlds = _each(server, range(total), _create_world)
        creation = time.perf_counter() - started
        _each(server, worlds, _write_name)
        found = _each(server, worlds, _read_name)
        loaded = server.memory() or 0
    with _start_fleet() as server:
        started = time.perf_counter()
        _each(server, range(FEW_WORLDS), _create_full_world)
        full_creation = time.perf_counter() - started
        full = server.memory() or 0
    strays = sum(name != world["name"] for name, world in zip(found, worlds, strict=True))
    shares = Counter(slot_of_name(world["name"]) % WORKERS for world in worlds)
    return [
        Metric(
            f"worlds of the worker with most, of {total}, ratio to an even share",
            [WORKERS * max(shares.values()) / total],
            "x",
            1.05,
        ),
        Metric("worlds that another world's request reached", [strays], "", 0),
        Metric(
            "creation of an empty world",
            [1000 * creation / total],
            "ms",
            note=f"{CONNECTIONS} at a time, and the load, on {os.cpu_count()} processors",
        ),
        Metric("creation of a world with the default seed", [1000 * full_creation / FEW_WORLDS], "ms"),
        Metric("memory of an empty world, called twice", [1000 * (loaded - idle) / total], "KB"),
        Metric(
            "memory of a world with the default seed",
            [1000 * (full - idle) / FEW_WORLDS],
            "KB",
            note=f"{idle:.0f} MB without, of the {1 + WORKERS} processes",
        ),
    ]


@contextmanager
def _start_fleet() -> Iterator[ServerProcess]:
    with start_emulator("--workers", str(WORKERS)) as server:
        server.wait_until_ready(_request(server, "GET", "/_emulator/health"))
        yield server


@contextmanager
def _start_side(workers: int) -> Iterator[Side]:
    options = ("--workers", str(workers)) if workers > 1 else ()
    with start_emulator(*options) as server:
        server.wait_until_ready(_request(server, "GET", "/_emulator/health"))
        requests = []
        for index in range(WORKERS):
            name = next(name for name in map(str, count()) if slot_of_name(name) % WORKERS == index)
            body = {"name": name, "rateLimit": False}
            world = _json(server.exchange(_request(server, "POST", "/_emulator/worlds", body)))["world"]
            headers = {"Authorization": f"Token {world['token']}"}
            requests.append(_request(server, "GET", f"/api/v2/teams/{world['teamId']}", headers=headers))
        children = Path(f"/proc/{server.pid}/task/{server.pid}/children")
        processes = [server.pid, *map(int, children.read_text().split() if children.exists() else ())]
        yield Side(server, requests, processes)


def _processor_seconds(processes: Sequence[int]) -> float:
    """Processor time of processes, as Linux counts it."""
    total = 0
    for pid in processes:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / _TICKS


def _request(
    server: ServerProcess, method: str, path: str, value: Any = None, headers: dict[str, str] | None = None
) -> bytes:
    body = None if value is None else orjson.dumps(value)
    return request_bytes(method, server.url.removesuffix("/api/v2") + path, headers, body)


def _each(server: ServerProcess, items: Any, call: Any) -> list[Any]:
    """The results of a call for each item, over a few connections."""
    connections = [Connection(server.address) for _ in range(CONNECTIONS)]

    def work(number: int) -> list[Any]:
        return [call(server, connections[number], item) for item in items[number::CONNECTIONS]]

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        parts = list(pool.map(work, range(CONNECTIONS)))
    for connection in connections:
        connection.close()
    results: list[Any] = [None] * len(items)
    for number, part in enumerate(parts):
        results[number::CONNECTIONS] = part
    return results


def _create_world(server: ServerProcess, connection: Connection, number: int) -> dict[str, Any]:
    # Half of the names are chosen by the client, as those of test runs are.
    body = {"seed": "empty", "rateLimit": False, **({"name": f"run-{number}"} if number % 2 else {})}
    response = connection.exchange(_request(server, "POST", "/_emulator/worlds", body))
    world: dict[str, Any] = _json(response)["world"]
    return world


def _create_full_world(server: ServerProcess, connection: Connection, _number: int) -> None:
    connection.exchange(_request(server, "POST", "/_emulator/worlds", {}))


def _write_name(server: ServerProcess, connection: Connection, world: dict[str, Any]) -> None:
    headers = {"Authorization": f"Token {world['token']}"}
    path = f"/api/v2/organizations/{world['organizationId']}"
    connection.exchange(_request(server, "PATCH", path, {"name": world["name"]}, headers))


def _read_name(server: ServerProcess, connection: Connection, world: dict[str, Any]) -> str:
    headers = {"Authorization": f"Token {world['token']}"}
    path = f"/api/v2/organizations/{world['organizationId']}"
    response = connection.exchange(_request(server, "GET", path, headers=headers))
    return str(_json(response)["organization"]["name"])


def _json(response: bytes) -> Any:
    return orjson.loads(response.partition(b"\r\n\r\n")[2])
