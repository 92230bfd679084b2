"""A run remembers what filters, routers, if-elses and error handlers decided, in its place between the steps."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from helpers.engine import EngineHarness, evaluation_context, module, set_variable
from make_emulator.engine.blueprints.conditions import Condition
from make_emulator.engine.budget import Budget
from make_emulator.engine.errors import ModuleError
from make_emulator.engine.filters import conditions_hold, evaluate_conditions
from make_emulator.world.models import ConditionResult, Execution


def gate(value: str, name: str = "") -> dict[str, Any]:
    return {"name": name, "conditions": [[{"a": "{{1.x}}", "o": "text:equal", "b": value}]]}


def told(run: Execution) -> list[tuple[int, str, int, Any]]:
    """Decisions as tuples: before which step, what, of which module, and how."""
    return [
        (
            each.at,
            each.event,
            each.module_id,
            each.passed if each.event == "filter" else each.name or each.number,
        )
        for each in run.decisions
    ]


def numbers(id: int, count: int) -> Any:
    return module(id, "builtin:BasicRepeater", {"start": 1, "repeats": count, "step": 1})


def test_a_filter_is_reported_before_the_operation_that_it_let_through_with_what_it_compared() -> None:
    run = EngineHarness().run(
        set_variable(1, "a"),
        set_variable(2, "b", filter=gate("a", "First")),
        set_variable(3, "c", filter=gate("b", "Second")),
    )
    assert told(run) == [(1, "filter", 2, True), (2, "filter", 3, False)]
    first, second = run.decisions
    assert (first.name, second.name, first.cycle) == ("First", "Second", 1)
    assert first.bundle == (1, 1, 1)
    equal = ConditionResult(a="{{1.x}}", operator="text:equal", b="b", left="a", right="b", holds=False)
    assert second.groups == ((equal,),)


def test_conditions_are_reported_up_to_the_one_that_settles_the_filter() -> None:
    def condition(a: str, b: str) -> dict[str, str]:
        return {"a": a, "o": "text:equal", "b": b}

    gate = {
        "name": "",
        "conditions": [
            [condition("1", "1"), condition("1", "2"), condition("1", "1")],
            [condition("3", "3")],
            [condition("4", "4")],
        ],
    }
    [decision] = EngineHarness().run(set_variable(1, "a"), set_variable(2, "b", filter=gate)).decisions
    assert [[part.holds for part in group] for group in decision.groups] == [[True, False], [True]]


_SIDES = st.sampled_from(["a", "b", "{{1.number}}", "{{1.name}}", "4", "{{1.people}}", "{{nope(1)}}", None])
_OPERATORS = st.sampled_from(["text:equal", "number:greater", "exist", "notexist", "array:contain", "odd"])
_CONDITIONS = st.builds(Condition, _SIDES, _OPERATORS, _SIDES)


@given(st.lists(st.lists(_CONDITIONS, max_size=3).map(tuple), max_size=3).map(tuple))
def test_a_recorded_filter_decides_and_costs_the_same(groups: Any) -> None:
    def outcome(decide: Any) -> Any:
        budget = Budget()
        env = evaluation_context(budget)
        try:
            decision = decide(groups, env)
        except ModuleError as error:
            return str(error), budget.work
        return decision, budget.work

    assert outcome(lambda groups, env: evaluate_conditions(groups, env)[0]) == outcome(conditions_hold)


def test_the_bundle_is_the_last_one_that_was_not_alone() -> None:
    condition = [[{"a": "{{1.i}}", "o": "number:less", "b": "2"}]]
    run = EngineHarness().run(
        numbers(1, 3),
        set_variable(2, "a"),
        set_variable(3, "b", filter={"name": "", "conditions": condition}),
    )
    assert [(each.bundle and each.bundle[1], each.passed) for each in run.decisions] == [
        (1, True),
        (2, False),
        (3, False),
    ]
    assert [step.bundle for step in run.steps[1:3]] == 2 * [(1, 1, 3)]
    assert run.steps[0].bundle is None


def test_a_route_is_reported_when_a_bundle_takes_it() -> None:
    router = module(
        2,
        "builtin:BasicRouter",
        routes=[
            {"flow": [set_variable(3, "x", filter=gate("b"))]},
            {"flow": [set_variable(4, "x", filter=gate("a"))]},
            {"flow": [set_variable(5, "x")]},
        ],
    )
    assert told(EngineHarness().run(set_variable(1, "a"), router)) == [
        (2, "filter", 3, False),
        (2, "filter", 4, True),
        (2, "route", 2, 1),
        (3, "route", 2, 2),
    ]


def test_a_fallback_is_reported_with_the_filters_that_closed_the_other_routes() -> None:
    router = module(
        2,
        "builtin:BasicRouter",
        routes=[
            {"flow": [set_variable(3, "x", filter=gate("b", "B"))]},
            {"flow": [set_variable(4, "x", filter=gate("a"))]},
        ],
        parameters={"else": 1},
    )
    run = EngineHarness().run(set_variable(1, "a"), router)
    assert told(run) == [(2, "filter", 3, False), (2, "route", 2, "fallback"), (2, "filter", 4, True)]
    assert run.decisions[0].groups[0][0].left == "a"
    assert run.decisions[1].number == 1
    # An open one is reported once, when the bundle takes it.
    router["parameters"] = {"else": 0}
    assert told(EngineHarness().run(set_variable(1, "a"), router)) == [
        (2, "filter", 4, True),
        (2, "route", 2, 1),
    ]


def test_a_branch_is_reported_by_its_place() -> None:
    branches = [{"conditions": gate("b")["conditions"], "flow": []}, {"type": "else", "flow": []}]
    fork = module(2, "builtin:BasicIfElse", branches=branches)
    assert told(EngineHarness().run(set_variable(1, "a"), fork)) == [(2, "branch", 2, 1)]
    branches[1]["disabled"] = True
    assert told(EngineHarness().run(set_variable(1, "a"), fork)) == [(2, "branch", 2, None)]


def test_the_outcome_of_an_error_is_recorded() -> None:
    failing = module(2, "builtin:ThrowError", {"message": "No"}, onerror=[module(3, "builtin:Ignore")])
    assert told(EngineHarness().run(set_variable(1, "a"), failing)) == [
        (2, "handler", 2, "RuntimeError"),
        (3, "error handled", 2, "ignore"),
    ]
    failing.pop("onerror")
    assert told(EngineHarness().run(set_variable(1, "a"), failing)) == []
    assert told(EngineHarness().run(set_variable(1, "a"), failing, settings={"dlq": True})) == [
        (2, "error handled", 2, "kept")
    ]


def test_steps_and_decisions_show_their_cycle() -> None:
    run = EngineHarness().run(
        set_variable(1, "a"), set_variable(2, "b", filter=gate("b")), settings={"roundtrips": 3}
    )
    assert [step.cycle for step in run.steps] == [1, 2, 3]
    assert [decision.cycle for decision in run.decisions] == [1, 2, 3]


def test_a_step_shows_which_run_it_called_whether_that_failed_or_not() -> None:
    harness = EngineHarness()
    callee = harness.scenario(set_variable(1, "a"), is_active=True)
    broken = harness.scenario(module(1, "builtin:ThrowError", {"message": "No"}), is_active=True)

    def call(scenario: Any) -> Any:
        parameters = {"scenario": scenario.id, "shouldWaitForExecutionEnd": True}
        return module(1, "scenario-service:CallSubscenario", parameters=parameters)

    for scenario in (callee, broken):
        [step] = harness.run(call(scenario)).steps
        [called] = harness.world.logs.where(scenario=scenario.id)
        assert step.called == called.id
    assert EngineHarness().run(set_variable(1, "a")).steps[0].called is None


def test_of_too_many_only_the_first_are_kept_and_the_others_counted() -> None:
    run = EngineHarness().run(numbers(1, 5500), set_variable(2, "b", filter=gate("never")))
    assert (len(run.decisions), run.decisions_left_out) == (5000, 500)
    run = EngineHarness().run(numbers(1, 5200), set_variable(2, "b"))
    assert (len(run.steps), run.steps_left_out, run.decisions_left_out) == (5000, 201, 0)


def test_sides_that_are_too_large_are_not_kept() -> None:
    long = {"name": "", "conditions": [[{"a": "{{2.x}}", "o": "text:equal", "b": "a"}]]}
    run = EngineHarness().run(
        numbers(1, 3), set_variable(2, "a" * 100_000), set_variable(3, "b", filter=long)
    )
    assert [bool(decision.groups) for decision in run.decisions] == [True, True, True]
    run = EngineHarness().run(
        numbers(1, 3), set_variable(2, "a" * 300_000), set_variable(3, "b", filter=long)
    )
    assert [bool(decision.groups) for decision in run.decisions] == [True, False, False]


def test_of_a_confidential_scenario_no_sides_are_kept() -> None:
    run = EngineHarness().run(
        set_variable(1, "a"), set_variable(2, "b", filter=gate("b")), settings={"confidential": True}
    )
    [decision] = run.decisions
    assert (decision.passed, decision.groups) == (False, ())
