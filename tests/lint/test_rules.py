from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from helpers.lint import JsonObject, blueprint, filtered, find, find_one, module, set_variable, slack, trigger
from make_emulator.lint import RULES, lint
from make_emulator.resources import fixture_path


def test_a_sound_scenario_has_no_findings() -> None:
    sound = blueprint(trigger(), set_variable(2, "{{1.name}}"), slack(3))
    assert lint(sound) == []


@pytest.mark.parametrize(
    "path", sorted(fixture_path("blueprints").glob("*.json")), ids=lambda path: path.name
)
def test_the_sample_blueprints_have_no_errors_and_no_warnings(path: Path) -> None:
    findings = lint(json.loads(path.read_text("utf-8")))
    assert [finding for finding in findings if finding.severity != "info"] == []


def test_a_module_that_does_not_exist_is_an_error_with_a_suggestion() -> None:
    finding = find_one(blueprint(trigger(), module(2, "stripe:ActionCreateCustomer")), "no-such-module")
    assert (finding.severity, finding.module_id) == ("error", 2)
    assert finding.message == "The app 'stripe' has no module 'stripe:ActionCreateCustomer'."
    assert finding.suggestion == "Did you mean stripe:createCustomer?"
    assert finding.path == ("flow", 1, "module")


def test_an_invented_app_is_an_error() -> None:
    finding = find_one(blueprint(trigger(), module(2, "myapp:doIt")), "no-such-module")
    assert finding.message == "Make has no app 'myapp'."


def test_an_unknown_module_of_a_known_app_is_a_warning() -> None:
    finding = find_one(blueprint(trigger(), module(2, "slack:SendMessage", version=4)), "unknown-module")
    assert finding.severity == "warning"
    assert finding.suggestion == "Did you mean slack:CreateMessage?"


def test_a_version_that_is_not_known_is_a_warning() -> None:
    finding = find_one(blueprint(trigger(), slack(2, version=1)), "unknown-version")
    assert finding.message == "'slack:CreateMessage' is known in version 3, 4, not in version 1."
    assert finding.suggestion == "Use version 4."


EXPECT = [{"name": "channel", "type": "text", "label": "Channel", "required": True}]


def test_a_module_that_the_editor_describes_exists_and_its_name_is_a_note() -> None:
    described = module(2, "slack:PinTheMessage", version=4, metadata={"expect": EXPECT})
    finding = find_one(blueprint(trigger(), described), "unknown-module")
    assert (finding.severity, finding.suggestion) == ("info", "")
    assert (
        find_one(blueprint(trigger(), {**described, "metadata": {}}), "unknown-module").severity == "warning"
    )
    # A description that was copied around a name of another case.
    slip = module(2, "slack:createMessage", version=4, metadata={"expect": EXPECT})
    finding = find_one(blueprint(trigger(), slip), "unknown-module")
    assert (finding.severity, finding.suggestion) == ("warning", "Did you mean slack:CreateMessage?")


def test_a_newer_version_that_the_editor_describes_is_a_note() -> None:
    assert find_one(blueprint(trigger(), slack(2, version=9)), "unknown-version").severity == "warning"
    described = slack(2, version=9, metadata={"expect": EXPECT})
    assert find_one(blueprint(trigger(), described), "unknown-version").severity == "info"
    older = slack(2, version=1, metadata={"expect": EXPECT})
    assert find_one(blueprint(trigger(), older), "unknown-version").severity == "warning"


def test_an_older_version_is_a_note() -> None:
    assert find_one(blueprint(trigger(), slack(2, version=3)), "outdated-version").severity == "info"


def test_an_app_of_the_organization_is_never_judged() -> None:
    assert lint(blueprint(trigger(), module(2, "app#mine-a1b2c3:doIt"))) == []


def test_a_module_without_its_connection_is_an_error() -> None:
    finding = find_one(blueprint(trigger(), slack(2, connection=None)), "missing-connection")
    assert finding.message == (
        "Module 2 (slack:CreateMessage) needs a connection of type slack2 or slack3 in parameters.__IMTCONN__."
    )


