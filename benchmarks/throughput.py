"""Requests a second over the socket, against a bare Flask route that returns the very same body.

The route is served by the emulator's server class, and by cheroot as it comes, which that is built on.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import orjson

from . import load
from .large_world import GROWING_STORE_ID, HEADERS
from .load import request_bytes
from .measurement import Effort, measure_alternately
from .processes import ServerProcess, free_port
from .report import Metric

#: Scenarios in the list.
SCENARIO_COUNT = 100


def measure(effort: Effort) -> list[Metric]:
    """One scenario, a list of 100, a new record."""
    with ServerProcess("-m", "benchmarks.large_world", "--scenarios", str(SCENARIO_COUNT)) as ours:
        one = _get(f"{ours.url}/scenarios/1")
        many = _get(f"{ours.url}/scenarios?teamId=1")
        new = request_bytes(
            "POST",
            f"{ours.url}/data-stores/{GROWING_STORE_ID}/data",
            HEADERS,
            orjson.dumps({"data": {"sku": "A-1", "quantity": 3, "customer": "ann@example.com"}}),
        )
        bodies = {"one": _body(ours, one), "many": _body(ours, many)}
        assert len(bodies["many"]["scenarios"]) == SCENARIO_COUNT
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "bodies.json")
            file.write_bytes(orjson.dumps(bodies))
            port = str(free_port())
            with (
                ServerProcess("-m", "benchmarks.baseline", "--bodies", str(file)) as bare,
                ServerProcess(
                    *("-m", "benchmarks.baseline", "--bodies", str(file), "--cheroot", port),
                    url=f"http://127.0.0.1:{port}",
                ) as cheroot,
            ):
                record = orjson.dumps({"key": "0123456789ab", "data": {"sku": "A-1", "quantity": 3}})
                ready = _get(f"{bare.url}/many")
                assert _body(bare, ready) == bodies["many"]
                cheroot.wait_until_ready(_get(f"{cheroot.url}/one"))
                return [
                    _figure(
                        effort,
                        "GET one scenario, requests/s, ratio to bare Flask",
                        ours,
                        one,
                        bare,
                        _get(f"{bare.url}/one"),
                        0.5,
                    ),
                    _figure(
                        effort,
                        "GET a list of 100, requests/s, ratio to bare Flask",
                        ours,
                        many,
                        bare,
                        ready,
                        0.5,
                    ),
                    _figure(
                        effort,
                        "POST a record, requests/s, ratio to bare Flask",
                        ours,
                        new,
                        bare,
                        request_bytes("POST", f"{bare.url}/one", HEADERS, record),
                    ),
                    _figure(
                        effort,
                        "GET one scenario, requests/s, ratio to bare Flask on cheroot as it comes",
                        ours,
                        one,
                        cheroot,
                        _get(f"{cheroot.url}/one"),
                        1,
                    ),
                    _figure(
                        effort,
                        "bare Flask, requests/s, ratio to the same on cheroot as it comes",
                        bare,
                        _get(f"{bare.url}/one"),
                        cheroot,
                        _get(f"{cheroot.url}/one"),
                        1,
                    ),
                ]


def _get(url: str) -> bytes:
    return request_bytes("GET", url, HEADERS)


def _body(server: ServerProcess, request: bytes) -> dict[str, Any]:
    body: dict[str, Any] = orjson.loads(server.exchange(request).partition(b"\r\n\r\n")[2])
    return body


def _figure(
    effort: Effort,
    name: str,
    ours: ServerProcess,
    request: bytes,
    bare: ServerProcess,
    bare_request: bytes,
    target: float | None = None,
) -> Metric:
    comparison = measure_alternately(
        lambda: load.run_in_subprocess(ours.url, request, seconds=effort.seconds).rate,
        lambda: load.run_in_subprocess(bare.url, bare_request, seconds=effort.seconds).rate,
        effort.rounds,
    )
    return Metric(name, comparison.ratios, "x", target, at_least=True, note=comparison.note("/s"))
