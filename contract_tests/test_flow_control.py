"""Flow control: routers, if-else, aggregators, cycles, scenarios that call scenarios; and what a run costs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from make_emulator.contract.client import ContractClient

from .behaviours import (
    behaviour,
    failure,
    gathered,
    iterator,
    live,
    log_of,
    parsed,
    passes,
    result,
    return_data,
    run,
    run_again,
    step,
    variable,
)
from .resources import FreshResources

PEOPLE = (
    {"name": "Ann", "kind": "work", "age": 31},
    {"name": "Bob", "kind": "home", "age": 22},
    {"name": "Cid", "kind": "work", "age": 9},
)
NOTHING = step(1, "builtin:BasicFeeder", {"array": "{{emptyarray}}"})
NEVER = passes("1", "text:equal", "2")


def router(id: int, *routes: Any, **parameters: Any) -> dict[str, Any]:
    return step(id, "builtin:BasicRouter", routes=list(routes), parameters=parameters)


def trail(*letters: str) -> Any:
    """Returns a route that adds a letter to the variable ``trail`` for the bundles whose value is in ``letters``."""
    name, *values = letters
    place = 10 + 10 * "ABCDEFG".index(name)
    reading = step(place, "util:GetVariable2", {"name": "trail"})
    if values:
        reading["filter"] = passes("{{1.value}}", "text:equal", values[0])
    text = f"{{{{{place}.trail}}}}{name}"
    return {"flow": [reading, variable(place + 1, text, name="trail")]}


def walked(*items: str, routes: Sequence[Any], **parameters: Any) -> tuple[dict[str, Any], ...]:
    """Returns a flow that sends items through a router; the result is the trail that they left."""
    ways = {"flow": [iterator(1, *items), router(2, *routes, **parameters)]}
    end = {"flow": [step(90, "util:GetVariable2", {"name": "trail"}), return_data("{{90.trail}}")]}
    return parsed(80, "{}"), router(81, ways, end)


def arm(value: str | None, *flow: Any, **rest: Any) -> dict[str, Any]:
    """Returns a branch of an if-else for the values that contain a text, or its else."""
    if value is None:
        return {"type": "else", "merge": True, "flow": list(flow), **rest}
    conditions = [[{"a": "{{1.value}}", "o": "text:contain", "b": value}]]
    return {"type": "condition", "merge": True, "flow": list(flow), "conditions": conditions, **rest}


def if_else(*branches: Any, **rest: Any) -> dict[str, Any]:
    return step(2, "builtin:BasicIfElse", branches=list(branches), **rest)


def merge(outputs: Any = (), **rest: Any) -> dict[str, Any]:
    return step(8, "builtin:BasicMerge", **{"outputs": list(outputs), "filters": [None, None], **rest})


def total(fn: str, source: Any, value: str = "{{1.age}}") -> tuple[Any, ...]:
    aggregator = step(2, "util:FunctionAggregator2", {"value": value}, parameters={"feeder": 1, "fn": fn})
    return source, aggregator


LETTERS = [{"name": "letter", "mappings": ["{{3.x}}", "{{1.value}}!"]}]

#: Modules, the expression whose value is returned at the end, and that value.
RESULTS = [
    behaviour(
        (iterator(1, *PEOPLE), gathered(2, 1, "{{1.name}}")),
        "{{2.array}}",
        [{"v": "Ann"}, {"v": "Bob"}, {"v": "Cid"}],
        checks="engine.aggregator-output",
    ),
    behaviour(
        (iterator(1, *PEOPLE), gathered(2, 1, "x")),
        "{{2.__IMTAGGLENGTH__}}",
        3,
        checks="engine.aggregator-output",
    ),
    behaviour(
        (iterator(1, "a", "b"), variable(2, "between"), gathered(3, 1, "{{2.x}}")),
        "{{3.array[2].v}}|{{1.value}}|{{2.x}}",
        "between||",
        checks="engine.aggregator",
    ),
    behaviour((NOTHING, gathered(2, 1, "x")), "{{2.__IMTAGGLENGTH__}}", 0, checks="engine.aggregator-empty"),
    behaviour(
        (iterator(1, "a"), variable(2, "x", filter=NEVER), gathered(3, 1, "x")),
        "{{3.__IMTAGGLENGTH__}}",
        0,
        checks="engine.aggregator-empty",
    ),
    behaviour(
        (
            iterator(1, *PEOPLE),
            gathered(2, 1, "{{1.name}}", flags={"groupBy": "{{1.kind}}"}),
            step(
                3,
                "util:TextAggregator",
                {"value": "{{2.__IMTKEY__}}{{2.__IMTAGGLENGTH__}}"},
                parameters={"feeder": 2, "rowSeparator": ","},
            ),
        ),
        "{{3.text}}",
        "work2,home1",
        checks=("engine.aggregator-groups", "engine.aggregator-key"),
    ),
    behaviour(total("sum", iterator(1, *PEOPLE)), "{{2.result}}", 62, checks="engine.numeric-aggregator"),
    behaviour(total("sum", NOTHING), "{{2.result}}", 0, checks="engine.numeric-aggregator-nothing"),
    behaviour(total("count", NOTHING), "{{2.result}}", 0, checks="engine.numeric-aggregator"),
    behaviour(total("max", NOTHING), "<{{2.result}}>", "<>", checks="engine.numeric-aggregator"),
    behaviour(
        total("count", iterator(1, "", 2, 3), "{{1.value}}"),
        "{{2.result}}",
        3,
        checks="engine.numeric-aggregator",
    ),
    behaviour(
        (
            iterator(1, *PEOPLE[:2]),
            step(
                2,
                "util:AggregateAggregator",
                {"name": "{{1.name}}", "age": "{{1.age}}"},
                parameters={"feeder": 1, "columnSeparator": ",", "rowSeparator": "\n"},
            ),
        ),
        "{{2.text}}",
        "Ann,31\nBob,22",
        checks="engine.table-aggregator",
    ),
    behaviour(
        (
            iterator(1, "ab"),
            if_else(arm("a", variable(3, "A")), arm("b", variable(4, "B")), arm(None)),
            merge(filters=[None] * 3),
        ),
        "{{8.x}}",
        "A",
        checks=("engine.if-else", "engine.merge"),
    ),
    behaviour(
        (iterator(1, "c"), if_else(arm("a", variable(3, "A")), arm(None)), merge()),
        "{{8.value}}",
        "c",
        checks=("engine.if-else", "engine.merge"),
    ),
    behaviour(
        (iterator(1, "c"), if_else(arm("a", variable(3, "A")), arm(None)), merge(LETTERS)),
        "{{8.letter}}",
        "c!",
        checks="engine.merge",
    ),
    behaviour(
        (iterator(1, "a"), if_else(arm("a", variable(3, "A")), arm(None)), merge()),
        "{{1.value}}|{{3.x}}",
        "a|",
        checks="engine.merge-scope",
    ),
    behaviour(
        (iterator(1, "a"), if_else(arm("a", variable(3, "A", filter=NEVER)), arm(None)), merge()),
        "{{8.x}}",
        "A",
        checks="engine.branch-filter",
    ),
    behaviour(
        (iterator(1, "a"), if_else(arm("a", variable(3, "A")), arm(None)), step(8, "builtin:BasicMerge")),
        "{{8.x}}",
        "A",
        checks="engine.merge-filters",
    ),
    behaviour(
        (
            iterator(1, "a"),
            if_else(
                arm("a", variable(3, "A")),
                arm("b", router(4, {"flow": [variable(5, "B")]}), merge=False),
                arm(None),
                filter=passes("{{1.value}}", "exist"),
            ),
            merge(),
        ),
        "{{8.x}}",
        "A",
        checks="engine.nested-if-else",
    ),
    behaviour(({**parsed(1, '{"a": 1}'), "filter": NEVER},), "{{1.a}}", 1, checks="engine.trigger-filter"),
    behaviour((step(1, "builtin:NameARun", {"name": "contract"}),), "x", "x", checks="engine.name-a-run"),
    behaviour(
        (parsed(1, "{}"), {"module": "placeholder:Placeholder", "metadata": {"designer": {"x": 0, "y": 0}}}),
        "x",
        "x",
        checks=("engine.placeholder", "engine.placeholder-run"),
    ),
]

#: The way of some bundles through a router: their values, its routes and parameters, and the trail.
WALKS = [
    behaviour("ab", [trail("A"), trail("B")], {}, "ABAB", checks="engine.routes"),
    behaviour("ab", [trail("A", "b"), trail("B")], {}, "BAB", checks="engine.filter"),
    behaviour(
        "ab",
        [trail("A"), trail("B", "a"), trail("C", "nobody")],
        {"else": 0},
        "BA",
        checks=("engine.fallback-route", "engine.fallback-mark"),
    ),
    behaviour("abc", [trail("A", "b"), trail("B", "a")], {"else": 0}, "BA", checks="engine.fallback-mark"),
    behaviour("ab", [{**trail("A"), "disabled": True}, trail("B")], {}, "BB", checks="engine.disabled-route"),
]

#: Operator, its operands, and whether the condition holds.
OPERATORS = [
    behaviour("text:equal", "a", "a", True, checks="engine.filter-operators"),
    behaviour("text:equal:ci", "a", "A", True, checks="engine.filter-operators"),
    behaviour("text:notequal", "a", "a", False, checks="engine.filter-operators"),
    behaviour("text:startwith", "Hello", "He", True, checks="engine.filter-operators"),
    behaviour("text:contain", "Hello", "ell", True, checks="engine.filter-operators"),
    behaviour("text:pattern", "a1", "[0-9]", True, checks="engine.filter-operators"),
    behaviour("number:greater", "10", "9", True, checks="engine.filter-operators"),
    behaviour("number:lessorequal", "10", "9", False, checks="engine.filter-operators"),
    behaviour(
        "date:less", "2026-01-31T12:00:00Z", "2026-02-01T00:00:00Z", True, checks="engine.filter-operators"
    ),
    behaviour("boolean:equal", "{{true}}", "{{true}}", True, checks="engine.filter-operators"),
    behaviour("exist", "a", None, True, checks="engine.filter-operators"),
    behaviour("notexist", "a", None, False, checks="engine.filter-operators"),
    behaviour("text:contract", "a", "a", False, checks="engine.filter-operators"),
]

#: Modules that a run counts, and their operations and centicredits beside those of the rest.
COSTS = [
    behaviour(
        (parsed(1, "{}"),), 1, 100, checks=("engine.operations", "engine.credits", "engine.free-modules")
    ),
    behaviour(
        (iterator(1, 1, 2, 3), variable(2, "x"), gathered(3, 1, "x")),
        5,
        500,
        checks=("engine.operations", "engine.aggregator-operations"),
    ),
    behaviour((parsed(1, "{}"), variable(2, "x", filter=NEVER)), 1, 100, checks="engine.filter"),
    behaviour((parsed(1, "{}"), router(2, {"flow": []})), 1, 100, checks="engine.operations"),
    behaviour((variable(1, "x"), if_else(arm("a"), arm(None)), merge()), 3, 100, checks="engine.if-else"),
    behaviour(
        (iterator(1, "z"), if_else(arm("a"), arm(None, disabled=True)), merge()),
        2,
        100,
        checks="engine.if-else-none",
    ),
    behaviour(
        (step(1, "builtin:NameARun", {"name": "x"}), variable(2, "x")),
        1,
        100,
        checks="engine.name-a-run",
    ),
    behaviour(
        (parsed(1, "{", onerror=[step(9, "builtin:Ignore")]),), 1, 100, checks="engine.failed-operation"
    ),
    behaviour(
        (iterator(1, "x"), gathered(2, 1, "x", filter=NEVER, flags={"stopIfEmpty": True}), variable(3, "x")),
        1,
        100,
        checks="engine.aggregator-empty",
    ),
]

#: Flows with an if-else that are rejected.
REJECTED = [
    behaviour((if_else(arm("a")),), checks="engine.if-else-branches"),
    behaviour((if_else(arm("a"), arm(None), arm(None)),), checks="engine.if-else-branches"),
    behaviour(
        (if_else(arm("a", router(3, {"flow": []})), arm(None)), merge()), checks="engine.if-else-between"
    ),
    behaviour((if_else(arm("a"), arm(None)), merge(filters=[None])), checks="engine.merge-filters"),
    behaviour(
        (if_else(arm("a"), arm(None)), merge([{"name": "x", "mappings": ["a"]}])),
        checks="engine.merge-filters",
    ),
]


@pytest.mark.parametrize(("modules", "expression", "value"), RESULTS)
def test_a_flow_has_a_result(
    modules: tuple[dict[str, Any], ...], expression: str, value: Any, make: FreshResources
) -> None:
    assert result(make, *modules, return_data(expression)) == value


@pytest.mark.parametrize(("items", "routes", "parameters", "left"), WALKS)
def test_bundles_take_the_routes_that_are_open_in_their_order(
    items: str, routes: list[Any], parameters: dict[str, Any], left: str, make: FreshResources
) -> None:
    assert result(make, *walked(*items, routes=routes, **parameters)) == left


@pytest.mark.parametrize(("operator", "a", "b", "holds"), OPERATORS)
def test_a_filter_compares_by_its_operator(
    operator: str, a: Any, b: Any, holds: bool, make: FreshResources
) -> None:
    counted = gathered(3, 1, "x", filter=passes(a, operator, b))
    assert result(make, iterator(1, "x"), counted, return_data("{{3.__IMTAGGLENGTH__}}")) == int(holds)


@pytest.mark.parametrize(("modules", "operations", "centicredits"), COSTS)
def test_a_run_counts_its_operations(
    modules: tuple[dict[str, Any], ...], operations: int, centicredits: int, make: FreshResources
) -> None:
    scenario = live(make, *modules)
    log = log_of(make, scenario, run_again(make, scenario)["executionId"])
    assert (log["operations"], log["centicredits"]) == (operations, centicredits)


@pytest.mark.parametrize(
    "modules", [pytest.param(*row.values, id=row.id, marks=row.marks) for row in REJECTED]
)
def test_a_blueprint_whose_branches_do_not_fit_is_rejected(
    modules: tuple[dict[str, Any], ...], api: ContractClient, make: FreshResources
) -> None:
    api.post("/scenarios", make.scenario_body(iterator(1, "a"), *modules)).refused(400, "IM007")


@pytest.mark.fidelity("engine.return-ends", "engine.return-keys")
def test_a_result_ends_the_run_and_has_the_declared_outputs_only(make: FreshResources) -> None:
    first = step(3, "scenario-service:ReturnData", {"other": "x"}, version=2)
    flow = parsed(1, "{}"), router(2, {"flow": [first, parsed(4, "{")]}, {"flow": [return_data("late", 5)]})
    ran = run(make, *flow)
    assert (ran["status"], ran["outputs"]) == (1, {"result": None})


@pytest.mark.fidelity("engine.cycles")
def test_a_run_without_a_trigger_has_as_many_cycles_as_are_set(make: FreshResources) -> None:
    for cycles in (1, 3):
        scenario = live(make, variable(1, "x"), settings={"roundtrips": cycles})
        assert log_of(make, scenario, run_again(make, scenario)["executionId"])["operations"] == cycles


@pytest.fixture
def called(make: FreshResources) -> int:
    """A live scenario on demand that greets a city."""
    closed = step(
        3, "builtin:ThrowError", {"message": "Closed"}, filter=passes("{{1.city}}", "text:equal", "Rome")
    )
    greeting = step(4, "scenario-service:ReturnData", {"greeting": "Hi, {{1.city}}"}, version=2)
    return make.live_scenario(
        step(1, "scenario-service:StartSubscenario", version=2),
        router(2, {"flow": [closed]}, {"flow": [greeting]}),
        inputs=[{"name": "city", "type": "text", "required": True}],
    )


def call(scenario: int, city: str, *, wait: bool = True, name: str = "CallSubscenario") -> dict[str, Any]:
    parameters = {"scenario": scenario, "shouldWaitForExecutionEnd": wait}
    return step(1, f"scenario-service:{name}", {"city": city}, parameters=parameters)


@pytest.mark.fidelity("engine.subscenario", "engine.run-scenario")
def test_a_call_that_waits_gets_the_outputs_of_the_scenario(called: int, make: FreshResources) -> None:
    last = return_data("<{{1.greeting}}>")
    assert result(make, call(called, "Oslo"), last) == "<Hi, Oslo>"
    assert result(make, call(called, "Oslo", wait=False), last) == "<>"
    assert result(make, call(called, "Oslo", name="RunScenario"), last) == "<>"


@pytest.mark.fidelity("engine.subscenario-refused")
def test_a_call_fails_as_the_scenario_that_it_waits_for(
    called: int, api: ContractClient, make: FreshResources
) -> None:
    assert failure(make, call(called, "")) == (
        "BundleValidationError",
        "Validation failed for 1 parameter(s).",
    )
    assert failure(make, call(called, "Rome")) == ("RuntimeError", "Closed")
    api.post(f"/scenarios/{called}/stop").fits()
    assert failure(make, call(called, "Oslo"))[0] == "RuntimeError"


@pytest.mark.fidelity("engine.subscenario-depth")
def test_scenarios_that_call_each_other_without_end_fail(api: ContractClient, make: FreshResources) -> None:
    start = step(1, "scenario-service:StartSubscenario", version=2)
    row = make.scenario(start, return_data("x"), inputs=None)
    again = {**call(row["id"], "Oslo"), "id": 2}
    body = make.scenario_body(start, again, inputs=None)
    api.patch(f"/scenarios/{row['id']}", {"blueprint": body["blueprint"]}).fits()
    api.post(f"/scenarios/{row['id']}/start").fits()
    ran = run_again(make, row["id"])
    assert (ran["status"], ran["error"]["name"]) == (3, "RuntimeError")
    assert json.dumps(ran["error"]["message"]).count("10") == 1
