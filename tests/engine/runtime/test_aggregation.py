"""Aggregators: which bundles they gather, what they make of them, and what comes after them."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.engine import (
    EngineHarness,
    error_of,
    filter_if,
    iterator,
    module,
    outputs_of,
    return_data,
    set_variable,
    step_module_ids,
)
from make_emulator.engine.budget import MAX_WORK, Budget
from make_emulator.json_types import as_array


def gather(id: int, name: str, mapper: Any, feeder: int = 1, flags: Any = None, **parameters: Any) -> Any:
    node = module(id, name, mapper, flags=flags or {})
    return {**node, "parameters": {"feeder": feeder, **parameters}}


def array(id: int, feeder: int = 1, flags: Any = None, **mapper: Any) -> Any:
    return gather(id, "builtin:BasicAggregator", mapper, feeder, flags)


PEOPLE = (
    {"name": "Ann", "kind": "work", "age": 31},
    {"name": "Bob", "kind": "home", "age": 22},
    {"name": "Cid", "kind": "work", "age": 9},
)


def test_an_array_holds_the_mapped_fields_of_every_bundle_and_what_follows_runs_once() -> None:
    execution = EngineHarness().run(
        iterator(*PEOPLE),
        set_variable(2, "{{1.name}}!"),
        array(3, greeting="{{2.x}}", age="{{1.age}}"),
        set_variable(4, "{{3.array}}"),
    )
    wanted = [
        {"greeting": "Ann!", "age": 31},
        {"greeting": "Bob!", "age": 22},
        {"greeting": "Cid!", "age": 9},
    ]
    assert outputs_of(execution, 3) == [{"array": wanted, "__IMTAGGLENGTH__": 3}]
    assert outputs_of(execution, 4) == [{"x": wanted}]
    assert step_module_ids(execution) == [1, 2, 2, 2, 3, 4]


def test_an_aggregation_is_one_operation_however_many_bundles_it_gathers() -> None:
    execution = EngineHarness().run(iterator(*range(50)), array(2, v="{{1.value}}"))
    assert (execution.operations, execution.centicredits) == (2, 200)
    assert [len(as_array(step.input)) for step in execution.steps if step.module_id == 2] == [50]


def test_behind_an_aggregator_only_what_came_before_its_feeder_can_be_seen() -> None:
    execution = EngineHarness().run(
        set_variable(5, "before"),
        iterator("a", "b"),
        set_variable(2, "between"),
        array(3, v="{{1.value}}"),
        set_variable(4, "{{5.x}}|{{1.value}}|{{2.x}}"),
    )
    assert outputs_of(execution, 4) == [{"x": "before||"}]


def test_a_filter_on_an_aggregator_decides_which_bundles_it_gathers() -> None:
    aggregator = array(2, name="{{1.name}}") | {"filter": filter_if("{{1.age}}", "number:greater", "20")}
    execution = EngineHarness().run(iterator(*PEOPLE), aggregator)
    assert outputs_of(execution, 2) == [{"array": [{"name": "Ann"}, {"name": "Bob"}], "__IMTAGGLENGTH__": 2}]


@pytest.mark.parametrize("items", [(), ("x",)])
def test_an_aggregation_of_nothing_is_an_empty_bundle_unless_set_to_stop(items: tuple[str, ...]) -> None:
    blocked = set_variable(2, "x", filter=filter_if("{{1.value}}", "text:equal", "other"))
    execution = EngineHarness().run(
        iterator(*items), blocked, array(3, v="{{1.value}}"), set_variable(4, "on")
    )
    assert outputs_of(execution, 3) == [{"array": [], "__IMTAGGLENGTH__": 0}]
    assert outputs_of(execution, 4) == [{"x": "on"}]
    stopping = array(3, flags={"stopIfEmpty": True}, v="{{1.value}}")
    stopped = EngineHarness().run(iterator(*items), blocked, stopping, set_variable(4, "on"))
    assert (stopped.status, step_module_ids(stopped)) == (1, [1])


def test_an_aggregator_does_not_run_when_its_feeder_does_not() -> None:
    blocked = iterator("a") | {"filter": filter_if("{{5.x}}", "text:equal", "no")}
    execution = EngineHarness().run(set_variable(5, "yes"), blocked, array(2, v="{{1.value}}"))
    assert step_module_ids(execution) == [5]


def test_grouping_emits_one_bundle_for_each_key_in_order_of_appearance() -> None:
    execution = EngineHarness().run(
        iterator(*PEOPLE),
        array(2, flags={"groupBy": "{{1.kind}}"}, name="{{1.name}}"),
        set_variable(3, "{{2.__IMTKEY__}} {{2.__IMTAGGLENGTH__}} {{2.__IMTINDEX__}}/{{2.__IMTLENGTH__}}"),
    )
    assert outputs_of(execution, 2) == [
        {"array": [{"name": "Ann"}, {"name": "Cid"}], "__IMTAGGLENGTH__": 2, "__IMTKEY__": "work"},
        {"array": [{"name": "Bob"}], "__IMTAGGLENGTH__": 1, "__IMTKEY__": "home"},
    ]
    assert outputs_of(execution, 3) == [{"x": "work 2 1/2"}, {"x": "home 1 2/2"}]
    assert execution.operations == 1 + 1 + 2


def test_keys_of_different_types_are_different_groups() -> None:
    execution = EngineHarness().run(
        iterator({"k": 1}, {"k": "1"}, {"k": True}, {"k": 1}, {}, {"k": [1]}, {"k": {"a": 1}}, {"k": [1]}),
        gather(2, "util:FunctionAggregator2", {}, flags={"groupBy": "{{1.k}}"}, fn="count"),
    )
    found = [(bundle["__IMTKEY__"], bundle["result"]) for bundle in outputs_of(execution, 2)]
    assert found == [(1, 2), ("1", 1), (True, 1), (None, 1), ([1], 2), ({"a": 1}, 1)]


def test_loops_within_loops_gather_their_own_bundles() -> None:
    execution = EngineHarness().run(
        iterator("a", "b"),
        module(2, "builtin:BasicRepeater", {"repeats": 2}),
        gather(3, "util:TextAggregator", {"value": "{{1.value}}{{2.i}}"}, feeder=2, rowSeparator="\n"),
        array(4, feeder=1, text="{{3.text}}"),
    )
    assert outputs_of(execution, 3) == [{"text": "a1\na2"}, {"text": "b1\nb2"}]
    assert outputs_of(execution, 4) == [
        {"array": [{"text": "a1\na2"}, {"text": "b1\nb2"}], "__IMTAGGLENGTH__": 2}
    ]


def test_an_aggregator_can_feed_another_one() -> None:
    execution = EngineHarness().run(
        iterator(*PEOPLE),
        array(2, flags={"groupBy": "{{1.kind}}"}, name="{{1.name}}"),
        gather(3, "util:TextAggregator", {"value": "{{2.__IMTKEY__}}"}, feeder=2, rowSeparator=", "),
    )
    assert outputs_of(execution, 3) == [{"text": "work, home"}]


def test_each_route_of_a_router_may_gather_the_bundles_of_the_same_feeder() -> None:
    routes = [
        {"flow": [array(3, a="{{1.value}}"), set_variable(4, "{{3.__IMTAGGLENGTH__}}")]},
        {"flow": [gather(5, "util:TextAggregator", {"value": "{{1.value}}"}), set_variable(6, "{{5.text}}")]},
    ]
    execution = EngineHarness().run(iterator("a", "b"), module(2, "builtin:BasicRouter", None, routes=routes))
    assert outputs_of(execution, 4) == [{"x": 2}]
    assert outputs_of(execution, 6) == [{"x": "ab"}]
    assert step_module_ids(execution) == [1, 2, 2, 3, 4, 5, 6]


def test_what_an_error_handler_drops_is_missing_from_the_aggregation() -> None:
    execution = EngineHarness().run(
        iterator("1", "{", "3"),
        module(2, "json:ParseJSON", {"json": "{{1.value}}"}, onerror=[module(9, "builtin:Ignore")]),
        array(3, v="{{2.value}}"),
    )
    assert outputs_of(execution, 3) == [{"array": [{"v": 1}, {"v": 3}], "__IMTAGGLENGTH__": 2}]


def test_an_aggregator_whose_source_does_not_lead_to_it_is_an_error() -> None:
    execution = EngineHarness().run(set_variable(1, "x"), array(2, feeder=7, v="x"))
    assert error_of(execution) == (
        "BlueprintValidationError",
        "Module 'builtin:BasicAggregator' (2) has no source: '7' does not lead to it.",
    )


# --- what the kinds of aggregators make of the bundles -------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({}, "AnnBobCid"),
        ({"rowSeparator": "\t"}, "Ann\tBob\tCid"),
        ({"rowSeparator": "other", "otherRowSeparator": " & "}, "Ann & Bob & Cid"),
    ],
)
def test_texts_are_joined_by_the_row_separator(parameters: Any, text: str) -> None:
    execution = EngineHarness().run(
        iterator(*PEOPLE), gather(2, "util:TextAggregator", {"value": "{{1.name}}"}, **parameters)
    )
    assert outputs_of(execution, 2) == [{"text": text}]


@pytest.mark.parametrize(
    ("fn", "result", "of_nothing"),
    [("sum", 10.5, 0), ("avg", 3.5, None), ("count", 4, 0), ("max", 5.5, None), ("min", 2, None)],
)
def test_numbers_are_computed_and_what_is_empty_is_passed_over(fn: str, result: Any, of_nothing: Any) -> None:
    aggregator = gather(2, "util:FunctionAggregator2", {"value": "{{1.n}}"}, fn=fn)
    execution = EngineHarness().run(iterator({"n": 5.5}, {"n": "2"}, {"n": ""}, {"n": 3}), aggregator)
    assert outputs_of(execution, 2) == [{"result": result}]
    assert outputs_of(EngineHarness().run(iterator(), aggregator), 2) == [{"result": of_nothing}]


def test_a_number_that_is_none_fails_the_aggregation() -> None:
    aggregator = gather(2, "util:FunctionAggregator2", {"value": "{{1.value}}"}, fn="sum")
    execution = EngineHarness().run(iterator("1", "two"), aggregator)
    assert error_of(execution) == ("BundleValidationError", "Validation failed for 1 parameter(s).")
    unknown = gather(2, "util:FunctionAggregator2", {"value": "1"}, fn="median")
    assert error_of(EngineHarness().run(iterator("1"), unknown))[0] == "BundleValidationError"


def test_an_error_handler_takes_the_failure_of_an_aggregation() -> None:
    aggregator = gather(2, "util:FunctionAggregator2", {"value": "{{1.value}}"}, fn="sum")
    aggregator["onerror"] = [module(9, "builtin:Resume", {"result": -1})]
    execution = EngineHarness().run(iterator("two"), aggregator, set_variable(3, "{{2.result}}"))
    assert outputs_of(execution, 3) == [{"x": -1}]


def test_a_table_has_a_row_for_each_bundle_and_a_column_for_each_field() -> None:
    aggregator = gather(
        2,
        "util:AggregateAggregator",
        {"name": "{{1.name}}", "age": "{{1.age}}"},
        columnSeparator=",",
        rowSeparator="\n",
    )
    assert outputs_of(EngineHarness().run(iterator(*PEOPLE), aggregator), 2) == [
        {"text": "Ann,31\nBob,22\nCid,9"}
    ]


def test_bundles_become_a_json_array() -> None:
    aggregator = gather(2, "json:AggregateToJSON", {"n": "{{1.name}}", "a": "{{1.age}}"})
    execution = EngineHarness().run(iterator(*PEOPLE[:2]), aggregator)
    assert outputs_of(execution, 2) == [{"json": '[{"n":"Ann","a":31},{"n":"Bob","a":22}]'}]


def test_a_hundred_thousand_bundles_pass_an_iterator_and_an_aggregator_with_work_in_proportion() -> None:
    def work(count: int) -> int:
        budget = Budget(seconds=36_000.0)
        execution = EngineHarness().run(
            module(1, "builtin:BasicFeeder", {"array": "{{var.input.items}}"}),
            set_variable(2, "no. {{1.value}}"),
            array(3, v="{{2.x}}"),
            return_data(4, count="{{3.__IMTAGGLENGTH__}}"),
            inputs={"items": list(range(count))},
            budget=budget,
        )
        assert execution.error is None, execution.error
        assert execution.outputs == {"count": count}
        return MAX_WORK - budget.work

    assert work(100_000) < 11 * work(10_000)