def test_a_required_field_without_a_value_is_a_warning() -> None:
    document = blueprint(
        trigger(), module(2, "util:SetVariable2", mapper={"value": "1", "scope": "roundtrip"})
    )
    finding = find_one(document, "missing-field")
    assert finding.message == "The required field 'name' of module 2 (util:SetVariable2) has no value."


def test_all_fields_of_a_module_that_have_no_value_are_one_finding() -> None:
    request = module(2, "http:ActionGetFile", version=3, mapper={})
    finding = find_one(blueprint(trigger(), request), "missing-field")
    assert finding.message == (
        "The required fields 'url', 'shareCookies' of module 2 (http:ActionGetFile) have no value."
    )


@pytest.mark.parametrize(
    ("mapper", "is_missing"),
    [
        ({"channelWType": "list", "channel": "C1"}, True),
        ({"channel": "C1", "channelType": "public"}, True),
        ({"channelWType": "manualy", "channel": "C1"}, False),
    ],
)
def test_a_list_to_choose_from_is_not_required_where_its_value_is_entered_by_hand(
    mapper: JsonObject, is_missing: bool
) -> None:
    message = module(2, "slack:CreateMessage", version=4, parameters={"__IMTCONN__": 1}, mapper=mapper)
    findings = find(blueprint(trigger(), message), "missing-field")
    assert bool(findings) is is_missing


def test_a_slip_in_the_name_of_a_field_is_a_warning() -> None:
    message = slack(2)
    message["mapper"]["chanel"] = message["mapper"].pop("channel")
    finding = find_one(blueprint(trigger(), message), "unknown-field")
    assert finding.suggestion == "Did you mean 'channel'?"


@pytest.mark.parametrize(
    ("expression", "rule", "text"),
    [
        ("{{1.a +}}", "invalid-expression", "{{1.a +}}: "),
        ("{{uper(1.a)}}", "unknown-function", "Make has no function 'uper'"),
        ("{{replace(1.a)}}", "wrong-argument-count", "{{replace(1.a)}}: 'replace' takes 3 arguments, not 1."),
        ("{{9.a}}", "unknown-reference", "{{9.a}}: There is no module 9; the modules before this one: 1."),
        ("{{2.x}}", "unknown-reference", "{{2.x}}: A module cannot refer to its own output."),
        (
            "{{3.v}}",
            "unknown-reference",
            "{{3.v}}: Module 3 is not before module 2, so it has no output yet.",
        ),
    ],
)
def test_expressions_are_checked(expression: str, rule: str, text: str) -> None:
    document = blueprint(trigger(), set_variable(2, expression), set_variable(3, "x"))
    finding = find_one(document, rule)
    assert finding.message.startswith(text)
    assert finding.severity == "error"
    assert finding.path == ("flow", 1, "mapper", "value")


def test_a_reference_inside_the_first_module_is_an_error() -> None:
    first = module(1, "json:ParseJSON", mapper={"json": "{{2.x}}"})
    assert find_one(blueprint(first, set_variable(2, "x")), "unknown-reference").module_id == 1


def test_custom_functions_are_known_by_name() -> None:
    document = blueprint(trigger(), set_variable(2, "{{myFunction(1.a)}}"))
    assert find_one(document, "unknown-function").severity == "warning"
    assert find(document, "unknown-function", functions=frozenset({"myFunction"})) == []


NESTED = [
    {"name": "customer", "type": "collection", "spec": [{"name": "country", "type": "text"}]},
    {"name": "lines", "type": "array", "spec": [{"name": "quantity", "type": "number"}]},
    {"name": "tags", "type": "array", "spec": {"type": "text"}},
]


