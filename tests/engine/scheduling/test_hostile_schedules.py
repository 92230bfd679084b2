"""Leaps of the clock over schedules, retries and queues without end are over soon, and leave a clear state."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from helpers.engine import NOW, EngineHarness, module, set_variable
from make_emulator.engine.scenarios import activation
from make_emulator.engine.scheduling import scheduler
from make_emulator.world.clock import MINUTE

YEAR = 366 * 24 * 60 * MINUTE
EVERY_MINUTE: Any = {"type": "indefinitely", "interval": 60}
BROKEN = module(1, "json:ParseJSON", {"json": "{"})


def live(harness: EngineHarness, *flow: Any, settings: Any = None, scheduling: Any = EVERY_MINUTE) -> int:
    scenario = harness.scenario(*flow, metadata={"scenario": settings or {}}, is_active=True)
    scenario = harness.world.scenarios.put(replace(scenario, scheduling=scheduling))
    return harness.world.scenarios.put(
        replace(scenario, next_exec=activation.first_run(harness.world, scenario))
    ).id


def leap(harness: EngineHarness, span: int) -> None:
    harness.world.clock.set(NOW + span)
    scheduler.catch_up(harness.world)


def test_a_thousand_scenarios_a_minute_and_a_year() -> None:
    harness = EngineHarness()
    ids = [live(harness, set_variable(1, "x")) for _ in range(1_000)]
    leap(harness, YEAR)
    assert 1_000 <= len(harness.world.logs) < 10_000
    assert all(harness.world.scenarios[id].next_exec == NOW + YEAR + MINUTE for id in ids)


def test_a_greedy_scenario_a_minute_is_run_a_few_times_only(monkeypatch: pytest.MonkeyPatch) -> None:
    # As often as the work of one look at the clock allows; less than usual, not to wait for it.
    monkeypatch.setattr(scheduler, "MAX_WORK_PER_CATCH_UP", scheduler.MAX_WORK_PER_CATCH_UP // 4)
    harness = EngineHarness()
    greedy = [module(id, "builtin:BasicRepeater", {"repeats": 10_000}) for id in (1, 2)]
    id = live(harness, *greedy)
    leap(harness, YEAR)
    assert 1 <= len(harness.world.logs) < 5
    assert (harness.world.scenarios[id].next_exec or 0) > NOW + YEAR or not harness.world.scenarios[
        id
    ].is_active


@pytest.mark.parametrize("sequential", [False, True])
def test_retries_without_end_go_on_with_the_next_look(sequential: bool) -> None:
    harness = EngineHarness()
    again = module(2, "builtin:Break", {"retry": True, "count": 1_000_000, "interval": 1})
    settings = {"dlq": True, "dataloss": True, "sequential": sequential}
    id = live(harness, set_variable(9, "x"), BROKEN | {"onerror": [again]}, settings=settings)
    leap(harness, YEAR)
    assert harness.world.scenarios[id].is_active
    assert len(harness.world.incomplete_executions) >= 1
    assert not any(row.resolved for row in harness.world.incomplete_executions)


def test_a_scenario_that_fails_is_stopped_on_the_way() -> None:
    harness = EngineHarness()
    id = live(harness, BROKEN)
    leap(harness, 10 * YEAR)
    scenario = harness.world.scenarios[id]
    assert (len(harness.world.logs), scenario.is_active, scenario.is_invalid) == (3, False, True)
    assert scenario.next_exec is None


def test_dates_that_never_come_are_searched_for_once() -> None:
    harness = EngineHarness()
    never = {"type": "yearly", "days": [30], "months": [2], "time": "10:00"}
    seldom = EVERY_MINUTE | {"restrict": [{"months": [2], "days": [1], "time": ["10:00", "10:01"]}] * 50}
    waiting = [live(harness, set_variable(1, "x"), scheduling=never) for _ in range(40)]
    for _ in range(40):
        live(harness, set_variable(1, "x"), scheduling=seldom)
    leap(harness, 10 * YEAR)
    assert all(harness.world.scenarios[id].next_exec is None for id in waiting)
    assert len(harness.world.logs) >= 40
