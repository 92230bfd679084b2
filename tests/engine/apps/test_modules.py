"""Input and output of the modules of interpreted apps."""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers.engine import EngineHarness, error_of, last_module_output, module, outputs_of, set_variable
from make_emulator.engine.apps import catalog
from make_emulator.engine.apps.catalog import get_support_level
from make_emulator.world.models import ExecutionResponse


def test_every_module_that_is_written_is_in_the_catalog_if_its_app_is() -> None:
    for name in catalog.interpreted_modules():
        app, _, short = name.partition(":")
        assert any(catalog.has_module(app, short, version) for version in range(1, 10)), name


# --- tools ---------------------------------------------------------------------------------------


def test_a_variable_is_output_under_its_own_name_and_the_legacy_module_calls_it_value() -> None:
    mapper = {"name": "a", "scope": "execution", "value": 5}
    assert last_module_output(module(1, "util:SetVariable2", mapper)) == [{"a": 5}]
    assert last_module_output(module(1, "util:SetVariable", mapper)) == [{"value": 5}]


def test_variables_are_read_back_anywhere_later_and_a_missing_one_is_nothing() -> None:
    assert last_module_output(set_variable(1, [1]), module(2, "util:GetVariable2", {"name": "x"})) == [
        {"x": [1]}
    ]
    assert last_module_output(set_variable(1, 1), module(2, "util:GetVariable", {"name": "x"})) == [
        {"value": 1}
    ]
    assert last_module_output(
        set_variable(1, 1), module(2, "util:GetVariables", {"variables": ["x", "X"]})
    ) == [{"x": 1, "X": None}]


def test_several_variables_are_set_at_once() -> None:
    variables = [{"name": "a", "value": "{{1 + 1}}"}, {"name": "b", "value": True}]
    mapper = {"variables": variables, "scope": "roundtrip"}
    assert last_module_output(module(1, "util:SetVariables", mapper)) == [{"a": 2, "b": True}]
    nameless = EngineHarness().run(
        module(1, "util:SetVariables", {"variables": [{"value": 1}], "scope": "roundtrip"})
    )
    assert error_of(nameless) == ("BundleValidationError", "Validation failed for 1 parameter(s).")


def test_a_scope_that_does_not_exist_is_rejected() -> None:
    execution = EngineHarness().run(
        module(1, "util:SetVariable2", {"name": "a", "scope": "forever", "value": 1})
    )
    assert error_of(execution)[0] == "BundleValidationError"


def test_the_small_helpers() -> None:
    assert last_module_output(module(1, "util:ComposeTransformer", {"value": "{{1 + 1}} eggs"})) == [
        {"value": "2 eggs"}
    ]
    values = [{"spec": [{"name": "a", "value": 1}]}, {"spec": [{"name": "a", "value": 2}]}]
    trigger = module(1, "util:BasicTrigger") | {"parameters": {"values": values}}
    assert last_module_output(trigger) == [{"a": 1}, {"a": 2}]
    assert last_module_output(trigger, module(2, "util:FunctionIncrement", parameters={"reset": "run"})) == [
        {"i": 1},
        {"i": 2},
    ]
    cases = [{"pattern": "a", "output": "first"}, {"pattern": "b", "output": "second"}]
    switch = {"input": "b", "casesTable": cases, "elseOutput": "neither"}
    assert last_module_output(module(1, "util:Switcher", switch)) == [{"output": "second"}]
    assert last_module_output(module(1, "util:Switcher", {**switch, "input": "c"})) == [{"output": "neither"}]
    patterns = {
        **switch,
        "input": "abc",
        "useRegExpMatch": True,
        "casesTable": [{"pattern": "^b", "output": 1}],
    }
    assert last_module_output(module(1, "util:Switcher", patterns)) == [{"output": "neither"}]