@pytest.mark.parametrize(
    ("value", "wrong", "suggestion"),
    [
        ("{{1.customer.contry}}", "customer.contry", "customer.country"),
        ("{{1.lines[2].quantitiy}}", "lines.quantitiy", "lines.quantity"),
        ("{{1.lines[].Quantity}}", "lines.Quantity", "lines.quantity"),
    ],
)
def test_a_slip_within_a_collection_is_a_warning(value: str, wrong: str, suggestion: str) -> None:
    document = blueprint(trigger(metadata={"interface": NESTED}), set_variable(2, value))
    finding = find_one(document, "unknown-output-field")
    assert finding.message.startswith(f"Module 1 (gateway:CustomWebHook) has no output '{wrong}', which ")
    assert finding.suggestion == f"Did you mean '{suggestion}'?"


@pytest.mark.parametrize(
    "value", ["{{1.customer.country}}", "{{1.customer.city}}", "{{1.tags[1].x}}", "{{1.lines[1].quantity}}"]
)
def test_names_that_are_no_slips_are_no_findings_within_a_collection(value: str) -> None:
    document = blueprint(trigger(metadata={"interface": NESTED}), set_variable(2, value))
    assert find(document, "unknown-output-field") == []


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("{{1.paid - 1.text}}", True),
        ("{{1.text - addDays(now; 1)}}", True),
        ("{{7 - (now - 1.order.text)}}", True),
        ("{{1.paid - parseDate(1.text; 'YYYY')}}", False),
        ("{{now - 1.unknown}}", False),
        ("{{now - 1.order}}", False),
        ("{{now - 1.number}}", False),
        ("{{now + 1.text}}", False),
        ("{{1.number - 1.text}}", False),
        ("{{now - 1.rows[1.number].text}}", False),
    ],
)
def test_a_text_is_no_date_to_subtract(value: str, found: bool) -> None:
    text = {"name": "text", "type": "text"}
    interface = [
        text,
        {"name": "paid", "type": "date"},
        {"name": "number", "type": "number"},
        {"name": "order", "type": "collection", "spec": [text]},
        {"name": "rows", "type": "array", "spec": [text]},
    ]
    document = blueprint(trigger(metadata={"interface": interface}), set_variable(2, value))
    assert bool(find(document, "text-as-date")) is found


def test_a_slip_in_the_name_of_an_output_is_a_warning() -> None:
    hook = trigger(
        metadata={"interface": [{"name": "name", "type": "text"}, {"name": "age", "type": "number"}]}
    )
    document = blueprint(hook, set_variable(2, "{{1.nmae}} {{1.age}} {{1.somethingElse}}"))
    finding = find_one(document, "unknown-output-field")
    assert finding.suggestion == "Did you mean 'name'?"
    other = blueprint(hook, set_variable(2, "{{1.firstName}}"))
    assert find(other, "unknown-output-field") == []
    variable = blueprint(trigger(), set_variable(2, "x"), set_variable(3, "{{2.total}}"))
    assert find_one(variable, "unknown-output-field").suggestion == "It has 'v'."


def test_modules_of_other_routes_are_not_before_a_module() -> None:
    router = module(
        2,
        "builtin:BasicRouter",
        routes=[{"flow": [set_variable(3, "x")]}, {"flow": [set_variable(4, "{{3.v}}")]}],
    )
    assert find_one(blueprint(trigger(), router), "unknown-reference").module_id == 4


def test_an_unknown_operator_is_an_error() -> None:
    gate = filtered(2, [{"a": "{{1.d}}", "o": "text:startswith", "b": "20"}])
    finding = find_one(blueprint(trigger(), gate), "unknown-operator")
    assert finding.suggestion == "Did you mean 'text:startwith'?"
    assert finding.path == ("flow", 1, "filter", "conditions", 0, 0, "o")


@pytest.mark.parametrize(
    ("group", "holds"),
    [
        ([{"a": "1", "o": "text:equal", "b": "2"}], False),
        ([{"a": "1", "o": "text:equal", "b": "1"}], True),
        (
            [{"a": "{{1.s}}", "o": "text:equal", "b": "a"}, {"a": "{{1.s}}", "o": "text:equal", "b": "b"}],
            False,
        ),
        ([{"a": "{{1.s}}", "o": "text:equal", "b": "a"}], True),
        ([{"a": "", "o": "exist"}], False),
    ],
)
def test_conditions_that_never_hold_are_found(group: list[JsonObject], holds: bool) -> None:
    assert bool(find(blueprint(trigger(), filtered(2, group)), "never-true")) is not holds


