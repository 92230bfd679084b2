"""Cycles of a run: how many there are, what each one works on, and what outlasts it."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.engine import (
    EngineHarness,
    add_record_module,
    error_of,
    module,
    outputs_of,
    return_data,
    set_variable,
)
from make_emulator.engine.runtime import executor, module_scripts
from make_emulator.world.models import Execution, ModuleScript

THREE = {"roundtrips": 3}


def watch(id: int = 1, **parameters: Any) -> Any:
    return {**module(id, "acme:watchRows"), "parameters": parameters}


def finds(harness: EngineHarness, count: int, name: str = "acme:watchRows", **rest: Any) -> None:
    """Let a module find so many rows each time that it asks."""
    rows: list[dict[str, Any]] = [{"n": n} for n in range(1, count + 1)]
    module_scripts.save_script(harness.world, ModuleScript(module=name, output=rows, **rest))


def count(id: int, reset: str | None) -> Any:
    parameters = {} if reset is None else {"reset": reset}
    return {**module(id, "util:FunctionIncrement"), "parameters": parameters}


def fail_if(id: int, a: str, b: Any) -> Any:
    return module(
        id,
        "builtin:ThrowError",
        {"message": "no"},
        filter={"conditions": [[{"a": a, "o": "number:equal", "b": b}]]},
    )


# --- how many ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("roundtrips", "cycles"), [(None, 1), (0, 1), ("3", 1), (True, 1), (1, 1), (3, 3)])
def test_without_a_trigger_every_cycle_is_performed(roundtrips: Any, cycles: int) -> None:
    execution = EngineHarness().run(set_variable(1, "x"), settings={"roundtrips": roundtrips})
    assert (execution.status, execution.operations) == (1, cycles)
    assert [step.operation for step in execution.steps] == list(range(1, cycles + 1))


@pytest.mark.parametrize(
    ("cycles", "put_out", "operations"), [(1, [2], 3), (2, [2, 2], 6), (3, [2, 2, 1], 8), (9, [2, 2, 1], 8)]
)
def test_a_trigger_that_polls_goes_on_as_long_as_there_is_more_than_its_limit(
    cycles: int, put_out: list[int], operations: int
) -> None:
    harness = EngineHarness()
    finds(harness, 5)
    execution = harness.run(watch(limit=2), set_variable(2, "{{1.n}}"), settings={"roundtrips": cycles})
    assert [len(step.output) for step in execution.steps if step.module_id == 1] == put_out
    assert outputs_of(execution, 2) == [{"x": n} for n in range(1, sum(put_out) + 1)]
    assert execution.operations == operations


def test_a_limit_may_be_text_and_may_be_called_otherwise() -> None:
    harness = EngineHarness()
    finds(harness, 5, "mail:TriggerNewEmail")
    trigger = {**module(1, "mail:TriggerNewEmail"), "parameters": {"maxResults": "2"}}
    assert [len(step.output) for step in harness.run(trigger, settings={"roundtrips": 2}).steps] == [2, 2]


def test_a_script_that_is_used_up_still_gives_all_that_was_found() -> None:
    harness = EngineHarness()
    finds(harness, 5, left=1)
    execution = harness.run(watch(limit=2), settings={"roundtrips": 5})
    assert outputs_of(execution, 1) == [{"n": n} for n in range(1, 6)]
    assert harness.world.scripts["acme:watchRows"].hits == 1


def test_a_trigger_without_a_limit_and_one_that_is_not_scripted_have_one_cycle() -> None:
    harness = EngineHarness()
    assert harness.run(watch(limit=1), settings=THREE).operations == 1
    finds(harness, 5)
    assert harness.run(watch(), settings=THREE).operations == 1


def test_a_search_at_the_beginning_emits_the_same_in_every_cycle() -> None:
    harness = EngineHarness()
    finds(harness, 5, "acme:searchRows")
    search = {**module(1, "acme:searchRows"), "parameters": {"limit": 2}}
    assert [len(step.output) for step in harness.run(search, settings=THREE).steps] == [5, 5, 5]


def test_what_an_instant_trigger_was_handed_is_one_cycle() -> None:
    hook = module(1, "gateway:CustomWebHook")
    execution = EngineHarness().run(hook, set_variable(2, "x"), settings=THREE, trigger_bundle={"a": 1})
    assert execution.operations == 2
    start = {**module(1, "scenario-service:StartSubscenario"), "version": 2}
    assert EngineHarness().run(start, set_variable(2, "x"), settings=THREE).operations == 1


def test_a_hooks_queue_is_fetched_cycle_by_cycle_until_it_is_empty() -> None:
    queue: list[Any] = [[{"n": 3}], None]
    execution = EngineHarness().run(
        module(1, "gateway:CustomWebHook"),
        set_variable(2, "{{1.n}}"),
        settings={"roundtrips": 9},
        trigger_bundle=[{"n": 1}, {"n": 2}],
        more=lambda: queue.pop(0),
    )
    assert outputs_of(execution, 2) == [{"x": 1}, {"x": 2}, {"x": 3}]
    assert queue == []


def test_a_run_that_is_ended_by_a_module_has_no_further_cycle() -> None:
    assert EngineHarness().run(set_variable(1, "x"), return_data(2, a=1), settings=THREE).operations == 1
    committing = module(1, "json:ParseJSON", {"json": "{"}, onerror=[module(9, "builtin:Commit")])
    assert EngineHarness().run(committing, settings=THREE).operations == 1
    assert EngineHarness().run(settings=THREE).operations == 0


def test_endless_cycles_come_to_an_end() -> None:
    execution = EngineHarness().run(set_variable(1, "x"), settings={"roundtrips": 10**9})
    assert error_of(execution)[0] == "ScenarioTimeoutError"


def test_cycles_that_find_nothing_to_do_come_to_an_end_too() -> None:
    closed = {"conditions": [[{"a": "", "o": "exist"}]]}
    execution = EngineHarness().run(set_variable(1, "x", filter=closed), settings={"roundtrips": 10**9})
    assert error_of(execution)[0] == "ScenarioTimeoutError"


# --- what is committed ---------------------------------------------------------------------------


def test_an_error_undoes_the_writes_of_its_own_cycle_only() -> None:
    harness = EngineHarness()
    finds(harness, 3)
    settings = {"roundtrips": 3, "autoCommit": False}
    execution = harness.run(
        watch(limit=1), add_record_module(2, "{{1.n}}", "x"), fail_if(3, "{{1.n}}", 2), settings=settings
    )
    assert error_of(execution) == ("RuntimeError", "no")
    assert sorted(record.key for record in harness.world.records) == ["1"]
    assert harness.world.data_stores[1].records == 1


def test_a_module_that_commits_at_once_leaves_what_it_wrote() -> None:
    harness = EngineHarness()
    finds(harness, 3)
    harness.run(
        watch(limit=1),
        add_record_module(2, "{{1.n}}", "x"),
        fail_if(3, "{{1.n}}", 2),
        settings={"roundtrips": 3, "autoCommit": True},
    )
    assert sorted(record.key for record in harness.world.records) == ["1", "2"]


# --- what outlasts a cycle -----------------------------------------------------------------------


def remembered(scope: str) -> Execution:
    """Read a variable and set it afterwards, in three cycles."""
    setting = module(2, "util:SetVariable2", {"name": "x", "scope": scope, "value": "{{executionId}}"})
    return EngineHarness().run(module(1, "util:GetVariable2", {"name": "x"}), setting, settings=THREE)


def test_a_variable_lasts_as_long_as_its_scope_says() -> None:
    execution = remembered("execution")
    assert outputs_of(execution, 1) == [{"x": None}, {"x": execution.id}, {"x": execution.id}]
    assert outputs_of(remembered("roundtrip"), 1) == [{"x": None}] * 3


def test_the_last_scope_that_a_variable_was_set_with_counts() -> None:
    def set_in(id: int, scope: str) -> Any:
        variables = [{"name": "x", "value": id}]
        return module(id, "util:SetVariables", {"variables": variables, "scope": scope})

    get = module(1, "util:GetVariable2", {"name": "x"})
    longer = EngineHarness().run(
        get, set_in(2, "roundtrip"), set_in(3, "execution"), settings={"roundtrips": 2}
    )
    assert outputs_of(longer, 1) == [{"x": None}, {"x": 3}]
    shorter = EngineHarness().run(
        get, set_in(2, "execution"), set_in(3, "roundtrip"), settings={"roundtrips": 2}
    )
    assert outputs_of(shorter, 1) == [{"x": None}, {"x": None}]


@pytest.mark.parametrize(
    ("reset", "first", "second"),
    [
        ("run", [1, 2, 1, 2], [1, 2, 1, 2]),
        ("execution", [1, 2, 3, 4], [1, 2, 3, 4]),
        ("scenario", [1, 2, 3, 4], [5, 6, 7, 8]),
    ],
)
def test_an_increment_starts_again_after_a_cycle_a_run_or_never(
    reset: str, first: list[int], second: list[int]
) -> None:
    harness = EngineHarness()
    flow = (module(1, "builtin:BasicRepeater", {"repeats": 2}), count(2, reset))
    scenario = harness.scenario(*flow, metadata={"scenario": {"roundtrips": 2}})
    for expected in (first, second):
        execution = executor.run_scenario(harness.world, scenario)
        assert outputs_of(execution, 2) == [{"i": i} for i in expected]
    other = harness.run(*flow)
    assert outputs_of(other, 2) == [{"i": 1}, {"i": 2}], "another scenario counts by itself"


def test_an_increment_has_to_say_when_it_starts_again() -> None:
    for reset in (None, "never"):
        execution = EngineHarness().run(count(1, reset))
        assert error_of(execution) == ("BundleValidationError", "Validation failed for 1 parameter(s).")


def test_a_bundle_that_breaks_off_keeps_the_variables_of_its_cycle() -> None:
    harness = EngineHarness()
    parse = module(3, "json:ParseJSON", {"json": "{"})
    harness.run(set_variable(2, "kept"), parse, settings={"roundtrips": 2, "dlq": True})
    assert [row.variables for row in harness.world.incomplete_executions] == [{"x": "kept"}] * 2
