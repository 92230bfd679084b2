"""Scenarios that call scenarios: what goes in, what comes back, who may be called, and how deep it goes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from helpers.engine import EngineHarness, error_of, module, outputs_of, return_data, set_variable
from make_emulator.engine.budget import MAX_OPERATIONS
from make_emulator.engine.runtime import executor
from make_emulator.world import organizations
from make_emulator.world.blueprint_refs import first_module
from make_emulator.world.models import Execution, FieldSpecs, Scenario

INPUTS: FieldSpecs = [{"name": "city", "type": "text", "required": True}, {"name": "count", "type": "number"}]
OUTPUTS = [{"name": "greeting", "type": "text"}]


def call(id: int, child: Any, mapper: Any = None, *, wait: bool = True, name: str = "CallSubscenario") -> Any:
    node = module(id, f"scenario-service:{name}", {"city": "Oslo"} if mapper is None else mapper)
    return {**node, "parameters": {"scenario": child, "shouldWaitForExecutionEnd": wait}}


def child_of(harness: EngineHarness, *flow: Any, **changes: Any) -> Scenario:
    """A scenario that can be called; it takes a city and gives a greeting."""
    start = {**module(1, "scenario-service:StartSubscenario"), "version": 2}
    body = flow or (set_variable(2, "x"), return_data(3, greeting="Hi, {{1.city}} {{1.count}}"))
    scenario = harness.scenario(start, *body, output_spec=OUTPUTS, is_active=True)
    version = harness.world.blueprints[scenario.id, 1]
    harness.world.blueprints.put(replace(version, input_spec=INPUTS))
    return harness.world.scenarios.put(replace(scenario, **changes))


def runs_of(harness: EngineHarness, scenario: Scenario) -> list[Execution]:
    return [entry for entry in harness.world.logs.where(scenario=scenario.id) if isinstance(entry, Execution)]


@pytest.mark.parametrize("form", ["{}", "SCN_{}", None])
def test_a_call_that_waits_emits_the_outputs_of_the_scenario_that_it_calls(form: str | None) -> None:
    harness = EngineHarness()
    child = child_of(harness)
    id = child.id if form is None else form.format(child.id)
    execution = harness.run(call(1, id, {"city": "Oslo", "count": "3"}), set_variable(2, "{{1.greeting}}"))
    assert outputs_of(execution, 2) == [{"x": "Hi, Oslo 3"}]
    [run] = runs_of(harness, child)
    assert run.inputs == {"city": "Oslo", "count": 3}
    assert execution.started < run.started
    assert run.ends <= execution.ends
    # The call is free of charge; the scenario that is called pays for its own variable.
    assert (execution.operations, run.operations) == (1, 1)


def test_dates_without_a_time_zone_go_in_and_come_back_as_those_of_the_organization() -> None:
    harness = EngineHarness()
    child = child_of(harness, return_data(3, on="{{1.on}}", at="2016-06-20 02:00"))
    [version] = harness.world.blueprints.where(scenario=child.id)
    day: FieldSpecs = [{"name": "on", "type": "date"}]
    harness.world.blueprints.put(
        replace(version, input_spec=day, output_spec=[*day, {"name": "at", "type": "date"}])
    )
    execution = harness.run(call(1, child.id, {"on": "2016-12-08"}))
    [run] = runs_of(harness, child)
    # The organization is in Prague.
    assert run.inputs == {"on": "2016-12-07T23:00:00.000Z"}
    [bundle] = outputs_of(execution, 1)
    assert bundle == {"on": "2016-12-07T23:00:00.000Z", "at": "2016-06-20T00:00:00.000Z"}


def test_a_call_that_does_not_wait_takes_no_time_and_gives_nothing_back() -> None:
    harness = EngineHarness()
    child = child_of(
        harness, module(2, "util:FunctionSleep", {"duration": 300}), return_data(3, greeting="late")
    )
    execution = harness.run(call(1, child.id, wait=False), set_variable(2, "{{1.greeting}}!"))
    assert outputs_of(execution, 2) == [{"x": "!"}]
    [run] = runs_of(harness, child)
    assert (run.status, run.outputs) == (1, {"greeting": "late"})
    assert run.ends - execution.ends > 290_000


def test_the_older_module_starts_a_scenario_without_waiting() -> None:
    harness = EngineHarness()
    child = child_of(harness)
    execution = harness.run(call(1, child.id, name="RunScenario"), set_variable(2, "{{1.greeting}}!"))
    assert outputs_of(execution, 2) == [{"x": "!"}]
    assert len(runs_of(harness, child)) == 1


def test_the_inputs_may_come_in_a_field_named_data() -> None:
    harness = EngineHarness()
    execution = harness.run(call(1, child_of(harness).id, {"data": {"city": "Bern"}}))
    assert outputs_of(execution, 1) == [{"greeting": "Hi, Bern "}]


def test_inputs_that_do_not_fit_fail_the_call_and_nothing_is_run() -> None:
    harness = EngineHarness()
    child = child_of(harness)
    for mapper in ({"city": ""}, {"city": "Oslo", "unknown": 1}, {"city": "Oslo", "count": "many"}):
        assert error_of(harness.run(call(1, child.id, mapper)))[0] == "BundleValidationError"
    assert runs_of(harness, child) == []


def test_the_failure_of_a_scenario_fails_the_call_that_waits_for_it() -> None:
    harness = EngineHarness()
    child = child_of(harness, module(2, "builtin:ThrowError", {"message": "Closed"}))
    assert error_of(harness.run(call(1, child.id))) == ("RuntimeError", "Closed")
    assert harness.run(call(1, child.id, wait=False)).status == 1
    handled = {**call(1, child.id), "onerror": [module(9, "builtin:Resume", {"greeting": "none"})]}
    assert outputs_of(harness.run(handled, set_variable(2, "{{1.greeting}}")), 2) == [{"x": "none"}]


def test_only_a_live_scenario_on_demand_of_the_same_team_can_be_called() -> None:
    harness = EngineHarness()
    [organization] = harness.world.organizations
    other, _ = organizations.create_team(harness.world, harness.user, organization, name="Other")
    stopped, scheduled = (
        child_of(harness, is_active=False),
        child_of(harness, scheduling={"type": "indefinitely"}),
    )
    elsewhere = child_of(harness, team_id=other.id)
    for child, message in (
        (stopped.id, f"Scenario '{stopped.id}' is not active."),
        (scheduled.id, f"Scenario '{scheduled.id}' is not scheduled on demand."),
        (elsewhere.id, f"Scenario '{elsewhere.id}' not found."),
        (999, "Scenario '999' not found."),
        (None, "Scenario '' not found."),
    ):
        assert error_of(harness.run(call(1, child))) == ("RuntimeError", message)


def test_scenarios_that_call_each_other_for_ever_end_in_an_error() -> None:
    harness = EngineHarness()
    child = child_of(harness)
    version = harness.world.blueprints[child.id, 1]
    flow = [first_module(version.blueprint["flow"]), call(2, child.id)]
    harness.world.blueprints.put(replace(version, blueprint={**version.blueprint, "flow": flow}))
    execution = executor.run_scenario(harness.world, child, inputs={"city": "Oslo"})
    assert error_of(execution) == ("RuntimeError", "More than 10 scenarios call each other.")
    assert len(runs_of(harness, child)) == 11


def test_scenarios_that_multiply_share_one_budget() -> None:
    harness = EngineHarness()
    child = child_of(harness, module(2, "builtin:BasicRepeater", {"repeats": 9_000}), set_variable(3, "x"))
    execution = harness.run(module(1, "builtin:BasicRepeater", {"repeats": 50}), call(2, child.id))
    assert error_of(execution)[0] == "OperationsLimitExceededError"
    assert sum(run.operations for run in runs_of(harness, child)) <= MAX_OPERATIONS
