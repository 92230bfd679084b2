"""In process: the duration of a call without a socket, of a run, and of creating a world."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Flask

from make_emulator.app import API_PREFIX, create_app
from make_emulator.engine.scenarios import activation

from . import baseline, large_world
from .large_world import HEADERS
from .measurement import Effort, measure_alternately, seconds_per_call
from .report import Metric


def measure(effort: Effort) -> list[Metric]:
    """A call of the test client, a responsive run of ten modules, a fresh world."""
    app = large_world.create_benchmark_app(scenarios=100, records=100)
    return [_measure_call(app, effort), *_measure_run(app, effort), _measure_world_creation(effort)]


def _measure_call(app: Flask, effort: Effort) -> Metric:
    client = app.test_client()
    path = f"{API_PREFIX}/scenarios/1"
    body: dict[str, Any] = orjson.loads(client.get(path, headers=HEADERS).data)
    yardstick = baseline.create_app(one=body).test_client()
    comparison = measure_alternately(
        lambda: seconds_per_call(lambda: client.get(path, headers=HEADERS), effort.seconds),
        lambda: seconds_per_call(lambda: yardstick.get("/one", headers=HEADERS), effort.seconds),
        effort.rounds,
    )
    return Metric(
        "in-process GET, ratio to bare Flask", comparison.ratios, "x", note=comparison.note("ms", scale=1000)
    )


def _measure_run(app: Flask, effort: Effort) -> list[Metric]:
    handle = large_world.default_handle(app)
    world, user = handle.world, handle.main_user()
    data: dict[str, Any] = {"name": " Ann ", "quantity": 3}
    client = app.test_client()
    path, body = (
        f"{API_PREFIX}/scenarios/{large_world.TEN_MODULE_SCENARIO_ID}/run",
        {"data": data, "responsive": True},
    )

    def run() -> None:
        scenario = world.scenarios[large_world.TEN_MODULE_SCENARIO_ID]
        execution = activation.run_now(world, user, scenario, data=data, responsive=True)
        assert execution.status == 1

    def call() -> None:
        response = client.post(path, json=body, headers=HEADERS)
        assert response.status_code == 200

    own = [1000 * seconds_per_call(run, effort.seconds) for _ in range(effort.rounds)]
    whole = [1000 * seconds_per_call(call, effort.seconds) for _ in range(effort.rounds)]
    return [
        Metric("responsive run of 10 modules, in the engine", own, "ms"),
        Metric("the same as an in-process call", whole, "ms"),
    ]


def _measure_world_creation(effort: Effort) -> Metric:
    client = create_app(rate_limit=False).test_client()

    def create() -> None:
        world = client.post("/_emulator/worlds", json={}).get_json()["world"]
        assert client.delete(f"/_emulator/worlds/{world['name']}").status_code == 204

    times = [1000 * seconds_per_call(create, effort.seconds) for _ in range(effort.rounds)]
    return Metric("creating and deleting a world", times, "ms", 5)
