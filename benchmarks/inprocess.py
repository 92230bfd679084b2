"""In process: the duration of a call without a socket, of a run, and of creating a world."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import orjson
from flask import Flask
from flask.testing import FlaskClient

from make_emulator.app import API_PREFIX, create_app
from make_emulator.engine.scenarios import activation

from . import baseline, large_world
from .large_world import HEADERS
from .measurement import Effort, measure_alternately, seconds_per_call
from .report import Metric

#: Scenarios in a list.
SCENARIO_COUNT = 100


def measure(effort: Effort) -> list[Metric]:
    """A call of the test client, a responsive run of ten modules, a fresh world."""
    app = large_world.create_benchmark_app(SCENARIO_COUNT, records=100)
    return [*_measure_calls(app, effort), *_measure_run(app, effort), _measure_world_creation(effort)]


def _measure_calls(app: Flask, effort: Effort) -> list[Metric]:
    """Calls of the API, in ratio to bare Flask routes that write the same bodies from ready dicts."""
    client = app.test_client()
    one, many = f"{API_PREFIX}/scenarios/1", f"{API_PREFIX}/scenarios?teamId=1"
    records = f"{API_PREFIX}/data-stores/{large_world.GROWING_STORE_ID}/data"
    bodies: list[dict[str, Any]] = [
        orjson.loads(client.get(path, headers=HEADERS).data) for path in (one, many)
    ]
    assert len(bodies[1]["scenarios"]) == SCENARIO_COUNT
    bare = baseline.create_app(one=bodies[0], many=bodies[1]).test_client()
    record = orjson.dumps({"data": {"sku": "A-1", "quantity": 3, "customer": "ann@example.com"}})

    def get(client: FlaskClient, path: str) -> Callable[[], object]:
        return lambda: client.get(path, headers=HEADERS)

    def post(client: FlaskClient, path: str) -> Callable[[], object]:
        return lambda: client.post(path, headers=HEADERS, data=record, content_type="application/json")

    metrics = []
    for name, ours, theirs, target in (
        ("GET one", get(client, one), get(bare, "/one"), 1.2),
        ("GET a list of 100", get(client, many), get(bare, "/many"), 1.2),
        ("POST a record", post(client, records), post(bare, "/one"), 1.5),
    ):
        comparison = measure_alternately(
            partial(seconds_per_call, ours, effort.seconds),
            partial(seconds_per_call, theirs, effort.seconds),
            effort.rounds,
        )
        note = comparison.note("ms", scale=1000)
        metrics.append(
            Metric(f"in-process {name}, ratio to bare Flask", comparison.ratios, "x", target, note=note)
        )
    return metrics


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
