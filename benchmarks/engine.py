"""Engine: the duration of a run of ten modules in a row, and of many bundles through an iterator and an aggregator.

The yardstick computes the same by hand and writes and reads it as JSON once, which no engine can do without.
"""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Mapping
from typing import Any

from make_emulator.engine.budget import Budget
from make_emulator.engine.runtime import executor
from make_emulator.engine.scenarios import crud
from make_emulator.world.models import Scenario
from make_emulator.world.world import World

from . import large_world
from .measurement import Effort, measure_alternately, seconds_per_call
from .report import Metric

#: Bundles of the long loop and of the short one.
MANY, FEW = 100_000, 10_000

#: So much work that neither loop comes to its end.
_WORK = 1_000_000_000


def measure(effort: Effort) -> list[Metric]:
    """Ten modules in a row; a loop, and how its time grows."""
    handle = large_world.default_handle(large_world.create_benchmark_app(scenarios=1, records=1))
    team = handle.main_team()
    assert team is not None
    loop = crud.create(
        handle.world, handle.main_user(), team, blueprint=_loop_blueprint(), scheduling={"type": "on-demand"}
    )
    return [*_measure_linear_run(handle.world, effort), *_measure_loop(handle.world, loop, effort)]


def _measure_linear_run(world: World, effort: Effort) -> list[Metric]:
    data: dict[str, Any] = {"name": " Ann ", "quantity": 3}
    scenario = world.scenarios[large_world.TEN_MODULE_SCENARIO_ID]

    def run() -> None:
        assert executor.run_scenario(world, scenario, inputs=data).status == 1

    comparison = measure_alternately(
        lambda: seconds_per_call(run, effort.seconds),
        lambda: seconds_per_call(lambda: _compute_in_python(data), effort.seconds),
        effort.rounds,
    )
    return [
        Metric("run of 10 modules in a row", [1000 * taken for taken in comparison.ours], "ms", target=2),
        Metric(
            "the same, ratio to bare Python", comparison.ratios, "x", note=comparison.note("ms", scale=1000)
        ),
    ]


def _compute_in_python(data: Mapping[str, Any]) -> Any:
    steps: list[dict[str, Any]] = [dict(data)]
    for id in range(2, 10):
        name = f"{data['name'].strip().upper()} no. {id}"
        steps.append({f"name{id}": name, f"total{id}": data["quantity"] * 2 + 1})
    steps.append({"greeting": f"Hello, {steps[1]['name2']}!"})
    return json.loads(json.dumps(steps))


def _measure_loop(world: World, scenario: Scenario, effort: Effort) -> list[Metric]:
    many, few = _items(MANY), _items(FEW)

    def run(items: list[dict[str, int]]) -> float:
        # Garbage of earlier rounds is not collected in this one.
        gc.collect()
        started = time.perf_counter()
        execution = executor.run_scenario(
            world,
            scenario,
            trigger_bundle={"items": items},
            budget=Budget(operations=2 * MANY, work=_WORK),
        )
        taken = time.perf_counter() - started
        assert execution.status == 1, execution.error
        assert execution.outputs == {"total": sum(range(len(items)))}
        return taken

    def loop() -> float:
        started = time.perf_counter()
        gathered = json.loads(json.dumps([{"n": item["n"]} for item in many]))
        assert sum(item["n"] for item in gathered) == sum(range(MANY))
        return time.perf_counter() - started

    rounds = min(effort.rounds, 3)
    comparison = measure_alternately(lambda: run(many), loop, rounds)
    growth = measure_alternately(lambda: run(many), lambda: run(few), rounds)
    name = f"{MANY:,} bundles, iterator to aggregator"
    return [
        Metric(name, comparison.ours, "s", target=5),
        Metric("the same, ratio to bare Python", comparison.ratios, "x", note=comparison.note("s")),
        Metric(f"the same, ratio to {FEW:,} bundles", growth.ratios, "x", target=12,
               note=growth.note("s", theirs=f"{FEW:,}")),
    ]  # fmt: skip


def _items(count: int) -> list[dict[str, int]]:
    return [{"n": number} for number in range(count)]


def _loop_blueprint() -> dict[str, Any]:
    """A webhook that receives an array, an iterator, an aggregator, and a sum to see that nothing was lost."""
    nodes: list[dict[str, Any]] = [
        {"id": 1, "module": "gateway:CustomWebHook"},
        {"id": 2, "module": "builtin:BasicFeeder", "mapper": {"array": "{{1.items}}"}},
        {
            "id": 3,
            "module": "builtin:BasicAggregator",
            "parameters": {"feeder": 2},
            "mapper": {"n": "{{2.n}}"},
        },
        {
            "id": 4,
            "module": "scenario-service:ReturnData",
            "version": 2,
            "mapper": {"total": '{{sum(map(3.array; "n"))}}'},
        },
    ]
    return {"name": "Loop", "flow": [{"version": 1, **node} for node in nodes], "metadata": {"version": 1}}
