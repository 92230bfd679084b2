"""The cost of ``--state``: the time of a request that creates a record, against a server that keeps its world in memory only."""

from __future__ import annotations

import tempfile
from pathlib import Path

import orjson

from . import load
from .large_world import HEADERS
from .load import request_bytes
from .measurement import Effort, measure_alternately
from .processes import start_emulator
from .report import Metric

RECORD = orjson.dumps({"data": {"sku": "A-1", "quantity": 3}})

#: A change that survives a killed server must cost little, or users leave the option out.
TARGET_RATIO = 1.3


def measure(effort: Effort) -> list[Metric]:
    """Records that are created, with the state file and without, and with the disk synced."""
    metrics: list[Metric] = []
    with tempfile.TemporaryDirectory() as folder:
        for options, target in (((), TARGET_RATIO), (("--state-sync",), None)):
            path = Path(folder, f"state{len(metrics)}.json")
            with start_emulator("--state", str(path), *options) as stored, start_emulator() as memory:
                requests = [
                    request_bytes("POST", f"{server.url}/data-stores/1/data", HEADERS, RECORD)
                    for server in (stored, memory)
                ]
                comparison = measure_alternately(
                    lambda: load.run_in_subprocess(stored.url, requests[0], seconds=effort.seconds).rate,  # noqa: B023
                    lambda: load.run_in_subprocess(memory.url, requests[1], seconds=effort.seconds).rate,  # noqa: B023
                    effort.rounds,
                )
            name = f"time of creating a record with {' '.join(['--state', *options])}, ratio to memory"
            ratios = [1 / ratio for ratio in comparison.ratios]
            metrics.append(Metric(name, ratios, "x", target, note=comparison.note("/s", "memory")))
    return metrics
