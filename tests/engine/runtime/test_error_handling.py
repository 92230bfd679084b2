"""Error handling: by the handler of a module, or by the settings of the scenario."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from helpers.engine import (
    NOW,
    EngineHarness,
    add_record_module,
    error_of,
    iterator,
    module,
    outputs_of,
    parse_json_module,
    return_data,
    set_variable,
)
from make_emulator.engine.runtime import executor
from make_emulator.world.models import IncompleteExecution

DLQ = {"dlq": True}
NOT_JSON = ("DataError", "Source is not valid JSON.")


def stored(harness: EngineHarness) -> list[IncompleteExecution]:
    return list(harness.world.incomplete_executions)


def on_store(id: int, name: str, mapper: Any) -> Any:
    return {**module(id, f"datastore:{name}", mapper), "parameters": {"datastore": 1}}


# --- directives ----------------------------------------------------------------------------------


@pytest.mark.parametrize("directive", ["Ignore", "Resume", "Commit"])
def test_an_error_that_is_handled_leaves_a_success(directive: str) -> None:
    execution = EngineHarness().run(parse_json_module(1, "{", module(9, f"builtin:{directive}")))
    assert (execution.status, execution.error) == (1, None)
    assert executor.visible_status(execution, execution.ends) == "SUCCESS"


def test_a_handlers_own_modules_run_before_its_directive_and_see_the_error() -> None:
    handler = [set_variable(8, "{{2.error.type}}: {{1.value}}"), module(9, "builtin:Ignore")]
    execution = EngineHarness().run(
        iterator("{", "1"), parse_json_module(2, "{{1.value}}", *handler), set_variable(3, "{{2.value}}")
    )
    assert outputs_of(execution, 8) == [{"x": "DataError: {"}]
    assert outputs_of(execution, 3) == [{"x": 1}]
    # The feeder, two parsed bundles, one of which failed, and a variable each; directives do not count.
    assert execution.operations == 5


def test_a_handler_without_a_directive_drops_the_bundle() -> None:
    execution = EngineHarness().run(
        iterator("{", "1"), parse_json_module(2, "{{1.value}}", set_variable(8, "x")), set_variable(3, "y")
    )
    assert (execution.status, len(outputs_of(execution, 3))) == (1, 1)


def only(kind: str) -> Any:
    return {"name": kind, "conditions": [[{"a": "{{2.error.type}}", "o": "text:equal", "b": kind}]]}


def test_an_error_that_does_not_pass_the_filter_of_its_handler_is_not_handled() -> None:
    closed = parse_json_module(2, "{", module(9, "builtin:Ignore", filter=only("ConnectionError")))
    assert error_of(EngineHarness().run(iterator("a"), closed)) == NOT_JSON
    harness = EngineHarness()
    assert harness.run(iterator("a"), closed, settings=DLQ).status == 2
    assert [row.failer for row in stored(harness)] == [2]
    passing = parse_json_module(2, "{", module(9, "builtin:Ignore", filter=only("DataError")))
    assert EngineHarness().run(iterator("a"), passing).status == 1


def test_a_filter_within_a_handler_drops_the_bundle_and_not_the_handling() -> None:
    handler = [set_variable(8, "x"), set_variable(9, "y", filter=only("ConnectionError"))]
    execution = EngineHarness().run(
        iterator("{", "1"), parse_json_module(2, "{{1.value}}", *handler), set_variable(3, "z")
    )
    assert execution.status == 1
    assert [len(outputs_of(execution, id)) for id in (8, 9, 3)] == [1, 0, 1]


def test_a_router_within_a_handler_distinguishes_errors() -> None:
    routes = [
        {"flow": [set_variable(11, "x", filter=only("ConnectionError")), module(12, "builtin:Rollback")]},
        {"flow": [module(13, "builtin:Resume", {"value": "{{2.error.message}}"}, filter=only("DataError"))]},
    ]
    execution = EngineHarness().run(
        iterator("{", "1"),
        parse_json_module(2, "{{1.value}}", module(10, "builtin:BasicRouter", None, routes=routes)),
        set_variable(3, "{{2.value}}"),
    )
    assert outputs_of(execution, 3) == [{"x": NOT_JSON[1]}, {"x": 1}]
    assert outputs_of(execution, 11) == []


def test_a_handler_may_have_a_handler_of_its_own() -> None:
    inner = parse_json_module(8, "{", module(9, "builtin:Resume", {"value": "{{8.error.type}}"}))
    outer = [inner, module(10, "builtin:Resume", {"value": "{{2.error.type}} {{8.value}}"})]
    execution = EngineHarness().run(
        iterator("{"), parse_json_module(2, "{{1.value}}", *outer), set_variable(3, "{{2.value}}")
    )
    assert outputs_of(execution, 3) == [{"x": "DataError DataError"}]


def test_the_filter_of_a_handlers_handler_decides_too() -> None:
    closed = {"conditions": [[{"a": "{{8.error.type}}", "o": "text:equal", "b": "ConnectionError"}]]}
    inner = parse_json_module(8, "{", module(9, "builtin:Ignore", filter=closed))
    execution = EngineHarness().run(
        iterator("{"), parse_json_module(2, "{{1.value}}", inner, module(10, "builtin:Ignore"))
    )
    assert error_of(execution) == NOT_JSON
    assert execution.error is not None
    assert execution.steps[-1].module_id == 8


def test_breaking_stores_the_bundle_and_the_others_go_on_with_a_warning() -> None:
    harness = EngineHarness()
    breaking = parse_json_module(2, "{{1.value}}", module(9, "builtin:Break"))
    execution = harness.run(iterator("{", "1"), breaking, set_variable(3, "{{2.value}}"), settings=DLQ)
    assert (execution.status, execution.error) == (2, None)
    assert executor.visible_status(execution, execution.ends) == "WARNING"
    assert [step.error is None for step in execution.steps if step.module_id == 2] == [False, True]
    assert execution.steps[-1].output == ({"x": 1},)
    [row] = stored(harness)
    assert (row.scenario_id, row.execution_id) == (execution.scenario_id, execution.id)
    assert (row.reason, row.failer, row.resolved) == ("Source is not valid JSON.", 2, False)
    assert row.bundles == {
        "1": {"value": "{"},
        "2": {"error": {"type": "DataError", "message": "Source is not valid JSON."}},
    }
    assert (row.retry, row.attempts, row.next_retry) == (False, 0, None)
    assert NOW < row.created <= execution.ends


@pytest.mark.parametrize(
    ("mapper", "most", "minutes"),
    [({"retry": True}, 3, 15), ({"retry": True, "count": 5, "interval": 2}, 5, 2)],
)
def test_breaking_may_ask_for_new_attempts(mapper: Any, most: int, minutes: int) -> None:
    harness = EngineHarness()
    harness.run(parse_json_module(1, "{", module(9, "builtin:Break", mapper)), settings=DLQ)
    [row] = stored(harness)
    assert (row.retry, row.most_attempts, row.interval) == (True, most, 60_000 * minutes)
    assert row.next_retry == row.created + 60_000 * minutes


def test_without_the_setting_breaking_stores_nothing_and_the_run_fails() -> None:
    harness = EngineHarness()
    assert error_of(harness.run(parse_json_module(1, "{", module(9, "builtin:Break")))) == NOT_JSON
    assert stored(harness) == []


def test_with_the_setting_an_unhandled_error_is_stored_too() -> None:
    harness = EngineHarness()
    execution = harness.run(
        iterator("{", "1"), parse_json_module(2, "{{1.value}}"), set_variable(3, "{{2.value}}"), settings=DLQ
    )
    assert execution.status == 2
    assert [(row.failer, row.retry) for row in stored(harness)] == [(2, False)]


def test_an_error_of_the_first_module_is_stored_only_when_it_is_set_to_break() -> None:
    harness = EngineHarness()
    assert error_of(harness.run(parse_json_module(1, "{"), settings=DLQ)) == NOT_JSON
    assert stored(harness) == []


def test_what_fails_in_a_handler_is_stored_from_where_the_handled_error_was() -> None:
    harness = EngineHarness()
    harness.run(
        iterator("{"),
        parse_json_module(2, "{{1.value}}", parse_json_module(8, "{"), module(9, "builtin:Ignore")),
        settings=DLQ,
    )
    assert [row.failer for row in stored(harness)] == [2]


def test_without_storage_for_incomplete_executions_a_scenario_stops_unless_it_may_lose_data() -> None:
    for may_lose in (False, True):
        harness = EngineHarness()
        [organization] = harness.world.organizations
        tight = replace(organization, license=replace(organization.license, dlq_storage=1_000))
        harness.world.organizations.put(tight)
        flow = (set_variable(1, "a" * 1_000), parse_json_module(2, "{"))
        settings = {"dlq": True, "dataloss": may_lose}
        scenario = harness.scenario(*flow, metadata={"scenario": settings}, is_active=True)
        executor.run_scenario(harness.world, scenario)
        assert stored(harness) == []
        assert harness.world.scenarios[scenario.id].is_active is may_lose


def test_warnings_do_not_count_among_the_errors_in_a_row() -> None:
    harness = EngineHarness()
    scenario = harness.scenario(
        iterator("{"), parse_json_module(2, "{"), metadata={"scenario": DLQ}, is_active=True
    )
    executor.run_scenario(harness.world, scenario)
    assert harness.world.scenarios[scenario.id].errors_in_a_row == 0


# --- errors and warnings that are thrown ---------------------------------------------------------


def test_throwing_an_error_fails_the_run_with_its_message() -> None:
    execution = EngineHarness().run(
        set_variable(1, "Ada"), module(2, "builtin:ThrowError", {"message": "No {{1.x}}"})
    )
    assert error_of(execution) == ("RuntimeError", "No Ada")
    assert execution.operations == 1


def test_a_warning_lets_the_run_go_on() -> None:
    execution = EngineHarness().run(
        module(1, "builtin:ThrowWarning", {"message": "Hm"}), return_data(2, a="b")
    )
    assert (execution.status, execution.outputs, execution.error) == (2, {"a": "b"}, None)


def test_a_run_can_be_given_a_name() -> None:
    execution = EngineHarness().run(
        set_variable(1, "A-17"), module(2, "builtin:NameARun", {"name": "Order {{1.x}}"})
    )
    assert (execution.name, execution.operations) == ("Order A-17", 1)


# --- what a rollback undoes ----------------------------------------------------------------------


def test_a_rollback_undoes_what_was_written_unless_every_module_commits() -> None:
    for at_once, city in ((False, "Oslo"), (True, "Rome")):
        harness = EngineHarness()
        harness.add("old", city="Oslo")
        before = harness.world.data_stores[1]
        execution = harness.run(
            add_record_module(1, "old", "Rome"),
            add_record_module(2, "new", "Bern"),
            parse_json_module(3, "{", module(9, "builtin:Rollback")),
            settings={"autoCommit": at_once, "autoCommitTriggerLast": False},
        )
        assert error_of(execution) == NOT_JSON
        assert harness.data("old")["city"] == city
        assert ((1, "new") in harness.world.records) is at_once
        assert (harness.world.data_stores[1] == before) is not at_once


def test_a_rollback_brings_back_what_was_deleted_and_forgets_what_was_generated() -> None:
    harness = EngineHarness()
    for key in ("a", "b", "c"):
        harness.add(key, city=key)
    before = harness.world.data_stores[1]
    execution = harness.run(
        on_store(1, "DeleteRecord", {"key": "a"}),
        on_store(2, "AddRecord", {"overwrite": False, "data": {"city": "x"}}),
        on_store(
            3, "UpdateRecord", {"key": "b", "upsert": False, "overwriteArrays": False, "data": {"city": "z"}}
        ),
        on_store(4, "DeleteAllRecords", {}),
        on_store(5, "AddRecord", {"key": "c", "overwrite": True, "data": {"city": "y"}}),
        parse_json_module(6, "{"),
        settings={"autoCommit": False},
    )
    assert error_of(execution) == NOT_JSON
    assert {record.key: record.data["city"] for record in harness.world.records} == {
        "a": "a",
        "b": "b",
        "c": "c",
    }
    assert harness.world.data_stores[1] == before


def test_committing_keeps_what_was_written() -> None:
    harness = EngineHarness()
    harness.run(
        add_record_module(1, "new", "Bern"),
        parse_json_module(2, "{", module(9, "builtin:Commit")),
        settings={"autoCommit": False},
    )
    assert harness.data("new")["city"] == "Bern"
