"""From the start of a process to its first answer, and what it weighs then."""

from __future__ import annotations

from . import processes
from .big import TOKEN
from .load import request_bytes
from .processes import Process
from .report import Figure
from .rounds import Effort, alternate

#: The target of start-up in milliseconds.
FIRST_ANSWER = 450

#: The target of idle memory in MB.
IDLE_MEMORY = 80


def measure(effort: Effort) -> list[Figure]:
    """Start both servers in turns, and weigh the emulator each time."""
    weights: list[float] = []
    headers = {"Authorization": f"Token {TOKEN}"}

    def ours() -> float:
        with processes.emulator() as server:
            taken = server.first_answer(request_bytes("GET", f"{server.url}/scenarios/1", headers))
            if (weight := server.memory()) is not None:
                weights.append(weight)
            return taken

    def theirs() -> float:
        with Process("-m", "benchmarks.bare") as server:
            return server.first_answer(request_bytes("GET", f"{server.url}/one"))

    # The first start compiles modules and fills the system's cache of files.
    ours()
    theirs()
    weights.clear()
    duel = alternate(ours, theirs, effort.rounds)
    milliseconds = [1000 * taken for taken in duel.ours]
    return [
        Figure(
            "start-up to first answer, against bare", duel.ratios, "x", 2.5, note=duel.note("ms", scale=1000)
        ),
        Figure("start-up to first answer", milliseconds, "ms", FIRST_ANSWER),
        *([Figure("idle memory", weights, "MB", IDLE_MEMORY)] if weights else []),
    ]
