"""Sequential processing: nothing overtakes a run that is under way, or what broke off."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from helpers.engine import NOW, EngineHarness, module, set_variable
from make_emulator.engine.runtime import module_scripts
from make_emulator.engine.scheduling import incomplete_retry, scheduler
from make_emulator.world import incomplete_executions
from make_emulator.world.clock import MINUTE
from make_emulator.world.models import (
    Execution,
    ExecutionError,
    IncompleteExecution,
    Json,
    ModuleScript,
    Scenario,
)

EVERY_15_MINUTES = {"type": "indefinitely", "interval": 900}
SEQUENTIAL = {"sequential": True, "dlq": True}
GET = "acme:get"


def scheduled(
    lab: EngineHarness, *flow: Json, settings: Json, scheduling: Any = EVERY_15_MINUTES
) -> Scenario:
    """A live scenario that is due in a minute."""
    scenario = lab.scenario(*flow, metadata={"scenario": settings}, is_active=True, next_exec=NOW + MINUTE)
    return lab.world.scenarios.put(replace(scenario, scheduling=scheduling))


def after(lab: EngineHarness, minutes: int) -> None:
    lab.world.clock.set(NOW + minutes * MINUTE)
    scheduler.catch_up(lab.world)


def started(lab: EngineHarness) -> list[int]:
    """The minutes at which runs began."""
    runs = [entry for entry in lab.world.logs if isinstance(entry, Execution)]
    return [(run.started - NOW) // MINUTE for run in runs]


def fails(lab: EngineHarness, name: str = "DataError", times: int | None = 1) -> None:
    module_scripts.save_script(
        lab.world, ModuleScript(module=GET, error=ExecutionError(name=name, message="no"), left=times)
    )


def broken(lab: EngineHarness) -> IncompleteExecution:
    [row] = lab.world.incomplete_executions
    return row


def next_exec(lab: EngineHarness, scenario: Scenario) -> int | None:
    return lab.world.scenarios[scenario.id].next_exec


@pytest.mark.parametrize("sequential", [False, True])
def test_what_broke_off_holds_the_next_runs_back_only_in_sequence(sequential: bool) -> None:
    lab = EngineHarness()
    fails(lab)
    settings = {"sequential": sequential, "dlq": True}
    scenario = scheduled(lab, set_variable(1, "x"), module(2, GET), settings=settings)
    after(lab, 40)
    assert started(lab) == ([1] if sequential else [1, 16, 31])
    assert (next_exec(lab, scenario) is None) == sequential
    assert lab.world.scenarios[scenario.id].is_active


def test_once_it_is_resolved_the_run_that_was_held_follows() -> None:
    lab = EngineHarness()
    fails(lab)
    scenario = scheduled(lab, set_variable(1, "x"), module(2, GET), settings=SEQUENTIAL)
    after(lab, 40)
    execution = incomplete_retry.retry(lab.world, broken(lab))
    assert execution.status == 1
    assert next_exec(lab, scenario) == execution.ends
    after(lab, 60)
    assert started(lab) == [1, 40, 55]


def test_a_retry_that_fails_holds_it_on_and_deleting_lets_it_go() -> None:
    lab = EngineHarness()
    fails(lab, times=2)
    scenario = scheduled(lab, set_variable(1, "x"), module(2, GET), settings=SEQUENTIAL)
    after(lab, 40)
    assert incomplete_retry.retry(lab.world, broken(lab)).status == 3
    assert next_exec(lab, scenario) is None
    incomplete_retry.delete(lab.world, [broken(lab)], confirmed=True)
    assert next_exec(lab, scenario) == lab.world.now()
    assert incomplete_executions.count_unresolved_and_total(lab.world, scenario) == (0, 0)


def test_deleting_makes_nothing_run_that_was_not_held() -> None:
    lab = EngineHarness()
    fails(lab)
    over = {**EVERY_15_MINUTES, "between": ["2016-01-01T00:00:00Z", "2016-12-08T16:00:00Z"]}
    for settings in ({"dlq": True}, SEQUENTIAL):
        lab = EngineHarness()
        fails(lab)
        scenario = scheduled(lab, set_variable(1, "x"), module(2, GET), settings=settings, scheduling=over)
        after(lab, 40)
        incomplete_retry.delete(lab.world, [broken(lab)], confirmed=True)
        assert (started(lab), next_exec(lab, scenario)) == ([1], None)


def test_a_held_scenario_that_was_stopped_stays_stopped() -> None:
    lab = EngineHarness()
    fails(lab)
    scenario = scheduled(lab, set_variable(1, "x"), module(2, GET), settings=SEQUENTIAL)
    after(lab, 40)
    lab.world.scenarios.put(replace(lab.world.scenarios[scenario.id], is_active=False))
    incomplete_retry.delete(lab.world, [broken(lab)], confirmed=True)
    assert next_exec(lab, scenario) is None


@pytest.mark.parametrize(("sequential", "starts"), [(False, [1, 16, 31]), (True, [1, 31, 61])])
def test_a_run_waits_until_the_one_before_is_over_only_in_sequence(
    sequential: bool, starts: list[int]
) -> None:
    lab = EngineHarness()
    sleeps = [module(id, "util:FunctionSleep", {"duration": 300}) for id in range(1, 7)]
    scheduled(lab, *sleeps, settings={"sequential": sequential})
    after(lab, 65 if sequential else 40)
    assert started(lab) == starts


# --- services that cannot be reached --------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "starts"),
    [
        ("RateLimitError", [1, 21, 36]),
        ("ConnectionError", [1, 21, 36]),
        ("IncompleteDataError", [1, 21, 36]),
        ("DataError", [1, 16, 31]),
    ],
)
@pytest.mark.parametrize("settings", [{}, {"dlq": True}])
def test_a_scheduled_scenario_pauses_for_twenty_minutes_when_a_service_turns_it_away(
    name: str, starts: list[int], settings: Json
) -> None:
    lab = EngineHarness()
    fails(lab, name)
    scheduled(lab, set_variable(1, "x"), module(2, GET), settings=settings)
    after(lab, 45)
    assert started(lab)[:3] == starts


def test_an_error_that_is_handled_pauses_nothing() -> None:
    lab = EngineHarness()
    fails(lab, "RateLimitError")
    scheduled(lab, module(2, GET, onerror=[module(9, "builtin:Ignore")]), settings={})
    after(lab, 20)
    assert started(lab) == [1, 16]
