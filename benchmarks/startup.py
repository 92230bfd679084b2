"""Start-up: the time from the start of a process to its first response, and its memory then."""

from __future__ import annotations

from . import processes
from .large_world import HEADERS
from .load import request_bytes
from .measurement import Effort, measure_alternately
from .processes import ServerProcess
from .report import Metric

#: The target of start-up in milliseconds.
STARTUP_TARGET_MS = 300

#: The target of idle memory in MB.
IDLE_MEMORY_TARGET_MB = 47


def measure(effort: Effort) -> list[Metric]:
    """Start both servers in turns, and read the memory of the emulator each time."""
    memory: list[float] = []

    def ours() -> float:
        with processes.start_emulator() as server:
            taken = server.wait_until_ready(request_bytes("GET", f"{server.url}/scenarios/1", HEADERS))
            if (resident := server.memory()) is not None:
                memory.append(resident)
            return taken

    def theirs() -> float:
        with ServerProcess("-m", "benchmarks.baseline") as server:
            return server.wait_until_ready(request_bytes("GET", f"{server.url}/one"))

    # The first start compiles modules and fills the system's cache of files.
    ours()
    theirs()
    memory.clear()
    comparison = measure_alternately(ours, theirs, effort.rounds)
    milliseconds = [1000 * taken for taken in comparison.ours]
    return [
        Metric(
            "start-up to first response, ratio to bare Flask",
            comparison.ratios,
            "x",
            1.8,
            note=comparison.note("ms", scale=1000),
        ),
        Metric("start-up to first response", milliseconds, "ms", STARTUP_TARGET_MS),
        *([Metric("idle memory", memory, "MB", IDLE_MEMORY_TARGET_MB)] if memory else []),
    ]