# --- json ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "bundles"),
    [
        ('{"a": {"b": 1.0}}', [{"a": {"b": 1}}]),
        ('[{"a": 1}, {"a": 2}]', [{"a": 1}, {"a": 2}]),
        ("[1, null]", [{"value": 1}, {"value": None}]),
        ("[]", []),
        ('"x"', [{"value": "x"}]),
    ],
)
def test_json_becomes_bundles(text: str, bundles: list[Any]) -> None:
    assert last_module_output(module(1, "json:ParseJSON", {"json": text})) == bundles


@pytest.mark.parametrize("text", ["{", "NaN", "[1,]", "[" * 100_000, "1" * 5_000 + "x"])
def test_what_is_not_json_is_a_data_error(text: str) -> None:
    execution = EngineHarness().run(module(1, "json:ParseJSON", {"json": text}))
    assert error_of(execution) == ("DataError", "Source is not valid JSON.")


def test_no_json_at_all_is_a_missing_parameter() -> None:
    execution = EngineHarness().run(module(1, "json:ParseJSON", {"json": ""}))
    assert error_of(execution) == ("BundleValidationError", "Validation failed for 1 parameter(s).")


def test_json_is_written_as_javascript_writes_it() -> None:
    fields = {
        "b": "{{1 / 2}}",
        "a": "{{emptyarray}}",
        "when": "{{addDays('2016-12-07T00:00Z'; 1)}}",
        "ě": 'say "hi"',
        "c": "{{9.x}}",
        "d": "",
    }
    [made] = last_module_output(module(1, "json:CreateJSON", fields))
    assert made == {"json": '{"b":0.5,"a":[],"when":"2016-12-08T00:00:00.000Z","ě":"say \\"hi\\""}'}
    [made] = last_module_output(
        module(1, "json:TransformToJSON", {"object": {"a": [1]}}) | {"parameters": {"space": "2"}}
    )
    assert made["json"] == json.dumps({"a": [1]}, indent=2)
    [made] = last_module_output(module(1, "json:TransformToJSON", {"object": "x"}))
    assert made == {"json": '"x"'}


# --- webhooks ------------------------------------------------------------------------------------

HOOK = module(1, "gateway:CustomWebHook") | {"parameters": {"hook": 1, "maxResults": 1}}


def test_a_webhook_emits_what_it_received() -> None:
    execution = EngineHarness().run(
        HOOK, set_variable(2, "{{1.a.b}}"), trigger_bundle={"a": {"b": 7}}, instant=True
    )
    assert outputs_of(execution, 2) == [{"x": 7}]
    assert execution.instant
    assert execution.transfer > 0


def test_a_webhook_that_received_nothing_emits_nothing() -> None:
    execution = EngineHarness().run(HOOK, set_variable(2, "x"))
    assert (execution.status, execution.operations) == (1, 1)


def test_an_answer_to_the_caller_is_read_off_the_run() -> None:
    headers = [{"key": "X-Name", "value": "{{1.name}}"}]
    response = module(
        2, "gateway:WebhookRespond", {"status": "201", "body": "{{1.name}}!", "headers": headers}
    )
    execution = EngineHarness().run(HOOK, response, trigger_bundle={"name": "Ada"})
    assert execution.respond == ExecutionResponse(
        at=execution.ends, status=201, body="Ada!", headers=(("X-Name", "Ada"),)
    )
    assert EngineHarness().run(HOOK, trigger_bundle={}).respond is None


@pytest.mark.parametrize(
    "mapper", [{}, {"status": "99"}, {"status": 200, "headers": [{"name": "a", "value": "b"}]}]
)
def test_an_answer_that_is_invalid_is_rejected(mapper: Any) -> None:
    execution = EngineHarness().run(HOOK, module(2, "gateway:WebhookRespond", mapper), trigger_bundle={})
    assert error_of(execution) == ("BundleValidationError", "Validation failed for 1 parameter(s).")
    assert execution.respond is None


# --- all other apps ------------------------------------------------------------------------------

