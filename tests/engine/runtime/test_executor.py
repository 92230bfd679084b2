"""Executor: the way of a run through a blueprint, its counts and its end."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from helpers.engine import (
    NOW,
    EngineHarness,
    error_of,
    filter_if,
    module,
    outputs_of,
    return_data,
    set_variable,
)
from make_emulator.engine.apps import catalog
from make_emulator.engine.runtime import executor, module_scripts
from make_emulator.world.models import Execution, ExecutionError, ModuleScript, Scenario


def test_a_run_gives_back_its_outputs_and_is_written_to_the_logs() -> None:
    harness = EngineHarness()
    execution = harness.run(
        return_data(1, greeting="Hello, {{var.input.name}}!"),
        output_spec=[{"name": "greeting", "type": "text"}],
        inputs={"name": "Ada"},
        author_id=1,
    )
    assert execution.outputs == {"greeting": "Hello, Ada!"}
    assert (execution.status, execution.type, execution.author_id) == (1, "auto", 1)
    assert execution.inputs == {"name": "Ada"}
    assert execution.started == NOW
    assert len(execution.id) == 32
    assert harness.world.logs[execution.scenario_id, execution.id] == execution


def test_only_declared_outputs_leave_the_run_and_missing_ones_are_null() -> None:
    execution = EngineHarness().run(
        return_data(1, greting="x", count="{{'3' + ''}}"),
        output_spec=[{"name": "greeting", "type": "text"}, {"name": "count", "type": "number"}],
    )
    assert execution.outputs == {"greeting": None, "count": 3}
    empty = EngineHarness().run(
        return_data(1, a="", b="{{emptystring}}"), output_spec=[{"name": "a"}, {"name": "b"}]
    )
    assert empty.outputs == {"a": None, "b": ""}


def test_a_dynamic_collection_is_read_from_json() -> None:
    spec = [{"name": "any", "type": "dynamicCollection"}]
    assert EngineHarness().run(return_data(1, any='{"a": [1]}'), output_spec=spec).outputs == {
        "any": {"a": [1]}
    }
    broken = EngineHarness().run(return_data(1, any="{"), output_spec=spec)
    assert error_of(broken) == ("BundleValidationError", "Validation failed for 1 parameter(s).")


def test_returning_ends_the_run_and_later_routes_do_not_run() -> None:
    first = return_data(2, x="first")
    routes = [{"flow": [first]}, {"flow": [set_variable(3, "late"), return_data(4, x="second")]}]
    execution = EngineHarness().run(module(1, "builtin:BasicRouter", None, routes=routes))
    assert execution.outputs == {"x": "first"}
    assert execution.operations == 0
    assert [step.module_id for step in execution.steps] == [1, 2]


def test_an_empty_flow_is_a_success_without_operations() -> None:
    execution = EngineHarness().run()
    assert (execution.status, execution.operations, execution.outputs) == (1, 0, None)


def test_the_start_module_emits_the_inputs() -> None:
    start = {**module(1, "scenario-service:StartSubscenario"), "version": 2}
    execution = EngineHarness().run(start, set_variable(2, "{{1.city}}"), inputs={"city": "Oslo"})
    assert outputs_of(execution, 2) == [{"x": "Oslo"}]
    assert execution.operations == 1


# --- bundles, routes and filters -----------------------------------------------------------------


def test_every_bundle_goes_all_the_way_before_the_next_one_starts() -> None:
    execution = EngineHarness().run(
        module(1, "builtin:BasicFeeder", {"array": ["a", "b"]}),
        module(2, "builtin:BasicRepeater", {"repeats": 2}),
        set_variable(3, "{{1.value}}{{2.i}} {{1.__IMTINDEX__}}/{{1.__IMTLENGTH__}}"),
    )
    assert outputs_of(execution, 3) == [{"x": "a1 1/2"}, {"x": "a2 1/2"}, {"x": "b1 2/2"}, {"x": "b2 2/2"}]
    assert execution.operations == 1 + 2 + 4
    assert [step.operation for step in execution.steps if step.module_id == 3] == [1, 2, 3, 4]


def test_no_bundle_means_that_the_rest_does_not_run() -> None:
    execution = EngineHarness().run(
        module(1, "builtin:BasicFeeder", {"array": "{{emptyarray}}"}), set_variable(2, "x")
    )
    assert execution.operations == 1
    assert execution.status == 1


def test_routes_run_in_order_and_several_may_fire() -> None:
    routes = [
        {"flow": [set_variable(3, "low", filter=filter_if("{{1.i}}", "number:less", "2"))]},
        {"flow": [set_variable(4, "all")]},
        {"flow": [set_variable(5, "high", filter=filter_if("{{1.i}}", "number:greaterorequal", "2"))]},
    ]
    execution = EngineHarness().run(
        module(1, "builtin:BasicRepeater", {"repeats": 2}),
        module(2, "builtin:BasicRouter", None, routes=routes),
    )
    assert [step.module_id for step in execution.steps if step.module_id > 2] == [3, 4, 4, 5]
    # The repeater and what the routes did; neither the router nor the filters count.
    assert execution.operations == 5


def test_a_bundle_that_a_filter_blocks_stops_there_without_an_error() -> None:
    execution = EngineHarness().run(
        set_variable(1, "a"),
        set_variable(2, "b", filter=filter_if("{{1.x}}", "text:equal", "z")),
        set_variable(3, "c"),
    )
    assert (execution.status, execution.operations) == (1, 1)


def test_a_module_with_routes_is_the_last_one_of_its_flow() -> None:
    execution = EngineHarness().run(
        module(1, "builtin:BasicRouter", None, routes=[{"flow": []}]), set_variable(2, "x")
    )
    assert error_of(execution)[0] == "BlueprintValidationError"


# --- what is counted -----------------------------------------------------------------------------


def test_an_operation_costs_a_credit_and_a_run_takes_its_time() -> None:
    harness = EngineHarness()
    execution = harness.run(set_variable(1, "a"), set_variable(2, "b"))
    assert (execution.operations, execution.centicredits, execution.transfer) == (2, 200, 0)
    assert 70 <= execution.duration <= 400
    assert executor.visible_status(execution, NOW) == "RUNNING"
    assert executor.visible_status(execution, execution.ends - 1) == "RUNNING"
    assert executor.visible_status(execution, execution.ends) == "SUCCESS"


def test_sleeping_takes_the_time_of_its_own_world_only() -> None:
    execution = EngineHarness().run(
        module(1, "util:FunctionSleep", {"duration": "300"}), set_variable(2, "{{timestamp}}")
    )
    assert 300_000 < execution.duration < 301_000
    assert outputs_of(execution, 2) == [{"x": (NOW + 300_000) // 1000}]


def test_a_run_that_outlasts_the_plan_is_interrupted_with_a_warning() -> None:
    harness = EngineHarness()
    scenario = harness.scenario(
        module(1, "builtin:BasicRepeater", {"repeats": 100}),
        module(2, "util:FunctionSleep", {"duration": 300}, onerror=[module(3, "builtin:Ignore")]),
        is_active=True,
    )
    execution = executor.run_scenario(harness.world, scenario)
    assert (execution.status, execution.error) == (2, None)
    assert 40 * 60_000 < execution.duration < 46 * 60_000
    last = execution.steps[-1]
    assert (last.module_id, last.error and last.error.name) == (2, "ExecutionInterruptedError")
    assert len(execution.steps) < 12
    kept = current(harness, scenario)
    assert (kept.is_active, kept.errors_in_a_row) == (True, 0)


@pytest.mark.parametrize("name", sorted(executor.DEACTIVATING_ERRORS))
def test_an_error_that_needs_a_fix_stops_a_scenario_at_once(name: str) -> None:
    harness = EngineHarness()
    module_scripts.save_script(
        harness.world, ModuleScript(module="acme:get", error=ExecutionError(name=name, message="no"))
    )
    scenario = harness.scenario(module(1, "acme:get"), is_active=True, next_exec=NOW)
    executor.run_scenario(harness.world, scenario)
    stopped = current(harness, scenario)
    assert (stopped.is_active, stopped.is_invalid, stopped.next_exec) == (False, True, None)


def test_a_file_that_is_too_large_counts_as_one_error_among_others() -> None:
    harness = EngineHarness()
    error = ExecutionError(name="MaxFileSizeExceededError", message="no")
    module_scripts.save_script(harness.world, ModuleScript(module="acme:get", error=error))
    scenario = harness.scenario(module(1, "acme:get"), is_active=True, next_exec=NOW)
    executor.run_scenario(harness.world, scenario)
    going_on = current(harness, scenario)
    assert (going_on.is_active, going_on.errors_in_a_row) == (True, 1)


def test_the_same_seed_gives_the_same_runs() -> None:
    def runs() -> list[Execution]:
        harness = EngineHarness()
        flow = (set_variable(1, "{{uuid}} {{random}}"), module(2, "acme:listThings"))
        return [harness.run(*flow), harness.run(*flow)]

    first, again = runs(), runs()
    assert first == again
    assert first[0].id != first[1].id
    assert first[0].steps[0].output != first[1].steps[0].output


# --- failures ------------------------------------------------------------------------------------


def test_a_variable_without_name_and_scope_fails_as_it_was_recorded() -> None:
    execution = EngineHarness().run(module(1, "util:SetVariable2"))
    assert error_of(execution) == ("BundleValidationError", "Validation failed for 2 parameter(s).")
    assert execution.error is not None
    assert (execution.error.app_name, execution.error.module_name) == ("util", "SetVariable2")
    assert (execution.operations, execution.centicredits, execution.transfer) == (1, 100, 0)
    assert executor.visible_status(execution, execution.ends) == "ERROR"
    assert execution.steps[0].error == execution.error


def test_a_variable_without_scope_fails_for_one_parameter() -> None:
    execution = EngineHarness().run(module(1, "util:SetVariable2", {"name": "a", "value": 1}))
    assert error_of(execution) == ("BundleValidationError", "Validation failed for 1 parameter(s).")


def test_an_error_says_which_field_could_not_be_mapped() -> None:
    execution = EngineHarness().run(set_variable(1, "{{createJSON(1)}}"))
    assert error_of(execution) == (
        "DataError",
        "Failed to map 'value': Function 'createJSON' not found!",
    )


def test_a_module_that_is_not_written_yet_is_named_and_no_error_handler_takes_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(catalog, "has_module", lambda app, module, version: True)
    execution = EngineHarness().run(module(1, "util:Unwritten", onerror=[module(2, "builtin:Ignore")]))
    assert error_of(execution) == (
        "RuntimeError",
        "Module 'util:Unwritten' (1) is not supported by the emulator.",
    )


def failing(id: int, *handler: dict[str, object]) -> dict[str, object]:
    return module(id, "json:ParseJSON", {"json": "{"}, onerror=list(handler))


def test_ignoring_an_error_drops_the_bundle_and_goes_on_with_the_next() -> None:
    execution = EngineHarness().run(
        module(1, "builtin:BasicFeeder", {"array": ["{", '{"a": 5}']}),
        module(2, "json:ParseJSON", {"json": "{{1.value}}"}, onerror=[module(9, "builtin:Ignore")]),
        set_variable(3, "{{2.a}}"),
    )
    assert execution.status == 1
    assert outputs_of(execution, 3) == [{"x": 5}]


def test_resuming_puts_a_substitute_in_the_place_of_the_failed_bundle() -> None:
    execution = EngineHarness().run(
        failing(1, module(9, "builtin:Resume", {"a": "{{1.error.type}}: {{1.error.message}}"})),
        set_variable(2, "{{1.a}}"),
    )
    assert outputs_of(execution, 2) == [{"x": "DataError: Source is not valid JSON."}]


def test_committing_ends_the_run_as_a_success_and_rolling_back_as_a_failure() -> None:
    committed = EngineHarness().run(failing(1, module(9, "builtin:Commit")), set_variable(2, "x"))
    assert (committed.status, committed.operations) == (1, 1)
    rolled_back = EngineHarness().run(failing(1, module(9, "builtin:Rollback")), set_variable(2, "x"))
    assert error_of(rolled_back) == ("DataError", "Source is not valid JSON.")


def test_a_directive_outside_of_an_error_handler_fails() -> None:
    assert error_of(EngineHarness().run(module(1, "builtin:Ignore")))[0] == "RuntimeError"


def current(harness: EngineHarness, scenario: Scenario) -> Scenario:
    return harness.world.scenarios[scenario.id]


def test_three_failures_in_a_row_deactivate_a_scenario() -> None:
    harness = EngineHarness()
    scenario = harness.scenario(module(1, "util:SetVariable2"), is_active=True, next_exec=NOW)
    for count in (1, 2):
        executor.run_scenario(harness.world, current(harness, scenario))
        assert (current(harness, scenario).errors_in_a_row, current(harness, scenario).is_active) == (
            count,
            True,
        )
    executor.run_scenario(harness.world, current(harness, scenario))
    after = current(harness, scenario)
    assert (after.is_active, after.is_invalid, after.next_exec, after.errors_in_a_row) == (
        False,
        True,
        None,
        3,
    )


def test_a_success_in_between_starts_the_count_anew() -> None:
    harness = EngineHarness()
    scenario = harness.scenario(set_variable(1, "x"))
    harness.world.scenarios.put(replace(scenario, errors_in_a_row=2))
    executor.run_scenario(harness.world, current(harness, scenario))
    assert current(harness, scenario).errors_in_a_row == 0


@pytest.mark.parametrize(("kind", "errors"), [("auto", 1), ("manual", 0)])
def test_failures_of_manual_runs_do_not_count(kind: str, errors: int) -> None:
    harness = EngineHarness()
    scenario = harness.scenario(
        module(1, "util:SetVariable2"), metadata={"scenario": {"maxErrors": 1}}, is_active=True
    )
    executor.run_scenario(harness.world, scenario, kind=kind)  # type: ignore[arg-type]
    assert current(harness, scenario).errors_in_a_row == errors
    assert current(harness, scenario).is_active is (kind == "manual")


def test_an_instant_scenario_is_stopped_by_its_first_error() -> None:
    harness = EngineHarness()
    scenario = harness.scenario(module(1, "util:SetVariable2"), is_active=True)
    executor.run_scenario(harness.world, scenario, instant=True)
    assert current(harness, scenario).is_invalid


@pytest.mark.parametrize(
    ("expression", "cited"),
    [
        (
            'parseNumber(substring("😀"; 0; 1))',
            "Function 'parseNumber' finished with error! '\ufffd' is not a valid number.",
        ),
        (
            'parseNumber(substring("😀"; 0; 1) + substring("😀"; 1; 2))',
            "Function 'parseNumber' finished with error! '😀' is not a valid number.",
        ),
    ],
)
def test_an_error_that_cites_half_a_character_can_be_written_as_json(expression: str, cited: str) -> None:
    harness = EngineHarness()
    run = harness.run(
        set_variable(1, "{{" + expression + "}}", onerror=[module(2, "builtin:Break")]),
        settings={"dlq": True},
    )
    [kept] = harness.world.incomplete_executions.all().page(lambda row: row.index)
    assert kept.reason == f"Failed to map 'value': {cited}"
    assert orjson.loads(orjson.dumps(kept.bundles)) == {
        "1": {"error": {"type": "DataError", "message": kept.reason}}
    }
    assert [step.error.message for step in run.steps if step.error] == [kept.reason]
