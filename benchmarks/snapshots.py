"""Snapshots: the duration of saving and restoring a large world, against writing and reading the same document as JSON."""

from __future__ import annotations

import time

import orjson

from make_emulator.world import snapshot

from . import large_world
from .measurement import Effort, measure_alternately
from .report import Metric

RECORDS = 100_000

#: Seconds. A test that saves and restores a world should hardly notice it.
TARGET_SECONDS = 1.0


def measure(effort: Effort) -> list[Metric]:
    """Saving and restoring a world of 100,000 records, in this process."""
    handle = large_world.default_handle(large_world.create_benchmark_app(scenarios=100, records=RECORDS))
    kept = snapshot.dumps(snapshot.take(handle.world))
    document = orjson.loads(kept)

    def save() -> float:
        started = time.perf_counter()
        with handle.locked() as world:
            taken = snapshot.take(world)
        assert len(snapshot.dumps(taken)) > len(kept) / 2
        return time.perf_counter() - started

    def restore() -> float:
        started = time.perf_counter()
        world = snapshot.loads(kept, handle.name)
        assert len(world.records) == RECORDS
        return time.perf_counter() - started

    def write() -> float:
        started = time.perf_counter()
        orjson.dumps(document)
        return time.perf_counter() - started

    def read() -> float:
        started = time.perf_counter()
        orjson.loads(kept)
        return time.perf_counter() - started

    metrics = []
    for name, ours, theirs in (("save", save, write), ("restore", restore, read)):
        comparison = measure_alternately(ours, theirs, effort.rounds)
        note = f"{comparison.note('ms', 'JSON only', scale=1000)}, {len(kept) / 1e6:.0f} MB"
        title = f"{name} a world of {RECORDS:,} records"
        metrics.append(Metric(title, comparison.ours, "s", TARGET_SECONDS, note=note))
    return metrics