INTERFACE: list[Any] = [
    {"name": "email", "type": "text"},
    {"name": "amount", "type": "number"},
    {"name": "count", "type": "uinteger"},
    {"name": "open", "type": "boolean"},
    {"name": "created", "type": "date"},
    {"name": "stage", "type": "select", "options": [{"value": "new"}]},
    {"name": "owner", "type": "collection", "spec": [{"name": "city", "type": "text"}]},
    {"name": "lines", "type": "array", "spec": [{"name": "sku", "type": "text"}]},
    {"name": "labels", "type": "array", "spec": {"type": "text"}},
    "not a field",
]


def test_an_app_that_is_not_interpreted_answers_in_the_shape_of_its_interface() -> None:
    [bundle] = last_module_output(module(1, "acme-crm:getDeal", metadata={"interface": INTERFACE}))
    assert list(bundle) == [field["name"] for field in INTERFACE[:-1]]
    assert bundle["email"].count("@") == 1
    assert isinstance(bundle["amount"], float)
    assert isinstance(bundle["count"], int)
    assert isinstance(bundle["open"], bool)
    assert "2016-11-08" < bundle["created"] <= "2016-12-08T15:55:57.536Z"
    assert bundle["stage"] == "new"
    assert list(bundle["owner"]) == ["city"]
    assert [list(line) for line in bundle["lines"]] == [["sku"], ["sku"]]
    assert all(isinstance(label, str) for label in bundle["labels"])


def test_without_an_interface_the_answer_has_the_shape_of_what_is_expected() -> None:
    expect = [{"name": "text", "type": "text"}]
    [bundle] = last_module_output(module(1, "acme:send", {"text": "hi"}, metadata={"expect": expect}))
    assert list(bundle) == ["text"]
    assert last_module_output(module(1, "acme:send")) == [{}]


def test_generated_bundles_differ_between_operations_and_modules() -> None:
    made = module(2, "acme:getDeal", metadata={"interface": INTERFACE})
    bundles = last_module_output(module(1, "builtin:BasicRepeater", {"repeats": 2}), made)
    assert bundles[0] != bundles[1]


def test_a_field_that_the_blueprint_marks_as_required_must_be_mapped() -> None:
    expect = [{"name": "text", "type": "text", "required": True}]
    execution = EngineHarness().run(
        module(1, "acme:send", {"text": "{{9.nothing}}"}, metadata={"expect": expect})
    )
    assert error_of(execution) == ("BundleValidationError", "Validation failed for 1 parameter(s).")


def test_an_instant_trigger_of_any_app_emits_what_came_in() -> None:
    trigger = module(1, "acme:watchDeals", metadata={"interface": INTERFACE})
    assert last_module_output(trigger, trigger_bundle=[{"a": 1}, {"a": 2}]) == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (module(1, "google-sheets:addRow", {"values": {"0": "Ada"}}), "[400] 'valueInputOption' is required"),
        (module(1, "google-sheets:updateRow", {"rowNumber": 2}), "[400] 'valueInputOption' is required"),
        (module(1, "ai-tools:Ask", {"input": "?", "model": "low"}), "[400] 'model' is required"),
    ],
)
def test_what_a_service_asks_for_although_no_field_says_so_must_be_there(node: Any, message: str) -> None:
    assert error_of(EngineHarness().run(node)) == ("BundleValidationError", message)


def test_a_service_that_gets_what_it_asks_for_answers() -> None:
    row = module(1, "google-sheets:addRow", {"valueInputOption": "USER_ENTERED"})
    requested = {**module(2, "ai-tools:Ask", {"input": "?"}), "parameters": {"model": "medium"}}
    assert EngineHarness().run(row, requested).status == 1


def test_each_module_is_interpreted_simulated_or_unknown() -> None:
    assert get_support_level("json:ParseJSON") == "interpreted"
    assert get_support_level("util:TransformEncoding") == "simulated"
    assert get_support_level("json:NoSuchModule") == "unknown"
    assert get_support_level("csv:CreateCSV") == "interpreted"
    assert get_support_level("any-app:AnyModule") == "simulated"
