"""Sequential processing: nothing overtakes a run that is under way, or what broke off."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from helpers.engine import NOW, EngineHarness, module, set_variable
from make_emulator.engine.scheduling import incomplete_retry
from make_emulator.world import incomplete_executions
from make_emulator.world.clock import MINUTE
from make_emulator.world.models import (
    Execution,
    IncompleteExecution,
    Json,
    Scenario,
)

EVERY_15_MINUTES = {"type": "indefinitely", "interval": 900}
SEQUENTIAL = {"sequential": True, "dlq": True}
GET = "acme:get"


def scheduled(
    harness: EngineHarness, *flow: Json, settings: Json, scheduling: Any = EVERY_15_MINUTES
) -> Scenario:
    """A live scenario that is due in a minute."""
    scenario = harness.scenario(
        *flow, metadata={"scenario": settings}, is_active=True, next_exec=NOW + MINUTE
    )
    return harness.world.scenarios.put(replace(scenario, scheduling=scheduling))


def started(harness: EngineHarness) -> list[int]:
    """The minutes at which runs began."""
    runs = [entry for entry in harness.world.logs if isinstance(entry, Execution)]
    return [(run.started - NOW) // MINUTE for run in runs]


def broken(harness: EngineHarness) -> IncompleteExecution:
    [row] = harness.world.incomplete_executions
    return row


def next_exec(harness: EngineHarness, scenario: Scenario) -> int | None:
    return harness.world.scenarios[scenario.id].next_exec


@pytest.mark.parametrize("sequential", [False, True])
def test_what_broke_off_holds_the_next_runs_back_only_in_sequence(sequential: bool) -> None:
    harness = EngineHarness()
    harness.fail_module(GET, error="DataError", times=1)
    settings = {"sequential": sequential, "dlq": True}
    scenario = scheduled(harness, set_variable(1, "x"), module(2, GET), settings=settings)
    harness.run_until(40 * MINUTE)
    assert started(harness) == ([1] if sequential else [1, 16, 31])
    assert (next_exec(harness, scenario) is None) == sequential
    assert harness.world.scenarios[scenario.id].is_active


def test_once_it_is_resolved_the_run_that_was_held_follows() -> None:
    harness = EngineHarness()
    harness.fail_module(GET, error="DataError", times=1)
    scenario = scheduled(harness, set_variable(1, "x"), module(2, GET), settings=SEQUENTIAL)
    harness.run_until(40 * MINUTE)
    execution = incomplete_retry.retry(harness.world, broken(harness))
    assert execution.status == 1
    assert next_exec(harness, scenario) == execution.ends
    harness.run_until(60 * MINUTE)
    assert started(harness) == [1, 40, 55]


def test_a_retry_that_fails_holds_it_on_and_deleting_lets_it_go() -> None:
    harness = EngineHarness()
    harness.fail_module(GET, error="DataError", times=2)
    scenario = scheduled(harness, set_variable(1, "x"), module(2, GET), settings=SEQUENTIAL)
    harness.run_until(40 * MINUTE)
    failed = incomplete_retry.retry(harness.world, broken(harness))
    assert failed.status == 3
    assert next_exec(harness, scenario) is None
    harness.world.clock.set(failed.ends)
    incomplete_retry.delete(harness.world, [broken(harness)])
    assert next_exec(harness, scenario) == harness.world.now()
    assert incomplete_executions.count_by_scenario(harness.world)(scenario.id) == (0, 0)


def test_deleting_makes_nothing_run_that_was_not_held() -> None:
    harness = EngineHarness()
    harness.fail_module(GET, error="DataError", times=1)
    over = {**EVERY_15_MINUTES, "between": ["2016-01-01T00:00:00Z", "2016-12-08T16:00:00Z"]}
    for settings in ({"dlq": True}, SEQUENTIAL):
        harness = EngineHarness()
        harness.fail_module(GET, error="DataError", times=1)
        scenario = scheduled(
            harness, set_variable(1, "x"), module(2, GET), settings=settings, scheduling=over
        )
        harness.run_until(40 * MINUTE)
        incomplete_retry.delete(harness.world, [broken(harness)])
        assert (started(harness), next_exec(harness, scenario)) == ([1], None)


def test_a_held_scenario_that_was_stopped_stays_stopped() -> None:
    harness = EngineHarness()
    harness.fail_module(GET, error="DataError", times=1)
    scenario = scheduled(harness, set_variable(1, "x"), module(2, GET), settings=SEQUENTIAL)
    harness.run_until(40 * MINUTE)
    harness.world.scenarios.put(replace(harness.world.scenarios[scenario.id], is_active=False))
    incomplete_retry.delete(harness.world, [broken(harness)])
    assert next_exec(harness, scenario) is None


@pytest.mark.parametrize(("sequential", "starts"), [(False, [1, 16, 31]), (True, [1, 31, 61])])
def test_a_run_waits_until_the_one_before_is_over_only_in_sequence(
    sequential: bool, starts: list[int]
) -> None:
    harness = EngineHarness()
    sleeps = [module(id, "util:FunctionSleep", {"duration": 300}) for id in range(1, 7)]
    scheduled(harness, *sleeps, settings={"sequential": sequential})
    harness.run_until((65 if sequential else 40) * MINUTE)
    assert started(harness) == starts


# --- unreachable services ---------------------------------------------------------------------------


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
    harness = EngineHarness()
    harness.fail_module(GET, error=name, times=1)
    scheduled(harness, set_variable(1, "x"), module(2, GET), settings=settings)
    harness.run_until(45 * MINUTE)
    assert started(harness)[:3] == starts


def test_an_error_that_is_handled_pauses_nothing() -> None:
    harness = EngineHarness()
    harness.fail_module(GET, error="RateLimitError", times=1)
    scheduled(harness, module(2, GET, onerror=[module(9, "builtin:Ignore")]), settings={})
    harness.run_until(20 * MINUTE)
    assert started(harness) == [1, 16]
