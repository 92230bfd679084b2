"""Snapshots: the duration of saving and restoring a world of 1,000,000 records, and the memory of the server meanwhile.

A snapshot is written and read in pieces: the peak of the server's memory is compared with what it takes once all is done.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from make_emulator.client.control import ControlClient, HttpTransport, WorldClient
from make_emulator.world import snapshot

from . import large_world
from .large_world import HEADERS
from .load import request_bytes
from .measurement import Effort
from .page import describe_run, markdown_table
from .processes import PeakMemory, ServerProcess, start_emulator
from .report import Metric

RECORDS, FEW_RECORDS = 1_000_000, 100_000

#: Seconds for 1,000,000 records.
TARGET_SECONDS = 5.0

#: The most memory, in ratio to what the server with the world takes.
TARGET_MEMORY = 1.3

#: A round takes some 20 seconds.
_MAX_ROUNDS = 3


@dataclass(slots=True)
class Costs:
    """Seconds, and ratios of memory, of one way to save or restore, a value a round."""

    seconds: list[float] = field(default_factory=list)
    peaks: list[float] = field(default_factory=list)


def measure(effort: Effort) -> list[Metric]:
    """Saving and restoring over HTTP, and the start of a server with such a state."""
    return _metrics(*_compare(effort))


def measure_for_page(effort: Effort) -> tuple[list[Metric], str]:
    """The same, and the table for the documentation."""
    costs, size = _compare(effort)
    rounds = len(next(iter(costs.values())).seconds)
    circumstances = describe_run(rounds, f"a world of {RECORDS:,} records, {size / 1e6:.0f} MB of JSON")
    rows = [
        [
            name,
            f"{statistics.median(cost.seconds):.1f} s",
            f"{statistics.median(cost.peaks):.2f}" if cost.peaks else "",
        ]
        for name, cost in costs.items()
    ]
    table = markdown_table(
        ["", "duration", "peak of memory, ratio to that of the server with the world"], rows
    )
    return _metrics(costs, size), f"{circumstances}\n\n{table}"


def _metrics(costs: dict[str, Costs], size: int) -> list[Metric]:
    metrics = []
    for name, cost in costs.items():
        is_ours = bool(cost.peaks)
        note = f"{size / 1e6:.0f} MB of JSON"
        metrics.append(Metric(name, cost.seconds, "s", TARGET_SECONDS if is_ours else None, note=note))
        if is_ours:
            metrics.append(Metric(f"{name}: peak of memory", cost.peaks, "x", TARGET_MEMORY))
    return metrics


def _compare(effort: Effort) -> tuple[dict[str, Costs], int]:
    """Costs by name, and the size of the document."""
    is_quick = effort.rounds < Effort.full().rounds
    records = FEW_RECORDS if is_quick else RECORDS
    costs = {name: Costs() for name in ("save", "restore", "start with --state", "parse the JSON alone")}
    with tempfile.TemporaryDirectory() as name:
        state = Path(name, "state.json")
        _write_state(state, records)
        with start_emulator("--state", str(state)) as server:
            # The first start writes the file anew, with the name of its log.
            server.wait_until_ready(request_bytes("GET", f"{server.url}/users/me", HEADERS))
        size = state.stat().st_size
        for _ in range(min(effort.rounds, _MAX_ROUNDS)):
            _measure_stored(state, costs, records)
            _measure_restore(state, costs["restore"], records)
            started = time.perf_counter()
            orjson.loads(state.read_bytes())
            costs["parse the JSON alone"].seconds.append(time.perf_counter() - started)
    return costs, size


def _write_state(path: Path, records: int) -> None:
    world = large_world.default_handle(large_world.create_benchmark_app(scenarios=100, records=records)).world
    with path.open("wb") as file:
        file.writelines(snapshot.iter_dumps(snapshot.take(world)))


def _measure_stored(state: Path, costs: dict[str, Costs], records: int) -> None:
    """The start of a server with a state, and a snapshot of it, which goes into a file."""
    with start_emulator("--state", str(state)) as server:
        start = costs["start with --state"]
        start.seconds.append(server.wait_until_ready(request_bytes("GET", f"{server.url}/users/me", HEADERS)))
        memory = PeakMemory(server.pid)
        start.peaks.append(memory.peak / memory.now)
        with _recorded(costs["save"], server), state.with_name("saved.json").open("wb") as file:
            file.writelines(_world_client(server).iter_snapshot())
            assert file.tell() > records * 100


def _measure_restore(state: Path, cost: Costs, records: int) -> None:
    with start_emulator() as server:
        server.wait_until_ready(request_bytes("GET", f"{server.url}/users/me", HEADERS))
        with _recorded(cost, server), state.open("rb") as file:
            _world_client(server).load_snapshot(file)
        counted = server.exchange(request_bytes("GET", f"{server.url}/data-stores/1", HEADERS))
        assert f'"records":"{records}"'.encode() in counted


@contextmanager
def _recorded(cost: Costs, server: ServerProcess) -> Iterator[None]:
    memory = PeakMemory(server.pid)
    memory.restart()
    started = time.perf_counter()
    yield
    cost.seconds.append(time.perf_counter() - started)
    cost.peaks.append(memory.peak / memory.now)


def _world_client(server: ServerProcess) -> WorldClient:
    return ControlClient(HttpTransport(server.url.removesuffix("/api/v2"))).world("default")
