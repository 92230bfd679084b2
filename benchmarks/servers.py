"""The embedded server beside others, on a bare Flask application: why it is cheroot with a pool that grows.

Each server but cheroot as it comes gets a configuration in which 200 waiting calls leave it threads. Those that are not installed are skipped; all of them
come with ``pip install granian gunicorn waitress``.
"""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from importlib.util import find_spec

from . import load
from .load import Connection, UnexpectedResponseError, request_bytes
from .measurement import Effort, percentile
from .processes import ServerProcess, free_port
from .report import Metric

#: The server that the others are compared with.
OURS = "cheroot, as embedded"

#: Threads of the servers with a pool of a fixed size.
THREADS = "256"

CONNECTIONS = (1, 8, 32)

#: Clients of the probe's load, as in `benchmarks.starvation`.
HALF_SENT, WAITING = 500, 200

#: The most that the probe waits for a response, in seconds; a server that takes longer starves its clients.
PROBE_TIMEOUT = 2.0


def measure(effort: Effort) -> list[Metric]:
    """Start-up, throughput, memory, and a probe's response times beside waiting clients, in turns."""
    starters = _installed_servers()
    metrics = _startup_metrics(starters, effort)
    servers = {name: start() for name, start in starters.items()}
    try:
        for server in servers.values():
            server.wait_until_ready(_request(server))
        metrics += _memory_metrics(servers)
        metrics += _throughput_metrics(servers, effort)
    finally:
        for server in servers.values():
            server.stop()
    return sorted(metrics + _starvation_metrics(starters, effort), key=lambda metric: metric.name)


# --- the servers ---------------------------------------------------------------------------------


def _start_ours() -> ServerProcess:
    return ServerProcess("-m", "benchmarks.baseline")


def _start_cheroot() -> ServerProcess:
    port = str(free_port())
    return ServerProcess("-m", "benchmarks.baseline", "--cheroot", port, url=f"http://127.0.0.1:{port}")


def _start_werkzeug() -> ServerProcess:
    port = free_port()
    return ServerProcess("-m", "benchmarks.baseline", "--werkzeug", str(port), url=f"http://127.0.0.1:{port}")


def _start_granian() -> ServerProcess:
    port = str(free_port())
    options = ["--interface=wsgi", "--workers=1", f"--port={port}", f"--blocking-threads={THREADS}"]
    limits = ["--backlog=1024", "--workers-kill-timeout=1", "--no-log"]
    return ServerProcess(
        "-m", "granian", *options, *limits, "benchmarks.baseline:app", url=f"http://127.0.0.1:{port}"
    )


def _start_waitress() -> ServerProcess:
    address = f"127.0.0.1:{free_port()}"
    options = [f"--listen={address}", f"--threads={THREADS}", "--connection-limit=2000"]
    return ServerProcess("-m", "waitress", *options, "benchmarks.baseline:app", url=f"http://{address}")


def _start_gunicorn() -> ServerProcess:
    address = f"127.0.0.1:{free_port()}"
    options = ["--workers=1", "--worker-class=gthread", f"--threads={THREADS}", f"--bind={address}"]
    return ServerProcess("-m", "gunicorn", *options, "benchmarks.baseline:app", url=f"http://{address}")


#: Name -> its package and what starts it.
_SERVERS: dict[str, tuple[str, Callable[[], ServerProcess]]] = {
    OURS: ("cheroot", _start_ours),
    "cheroot as it comes": ("cheroot", _start_cheroot),
    "granian": ("granian", _start_granian),
    "gunicorn gthread": ("gunicorn", _start_gunicorn),
    "waitress": ("waitress", _start_waitress),
    "werkzeug threaded": ("werkzeug", _start_werkzeug),
}


def _installed_servers() -> dict[str, Callable[[], ServerProcess]]:
    installed = {}
    for name, (package, start) in _SERVERS.items():
        if find_spec(package) is None:
            print(f"{name} is skipped: pip install {package}", file=sys.stderr)
        elif package == "gunicorn" and sys.platform == "win32":
            print(f"{name} is skipped: it does not run on Windows", file=sys.stderr)
        else:
            installed[name] = start
    return installed


def _request(server: ServerProcess) -> bytes:
    return request_bytes("GET", f"{server.url}/one")


# --- the measurements ----------------------------------------------------------------------------


