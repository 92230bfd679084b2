"""The embedded servers side by side, on a bare Flask route: why cheroot."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from importlib.util import find_spec

from . import load
from .load import LoadResult, request_bytes
from .measurement import Effort
from .processes import ServerProcess, free_port
from .report import render_table

THREADS = "16"


def _start_cheroot() -> ServerProcess:
    return ServerProcess("-m", "benchmarks.baseline")


def _start_werkzeug() -> ServerProcess:
    port = free_port()
    return ServerProcess("-m", "benchmarks.baseline", "--werkzeug", str(port), url=f"http://127.0.0.1:{port}")


def _start_waitress() -> ServerProcess:
    address = f"127.0.0.1:{free_port()}"
    return ServerProcess(
        "-m",
        "waitress",
        f"--listen={address}",
        f"--threads={THREADS}",
        "benchmarks.baseline:app",
        url=f"http://{address}",
    )


def _start_gunicorn() -> ServerProcess:
    address = f"127.0.0.1:{free_port()}"
    options = ["--workers=1", "--worker-class=gthread", f"--threads={THREADS}", f"--bind={address}"]
    return ServerProcess("-m", "gunicorn", *options, "benchmarks.baseline:app", url=f"http://{address}")


def _installed_servers() -> dict[str, Callable[[], ServerProcess]]:
    """The servers whose package is installed."""
    found: dict[str, Callable[[], ServerProcess]] = {"cheroot": _start_cheroot, "werkzeug": _start_werkzeug}
    if find_spec("waitress"):
        found["waitress"] = _start_waitress
    if find_spec("gunicorn") and sys.platform != "win32":
        found["gunicorn gthread"] = _start_gunicorn
    return found


def compare_servers(effort: Effort, connections: tuple[int, ...] = (1, 4, 16)) -> str:
    """Measure every installed server in turns, and tell as a table."""
    starts = _measure_startups(effort)
    servers = {name: start() for name, start in _installed_servers().items()}
    loads: dict[tuple[str, int], list[LoadResult]] = {}
    try:
        for server in servers.values():
            server.wait_until_ready(_request(server))
        for _ in range(effort.rounds):
            for name, server in servers.items():
                for count in connections:
                    measured = load.run_in_subprocess(
                        server.url, _request(server), seconds=effort.seconds, connections=count
                    )
                    loads.setdefault((name, count), []).append(measured)
        memory_by_server = {name: server.memory() for name, server in servers.items()}
    finally:
        for server in servers.values():
            server.stop()
    rows = [
        [
            "server",
            *(f"requests/s, {count} connections" for count in connections),
            "p99 ms, 16 connections",
            "memory MB",
            "start-up ms",
        ]
    ]
    for name in servers:
        memory = memory_by_server[name]
        rows.append(
            [
                name,
                *(
                    f"{statistics.median(one.rate for one in loads[name, count]):.0f}"
                    for count in connections
                ),
                f"{statistics.median(one.p99 for one in loads[name, connections[-1]]):.1f}",
                "" if memory is None else f"{memory:.0f}",
                f"{1000 * statistics.median(starts[name]):.0f}",
            ]
        )
    return render_table(rows)


def _request(server: ServerProcess) -> bytes:
    return request_bytes("GET", f"{server.url}/one")


def _measure_startups(effort: Effort) -> dict[str, list[float]]:
    """Seconds from the start of each server's process to its first response."""
    taken: dict[str, list[float]] = {}
    for _ in range(effort.rounds):
        for name, start in _installed_servers().items():
            with start() as server:
                taken.setdefault(name, []).append(server.wait_until_ready(_request(server)))
    return taken
