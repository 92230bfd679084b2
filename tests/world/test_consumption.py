from __future__ import annotations

from helpers.api import ApiClient
from make_emulator.engine.runtime import executor
from make_emulator.world.executions import MAX_DETAILED_EXECUTIONS
from make_emulator.world.models import Execution


def runs(api: ApiClient) -> list[Execution]:
    return [row for row in api.world.logs.where(scenario=1) if isinstance(row, Execution)]


def test_logs_are_kept_as_long_as_the_plan_says(api: ApiClient) -> None:
    assert api.world.organizations[1].license.retention == 60
    before = len(runs(api))
    api.world.clock.advance(days=56)
    executor.run_scenario(api.world, api.world.scenarios[1], inputs={"name": "Zoe"})
    assert len(runs(api)) == before + 1
    api.world.clock.advance(days=3)
    executor.run_scenario(api.world, api.world.scenarios[1], inputs={"name": "Zoe"})
    assert len(runs(api)) == before + 1
    assert api.get("/scenarios/1/logs").status_code == 200


def test_the_steps_of_the_latest_runs_are_kept(api: ApiClient) -> None:
    for _ in range(MAX_DETAILED_EXECUTIONS + 5):
        executor.run_scenario(api.world, api.world.scenarios[1], inputs={"name": "Zoe"})
    detailed = [bool(run.steps) for run in runs(api)]
    assert detailed.count(True) == MAX_DETAILED_EXECUTIONS
    assert all(detailed[-MAX_DETAILED_EXECUTIONS:])