def _ratios(name: str, values: dict[str, list[float]], unit: str, scale: float = 1) -> list[Metric]:
    """Each server's ratio to ours, with the absolute values as a note."""
    metrics = []
    for server, taken in values.items():
        ratios = [value / ours for value, ours in zip(taken, values[OURS], strict=True)]
        note = f"{scale * sorted(taken)[len(taken) // 2]:.4g} {unit}"
        metrics.append(Metric(f"{name}: {server}", ratios, "x", note=note))
    return metrics


def _startup_metrics(starters: dict[str, Callable[[], ServerProcess]], effort: Effort) -> list[Metric]:
    taken: dict[str, list[float]] = {}
    for number in range(effort.rounds + 1):
        for name, start in starters.items():
            with start() as server:
                seconds = server.wait_until_ready(_request(server))
            # The first start compiles modules and fills the system's cache of files.
            if number:
                taken.setdefault(name, []).append(seconds)
    return _ratios("start to first response", taken, "ms", 1000)


def _memory_metrics(servers: dict[str, ServerProcess]) -> list[Metric]:
    resident = {name: [memory] for name, server in servers.items() if (memory := server.memory()) is not None}
    return _ratios("idle memory", resident, "MB") if resident else []


def _throughput_metrics(servers: dict[str, ServerProcess], effort: Effort) -> list[Metric]:
    rates: dict[int, dict[str, list[float]]] = {count: {} for count in CONNECTIONS}
    for number in range(effort.rounds):
        for count in CONNECTIONS:
            order = list(servers.items())
            for name, server in order if number % 2 == 0 else reversed(order):
                done = load.run_in_subprocess(
                    server.url, _request(server), seconds=effort.seconds, connections=count
                )
                rates[count].setdefault(name, []).append(done.rate)
    return [
        metric
        for count, values in rates.items()
        for metric in _ratios(f"GET, {count:>2} connections", {name: values[name] for name in servers}, "/s")
    ]


def _starvation_metrics(starters: dict[str, Callable[[], ServerProcess]], effort: Effort) -> list[Metric]:
    """A probe's 99th percentile beside half-sent requests, beside waiting calls, and of a quiet server."""
    loads = {
        f"beside {HALF_SENT} half-sent requests": (HALF_SENT, _half_sent),
        f"beside {WAITING} waiting calls": (WAITING, _waiting),
    }
    metrics = []
    for name, start in starters.items():
        quiet: list[float] = []
        loaded: dict[str, list[float]] = {load: [] for load in loads}
        unanswered = dict.fromkeys(loads, 0)
        for _ in range(max(3, effort.rounds // 2)):
            for load_name, (count, sent) in loads.items():
                with start() as server, ExitStack() as sockets:
                    server.wait_until_ready(_request(server))
                    quiet.append(percentile(_probe(server, 300)))
                    for _ in range(count):
                        peer = sockets.enter_context(socket.create_connection(server.address, timeout=30))
                        peer.sendall(sent(server))
                    time.sleep(0.5)
                    times = _probe(server, 300)
                    loaded[load_name].append(percentile(times))
                    unanswered[load_name] += max(times) >= PROBE_TIMEOUT
        calm = sorted(quiet)[len(quiet) // 2]
        for load_name, taken in loaded.items():
            note = f"quiet {1000 * calm:.3g} ms"
            if unanswered[load_name]:
                note += f", unanswered in {unanswered[load_name]} of {len(taken)} rounds"
            metrics.append(
                Metric(f"p99 {load_name}: {name}", [1000 * each for each in taken], "ms", note=note)
            )
    return metrics


def _half_sent(server: ServerProcess) -> bytes:
    return (
        b"POST /one HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\nhalf"
    )


def _waiting(server: ServerProcess) -> bytes:
    return request_bytes("GET", f"{server.url}/wait")


def _probe(server: ServerProcess, count: int) -> list[float]:
    """Response times of GET requests, on a kept connection and, every tenth time, on a new one; ends with one that fails."""
    times: list[float] = []
    connection: Connection | None = None
    request = _request(server)
    try:
        for number in range(count):
            started = time.perf_counter()
            try:
                if connection is None or connection.is_closing or number % 10 == 0:
                    if connection is not None:
                        connection.close()
                    connection = Connection(server.address, timeout=PROBE_TIMEOUT)
                connection.exchange(request)
            except (OSError, UnexpectedResponseError):
                return [*times, PROBE_TIMEOUT]
            times.append(time.perf_counter() - started)
    finally:
        if connection is not None:
            connection.close()
    return times
