"""Incomplete executions that are tried again: by hand, by the clock, and with a repaired blueprint."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest

from helpers.engine import NOW, EngineHarness, module, parse_json_module, set_variable
from make_emulator.engine.runtime import executor, module_scripts
from make_emulator.engine.scheduling import incomplete_retry, scheduler
from make_emulator.json_types import as_mappings
from make_emulator.world.exceptions import InvalidStateError, MalformedBlueprintError
from make_emulator.world.models import ExecutionError, IncompleteExecution, ModuleScript

DLQ = {"scenario": {"dlq": True}}
MINUTE = 60_000


def parse(id: int, json: str, **mapper: Any) -> Any:
    return parse_json_module(id, json, module(90 + id, "builtin:Break", mapper))


def break_off(harness: EngineHarness, *flow: Any, inputs: Any = None) -> IncompleteExecution:
    """Run a blueprint in which one bundle breaks off."""
    executor.run_scenario(harness.world, harness.scenario(*flow, metadata=DLQ), inputs=inputs)
    [row] = harness.world.incomplete_executions
    return row


def now_of(harness: EngineHarness, row: IncompleteExecution) -> IncompleteExecution:
    return harness.world.incomplete_executions[row.id]


def mended(row: IncompleteExecution, id: int, json: str) -> Any:
    """Its blueprint, in which a module of the first flow parses something else."""
    nodes = as_mappings(row.blueprint["flow"])
    flow = [{**node, "mapper": {"json": json}} if node["id"] == id else node for node in nodes]
    return {**row.blueprint, "flow": flow}


def test_a_new_attempt_begins_at_the_module_that_failed_with_what_came_before() -> None:
    harness = EngineHarness()
    row = break_off(harness, set_variable(1, "kept"), parse(2, "{"), set_variable(3, "{{1.x}} {{2.a}}"))
    row = incomplete_retry.update(harness.world, row, blueprint=mended(row, 2, '{"a": 1}'))
    execution = incomplete_retry.retry(harness.world, row, author_id=1)
    assert (execution.status, execution.type, execution.author_id) == (1, "manual", 1)
    assert [(step.module_id, list(step.output)) for step in execution.steps] == [
        (2, [{"a": 1}]),
        (3, [{"x": "kept 1"}]),
    ]
    assert execution.operations == 2
    after = now_of(harness, row)
    assert (after.resolved, after.attempts, after.retry) == (True, 1, False)


def test_an_attempt_is_no_run_of_the_scenario_but_counts_in_what_it_consumed() -> None:
    harness = EngineHarness()
    row = break_off(harness, set_variable(1, "x"), parse(2, "{"))
    before = harness.world.tallies["scenario", row.scenario_id].operations
    execution = incomplete_retry.retry(harness.world, row)
    assert [entry.id for entry in harness.world.logs] == [row.execution_id]
    assert harness.world.tallies["scenario", row.scenario_id].operations == before + execution.operations
    [retry] = harness.world.retries
    assert retry.execution == execution
    assert retry.imt_id == f"{execution.started}_dlq.{row.id}.manual.{execution.id}"


def test_an_attempt_that_fails_again_stays_in_its_place() -> None:
    harness = EngineHarness()
    row = break_off(harness, set_variable(1, "x"), parse(2, "{"))
    execution = incomplete_retry.retry(harness.world, row)
    assert execution.status == 3
    assert execution.error is not None
    assert (execution.error.name, execution.error.module_name) == ("DataError", "ParseJSON")
    [after] = harness.world.incomplete_executions
    assert after == replace(row, attempts=1)


def test_an_attempt_that_gets_further_goes_on_from_there_the_next_time() -> None:
    harness = EngineHarness()
    row = break_off(harness, set_variable(1, "x"), parse(2, "{"), parse(3, "["))
    row = incomplete_retry.update(harness.world, row, blueprint=mended(row, 2, '{"a": 1}'))
    incomplete_retry.retry(harness.world, row)
    after = now_of(harness, row)
    assert (after.failer, after.resolved, after.bundles["2"]) == (3, False, {"a": 1})


def test_variables_and_inputs_are_there_again() -> None:
    harness = EngineHarness()
    row = break_off(
        harness,
        set_variable(1, "kept", name="mine"),
        parse(2, "{"),
        module(3, "util:GetVariable2", {"name": "mine"}),
        set_variable(4, "{{var.input.city}}"),
        inputs={"city": "Oslo"},
    )
    row = incomplete_retry.update(harness.world, row, blueprint=mended(row, 2, "1"))
    steps = incomplete_retry.retry(harness.world, row).steps
    assert [step.output[0] for step in steps] == [{"value": 1}, {"mine": "kept"}, {"x": "Oslo"}]


def test_dates_are_there_again() -> None:
    harness = EngineHarness()
    row = break_off(
        harness,
        set_variable(1, "{{parseDate('2026-03-01T12:00:00Z')}}", name="mine"),
        parse(2, "{"),
        module(3, "util:GetVariable2", {"name": "mine"}),
        set_variable(4, "{{parseDate('2026-03-02T12:00:00Z') - 1.mine}} {{addDays(3.mine; 1) - 3.mine}}"),
    )
    assert row.bundles["1"] == row.variables == {"mine": "2026-03-01T12:00:00.000Z"}
    assert (row.bundle_dates, row.variable_dates) == (("/1/mine",), ("/mine",))
    row = incomplete_retry.update(harness.world, row, blueprint=mended(row, 2, "1"))
    steps = incomplete_retry.retry(harness.world, row).steps
    assert steps[-1].output[0] == {"x": "86400000 86400000"}


def test_an_aggregator_gathers_the_one_bundle_that_is_tried_again() -> None:
    harness = EngineHarness()
    gather = {**module(3, "builtin:BasicAggregator", {"v": "{{2.value}}"}), "parameters": {"feeder": 1}}
    feeder = module(1, "builtin:BasicFeeder", {"array": ["{", "2"]})
    row = break_off(harness, feeder, parse(2, "{{1.value}}"), gather)
    row = incomplete_retry.update(harness.world, row, blueprint=mended(row, 2, "7"))
    assert incomplete_retry.retry(harness.world, row).steps[-1].output == (
        {"array": [{"v": 7}], "__IMTAGGLENGTH__": 1},
    )


def test_within_a_branch_the_rest_of_the_way_leads_to_the_merge() -> None:
    harness = EngineHarness()
    never = {"type": "condition", "conditions": [[{"a": "1", "o": "text:equal", "b": "2"}]], "flow": []}
    branch = {"type": "else", "merge": True, "flow": [parse(3, "{{1.x}}")]}
    row = break_off(
        harness,
        set_variable(1, "{"),
        module(2, "builtin:BasicIfElse", None, branches=[never, branch]),
        module(
            8,
            "builtin:BasicMerge",
            None,
            filters=[None],
            outputs=[{"name": "y", "mappings": ["{{3.value}}"]}],
        ),
    )
    harness.world.incomplete_executions.put(row := replace(row, bundles={**row.bundles, "1": {"x": "5"}}))
    assert incomplete_retry.retry(harness.world, row).steps[-1].output == ({"y": 5},)


def test_what_is_resolved_cannot_be_tried_again() -> None:
    harness = EngineHarness()
    row = break_off(harness, set_variable(1, "x"), parse(2, "{"))
    row = harness.world.incomplete_executions.put(replace(row, resolved=True))
    with pytest.raises(InvalidStateError):
        incomplete_retry.retry(harness.world, row)


def test_the_module_to_begin_at_must_be_one_of_the_blueprint() -> None:
    harness = EngineHarness()
    row = break_off(harness, set_variable(1, "x"), parse(2, "{"))
    with pytest.raises(MalformedBlueprintError, match="Module '7' not found"):
        incomplete_retry.update(harness.world, row, failer=7)
    assert incomplete_retry.update(harness.world, row, failer=1).failer == 1


# --- by the clock --------------------------------------------------------------------------------


def test_the_clock_brings_new_attempts_until_they_are_used_up() -> None:
    harness = EngineHarness()
    row = break_off(harness, set_variable(1, "x"), parse(2, "{", retry=True, count=2, interval=10))
    harness.world.clock.set(NOW + 9 * MINUTE)
    scheduler.catch_up(harness.world)
    assert now_of(harness, row).attempts == 0
    harness.world.clock.set(NOW + 11 * MINUTE)
    scheduler.catch_up(harness.world)
    after = now_of(harness, row)
    assert (after.attempts, after.retry) == (1, True)
    harness.world.clock.set(NOW + 600 * MINUTE)
    scheduler.catch_up(harness.world)
    after = now_of(harness, row)
    assert (after.attempts, after.retry, after.resolved, after.next_retry) == (2, False, False, None)
    first, second = (retry.execution for retry in harness.world.retries)
    assert (first.started, second.started) == (row.created + 10 * MINUTE, first.ends + 10 * MINUTE)
    assert first.type == "auto"


def test_an_error_that_passes_by_itself_is_tried_again_at_growing_intervals(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    harness = EngineHarness()
    row = break_off(harness, set_variable(1, "x"), module(2, "json:ParseJSON", {"json": "{"}))
    assert (row.retry, row.most_attempts) == (False, 0)
    monkeypatch.setattr(
        "make_emulator.engine.runtime.failed_bundles.TRANSIENT_ERRORS", frozenset({"DataError"})
    )
    harness = EngineHarness()
    row = break_off(harness, set_variable(1, "x"), module(2, "json:ParseJSON", {"json": "{"}))
    assert (row.retry, row.most_attempts, row.next_retry) == (True, 8, row.created + MINUTE)
    harness.world.clock.set(NOW + 10_000 * MINUTE)
    scheduler.catch_up(harness.world)
    runs = [retry.execution for retry in harness.world.retries]
    waits = [(later.started - earlier.ends) // MINUTE for earlier, later in itertools.pairwise(runs)]
    assert waits == [10, 10, 30, 30, 30, 180, 180]
    assert now_of(harness, row).retry is False


# --- how many at once ----------------------------------------------------------------------------


def many(harness: EngineHarness, count: int, *, seconds: int = 60) -> Any:
    """A scenario of which so many bundles broke off at once; each attempt takes so long, and succeeds."""
    failing = ExecutionError(name="RateLimitError", message="no")
    module_scripts.save_script(harness.world, ModuleScript(module="acme:get", error=failing, left=count))
    feeder = module(1, "builtin:BasicFeeder", {"array": list(range(count))})
    scenario = harness.scenario(feeder, module(2, "acme:get"), metadata=DLQ, is_active=True)
    executor.run_scenario(harness.world, scenario)
    module_scripts.save_script(harness.world, ModuleScript(module="acme:get", duration=1000 * seconds))
    for row in list(harness.world.incomplete_executions.where(scenario=scenario.id)):
        harness.world.incomplete_executions.put(replace(row, next_retry=NOW + MINUTE))
    return scenario


def spans(harness: EngineHarness, scenario: Any) -> list[tuple[int, int]]:
    """Start and end of each attempt, the first one first."""
    runs = [retry.execution for retry in harness.world.retries.where(scenario=scenario.id)]
    return sorted((run.started, run.ends) for run in runs)


def batches(harness: EngineHarness, scenario: Any) -> list[int]:
    """Sizes of the batches of attempts that began at the same moment, each after all of the previous batch ended."""
    groups = [
        list(group) for _, group in itertools.groupby(spans(harness, scenario), key=lambda span: span[0])
    ]
    for before, after in itertools.pairwise(groups):
        assert after[0][0] == max(end for _, end in before)
    return [len(group) for group in groups]


def test_three_are_tried_again_at_the_same_time_and_the_next_three_when_these_are_done() -> None:
    harness = EngineHarness()
    scenario = many(harness, 8)
    harness.world.clock.set(NOW + 30 * MINUTE)
    scheduler.catch_up(harness.world)
    assert batches(harness, scenario) == [3, 3, 2]
    assert all(row.resolved for row in harness.world.incomplete_executions)


def test_each_scenario_has_three_of_its_own() -> None:
    harness = EngineHarness()
    scenarios = [many(harness, 3), many(harness, 3)]
    harness.world.clock.set(NOW + 30 * MINUTE)
    scheduler.catch_up(harness.world)
    assert [batches(harness, scenario) for scenario in scenarios] == [[3], [3]]


def test_no_attempt_begins_while_its_scenario_is_running() -> None:
    harness = EngineHarness()
    scenario = many(harness, 1, seconds=300)
    # A run that begins half a minute before the attempt is due.
    run = executor.run_scenario(harness.world, harness.world.scenarios[scenario.id], at=NOW + MINUTE // 2)
    assert run.duration > 4 * MINUTE
    harness.world.clock.set(NOW + 30 * MINUTE)
    scheduler.catch_up(harness.world)
    [(began, _)] = spans(harness, scenario)
    assert began == run.ends


def test_those_that_a_person_asks_for_at_once_wait_for_each_other_too() -> None:
    harness = EngineHarness()
    scenario = many(harness, 5)
    rows = sorted(harness.world.incomplete_executions, key=lambda row: row.index)
    assert len(incomplete_retry.retry_all(harness.world, rows, author_id=1)) == 5
    assert batches(harness, scenario) == [3, 2]
    assert (
        incomplete_retry.retry_all(harness.world, [now_of(harness, row) for row in rows], author_id=1) == []
    )


def test_one_that_waits_for_its_turn_keeps_its_attempts() -> None:
    harness = EngineHarness()
    scenario = many(harness, 4)
    module_scripts.save_script(
        harness.world,
        ModuleScript(
            module="acme:get", error=ExecutionError(name="RateLimitError", message="no"), duration=MINUTE
        ),
    )
    harness.world.clock.set(NOW + 3 * MINUTE)
    scheduler.catch_up(harness.world)
    assert batches(harness, scenario) == [3, 1]
    assert {row.attempts for row in harness.world.incomplete_executions} == {1}
    ends = sorted(end for _, end in spans(harness, scenario))
    assert sorted(row.next_retry or 0 for row in harness.world.incomplete_executions) == [
        end + 10 * MINUTE for end in ends
    ]
