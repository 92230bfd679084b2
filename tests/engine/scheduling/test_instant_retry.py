"""Instant scenarios are run again when a service turned them away."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest

from helpers.engine import NOW, EngineHarness, module, outputs_of, set_variable
from make_emulator.engine.runtime import executor, module_scripts
from make_emulator.engine.scheduling import scheduler, sequential
from make_emulator.world import scenarios
from make_emulator.world.clock import MINUTE
from make_emulator.world.models import Execution, ExecutionError, Json, ModuleScript, Scenario

HOUR = 60 * MINUTE
GET = "acme:get"
BUNDLE = {"n": 1}


def turned_away(lab: EngineHarness, name: str = "RateLimitError", times: int | None = None) -> None:
    module_scripts.save_script(
        lab.world, ModuleScript(module=GET, error=ExecutionError(name=name, message="no"), left=times)
    )


def received(lab: EngineHarness, *flow: Json, settings: Json = None) -> Scenario:
    """A live instant scenario that has just been handed a bundle."""
    hook = module(1, "gateway:CustomWebHook")
    scenario = lab.scenario(hook, *flow, metadata={"scenario": settings or {}}, is_active=True)
    lab.world.scenarios.put(replace(scenario, scheduling={"type": "immediately"}))
    executor.run_scenario(lab.world, lab.world.scenarios[scenario.id], instant=True, trigger_bundle=BUNDLE)
    return scenario


def after(lab: EngineHarness, milliseconds: int) -> None:
    lab.world.clock.set(NOW + milliseconds)
    scheduler.catch_up(lab.world)


def runs(lab: EngineHarness) -> list[Execution]:
    return [entry for entry in lab.world.logs if isinstance(entry, Execution)]


def is_live(lab: EngineHarness, scenario: Scenario) -> bool:
    return lab.world.scenarios[scenario.id].is_active


@pytest.mark.parametrize("name", ["RateLimitError", "ConnectionError", "ModuleTimeoutError"])
def test_it_starts_again_with_the_same_bundle_a_minute_later(name: str) -> None:
    lab = EngineHarness()
    turned_away(lab, name, times=1)
    scenario = received(lab, set_variable(2, "{{1.n}}"), module(3, GET))
    assert is_live(lab, scenario)
    after(lab, 5 * MINUTE)
    first, second = runs(lab)
    assert (first.status, second.status) == (3, 1)
    assert (second.started, second.instant, second.type) == (first.ends + MINUTE, True, "auto")
    assert outputs_of(second, 2) == [{"x": 1}]
    assert not len(lab.world.reruns)
    assert lab.world.scenarios[scenario.id].errors_in_a_row == 0


def test_the_waits_grow_and_after_the_eighth_attempt_it_is_stopped() -> None:
    lab = EngineHarness()
    turned_away(lab)
    scenario = received(lab, module(2, GET))
    after(lab, 41 * HOUR)
    assert is_live(lab, scenario) is False
    waits = [later.started - earlier.ends for earlier, later in itertools.pairwise(runs(lab))]
    assert waits == [MINUTE * minutes for minutes in (1, 2, 5, 10, 60, 180, 720, 1440)]
    assert not len(lab.world.reruns)


def test_any_other_error_stops_it_at_once_also_in_a_rerun() -> None:
    lab = EngineHarness()
    turned_away(lab, "DataError")
    assert not is_live(lab, received(lab, module(2, GET)))
    turned_away(lab, times=1)
    scenario = received(lab, module(2, GET))
    turned_away(lab, "DataError")
    assert is_live(lab, scenario)
    after(lab, 2 * MINUTE)
    assert not is_live(lab, scenario)


def test_what_is_stored_as_an_incomplete_execution_is_not_run_again_from_its_start() -> None:
    lab = EngineHarness()
    turned_away(lab, times=1)
    received(lab, module(2, GET), settings={"dlq": True})
    assert not len(lab.world.reruns)
    assert len(lab.world.incomplete_executions) == 1
    after(lab, 5 * MINUTE)
    assert [retry.execution.status for retry in lab.world.retries] == [1]
    assert len(runs(lab)) == 1


def test_a_run_whose_caller_was_answered_is_not_run_again() -> None:
    lab = EngineHarness()
    turned_away(lab)
    answer = module(2, "gateway:WebhookRespond", {"status": 200, "body": "ok"})
    scenario = received(lab, answer, module(3, GET))
    assert is_live(lab, scenario)
    assert not len(lab.world.reruns)


def test_a_scenario_that_was_stopped_or_deleted_is_not_run_again() -> None:
    lab = EngineHarness()
    turned_away(lab)
    scenario = received(lab, module(2, GET))
    lab.world.scenarios.put(replace(lab.world.scenarios[scenario.id], is_active=False))
    after(lab, HOUR)
    assert (len(runs(lab)), len(lab.world.reruns)) == (1, 0)
    deleted = received(lab, module(2, GET))
    scenarios.remove(lab.world, deleted)
    assert not len(lab.world.reruns)


def test_without_operations_it_waits_for_the_next_month() -> None:
    lab = EngineHarness()
    turned_away(lab)
    received(lab, module(2, GET))
    [organization] = lab.world.organizations
    lab.world.organizations.put(replace(organization, license=replace(organization.license, operations=0)))
    after(lab, HOUR)
    [row] = lab.world.reruns
    assert row.due == organization.next_reset


@pytest.mark.parametrize(("settings", "held"), [({}, False), ({"sequential": True}, True)])
def test_in_sequence_nothing_overtakes_what_is_to_be_run_again(settings: Any, held: bool) -> None:
    lab = EngineHarness()
    turned_away(lab, times=1)
    scenario = received(lab, module(2, GET), settings=settings)
    assert sequential.is_blocked(lab.world, lab.world.scenarios[scenario.id]) is held
    after(lab, 5 * MINUTE)
    assert not sequential.is_blocked(lab.world, lab.world.scenarios[scenario.id])
