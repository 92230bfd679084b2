"""Which blueprints can be read, and why the others cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from helpers.engine import EngineHarness, module, set_variable
from make_emulator.engine.apps.catalog import get_support_level
from make_emulator.engine.blueprints.parser import parse_blueprint
from make_emulator.world.blueprint_refs import next_module_id
from make_emulator.world.exceptions import InvalidParametersError, MalformedBlueprintError

SAMPLES = Path(__file__).parents[3] / "fixtures" / "blueprints"


def blueprint(*flow: Any, **rest: Any) -> dict[str, Any]:
    return {"name": "B", "flow": list(flow), "metadata": {}, **rest}


def test_modules_become_typed() -> None:
    node = module(3, "util:SetVariable2", {"name": "a"}, filter={"name": "F", "conditions": [[{"a": "x"}]]})
    parsed = parse_blueprint(blueprint(set_variable(1, "x"), node, metadata={"scenario": {"maxErrors": 5}}))
    _, one = parsed.flow
    assert (one.id, one.app, one.name, one.version, one.mapper) == (
        3,
        "util",
        "SetVariable2",
        1,
        {"name": "a"},
    )
    assert one.filter is not None
    assert one.filter.groups[0][0].operator == "exist"
    assert parsed.max_errors == 5


def test_a_flow_may_be_empty_and_errors_are_three_unless_said() -> None:
    parsed = parse_blueprint(blueprint())
    assert (parsed.flow, parsed.max_errors, parsed.name) == ((), 3, "B")


@pytest.mark.parametrize("part", ["name", "flow", "metadata"])
def test_a_missing_part_is_named_as_make_does(part: str) -> None:
    whole = blueprint()
    del whole[part]
    with pytest.raises(InvalidParametersError) as caught:
        parse_blueprint(whole)
    assert caught.value.issues == (f"should have required property '{part}'",)


@pytest.mark.parametrize(("part", "value"), [("name", 5), ("flow", {}), ("metadata", [])])
def test_a_part_of_the_wrong_type_is_named(part: str, value: Any) -> None:
    with pytest.raises(InvalidParametersError) as caught:
        parse_blueprint({**blueprint(), part: value})
    assert caught.value.issues[0].startswith(f"'{part}' should be ")


def nested(depth: int) -> Any:
    flow: list[Any] = []
    for level in range(depth):
        flow = [module(level + 1, "builtin:BasicRouter", routes=[{"flow": flow}])]
    return flow[0]


def deep(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("flow", "detail"),
    [
        ([1], "A module is not an object."),
        ([set_variable(1, 1), set_variable(1, 2)], "The module id 1 is used twice."),
        ([set_variable(0, 1)], "'0' is not a valid module id."),
        ([module(1, "a:b") | {"id": "1"}], "'1' is not a valid module id."),
        ([module(1, "a:b") | {"id": True}], "'True' is not a valid module id."),
        ([module(1, "nonsense")], "Module 1 has no valid module name."),
        ([module(1, "a:b") | {"version": "x"}], "Module 1 has no valid version."),
        ([module(1, "a:b") | {"version": -1}], "Module 1 has no valid version."),
        ([module(1, "json:ParseJSON") | {"version": 0}], "Module not found 'json:ParseJSON' version '0'."),
        ([module(1, "util:SetVariable9")], "Module not found 'util:SetVariable9' version '1'."),
        (
            [module(1, "util:SetVariable2") | {"version": 7}],
            "Module not found 'util:SetVariable2' version '7'.",
        ),
        ([module(1, "datastore:SearchRecords")], "Module not found 'datastore:SearchRecords' version '1'."),
        ([module(1, "a:b") | {"mapper": []}], "'mapper' of module 1 is not an object."),
        ([module(1, "a:b") | {"mapper": {"x": deep(100)}}], "'mapper' of module 1 is nested too deep."),
        ([module(1, "a:b", routes={})], "'routes' of module 1 is not an array."),
        ([module(1, "a:b", routes=[1])], "'routes' of module 1 holds something that is not an object."),
        ([module(1, "a:b", onerror={})], "A flow is not an array."),
        ([module(1, "a:b", filter=[])], "The filter of module 1 is not an object."),
        (
            [module(1, "a:b", filter={"conditions": [1]})],
            "The conditions of module 1 are not arrays of arrays.",
        ),
        ([nested(60)], "The blueprint is nested too deep."),
        ([module(1, "a:b", x=deep(400))], "The blueprint is nested too deep."),
        ([set_variable(id, 1) for id in range(1, 2_002)], "A blueprint has at most 2000 modules."),
    ],
)
def test_a_blueprint_that_does_not_hang_together_is_rejected(flow: list[Any], detail: str) -> None:
    with pytest.raises(MalformedBlueprintError) as caught:
        parse_blueprint(blueprint(*flow))
    assert caught.value.detail == detail


def test_any_module_of_an_app_that_is_not_interpreted_is_fine() -> None:
    parsed = parse_blueprint(
        blueprint(module(1, "app#mine:DoThings") | {"version": 99}, module(2, "slack:CreateMessage"))
    )
    assert [one.full_name for one in parsed.flow] == ["app#mine:DoThings", "slack:CreateMessage"]


def test_a_version_may_be_zero_as_in_the_vendors_samples() -> None:
    flow = [module(1, "ai-local-agent:RunLocalAIAgent") | {"version": 0}]
    assert parse_blueprint({"name": "x", "flow": flow, "metadata": {}}).flow[0].version == 0


def test_ids_of_routes_and_error_handlers_count() -> None:
    router = module(
        2,
        "builtin:BasicRouter",
        routes=[{"flow": [set_variable(7, 1, onerror=[module(9, "builtin:Ignore")])]}],
    )
    assert next_module_id(blueprint(set_variable(1, 1), router)) == 10
    assert next_module_id(blueprint()) == 1
    assert next_module_id({}) == 1
    with pytest.raises(MalformedBlueprintError, match="The module id 7 is used twice"):
        parse_blueprint(blueprint(set_variable(7, 1), router))


def test_every_sample_blueprint_can_be_read_and_interpreted() -> None:
    files = sorted(SAMPLES.glob("*.json"))
    assert len(files) >= 4
    for file in files:
        parsed = parse_blueprint(orjson.loads(file.read_bytes()))
        assert parsed.flow
        assert [one.full_name for one in parsed.flow if get_support_level(one.full_name) == "unknown"] == []


def test_a_blueprint_is_parsed_once_and_its_copy_anew() -> None:
    blueprint: dict[str, Any] = {
        "name": "A",
        "flow": [{"id": 1, "module": "json:ParseJSON", "version": 1}],
        "metadata": {},
    }
    assert parse_blueprint(blueprint) is parse_blueprint(blueprint)
    assert parse_blueprint({**blueprint, "name": "B"}).name == "B"


def agent(*flow: Any) -> Any:
    return module(2, "ai-local-agent:RunLocalAIAgent", version=0, tools=[{"name": "T", "flow": list(flow)}])


@pytest.mark.parametrize(
    ("tool", "detail"),
    [
        (module(2, "weather:ActionGetCurrentWeather"), "The module id 2 is used twice."),
        (module(3, "util:Nothing"), "Module not found 'util:Nothing' version '1'."),
    ],
)
def test_the_tools_of_an_agent_are_modules_of_the_blueprint(tool: Any, detail: str) -> None:
    with pytest.raises(MalformedBlueprintError, match=detail):
        parse_blueprint(blueprint(set_variable(1, "x"), agent(tool)))


def test_the_next_id_follows_those_of_an_agents_tools() -> None:
    assert next_module_id(blueprint(agent(module(7, "weather:ActionGetCurrentWeather")))) == 8


# --- what the designer leaves where nothing was built yet -----------------------------------------


def placeholder(**rest: Any) -> dict[str, Any]:
    return {
        "id": None,
        "module": "placeholder:Placeholder",
        "metadata": {"designer": {"x": 0, "y": 150}},
        **rest,
    }


def test_a_placeholder_is_no_module_whatever_its_id() -> None:
    first = set_variable(1, "a")
    router = module(
        2, "builtin:BasicRouter", routes=[{"flow": [placeholder()]}, {"flow": [placeholder(id=9)]}]
    )
    parsed = parse_blueprint(blueprint(first, router))
    assert [route.flow for route in parsed.flow[1].routes] == [(), ()]
    assert next_module_id(blueprint(first, placeholder(id=9))) == 2


def test_a_scenario_of_which_nothing_was_built_has_an_empty_flow() -> None:
    assert parse_blueprint(blueprint(placeholder())).flow == ()


def test_what_comes_to_a_placeholder_goes_no_further() -> None:
    routes = [{"flow": [placeholder()]}, {"flow": [set_variable(3, "b")]}]
    run = EngineHarness().run(set_variable(1, "a"), module(2, "builtin:BasicRouter", routes=routes))
    assert run.error is None
    assert [step.module_id for step in run.steps] == [1, 2, 3]
    assert run.operations == 2
