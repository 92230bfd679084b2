"""Instant scenarios are run again when a service turned them away."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest

from helpers.engine import EngineHarness, module, outputs_of, set_variable
from make_emulator.engine.runtime import executor
from make_emulator.engine.scheduling import sequential
from make_emulator.world import scenarios
from make_emulator.world.clock import MINUTE
from make_emulator.world.models import Json, Scenario

HOUR = 60 * MINUTE
GET = "acme:get"
BUNDLE = {"n": 1}


def received(harness: EngineHarness, *flow: Json, settings: Json = None) -> Scenario:
    """A live instant scenario that has just been handed a bundle."""
    hook = module(1, "gateway:CustomWebHook")
    scenario = harness.scenario(hook, *flow, metadata={"scenario": settings or {}}, is_active=True)
    harness.world.scenarios.put(replace(scenario, scheduling={"type": "immediately"}))
    executor.run_scenario(
        harness.world, harness.world.scenarios[scenario.id], instant=True, trigger_bundle=BUNDLE
    )
    return scenario


def is_live(harness: EngineHarness, scenario: Scenario) -> bool:
    return harness.world.scenarios[scenario.id].is_active


@pytest.mark.parametrize("name", ["RateLimitError", "ConnectionError", "ModuleTimeoutError"])
def test_it_starts_again_with_the_same_bundle_a_minute_later(name: str) -> None:
    harness = EngineHarness()
    harness.fail_module(GET, error=name, times=1)
    scenario = received(harness, set_variable(2, "{{1.n}}"), module(3, GET))
    assert is_live(harness, scenario)
    harness.run_until(5 * MINUTE)
    first, second = harness.executions()
    assert (first.status, second.status) == (3, 1)
    assert (second.started, second.instant, second.type) == (first.ends + MINUTE, True, "auto")
    assert outputs_of(second, 2) == [{"x": 1}]
    assert not len(harness.world.reruns)
    assert harness.world.scenarios[scenario.id].errors_in_a_row == 0


def test_the_waits_grow_and_after_the_eighth_attempt_it_is_stopped() -> None:
    harness = EngineHarness()
    harness.fail_module(GET, error="RateLimitError")
    scenario = received(harness, module(2, GET))
    harness.run_until(41 * HOUR)
    assert is_live(harness, scenario) is False
    waits = [later.started - earlier.ends for earlier, later in itertools.pairwise(harness.executions())]
    assert waits == [MINUTE * minutes for minutes in (1, 2, 5, 10, 60, 180, 720, 1440)]
    assert not len(harness.world.reruns)


def test_any_other_error_stops_it_at_once_also_in_a_rerun() -> None:
    harness = EngineHarness()
    harness.fail_module(GET, error="DataError")
    assert not is_live(harness, received(harness, module(2, GET)))
    harness.fail_module(GET, error="RateLimitError", times=1)
    scenario = received(harness, module(2, GET))
    harness.fail_module(GET, error="DataError")
    assert is_live(harness, scenario)
    harness.run_until(2 * MINUTE)
    assert not is_live(harness, scenario)


def test_what_is_stored_as_an_incomplete_execution_is_not_run_again_from_its_start() -> None:
    harness = EngineHarness()
    harness.fail_module(GET, error="RateLimitError", times=1)
    received(harness, module(2, GET), settings={"dlq": True})
    assert not len(harness.world.reruns)
    assert len(harness.world.incomplete_executions) == 1
    harness.run_until(5 * MINUTE)
    assert [retry.execution.status for retry in harness.world.retries] == [1]
    assert len(harness.executions()) == 1


def test_a_run_whose_caller_was_answered_is_not_run_again() -> None:
    harness = EngineHarness()
    harness.fail_module(GET, error="RateLimitError")
    response = module(2, "gateway:WebhookRespond", {"status": 200, "body": "ok"})
    scenario = received(harness, response, module(3, GET))
    assert is_live(harness, scenario)
    assert not len(harness.world.reruns)


def test_a_scenario_that_was_stopped_or_deleted_is_not_run_again() -> None:
    harness = EngineHarness()
    harness.fail_module(GET, error="RateLimitError")
    scenario = received(harness, module(2, GET))
    harness.world.scenarios.put(replace(harness.world.scenarios[scenario.id], is_active=False))
    harness.run_until(HOUR)
    assert (len(harness.executions()), len(harness.world.reruns)) == (1, 0)
    deleted = received(harness, module(2, GET))
    scenarios.remove(harness.world, deleted)
    assert not len(harness.world.reruns)


def test_without_operations_it_waits_for_the_next_month() -> None:
    harness = EngineHarness()
    harness.fail_module(GET, error="RateLimitError")
    received(harness, module(2, GET))
    [organization] = harness.world.organizations
    harness.world.organizations.put(
        replace(organization, license=replace(organization.license, operations=0))
    )
    harness.run_until(HOUR)
    [row] = harness.world.reruns
    assert row.due == organization.next_reset


@pytest.mark.parametrize(("settings", "held"), [({}, False), ({"sequential": True}, True)])
def test_in_sequence_nothing_overtakes_what_is_to_be_run_again(settings: Any, held: bool) -> None:
    harness = EngineHarness()
    harness.fail_module(GET, error="RateLimitError", times=1)
    scenario = received(harness, module(2, GET), settings=settings)
    assert sequential.is_blocked(harness.world, harness.world.scenarios[scenario.id]) is held
    harness.run_until(5 * MINUTE)
    assert not sequential.is_blocked(harness.world, harness.world.scenarios[scenario.id])
