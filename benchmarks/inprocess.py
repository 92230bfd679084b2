"""What a call costs without a socket, and what a run and a fresh world cost by themselves."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Flask

from emulator.app import API, DEFAULT_WORLD, create_app, tenants_of
from emulator.engine import running

from . import bare, big
from .report import Figure
from .rounds import Effort, alternate, each

HEADERS = {"Authorization": f"Token {big.TOKEN}"}


def measure(effort: Effort) -> list[Figure]:
    """A call of the test client, a responsive run of ten modules, a fresh world."""
    app = big.create(scenarios=100, records=100)
    return [_call(app, effort), *_run(app, effort), _fresh_world(effort)]


def _call(app: Flask, effort: Effort) -> Figure:
    client = app.test_client()
    path = f"{API}/scenarios/1"
    body: dict[str, Any] = orjson.loads(client.get(path, headers=HEADERS).data)
    yardstick = bare.create_app(one=body).test_client()
    duel = alternate(
        lambda: each(lambda: client.get(path, headers=HEADERS), effort.seconds),
        lambda: each(lambda: yardstick.get("/one", headers=HEADERS), effort.seconds),
        effort.rounds,
    )
    return Figure("in-process GET, time against bare", duel.ratios, "x", note=duel.note("ms", scale=1000))


def _run(app: Flask, effort: Effort) -> list[Figure]:
    tenant = tenants_of(app).get(DEFAULT_WORLD)
    assert tenant is not None
    world, user = tenant.world, tenant.main_user()
    data = {"name": " Ann ", "quantity": 3}
    client = app.test_client()
    path, body = f"{API}/scenarios/{big.RUNNABLE}/run", {"data": data, "responsive": True}

    def run() -> None:
        scenario = world.scenarios[big.RUNNABLE]
        execution = running.run(world, user, scenario, data=data, responsive=True)
        assert execution.status == 1

    def call() -> None:
        answer = client.post(path, json=body, headers=HEADERS)
        assert answer.status_code == 200

    own = [1000 * each(run, effort.seconds) for _ in range(effort.rounds)]
    whole = [1000 * each(call, effort.seconds) for _ in range(effort.rounds)]
    return [
        Figure("responsive run of 10 modules, own time", own, "ms"),
        Figure("the same as an in-process call", whole, "ms"),
    ]


def _fresh_world(effort: Effort) -> Figure:
    client = create_app(rate_limit=False).test_client()

    def create() -> None:
        world = client.post("/_emulator/worlds", json={}).get_json()["world"]
        assert client.delete(f"/_emulator/worlds/{world['name']}").status_code == 204

    times = [1000 * each(create, effort.seconds) for _ in range(effort.rounds)]
    return Figure("a fresh world, made and deleted", times, "ms", 5)
