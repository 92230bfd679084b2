"""Blueprints that try to hang or fill the server end in an error, and soon."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.engine import EngineHarness, error_of, module, outputs_of, set_variable
from make_emulator.engine.budget import MAX_OPERATIONS
from make_emulator.engine.runtime import executor


def test_a_long_flow_is_no_problem() -> None:
    flow = [set_variable(id, f"{{{{{id - 1}.x}}}}a") for id in range(1, 2_001)]
    execution = EngineHarness().run(*flow)
    assert (execution.status, execution.operations) == (1, 2_000)
    assert len(execution.steps) == 2_000


def test_ten_thousand_modules_are_rejected_without_a_crash() -> None:
    execution = EngineHarness().run(*[set_variable(id, 1) for id in range(1, 10_001)])
    assert error_of(execution) == ("BlueprintValidationError", "A blueprint has at most 2000 modules.")


def test_bundles_that_multiply_use_up_the_operations() -> None:
    flow = [module(id, "builtin:BasicRepeater", {"repeats": 2}) for id in range(1, 101)]
    execution = EngineHarness().run(*flow)
    assert error_of(execution) == ("OperationsLimitExceededError", "The run uses too many operations.")
    assert execution.operations == MAX_OPERATIONS


def test_routes_that_multiply_use_up_the_operations() -> None:
    ids = iter(range(1, 100_000))

    def tree(depth: int) -> Any:
        routes = [{"flow": [tree(depth - 1)]} for _ in range(4)] if depth else [{"flow": []}]
        return module(next(ids), "builtin:BasicRouter", routes=routes)

    execution = EngineHarness().run(module(next(ids), "builtin:BasicRepeater", {"repeats": 10_000}), tree(4))
    assert error_of(execution)[0] == "OperationsLimitExceededError"


@pytest.mark.parametrize("value", ["{{%d.x}}{{%d.x}}ab", "{{replace(%d.x + 'aa'; 'a'; %d.x + 'aaa')}}"])
def test_texts_that_double_end_the_run(value: str) -> None:
    flow = [set_variable(id, value % (id - 1, id - 1)) for id in range(1, 200)]
    assert error_of(EngineHarness().run(*flow))[0] in ("DataSizeLimitExceededError", "ScenarioTimeoutError")


def test_thousands_of_bundles_that_break_off_with_all_they_carry_are_bounded() -> None:
    for text, most in (("x", 4_000), ("x" * 200_000, 2_500)):
        harness = EngineHarness()
        flow = [
            set_variable(1, text),
            module(2, "builtin:BasicRepeater", {"repeats": 4_000}),
            module(3, "json:ParseJSON", {"json": "{"}),
        ]
        scenario = harness.scenario(*flow, metadata={"scenario": {"dlq": True, "dataloss": True}})
        assert executor.run_scenario(harness.world, scenario).status in (2, 3)
        assert 0 < len(harness.world.incomplete_executions) <= most


def test_a_feeder_of_a_thousand_aggregators_uses_up_the_budget() -> None:
    def gather(id: int) -> Any:
        node = module(id, "builtin:BasicAggregator", flags={"stopIfEmpty": True})
        return {**node, "parameters": {"feeder": 2}, "filter": {"conditions": [[{"a": "", "o": "exist"}]]}}

    flow = [gather(id) for id in range(10, 1_010)]
    execution = EngineHarness().run(
        module(1, "builtin:BasicRepeater", {"repeats": 9_000}),
        module(2, "builtin:BasicFeeder", {"array": "{{emptyarray}}"}),
        *flow,
    )
    assert error_of(execution)[0] == "ScenarioTimeoutError"


def test_arrays_that_double_end_the_run() -> None:
    flow = [
        set_variable(id, f"{{{{merge({id - 1}.x; {id - 1}.x; add(emptyarray; 1))}}}}") for id in range(1, 200)
    ]
    assert error_of(EngineHarness().run(*flow))[0] in ("DataSizeLimitExceededError", "ScenarioTimeoutError")


def test_collections_that_share_their_parts_count_in_full() -> None:
    flow = [set_variable(id, {"a": f"{{{{{id - 1}.x}}}}", "b": f"{{{{{id - 1}.x}}}}"}) for id in range(1, 60)]
    assert error_of(EngineHarness().run(*flow))[0] == "DataSizeLimitExceededError"


def test_collections_cannot_lie_too_deep() -> None:
    flow = [set_variable(id, {"a": f"{{{{{id - 1}.x}}}}"}) for id in range(1, 200)]
    assert error_of(EngineHarness().run(*flow))[0] == "DataSizeLimitExceededError"


def test_deep_json_is_rejected() -> None:
    text = "[" * 900 + "]" * 900
    assert (
        error_of(EngineHarness().run(module(1, "json:ParseJSON", {"json": text})))[0]
        == "DataSizeLimitExceededError"
    )
    deep: Any = []
    for _ in range(200):
        deep = [deep]
    hook = module(1, "gateway:CustomWebHook")
    assert error_of(EngineHarness().run(hook, trigger_bundle={"a": deep}))[0] == "DataSizeLimitExceededError"


def test_a_pattern_that_would_take_for_ever_does_not() -> None:
    text = "a" * 9_000 + "b"
    execution = EngineHarness().run(set_variable(1, f'{{{{replace("{text}"; "/(a+)+$/g"; "x")}}}}'))
    assert outputs_of(execution, 1) == [{"x": text}]
    many = EngineHarness().run(
        module(1, "builtin:BasicRepeater", {"repeats": 10_000}),
        set_variable(2, f'{{{{replace("{text}"; "/(a*)*(a*)*c/g"; "x")}}}}'),
    )
    assert error_of(many)[0] == "ScenarioTimeoutError"


def test_no_error_handler_goes_on_after_the_budget_is_used_up() -> None:
    flow = [
        module(1, "builtin:BasicRepeater", {"repeats": 10_000}),
        module(2, "builtin:BasicRepeater", {"repeats": 10_000}, onerror=[module(3, "builtin:Ignore")]),
    ]
    assert error_of(EngineHarness().run(*flow))[0] == "ScenarioTimeoutError"


def test_a_huge_interface_is_not_generated_without_end() -> None:
    field: Any = {"name": "a", "type": "text"}
    for _ in range(5):
        field = {
            "name": "a",
            "type": "collection",
            "spec": [{**field, "name": f"n{place}"} for place in range(12)],
        }
    execution = EngineHarness().run(module(1, "acme:get", metadata={"interface": [field]}))
    assert error_of(execution)[0] == "ScenarioTimeoutError"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("{{1.x}}"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    [
        *(
            "util:SetVariable2",
            "util:SetVariables",
            "util:GetVariables",
            "util:Switcher",
            "util:BasicTrigger",
        ),
        *("datastore:AddRecord", "datastore:UpdateRecord", "datastore:SearchRecord", "datastore:GetRecord"),
        *("json:ParseJSON", "json:CreateJSON", "gateway:CustomWebHook", "gateway:WebhookRespond"),
        *(
            "builtin:BasicFeeder",
            "builtin:BasicRepeater",
            "builtin:BasicRouter",
            "builtin:Resume",
            "acme:get",
        ),
        "scenario-service:ReturnData",
    ]
)
KEYS = st.sampled_from(
    [
        *("name", "scope", "value", "variables", "input", "casesTable", "key", "overwrite", "data", "upsert"),
        *(
            "overwriteArrays",
            "returnWrapped",
            "filter",
            "sort",
            "json",
            "status",
            "headers",
            "array",
            "repeats",
        ),
    ]
)
MODULES = st.fixed_dictionaries(
    {
        "module": NAMES,
        "mapper": st.dictionaries(KEYS, JSON, max_size=6),
        "parameters": st.just({"datastore": 1}) | st.dictionaries(KEYS, JSON, max_size=3),
        "metadata": st.fixed_dictionaries({}, optional={"interface": JSON, "expect": JSON, "designer": JSON}),
    },
    optional={"filter": JSON, "routes": JSON, "onerror": JSON, "version": JSON},
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(MODULES, max_size=5), JSON)
def test_whatever_a_blueprint_holds_a_run_comes_of_it(nodes: list[Any], trigger: Any) -> None:
    flow = [{"id": place, "version": 1, **node} for place, node in enumerate(nodes, 1)]
    execution = EngineHarness().run(
        *flow, trigger_bundle=trigger, output_spec=[{"name": "value", "type": "text"}]
    )
    assert execution.error is None or execution.error.name != "UnknownError", execution.error