def test_one_group_that_may_hold_is_enough() -> None:
    gate = filtered(2, [{"a": "1", "o": "text:equal", "b": "2"}], [{"a": "{{1.s}}", "o": "exist"}])
    assert find(blueprint(trigger(), gate), "never-true") == []


def test_a_fallback_behind_a_route_without_a_filter_never_runs() -> None:
    router = module(
        2,
        "builtin:BasicRouter",
        parameters={"else": 1},
        routes=[{"flow": [set_variable(3, "x")]}, {"flow": [set_variable(4, "y")]}],
    )
    finding = find_one(blueprint(trigger(), router), "unreachable-route")
    assert finding.path == ("flow", 1, "routes", 1)


def test_an_aggregator_needs_a_source_before_it() -> None:
    without = module(3, "builtin:BasicAggregator", parameters={})
    assert (
        "has no source module" in find_one(blueprint(trigger(), without), "aggregator-without-source").message
    )
    later = module(3, "builtin:BasicAggregator", parameters={"feeder": 4})
    document = blueprint(trigger(), later, set_variable(4, "x"))
    assert "The source module 4" in find_one(document, "aggregator-without-source").message
    right = module(3, "builtin:BasicAggregator", parameters={"feeder": 1})
    assert find(blueprint(trigger(), right), "aggregator-without-source") == []


def test_directives_belong_at_the_end_of_error_handlers() -> None:
    assert find_one(blueprint(trigger(), module(2, "builtin:Ignore")), "misplaced-directive").module_id == 2
    handled = set_variable(2, "x", onerror=[module(3, "builtin:Ignore"), set_variable(4, "y")])
    assert "never run" in find_one(blueprint(trigger(), handled), "misplaced-directive").message
    right = set_variable(2, "x", onerror=[set_variable(4, "y"), module(3, "builtin:Ignore")])
    assert find(blueprint(trigger(), right), "misplaced-directive") == []


def test_the_structure_of_a_merge_is_checked() -> None:
    fork = module(
        2,
        "builtin:BasicIfElse",
        branches=[
            {
                "type": "condition",
                "merge": True,
                "conditions": [[{"a": "{{1.a}}", "o": "exist"}]],
                "flow": [],
            },
            {"type": "else", "merge": True, "flow": []},
        ],
    )
    merge = module(3, "builtin:BasicMerge", filters=[], outputs=[])
    assert "Module 3" in find_one(blueprint(trigger(), fork, merge), "invalid-structure").message


def test_responses_go_to_webhooks() -> None:
    start = module(1, "util:BasicTrigger", mapper={}, parameters={"values": []})
    respond = module(2, "gateway:WebhookRespond", mapper={"status": "200", "body": "", "headers": []})
    assert find_one(blueprint(start, respond), "response-without-webhook").module_id == 2
    assert find(blueprint(trigger(), respond), "response-without-webhook") == []
    returning = module(2, "scenario-service:ReturnData", version=2)
    finding = find_one(blueprint(trigger(), returning), "outputs-without-response")
    assert '"200 Accepted"' in finding.message


def test_a_secret_that_is_typed_in_is_a_warning_that_does_not_repeat_it() -> None:
    request = module(
        2,
        "http:ActionSendData",
        version=3,
        mapper={
            "url": "https://api.example.com",
            "method": "get",
            "headers": [{"name": "Authorization", "value": "Bearer sk-live-0123456789abcdef"}],
        },
    )
    finding = find_one(blueprint(trigger(), request), "secret-in-blueprint")
    assert finding.path == ("flow", 1, "mapper", "headers", 0, "value")
    assert "sk-live" not in json.dumps(finding.to_json())


