"""Deliveries to a webhook a second, against a bare Flask route that reads and writes the same JSON.

A delivery runs a scenario of one module and is written to the logs of the hook and of the scenario, and to the journal.
"""

from __future__ import annotations

from typing import Any

import orjson

from . import load
from .large_world import HEADERS
from .load import request_bytes
from .measurement import Effort, measure_alternately
from .processes import ServerProcess, start_emulator
from .report import Metric

ORDER = orjson.dumps({"sku": "A-1", "quantity": 3, "customer": "ann@example.com"})


def measure(effort: Effort) -> list[Metric]:
    """Deliveries that run at once."""
    with start_emulator() as ours, ServerProcess("-m", "benchmarks.baseline") as bare:
        request = request_bytes("POST", _create_live_hook(ours), body=ORDER)
        bare_request = request_bytes("POST", f"{bare.url}/one", body=ORDER)
        comparison = measure_alternately(
            lambda: load.run_in_subprocess(ours.url, request, seconds=effort.seconds).rate,
            lambda: load.run_in_subprocess(bare.url, bare_request, seconds=effort.seconds).rate,
            effort.rounds,
        )
    name = "a delivery to a webhook that runs, requests/s, ratio to bare Flask"
    return [Metric(name, comparison.ratios, "x", 0.4, at_least=True, note=comparison.note("/s"))]


def _create_live_hook(server: ServerProcess) -> str:
    """The URL of a new hook at which a live scenario listens."""
    own = {"method": False, "headers": False, "stringify": False}
    created = _post(server, "/hooks", {"name": "Load", "teamId": 1, "typeName": "gateway-webhook", **own})[
        "hook"
    ]
    trigger = {
        "id": 1,
        "module": "gateway:CustomWebHook",
        "version": 1,
        "parameters": {"hook": created["id"], "maxResults": 1},
        "mapper": {},
    }
    scenario = {
        "teamId": 1,
        "blueprint": orjson.dumps({"name": "Load", "flow": [trigger], "metadata": {}}).decode(),
        "scheduling": orjson.dumps({"type": "immediately"}).decode(),
    }
    id = _post(server, "/scenarios", scenario)["scenario"]["id"]
    _post(server, f"/scenarios/{id}/start", {})
    return str(created["url"])


def _post(server: ServerProcess, path: str, body: dict[str, Any]) -> dict[str, Any]:
    request = request_bytes("POST", server.url + path, HEADERS, orjson.dumps(body))
    response: dict[str, Any] = orjson.loads(server.exchange(request).partition(b"\r\n\r\n")[2])
    return response
