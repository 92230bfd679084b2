"""Growth: the duration of calls in a large world, or beside many, in ratio to the same calls in a small one.

Records from 100 to 1,000,000, scenarios from 100 to 20,000, worlds from 1 to 2,000, entries of a request log from 100 to 10,000; runs from
1,000 to 50,000 bundles, by bundle.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import orjson
from flask import Flask

from make_emulator.app import API_PREFIX, registry_of
from make_emulator.engine.scenarios import activation
from make_emulator.http.request_log import MAX_ENTRIES, LogEntry
from make_emulator.registry import WorldSpec

from . import large_world
from .large_world import GROWING_STORE_ID, HEADERS, STORE_ID
from .measurement import Effort, measure_alternately, seconds_per_call
from .report import Metric

SMALL, RECORDS, SCENARIOS, WORLDS = 100, 1_000_000, 20_000, 2_000

#: Bundles of a short and of a long run.
BUNDLES = 1_000, 50_000

#: How much longer a call may take in a large world: look-ups miss the caches of the processor more often there.
TARGET = 2.0


def measure(effort: Effort) -> list[Metric]:
    """Calls in small and large worlds, in turns."""
    small = large_world.create_benchmark_app(SMALL, SMALL)
    large = large_world.create_benchmark_app(SCENARIOS, RECORDS)
    metrics = [
        _compare(f"{name}, {SCENARIOS:,} scenarios and {RECORDS:,} records", call, small, large, effort)
        for name, call in _CALLS.items()
    ]
    del large
    many = large_world.create_benchmark_app(SMALL, SMALL)
    for number in range(WORLDS):
        registry_of(many).create(WorldSpec(name=f"world-{number}", rate_limit=False))
    metrics.append(
        _compare(f"GET a scenario, {WORLDS:,} worlds", _CALLS["GET a scenario"], small, many, effort)
    )
    metrics += _measure_queries(effort)
    return [*metrics, _measure_runs(small, effort)]


def _get(path: str) -> Callable[[Any], None]:
    def call(client: Any) -> None:
        assert client.get(API_PREFIX + path, headers=HEADERS).status_code == 200

    return call


def _add_record(client: Any) -> None:
    body = orjson.dumps({"data": {"sku": "A-1", "quantity": 1}})
    path = f"{API_PREFIX}/data-stores/{GROWING_STORE_ID}/data"
    response = client.post(path, headers=HEADERS, data=body, content_type="application/json")
    assert response.status_code == 200


#: What is called, by the name of its metric.
_CALLS: Mapping[str, Callable[[Any], None]] = {
    "GET a scenario": _get("/scenarios/1"),
    "GET a page of scenarios": _get("/scenarios?teamId=1&pg[limit]=10"),
    "GET a page of records": _get(f"/data-stores/{STORE_ID}/data?pg[limit]=10"),
    "POST a record": _add_record,
}


def _compare(name: str, call: Callable[[Any], None], small: Flask, large: Flask, effort: Effort) -> Metric:
    ours, reference = large.test_client(), small.test_client()
    comparison = measure_alternately(
        lambda: seconds_per_call(lambda: call(ours), effort.seconds),
        lambda: seconds_per_call(lambda: call(reference), effort.seconds),
        effort.rounds,
    )
    return Metric(
        f"{name}: ratio to {SMALL}", comparison.ratios, "x", TARGET, note=comparison.note("ms", "small", 1000)
    )


#: Queries of a request log that find ten entries each, by the name of their metric.
_QUERIES = {
    "by user and method": "user=Zoe&method=GET",
    "by path": "path=/scenarios/7",
    "by a glob and a status": "path=/scenarios/*&status=404",
    "of the last ten": "limit=10",
    "since an id": "since={since}",
}


def _measure_queries(effort: Effort) -> list[Metric]:
    apps = [_app_with_requests(count) for count in (SMALL, MAX_ENTRIES)]

    def query(app: Flask, text: str) -> Callable[[Any], None]:
        target = f"/_emulator/worlds/default/requests?{text.format(since=len(large_world.default_handle(app).request_log) - 10)}"

        def call(client: Any) -> None:
            assert len(client.get(target).get_json()["requests"]) == 10

        return call

    metrics = []
    for name, text in _QUERIES.items():
        small, large = ((app, query(app, text)) for app in apps)
        comparison = measure_alternately(
            lambda side=large: seconds_per_call(partial(side[1], side[0].test_client()), effort.seconds),  # type: ignore[misc]
            lambda side=small: seconds_per_call(partial(side[1], side[0].test_client()), effort.seconds),  # type: ignore[misc]
            effort.rounds,
        )
        title = f"query of the request log {name}, {MAX_ENTRIES:,} entries: ratio to {SMALL}"
        metrics.append(
            Metric(title, comparison.ratios, "x", TARGET, note=comparison.note("ms", "small", 1000))
        )
    return metrics


def _app_with_requests(count: int) -> Flask:
    """An emulator whose request log has this many entries, ten of which are each of: by Zoe, of scenario 7, with 404."""
    app = large_world.create_benchmark_app(SMALL, SMALL)
    handle = large_world.default_handle(app)
    for number in range(count):
        is_special = number % (count // 10) == 0
        entry = LogEntry(
            "GET",
            "/scenarios/7" if is_special else f"/teams/{number % 20}",
            user="Zoe" if is_special else "Ada",
            decision="served",
            secrets=handle.secret_values,
        )
        handle.request_log.finish(handle.request_log.begin(entry, 0), 404 if is_special else 200, b'{"id":7}')
    assert len(handle.request_log) == count
    return app


def _measure_runs(app: Flask, effort: Effort) -> Metric:
    handle = large_world.default_handle(app)
    world, user = handle.world, handle.main_user()
    scenarios = [_add_repeater(app, bundles) for bundles in BUNDLES]

    def seconds_per_bundle(place: int) -> float:
        def run() -> None:
            scenario = world.scenarios[scenarios[place]]
            assert activation.run_now(world, user, scenario, data={}, responsive=False).status == 1

        return seconds_per_call(run, effort.seconds) / BUNDLES[place]

    comparison = measure_alternately(
        lambda: seconds_per_bundle(1), lambda: seconds_per_bundle(0), max(3, effort.rounds // 2)
    )
    return Metric(
        f"time of a bundle in a run of {BUNDLES[1]:,}: ratio to one of {BUNDLES[0]:,}",
        comparison.ratios,
        "x",
        1.5,
        note=comparison.note("us", "short", 1_000_000),
    )


def _add_repeater(app: Flask, bundles: int) -> int:
    """The id of an active scenario that passes a number of bundles on to a formula."""

    def module(id: int, name: str, version: int, mapper: dict[str, str]) -> dict[str, Any]:
        return {"id": id, "module": name, "version": version, "parameters": {}, "mapper": mapper}

    flow = [
        module(1, "builtin:BasicRepeater", 1, {"start": "1", "repeats": str(bundles // 100), "step": "1"}),
        module(2, "builtin:BasicRepeater", 1, {"start": "1", "repeats": "100", "step": "1"}),
        module(3, "util:SetVariable2", 1, {"name": "x", "scope": "roundtrip", "value": "{{2.i * 3}}"}),
    ]
    blueprint = orjson.dumps({"name": "Repeater", "flow": flow, "metadata": {}}).decode()
    body = {"teamId": 1, "blueprint": blueprint, "scheduling": '{"type": "on-demand"}'}
    client = app.test_client()
    id: int = client.post(f"{API_PREFIX}/scenarios", json=body, headers=HEADERS).get_json()["scenario"]["id"]
    assert client.post(f"{API_PREFIX}/scenarios/{id}/start", headers=HEADERS).status_code == 200
    return id
