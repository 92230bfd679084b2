"""The MCP server beside the REST API of the same server: a list of 500 scenarios, the run of one, and 200 open streams."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson

from . import load
from .large_world import ADMIN_TOKEN
from .load import request_bytes
from .measurement import Effort, PairedMeasurements, measure_alternately
from .processes import ServerProcess, start_emulator
from .report import Metric

#: Scenarios that are tools, and streams that stay open.
SCENARIOS, STREAMS = 500, 200

#: A token that sees scenario tools only, as the list of the REST API has no management tools.
AGENT_TOKEN = "22222222-2222-4222-8222-222222222222"

_REST = {"Authorization": f"Token {ADMIN_TOKEN}"}
_MCP = {
    "Authorization": f"Bearer {AGENT_TOKEN}",
    "Accept": "application/json, text/event-stream",
}
_RUN = {"data": {"name": "Ann"}, "responsive": True}


def measure(effort: Effort) -> list[Metric]:
    """Requests a second, and what open streams cost a server without work."""
    with _server() as ours:
        listed = _compare(
            ours,
            _message(ours, "tools/list", {}),
            request_bytes("GET", f"{ours.url}/scenarios?teamId=1&pg[limit]={SCENARIOS}", _REST),
            effort,
        )
        called = _compare(
            ours,
            _message(ours, "tools/call", {"name": "s1_scenario_1", "arguments": {"name": "Ann"}}),
            request_bytes("POST", f"{ours.url}/scenarios/1/run", _REST, orjson.dumps(_RUN)),
            effort,
        )
        before = ours.memory() or 0
        with _open_streams(ours):
            held = (ours.memory() or 0) - before
            get = request_bytes("GET", f"{ours.url}/teams/1", _REST)
            beside = [
                load.run_in_subprocess(ours.url, get, seconds=effort.seconds).rate
                for _ in range(effort.rounds)
            ]
    return [
        Metric(
            f"MCP tools/list of {SCENARIOS} scenarios, time, ratio to the list of the REST API",
            [1 / ratio for ratio in listed.ratios],
            "x",
            1.5,
            note=listed.note("/s", "REST"),
        ),
        Metric(
            "MCP tools/call, time, ratio to the same run by the REST API",
            [1 / ratio for ratio in called.ratios],
            "x",
            1.5,
            note=called.note("/s", "REST"),
        ),
        Metric(f"memory of {STREAMS} open MCP streams", [held], "MB", 20),
        Metric(f"GET beside {STREAMS} open MCP streams", beside, "/s"),
    ]


def _root(server: ServerProcess) -> str:
    return server.url.removesuffix("/api/v2")


def _compare(server: ServerProcess, mcp: bytes, rest: bytes, effort: Effort) -> PairedMeasurements:
    return measure_alternately(
        lambda: load.run_in_subprocess(server.url, mcp, seconds=effort.seconds).rate,
        lambda: load.run_in_subprocess(server.url, rest, seconds=effort.seconds).rate,
        effort.rounds,
    )


@contextmanager
def _server() -> Iterator[ServerProcess]:
    scenarios = [
        {"name": f"Scenario {number}", "blueprint": "greeting", "active": True}
        for number in range(1, SCENARIOS + 1)
    ]
    organization = {"name": "O", "plan": "enterprise", "teams": [{"name": "T", "scenarios": scenarios}]}
    with TemporaryDirectory() as folder:
        seed = Path(folder) / "seed.json"
        tokens = [
            {"label": "admin", "token": ADMIN_TOKEN},
            {"label": "agent", "token": AGENT_TOKEN, "scopes": ["mcp:use"]},
        ]
        seed.write_text(json.dumps({"tokens": tokens, "organizations": [organization]}), "utf-8")
        with start_emulator("--seed", str(seed)) as server:
            yield server


def _message(server: ServerProcess, method: str, params: Mapping[str, Any]) -> bytes:
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return request_bytes("POST", f"{_root(server)}/mcp/stateless", _MCP, orjson.dumps(message))


@contextmanager
def _open_streams(server: ServerProcess) -> Iterator[None]:
    request = request_bytes("GET", f"{_root(server)}/mcp/sse", {**_MCP, "Accept": "text/event-stream"})
    streams = [socket.create_connection(server.address) for _ in range(STREAMS)]
    try:
        for stream in streams:
            stream.sendall(request)
        for stream in streams:
            assert b" 200 " in stream.recv(65_536)
        yield
    finally:
        for stream in streams:
            stream.close()
