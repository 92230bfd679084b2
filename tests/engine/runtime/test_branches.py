"""Routers with a fallback, and if-else with merge: which way a bundle takes, and what is seen behind it."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.engine import (
    EngineHarness,
    error_of,
    iterator,
    module,
    outputs_of,
    set_variable,
    step_module_ids,
)


def only_if(a: str, o: str, b: str = "") -> list[list[Any]]:
    return [[{"a": a, "o": o, "b": b}]]


def if_else(*branches: Any) -> Any:
    return module(2, "builtin:BasicIfElse", None, branches=list(branches))


def arm(value: str | None, *flow: Any, **rest: Any) -> Any:
    if value is None:
        return {"type": "else", "merge": True, "flow": list(flow), **rest}
    conditions = only_if("{{1.value}}", "text:contain", value)
    return {"type": "condition", "merge": True, "flow": list(flow), "conditions": conditions, **rest}


def merge(outputs: Any = (), filters: Any = (None, None)) -> Any:
    return module(8, "builtin:BasicMerge", None, outputs=list(outputs), filters=list(filters))


def test_only_the_first_branch_whose_conditions_hold_is_taken() -> None:
    execution = EngineHarness().run(
        iterator("ab", "b", "c"),
        if_else(
            arm("a", set_variable(3, "A")), arm("b", set_variable(4, "B")), arm(None, set_variable(5, "C"))
        ),
    )
    assert step_module_ids(execution) == [1, 2, 3, 2, 4, 2, 5]


def test_branches_come_together_in_a_merge_which_emits_the_bundle_that_came() -> None:
    execution = EngineHarness().run(
        iterator("a", "b"),
        if_else(arm("a", set_variable(3, "A")), arm(None)),
        merge(),
        set_variable(9, "{{8.x}}{{8.value}}"),
    )
    assert outputs_of(execution, 8) == [{"x": "A"}, {"value": "b"}]
    assert outputs_of(execution, 9) == [{"x": "A"}, {"x": "b"}]


def test_a_merge_maps_each_branch_to_the_same_outputs() -> None:
    execution = EngineHarness().run(
        iterator("a", "b"),
        if_else(arm("a", set_variable(3, "A")), arm(None, set_variable(4, "B"))),
        merge(
            [
                {"name": "letter", "mappings": ["{{3.x}}", "{{4.x}}!"]},
                {"name": "from", "mappings": ["{{1.value}}", ""]},
            ]
        ),
    )
    assert outputs_of(execution, 8) == [{"letter": "A", "from": "a"}, {"letter": "B!", "from": ""}]


def test_behind_a_merge_what_a_branch_did_cannot_be_seen_and_what_came_before_can() -> None:
    execution = EngineHarness().run(
        iterator("a"),
        if_else(arm("a", set_variable(3, "A")), arm(None)),
        merge(),
        set_variable(9, "{{1.value}}|{{3.x}}"),
    )
    assert outputs_of(execution, 9) == [{"x": "a|"}]


def test_a_filter_of_a_merge_is_for_one_of_its_branches() -> None:
    never = {"name": "never", "conditions": only_if("{{3.x}}", "text:equal", "no")}
    execution = EngineHarness().run(
        iterator("a", "b"),
        if_else(arm("a", set_variable(3, "A")), arm(None, set_variable(4, "B"))),
        merge(filters=[never, None]),
    )
    assert outputs_of(execution, 8) == [{"x": "B"}]


def test_a_branch_that_does_not_merge_ends_by_itself() -> None:
    execution = EngineHarness().run(
        iterator("a", "b"),
        if_else(arm("a", set_variable(3, "A"), merge=False), arm(None, set_variable(4, "B"))),
        merge([{"name": "y", "mappings": ["{{4.x}}"]}], filters=[None]),
    )
    assert outputs_of(execution, 8) == [{"y": "B"}]
    assert step_module_ids(execution) == [1, 2, 3, 2, 4, 8]


def test_a_bundle_that_fits_no_branch_goes_no_further() -> None:
    execution = EngineHarness().run(iterator("z"), if_else(arm("a"), arm(None, disabled=True)), merge())
    assert (execution.status, step_module_ids(execution)) == (1, [1, 2])


def test_a_disabled_branch_is_passed_over() -> None:
    execution = EngineHarness().run(
        iterator("a"), if_else(arm("a", set_variable(3, "A"), disabled=True), arm(None)), merge()
    )
    assert outputs_of(execution, 8) == [{"value": "a"}]


def test_several_bundles_of_a_branch_all_come_to_the_merge() -> None:
    loop = module(3, "builtin:BasicRepeater", {"repeats": 2})
    execution = EngineHarness().run(
        iterator("a"), if_else(arm("a", loop), arm(None)), merge(), set_variable(9, "{{8.i}}")
    )
    assert outputs_of(execution, 9) == [{"x": 1}, {"x": 2}]


def test_an_aggregator_behind_a_merge_gathers_what_came_by_any_branch() -> None:
    gather = {**module(9, "builtin:BasicAggregator", {"v": "{{8.x}}"}), "parameters": {"feeder": 1}}
    execution = EngineHarness().run(
        iterator("a", "b"),
        if_else(arm("a", set_variable(3, "A")), arm(None, set_variable(4, "B"))),
        merge(),
        gather,
    )
    assert outputs_of(execution, 9) == [{"array": [{"v": "A"}, {"v": "B"}], "__IMTAGGLENGTH__": 2}]


def test_an_aggregator_within_a_branch_comes_to_the_merge_once() -> None:
    gather = {**module(4, "builtin:BasicAggregator", {"i": "{{3.i}}"}), "parameters": {"feeder": 3}}
    loop = module(3, "builtin:BasicRepeater", {"repeats": 2})
    execution = EngineHarness().run(iterator("a"), if_else(arm("a", loop, gather), arm(None)), merge())
    assert outputs_of(execution, 8) == [{"array": [{"i": 1}, {"i": 2}], "__IMTAGGLENGTH__": 2}]


def test_if_else_and_merge_are_operations_without_credits() -> None:
    execution = EngineHarness().run(set_variable(1, "x"), if_else(arm("a"), arm(None)), merge())
    assert (execution.operations, execution.centicredits) == (3, 100)


def test_a_merge_that_follows_no_if_else_fails() -> None:
    execution = EngineHarness().run(set_variable(1, "x"), merge())
    assert error_of(execution) == (
        "BlueprintValidationError",
        "Module 'builtin:BasicMerge' (8) follows no if-else.",
    )


@pytest.mark.parametrize("filters", [[], [None], [None, None, None]])
def test_a_merge_has_a_filter_or_null_for_each_branch(filters: list[Any]) -> None:
    execution = EngineHarness().run(iterator("a"), if_else(arm("a"), arm(None)), merge(filters=filters))
    assert error_of(execution) == (
        "BlueprintValidationError",
        "Module 8 needs a filter or null for each branch that merges.",
    )


@pytest.mark.parametrize("number", [2, 3, 5])
def test_a_merge_without_filters_takes_the_bundles_of_every_branch(number: int) -> None:
    arms = [arm(str(n), set_variable(10 + n, n)) for n in range(1, number)]
    no_filters = module(8, "builtin:BasicMerge", None)
    null_filters = {**no_filters, "filters": None}
    for merging in (no_filters, null_filters):
        execution = EngineHarness().run(iterator(*"123"), if_else(*arms, arm(None)), merging)
        assert len(outputs_of(execution, 8)) == 3


def test_a_merge_has_entries_for_the_branches_that_merge_only() -> None:
    def run(outputs: Any, filters: Any) -> Any:
        arms = arm("a", set_variable(3, "A"), merge=False), arm("b", set_variable(4, "B")), arm(None)
        return EngineHarness().run(iterator("b", "c"), if_else(*arms), merge(outputs, filters))

    two = [{"name": "x", "mappings": ["{{4.x}}", "{{1.value}}"]}]
    three = [{"name": "x", "mappings": ["", "{{4.x}}", "{{1.value}}"]}]
    assert outputs_of(run(two, [None, None]), 8) == [{"x": "B"}, {"x": "c"}]
    assert error_of(run(two, [None, None, None])) == (
        "BlueprintValidationError",
        "Module 8 needs a filter or null for each branch that merges.",
    )
    assert error_of(run(three, [None, None])) == (
        "BlueprintValidationError",
        "Output 'x' of module 8 needs a mapping for each branch that merges.",
    )


def test_the_filter_of_the_first_module_of_a_branch_has_no_effect() -> None:
    never = {"name": "never", "conditions": only_if("{{1.none}}", "exist")}
    execution = EngineHarness().run(
        iterator("ab", "b"),
        if_else(
            arm("a", set_variable(3, "A", filter=never), set_variable(4, "{{1.value}}", filter=never)),
            arm(None, set_variable(5, "else", filter=never)),
        ),
        merge(),
    )
    # Filters further on in a branch stop bundles as ever.
    assert step_module_ids(execution) == [1, 2, 3, 2, 5, 8]
    assert [decision.module_id for decision in execution.decisions if decision.event == "filter"] == [4]


def test_nothing_but_a_merge_can_follow_an_if_else() -> None:
    execution = EngineHarness().run(iterator("a"), if_else(arm("a"), arm(None)), set_variable(9, "x"))
    assert error_of(execution) == (
        "BlueprintValidationError",
        "Module 2 has branches, so only a merge can follow it.",
    )


def router(id: int, *routes: Any, **parameters: Any) -> Any:
    return {**module(id, "builtin:BasicRouter", None, routes=list(routes)), "parameters": parameters}


def to(id: int, letter: str | None = None, **rest: Any) -> Any:
    """A route, open to everything or to one letter."""
    node = set_variable(id, "x")
    if letter is not None:
        node["filter"] = {"name": letter, "conditions": only_if("{{1.value}}", "text:equal", letter)}
    return {"flow": [node], **rest}


@pytest.mark.parametrize(("routes", "place"), [([to(3), to(4, "a")], 0), ([to(4, "a"), to(3)], 1)])
def test_the_fallback_of_a_router_is_taken_only_when_no_other_route_is_open(
    routes: list[Any], place: int
) -> None:
    execution = EngineHarness().run(iterator("a", "b"), router(2, *routes, **{"else": place}))
    assert step_module_ids(execution) == [1, 2, 4, 2, 3]


def test_the_filter_of_a_fallback_still_has_to_be_passed() -> None:
    execution = EngineHarness().run(iterator("a", "b", "c"), router(2, to(3, "b"), to(4, "a"), **{"else": 0}))
    assert step_module_ids(execution) == [1, 2, 4, 2, 3, 2]


@pytest.mark.parametrize("otherwise", [2, -1, "0", True, None, 0.5])
def test_what_names_no_route_makes_none_the_fallback(otherwise: Any) -> None:
    execution = EngineHarness().run(iterator("a"), router(2, to(3), to(4, "a"), **{"else": otherwise}))
    assert step_module_ids(execution) == [1, 2, 3, 4]


def test_a_disabled_route_is_passed_over_and_keeps_its_place() -> None:
    execution = EngineHarness().run(
        iterator("a", "b"), router(2, to(3, "b", disabled=True), to(4, "a"), to(5), **{"else": 2})
    )
    assert step_module_ids(execution) == [1, 2, 4, 2, 5]


def test_a_filter_of_a_router_is_evaluated_once_for_all_its_routes() -> None:
    closed = {"name": "b", "conditions": only_if("{{1.value}}", "text:equal", "b")}
    execution = EngineHarness().run(iterator("a", "b"), {**router(2, to(3), to(4)), "filter": closed})
    assert step_module_ids(execution) == [1, 2, 3, 4]


def test_a_trigger_always_fires_whatever_its_filter_says() -> None:
    never = {"name": "never", "conditions": only_if("1", "text:equal", "2")}
    execution = EngineHarness().run(
        {**iterator("a"), "filter": never}, {**set_variable(2, "x"), "filter": never}
    )
    assert step_module_ids(execution) == [1]


@pytest.mark.parametrize("branches", [[], [arm("a")], [arm(None)], [arm("a"), arm(None), arm(None)]])
def test_an_if_else_has_a_branch_with_a_condition_and_one_else(branches: list[Any]) -> None:
    execution = EngineHarness().run(iterator("a"), if_else(*branches))
    assert error_of(execution) == (
        "BlueprintValidationError",
        "Module 2 needs a branch with a condition and one else.",
    )


@pytest.mark.parametrize(
    "between",
    [
        module(3, "builtin:BasicRouter", None, routes=[{"flow": []}]),
        module(3, "builtin:BasicIfElse", None, branches=[arm("a"), arm(None)]),
    ],
)
def test_what_branches_cannot_lie_between_an_if_else_and_its_merge(between: Any) -> None:
    execution = EngineHarness().run(iterator("a"), if_else(arm("a", between), arm(None)), merge())
    assert error_of(execution) == (
        "BlueprintValidationError",
        "Module 3 cannot lie between an if-else and a merge.",
    )
    apart = if_else(arm("a", between, merge=False), arm(None, merge=False))
    assert EngineHarness().run(iterator("a"), apart).status == 1
