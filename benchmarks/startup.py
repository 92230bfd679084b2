"""From the start of a process to its first answer, and what it weighs then."""

from __future__ import annotations

from . import processes
from .large_world import ADMIN_TOKEN
from .load import request_bytes
from .measurement import Effort, measure_alternately
from .processes import ServerProcess
from .report import Figure

#: The target of start-up in milliseconds.
STARTUP_TARGET_MS = 450

#: The target of idle memory in MB.
IDLE_MEMORY_TARGET_MB = 80


def measure(effort: Effort) -> list[Figure]:
    """Start both servers in turns, and weigh the emulator each time."""
    weights: list[float] = []
    headers = {"Authorization": f"Token {ADMIN_TOKEN}"}

    def ours() -> float:
        with processes.start_emulator() as server:
            taken = server.wait_until_ready(request_bytes("GET", f"{server.url}/scenarios/1", headers))
            if (weight := server.memory()) is not None:
                weights.append(weight)
            return taken

    def theirs() -> float:
        with ServerProcess("-m", "benchmarks.baseline") as server:
            return server.wait_until_ready(request_bytes("GET", f"{server.url}/one"))

    # The first start compiles modules and fills the system's cache of files.
    ours()
    theirs()
    weights.clear()
    duel = measure_alternately(ours, theirs, effort.rounds)
    milliseconds = [1000 * taken for taken in duel.ours]
    return [
        Figure(
            "start-up to first answer, against bare", duel.ratios, "x", 2.5, note=duel.note("ms", scale=1000)
        ),
        Figure("start-up to first answer", milliseconds, "ms", STARTUP_TARGET_MS),
        *([Figure("idle memory", weights, "MB", IDLE_MEMORY_TARGET_MB)] if weights else []),
    ]