def test_an_interval_below_the_plans_is_an_error() -> None:
    scheduling = {"type": "indefinitely", "interval": 60}
    document = blueprint(trigger())
    assert find(document, "interval-too-short", scheduling=scheduling) == []
    finding = find_one(document, "interval-too-short", scheduling=scheduling, least_minutes=15)
    assert finding.message == "The interval is 60 seconds; the plan allows 900 or more."


def test_a_scenario_that_calls_itself_is_found() -> None:
    def calling(id: int) -> JsonObject:
        parameters = {"scenario": f"SCN_{id}", "shouldWaitForExecutionEnd": True}
        return module(2, "scenario-service:CallSubscenario", version=2, parameters=parameters)

    assert (
        "calls itself" in find_one(blueprint(trigger(), calling(5)), "scenario-loop", scenario_id=5).message
    )
    other = {6: blueprint(trigger(), calling(5))}
    document = blueprint(trigger(), calling(6))
    assert find_one(document, "scenario-loop", scenario_id=5, called_blueprints=other).module_id == 2
    assert find(document, "scenario-loop", scenario_id=5) == []


def test_http_requests_without_an_error_handler_are_one_note() -> None:
    def request(id: int, **parts: Any) -> JsonObject:
        return module(id, "http:ActionGetFile", version=3, mapper={"url": "https://example.com"}, **parts)

    finding = find_one(blueprint(trigger(), request(2)), "http-without-handler")
    assert (finding.severity, finding.module_id) == ("info", 2)
    assert finding.message.endswith("has no error handler: a failed request ends the run.")
    two = find_one(blueprint(trigger(), request(2), request(3)), "http-without-handler")
    assert two.message.endswith("has no error handler, nor has module 3: a failed request ends the run.")
    three = find_one(blueprint(trigger(), request(2), request(3), request(4)), "http-without-handler")
    assert "nor have the 2 other HTTP modules" in three.message
    handled = request(2, onerror=[module(3, "builtin:Ignore")])
    assert find(blueprint(trigger(), handled), "http-without-handler") == []
    stored = blueprint(trigger(), request(2), scenario={"dlq": True})
    assert find(stored, "http-without-handler") == []
    note = {"moduleIds": [2], "content": "lint: ignore http-without-handler"}
    noted = blueprint(trigger(), request(2), request(5), notes=[note])
    assert find_one(noted, "http-without-handler").module_id == 5


@pytest.mark.parametrize(
    ("document", "rule"),
    [
        ({}, "invalid-structure"),
        ({"name": "x", "flow": {}, "metadata": {}}, "invalid-structure"),
        (blueprint(), "empty-scenario"),
        (blueprint(module(1, "gateway:CustomWebHook"), {"module": "util:SetVariable2"}), "invalid-module-id"),
        (blueprint(trigger(), set_variable(1, "x")), "duplicate-module-id"),
        (blueprint(trigger(), "not a module"), "invalid-structure"),
        (blueprint({"id": 1, "module": 5}), "invalid-structure"),
    ],
)
def test_broken_blueprints_get_findings_instead_of_exceptions(document: JsonObject, rule: str) -> None:
    assert rule in {finding.rule for finding in lint(document)}


def test_a_note_on_a_module_switches_a_rule_off() -> None:
    note = {"moduleIds": [2], "content": "<p>lint: ignore unknown-module</p>"}
    document = blueprint(trigger(), module(2, "slack:SendMessage", version=4), notes=[note])
    assert find(document, "unknown-module") == []
    every = {"moduleIds": [2], "content": "lint: ignore"}
    assert lint(blueprint(trigger(), module(2, "stripe:Nothing"), notes=[every])) == []
    other = {"moduleIds": [1], "content": "lint: ignore unknown-module"}
    document = blueprint(trigger(), module(2, "slack:SendMessage", version=4), notes=[other])
    assert find_one(document, "unknown-module").module_id == 2


def test_every_rule_is_described_by_a_sentence() -> None:
    assert len(RULES) > 20
    for rule in RULES.values():
        assert rule.description.endswith((".", '"200 Accepted".')), rule.id
