"""Mock data: they fit the later modules that map them; the shape that the blueprint declares goes before."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.engine import EngineHarness, last_module_output, module, outputs_of, return_data, set_variable
from make_emulator.engine.blueprints.parser import parse_blueprint
from make_emulator.engine.budget import Budget
from make_emulator.engine.mock_data.infer import ConstraintInference
from make_emulator.json_types import as_array
from make_emulator.world.models import Execution

ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def source(*interface: Mapping[str, Any], id: int = 1, **rest: Any) -> dict[str, Any]:
    """A module of an app that the emulator does not know; without an interface, as most are in exports."""
    metadata = {"interface": list(interface)} if interface else {}
    return module(id, "acme:find", metadata=metadata, **rest)


def field(name: str, type: str, **rest: Any) -> dict[str, Any]:
    return {"name": name, "type": type, **rest}


def use(mapper: Mapping[str, Any], *expect: Mapping[str, Any], id: int = 2, **rest: Any) -> dict[str, Any]:
    return module(id, "acme:use", mapper, metadata={"expect": list(expect)}, **rest)


def made(*flow: Any) -> Any:
    """Output of the first module."""
    run = EngineHarness().run(*flow)
    assert run.error is None, run.error
    return run.steps[0].output[0]


def reached(run: Execution) -> list[int]:
    return [step.module_id for step in run.steps]


# --- without an interface ------------------------------------------------------------------------


def test_what_is_mapped_of_a_module_is_generated() -> None:
    bundle = made(source(), use({"text": "Dear {{1.contact.name}}, {{1.`first line`}}"}))
    assert set(bundle) == {"contact", "first line"}
    assert isinstance(bundle["contact"]["name"], str)
    assert bundle["contact"]["name"] != ""


def test_what_is_named_in_a_filter_is_generated_too() -> None:
    gate = {"name": "", "conditions": [[{"a": "{{1.state}}", "o": "exist"}]]}
    assert list(made(source(), use({}, filter=gate))) == ["state"]


def test_an_item_of_an_array_is_an_array_of_what_its_items_are_used_for() -> None:
    bundle = made(source(), use({"a": "{{1.rows[].name}}", "b": "{{1.rows[2].size}}"}))
    assert [set(row) for row in bundle["rows"]] == [{"name", "size"}] * 2


def test_the_fields_that_go_in_are_a_guess_but_for_those_that_are_used_otherwise() -> None:
    expect = [field("title", "text"), field("tags", "text")]
    first = module(1, "acme:add", metadata={"expect": expect})
    bundle = made(first, use({"a": "{{1.id}}", "b": "{{first(1.tags)}}"}))
    assert set(bundle) == {"title", "tags", "id"}
    assert isinstance(bundle["tags"], list)


def test_nothing_is_generated_of_what_the_engine_itself_knows() -> None:
    assert made(source(), use({"a": "{{1.__IMTLENGTH__}} {{1.x}}"})).keys() == {"x"}


@pytest.mark.parametrize(
    ("kind", "fits"),
    [
        ("number", lambda value: isinstance(value, float)),
        ("uinteger", lambda value: isinstance(value, int) and value > 0),
        ("boolean", lambda value: isinstance(value, bool)),
        ("date", lambda value: re.fullmatch(ISO, value) is not None),
        ("email", lambda value: value.count("@") == 1),
        ("url", lambda value: value.startswith("https://example.com/")),
        ("array", lambda value: len(value) == 2),
    ],
)
def test_a_value_has_the_type_of_the_field_that_it_goes_to(kind: str, fits: Any) -> None:
    spec = {"spec": {"type": "text", "name": "word"}} if kind == "array" else {}
    assert fits(made(source(), use({"x": "{{1.y}}"}, field("x", kind, **spec)))["y"])


def test_a_value_that_goes_to_a_choice_is_one_of_them() -> None:
    expect = field("mode", "select", validate={"enum": ["fast", "slow"]})
    assert made(source(), use({"mode": "{{1.speed}}"}, expect))["speed"] in ("fast", "slow")


def test_the_name_of_the_field_that_a_value_goes_to_says_what_it_is() -> None:
    bundle = made(source(), use({"email": "{{1.`0`}}"}, field("email", "text")))
    assert bundle["0"].count("@") == 1


# --- what functions, filters and formulas ask ----------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "pattern"),
    [
        ("addDays(1.x; 1)", ISO),
        ('formatDate(1.x; "YYYY")', ISO),
        ('parseDate(1.x; "D. M. YYYY")', r"\d{1,2}\. \d{1,2}\. \d{4}"),
        ('toBinary(1.x; "base64")', r"[A-Za-z0-9+/]+=*"),
        ('formatDate(ifempty(trim(1.x); now); "D")', ISO),
        ("addDays(if(1.x; 1.x; now); 1)", ISO),
    ],
)
def test_a_function_gets_a_text_that_it_can_read(expression: str, pattern: str) -> None:
    assert re.fullmatch(pattern, made(source(), set_variable(2, f"{{{{{expression}}}}}"))["x"])


@pytest.mark.parametrize(
    "expression",
    ["round(1.x)", "1.x * 2", "-1.x", "1.x / 1.y", "sum(1.x; 1.y)", "1.x < 5", "parseNumber(1.x + 1.y)"],
)
def test_a_function_of_numbers_gets_numbers(expression: str) -> None:
    bundle = made(source(), set_variable(2, f"{{{{{expression}}}}}"))
    assert all(isinstance(value, float) for value in bundle.values())


@pytest.mark.parametrize(
    ("expression", "array"),
    [
        ("first(1.x)", None),
        ('join(1.x; ", ")', None),
        ('map(1.x; "name")', {"name"}),
        ('map(1.x; "name"; "kind"; "work,home")', {"name", "kind"}),
        ('first(map(1.x; "a.b"))', {"a"}),
        ('get(1.x; "1.name")', {"name"}),
        ("sum(1.x)", None),
        ('sort(merge(1.x; 1.x); "asc")', None),
    ],
)
def test_a_function_of_arrays_gets_arrays(expression: str, array: set[str] | None) -> None:
    items = made(source(), set_variable(2, f"{{{{{expression}}}}}"))["x"]
    assert len(items) == 2
    assert all(set(item) == array for item in items) if array else not isinstance(items[0], dict)


def test_a_filter_by_key_has_something_to_find() -> None:
    items = made(source(), set_variable(2, '{{map(1.x; "value"; "key"; "size")}}'))["x"]
    assert [item["key"] for item in items] == ["size", "size"]


def test_a_place_that_is_computed_is_one_that_there_is() -> None:
    flow = [source(), source(id=2), set_variable(3, "{{1.rows[2.place].name}}")]
    [bundle] = last_module_output(*flow)
    assert isinstance(bundle["x"], str)


@pytest.mark.parametrize(
    ("operator", "b", "fits"),
    [
        ("text:equal", "open", lambda value: value == "open"),
        ("text:contain:ci", "Invoice", lambda value: value == "Invoice"),
        ("number:greater", "500", lambda value: value > 500),
        ("number:less", "3", lambda value: value < 3),
        ("number:equal", "3", lambda value: value == 3),
        ("boolean:equal", "true", lambda value: value is True),
        ("date:greater", "2015-01-01", lambda value: re.fullmatch(ISO, value) is not None),
        ("array:greater", "1", lambda value: isinstance(value, list)),
    ],
)
def test_a_comparison_has_a_chance_to_hold(operator: str, b: str, fits: Any) -> None:
    gate = {"name": "", "conditions": [[{"a": "{{1.x}}", "o": operator, "b": b}]]}
    assert fits(made(source(), use({}, filter=gate))["x"])


def test_a_comparison_that_was_left_empty_asks_for_nothing() -> None:
    gate = {"name": "", "conditions": [[{"a": "{{1.x}}", "o": "number:equal", "b": "{{2.y}}"}]]}
    assert isinstance(made(source(), use({}, filter=gate))["x"], float)


def test_each_route_of_a_router_has_a_chance() -> None:
    def route(id: int, state: str) -> Any:
        gate = {"name": "", "conditions": [[{"a": "{{1.x}}", "o": "text:equal", "b": state}]]}
        return {"flow": [use({}, id=id, filter=gate)]}

    router = module(2, "builtin:BasicRouter", routes=[route(3, "new"), route(4, "old")])
    ways = {tuple(reached(EngineHarness(seed=seed).run(source(), router))) for seed in range(12)}
    assert ways == {(1, 2, 3), (1, 2, 4)}


def test_a_switch_gets_one_of_its_cases() -> None:
    cases = [{"pattern": "a", "output": "1"}, {"pattern": "b", "output": "2"}]
    flow = [source(), module(2, "util:Switcher", {"input": "{{1.x}}", "casesTable": cases})]
    assert last_module_output(*flow) in ([{"output": "1"}], [{"output": "2"}])


# --- modules that hand on ------------------------------------------------------------------------


def test_an_iterator_gets_collections_with_what_is_mapped_of_its_bundles() -> None:
    feeder = module(2, "builtin:BasicFeeder", {"array": "{{1.lines}}"})
    run = EngineHarness().run(source(), feeder, use({"x": "{{2.price}}"}, field("x", "number"), id=3))
    assert reached(run) == [1, 2, 3, 3]
    [bundle] = outputs_of(run, 1)
    assert all(isinstance(line["price"], float) for line in bundle["lines"])


def test_an_iterator_over_an_array_in_an_array_gets_one_too() -> None:
    outer = module(2, "builtin:BasicFeeder", {"array": "{{1.orders}}"})
    inner = module(3, "builtin:BasicFeeder", {"array": "{{2.lines}}"})
    run = EngineHarness().run(source(), outer, inner, use({"x": "{{3.sku}}"}, id=4))
    assert reached(run) == [1, 2, 3, 4, 4, 3, 4, 4]


def test_an_iterator_whose_items_are_values_gets_values() -> None:
    feeder = module(2, "builtin:BasicFeeder", {"array": "{{1.words}}"})
    words = made(source(), feeder, use({"x": "{{2.value}}"}, field("x", "email"), id=3))["words"]
    assert [word.count("@") for word in words] == [1, 1]


def test_a_text_that_is_parsed_as_json_says_what_is_mapped_of_it() -> None:
    read = module(2, "json:ParseJSON", {"json": '{{replace(replace(1.result; "```json"; ); "```"; )}}'})
    later = use({"x": "{{2.score}}", "y": "{{2.tags}}"}, field("x", "integer"), field("y", "array"), id=3)
    said = json.loads(made(source(field("result", "text")), read, later)["result"])
    assert set(said) == {"score", "tags"}
    assert isinstance(said["score"], int)


def test_a_text_that_is_parsed_as_json_says_what_the_interface_declares() -> None:
    interface = [field("total", "number"), field("lines", "array", spec=[field("sku", "text")])]
    read = module(2, "json:ParseJSON", {"json": "{{1.x}}"}, metadata={"interface": interface})
    [bundle] = last_module_output(source(), read)
    assert isinstance(bundle["total"], float)
    assert [set(line) for line in bundle["lines"]] == [{"sku"}, {"sku"}]


def test_a_file_that_is_parsed_as_xml_says_what_is_mapped_of_it() -> None:
    read = module(2, "xml:ParseXML", {"xml": "{{toString(1.data)}}"})
    feeder = module(3, "builtin:BasicFeeder", {"array": "{{2.orders.order}}"})
    later = use({"x": "{{4.id[]}}"}, id=5)
    run = EngineHarness().run(source(field("data", "buffer")), read, feeder, module(4, "acme:x"), later)
    assert run.error is None
    assert outputs_of(run, 1)[0]["data"].startswith("<?xml")
    assert list(outputs_of(run, 2)[0]) == ["orders"]


@pytest.mark.parametrize(
    "parameters", [{}, {"columnCount": "4"}, {"delimiterType": "other", "delimiter": "|"}]
)
def test_a_file_that_is_parsed_as_csv_has_the_columns_that_are_mapped(parameters: Any) -> None:
    read = module(2, "csv:ParseCSV", {"csv": "{{1.data}}"}, parameters=parameters)
    run = EngineHarness().run(source(), read, use({"x": "{{round(parseNumber(2.col3))}}"}, id=3))
    assert run.error is None, run.error
    assert [list(row)[2:3] for row in outputs_of(run, 2)] == [["col3"]] * 3


def test_a_variable_is_what_is_done_with_it_elsewhere() -> None:
    flow = [
        source(),
        module(
            2, "util:SetVariables", {"scope": "execution", "variables": [{"name": "due", "value": "{{1.x}}"}]}
        ),
        module(3, "util:GetVariable2", {"name": "due"}),
        set_variable(4, "{{addDays(3.due; 1)}}"),
    ]
    assert re.fullmatch(ISO, made(*flow)["x"])


@pytest.mark.parametrize(
    "between",
    [
        set_variable(2, "{{1.x}}", "v") | {"then": "2.v"},
        module(2, "util:SetVariable", {"name": "v", "scope": "execution", "value": "{{1.x}}"})
        | {"then": "2.value"},
        module(2, "util:ComposeTransformer", {"value": "{{1.x}}"}) | {"then": "2.value"},
        module(2, "regexp:Replace", {"pattern": "zzz", "text": "{{1.x}}"}) | {"then": "2.text"},
    ],
    ids=lambda node: node["module"],
)
def test_a_module_that_hands_on_hands_on_what_is_expected_of_it(between: dict[str, Any]) -> None:
    then = between.pop("then")
    assert re.fullmatch(ISO, made(source(), between, set_variable(3, f"{{{{addDays({then}; 1)}}}}"))["x"])


def test_an_aggregator_gathers_what_is_expected_of_its_items() -> None:
    pack = module(2, "builtin:BasicAggregator", {"due": "{{1.x}}"}, parameters={"feeder": 1})
    flow = [source(), pack, set_variable(3, "{{addDays(2.array[].due; 1)}}")]
    assert re.fullmatch(ISO, made(*flow)["x"])


def test_a_repeater_gets_a_number_of_repeats_that_ends_soon() -> None:
    run = EngineHarness().run(
        source(), module(2, "builtin:BasicRepeater", {"start": 1, "repeats": "{{1.pages}}", "step": 1})
    )
    assert run.error is None
    assert 1 <= len(run.steps[1].output) <= 3


def test_outputs_of_the_scenario_have_their_declared_types() -> None:
    spec = [field("total", "number"), field("names", "array", spec={"type": "text", "name": "name"})]
    run = EngineHarness().run(source(), return_data(2, total="{{1.a}}", names="{{1.b}}"), output_spec=spec)
    assert run.error is None
    assert run.outputs is not None
    assert isinstance(run.outputs["total"], float)
    assert len(as_array(run.outputs["names"])) == 2


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ('{"id": {{1.x}}, "name": "{{1.y}}"}', lambda bundle: isinstance(bundle["x"], float)),
        ("https://{{1.x}}/{{1.y}}", lambda bundle: bundle["x"].endswith(".example.com")),
    ],
)
def test_what_stands_before_a_value_says_what_it_is(text: str, fits: Any) -> None:
    bundle = made(source(), use({"text": text}))
    assert fits(bundle)
    assert isinstance(bundle["y"], str)


# --- with an interface ---------------------------------------------------------------------------


def test_an_interface_is_all_that_a_module_emits() -> None:
    assert set(made(source(field("id", "text")), use({"x": "{{1.id}} {{1.other}}"}))) == {"id"}


def test_the_declared_type_goes_before_what_a_value_is_used_for() -> None:
    bundle = made(source(field("due", "number")), set_variable(2, "{{addDays(1.due; 1)}}"))
    assert isinstance(bundle["due"], float)


@pytest.mark.parametrize(
    ("expression", "pattern"),
    [("addDays(1.x; 1)", ISO), ('round(parseNumber(1.x; "."))', r"\d+(\.\d+)?"), ("first(1.x)", r"[\w ]+")],
)
def test_what_is_declared_a_text_stays_one(expression: str, pattern: str) -> None:
    harness = EngineHarness()
    run = harness.run(source(field("x", "text")), set_variable(2, f"{{{{{expression}}}}}"))
    output: Any = run.steps[0].output[0]
    assert re.fullmatch(pattern, output["x"])


@pytest.mark.parametrize(
    ("kind", "operator", "b", "fits"),
    [
        ("number", "text:equal", "many", lambda value: isinstance(value, float)),
        ("integer", "number:greater", "1.5", lambda value: isinstance(value, int)),
        ("integer", "number:greater", "500", lambda value: value == 501),
        ("boolean", "text:equal", "yes", lambda value: isinstance(value, bool)),
    ],
)
def test_a_value_that_is_compared_still_has_its_declared_type(
    kind: str, operator: str, b: str, fits: Any
) -> None:
    gate = {"name": "", "conditions": [[{"a": "{{1.x}}", "o": operator, "b": b}]]}
    assert fits(made(source(field("x", kind)), use({}, filter=gate))["x"])


def test_any_type_and_an_array_without_fields_are_what_they_are_used_for() -> None:
    fields = [field("rows", "array"), field("at", "any"), field("who", "collection")]
    bundle = made(source(*fields), use({"x": "{{1.rows[].id}} {{1.who.name}} {{addDays(1.at; 1)}}"}))
    assert [set(row) for row in bundle["rows"]] == [{"id"}, {"id"}]
    assert set(bundle["who"]) == {"name"}
    assert re.fullmatch(ISO, bundle["at"])


def test_a_choice_is_one_that_is_declared_and_compared_with_if_there_is_such() -> None:
    gate = {"name": "", "conditions": [[{"a": "{{1.x}}", "o": "text:equal", "b": "c"}]]}
    declared = field("x", "select", validate={"enum": ["a", "b", "c"]})
    assert made(source(declared), use({}, filter=gate)) == {"x": "c"}


# --- the same each time, and never too much ------------------------------------------------------


def test_the_same_world_makes_up_the_same() -> None:
    flow = [source(), use({"x": "{{1.a}} {{1.b[].c}}", "y": "{{round(1.d)}}"})]
    assert made(*flow) == made(*flow)


def test_a_formula_that_cannot_be_read_is_passed_over() -> None:
    run = EngineHarness().run(source(), use({"x": "{{1.a}}", "y": "{{if(}}"}))
    output: Any = run.steps[0].output[0]
    assert set(output) == {"a"}
    assert run.error is not None


def test_a_module_asks_nothing_of_itself_nor_of_those_after_it() -> None:
    feeder = module(2, "builtin:BasicFeeder", {"array": "{{2.x}}"})
    assert outputs_of(EngineHarness().run(source(), feeder, use({"x": "{{2.x.y}} {{1.z}}"}, id=3)), 1)[
        0
    ].keys() == {"z"}


def test_reading_what_is_expected_is_paid_for() -> None:
    budget = Budget()
    blueprint = parse_blueprint(
        {"name": "x", "flow": [source(), use({"x": "{{1.a}}" * 100})], "metadata": {}}
    )
    ConstraintInference(blueprint, (), budget).constraint_for(1)
    assert budget.work < Budget().work - 80


def test_formulas_within_formulas_are_read_once() -> None:
    formula = "1.x"
    for _ in range(38):
        formula = f"1 + ({formula}) + 1"
    bundle = made(source(), set_variable(2, f"{{{{{formula}}}}}"))
    assert list(bundle) == ["x"]


def test_a_value_is_chosen_from_so_many_and_no_more() -> None:
    conditions = [[{"a": "{{1.x}}", "o": "text:equal", "b": f"v{place}"}] for place in range(2_000)]
    blueprint = parse_blueprint(
        {
            "name": "x",
            "flow": [source(), use({}, filter={"name": "", "conditions": conditions})],
            "metadata": {},
        }
    )
    wanted = ConstraintInference(blueprint, (), Budget()).constraint_for(1)
    assert wanted is not None
    assert wanted.fields["x"].choices == [f"v{place}" for place in range(50)]


def test_a_table_has_so_many_columns_and_no_more() -> None:
    parameters = {"columnCount": "9" * 5_000}
    read = module(2, "csv:ParseCSV", {"csv": "{{1.data}}"}, parameters=parameters)
    flow = [source(), read, use({"x": "{{2.col" + "9" * 5_000 + "}}"}, id=3)]
    blueprint = parse_blueprint({"name": "x", "flow": flow, "metadata": {}})
    wanted = ConstraintInference(blueprint, (), Budget()).constraint_for(1)
    assert wanted is not None
    content = wanted.fields["data"].content
    assert content is not None
    assert list(content.fields) == ["col1"]


_TEXTS = st.sampled_from(
    [
        "{{1.a}}",
        "{{1.a[].b}}",
        "{{2.a.b.c}}",
        '{{map(1.a; "b")}}',
        '{{get(2.a; "1.b")}}',
        "{{1.a[2.a].b}}",
        "{{sum(1.a) + 2.b}}",
        "{{1.a}} and {{2.b}}",
        "{{2." + "a." * 40 + "a}}",
        "{{1.",
        "plain",
    ]
)
_NAMES = st.sampled_from(
    [
        "acme:use",
        "builtin:BasicFeeder",
        "builtin:BasicAggregator",
        "json:ParseJSON",
        "xml:ParseXML",
        "csv:ParseCSV",
        "util:SetVariables",
        "util:SetVariable2",
        "util:GetVariable2",
        "util:Switcher",
        "http:MakeRequest",
    ]
)
_FIELDS = st.sampled_from(["array", "json", "xml", "csv", "variables", "value", "name", "url", "input"])
_VALUES = st.recursive(
    _TEXTS | st.none() | st.integers(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_FIELDS, inner),
)


@given(st.lists(st.tuples(_NAMES, st.dictionaries(_FIELDS, _VALUES, max_size=4)), max_size=4))
def test_whatever_modules_map_data_are_generated(nodes: list[tuple[str, Any]]) -> None:
    flow = [source(), source(id=2)]
    flow += [
        module(id, name, mapper) | {"version": 4 if name.startswith("http:") else 1}
        for id, (name, mapper) in enumerate(nodes, 3)
    ]
    run = EngineHarness().run(*flow)
    assert reached(run)[:2] == [1, 2]
    assert run.error is None or "emulator failed" not in run.error.message


@pytest.mark.parametrize("b", ["1e30", "-1e300"])
def test_a_whole_number_that_is_compared_is_one_that_json_can_hold(b: str) -> None:
    gate = {"name": "", "conditions": [[{"a": "{{1.n}}", "o": "number:equal", "b": b}]]}
    run = EngineHarness().run(source(field("n", "uinteger")), use({"n": "{{1.n}}"}, filter=gate))
    assert reached(run) == [1, 2]
    assert orjson.loads(orjson.dumps(run.steps[0].output)) == [{"n": float(b)}]
