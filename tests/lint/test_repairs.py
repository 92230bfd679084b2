"""Patches of findings: each one is applied, and the finding is gone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from make_emulator.json_patch import apply_patch
from make_emulator.json_types import as_mapping
from make_emulator.lint import Finding, LintOptions, lint

JsonObject = dict[str, Any]


def blueprint(*flow: JsonObject, **metadata: Any) -> JsonObject:
    return {"name": "A scenario", "flow": list(flow), "metadata": {"version": 1, **metadata}}


def module(id: int, name: str, *, version: int = 1, **parts: Any) -> JsonObject:
    return {"id": id, "module": name, "version": version, "mapper": {}, **parts}


def trigger(*fields: str) -> JsonObject:
    interface = [{"name": name, "type": "text"} for name in fields]
    return module(1, "gateway:CustomWebHook", parameters={"hook": 1}, metadata={"interface": interface})


def set_variable(id: int, value: str, *, name: str = "v", **parts: Any) -> JsonObject:
    mapper = {"name": name, "scope": "roundtrip", "value": value}
    return module(id, "util:SetVariable2", mapper=mapper, **parts)


def slack(id: int, **parts: Any) -> JsonObject:
    mapper = {"channelWType": "manualy", "channelType": "public", "channel": "C1", "text": "hello"}
    return module(
        id,
        "slack:CreateMessage",
        **{"version": 4, "parameters": {"__IMTCONN__": 7}, "mapper": mapper, **parts},
    )


def find(document: JsonObject, rule: str, **options: Any) -> list[Finding]:
    return [finding for finding in lint(document, options=LintOptions(**options)) if finding.rule == rule]


def repair(document: JsonObject, rule: str) -> JsonObject:
    """Returns a document after the patch of its only finding of a rule, which is then gone."""
    [finding] = find(document, rule)
    assert finding.patch, finding
    repaired = apply_patch(document, finding.patch)
    assert find(dict(as_mapping(repaired)), rule) == []
    plain: JsonObject = json.loads(json.dumps(repaired))
    return plain


def has_no_repair(document: JsonObject, rule: str) -> bool:
    [finding] = find(document, rule)
    return finding.patch == () and "patch" not in finding.to_json()


# --- modules ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "version", "rule", "repaired"),
    [
        ("slack:CreateMesage", 4, "unknown-module", ("slack:CreateMessage", 4)),
        ("slack:SendMessage", 1, "unknown-module", ("slack:CreateMessage", 4)),
        ("stripe:ActionCreateCustomer", 1, "no-such-module", ("stripe:createCustomer", 1)),
        ("util:SetVariabel2", 1, "no-such-module", ("util:SetVariable2", 1)),
        ("utli:FunctionAggregator", 1, "unknown-module", ("util:FunctionAggregator", 1)),
        ("slack:CreateMessage", 0, "unknown-version", ("slack:CreateMessage", 4)),
        ("slack:CreateMessage", 99, "unknown-version", ("slack:CreateMessage", 4)),
        ("json:ParseJSON", 7, "no-such-module", ("json:ParseJSON", 1)),
    ],
)
def test_a_module_gets_its_real_name_and_its_newest_version(
    name: str, version: int, rule: str, repaired: tuple[str, int]
) -> None:
    document = blueprint(trigger(), slack(2, module=name, version=version))
    found = repair(document, rule)["flow"][1]
    assert (found["module"], found["version"]) == repaired


def test_a_missing_version_is_added() -> None:
    document = blueprint(trigger(), slack(2))
    del document["flow"][1]["version"]
    [finding] = find(document, "unknown-version")
    assert [each.to_json() for each in finding.patch] == [
        {"op": "add", "path": "/flow/1/version", "value": 4}
    ]
    assert repair(document, "unknown-version")["flow"][1]["version"] == 4


def test_an_older_version_stays() -> None:
    assert has_no_repair(blueprint(trigger(), slack(2, version=3)), "outdated-version")


def test_of_several_real_names_the_one_with_the_given_fields_is_meant() -> None:
    document = blueprint(trigger(), module(2, "gmail:sendEmail", version=4, mapper={"to": ["a@b.example"]}))
    [finding] = find(document, "no-such-module")
    assert finding.suggestion == "Did you mean google-email:sendAnEmail or google-email:ActionSendEmail?"
    document["flow"][1]["mapper"]["bodyType"] = "rawHtml"
    [finding] = find(document, "no-such-module")
    assert [operation.value for operation in finding.patch] == ["google-email:sendAnEmail"]


@pytest.mark.parametrize(
    "name",
    [
        "github:createIssue",
        "telegram:SendPhoto",
        "supabase:watchEvents",
        "onedrive:deleteAFileFolder",
        "amazon-lambda:invokeAFunction",
        "facebook-pages:CreateComment",
    ],
)
def test_a_module_that_is_only_similar_is_not_meant(name: str) -> None:
    assert has_no_repair(blueprint(trigger(), module(2, name)), "unknown-module")


def test_an_app_that_resembles_none_has_no_repair() -> None:
    assert has_no_repair(blueprint(trigger(), module(2, "myapp:doIt")), "no-such-module")


# --- fields and filters ----------------------------------------------------------------------------------


def test_a_field_gets_its_real_name() -> None:
    message = slack(2)
    message["mapper"]["chanel"] = message["mapper"].pop("channel")
    assert repair(blueprint(trigger(), message), "unknown-field")["flow"][1]["mapper"]["channel"] == "C1"


@pytest.mark.parametrize(
    ("operator", "repaired"),
    [("text:startswith", "text:startwith"), ("text:is", "text:equal"), ("number:gt", "number:greater")],
)
def test_an_operator_gets_its_real_name(operator: str, repaired: str) -> None:
    gate = {"name": "", "conditions": [[{"a": "{{1.d}}", "o": operator, "b": "20"}]]}
    document = blueprint(trigger(), set_variable(2, "x", filter=gate))
    found = repair(document, "unknown-operator")["flow"][1]["filter"]["conditions"][0][0]["o"]
    assert found == repaired


def test_a_path_in_a_condition_gets_braces() -> None:
    gate = {"name": "", "conditions": [[{"a": "1.d.`x y`[1]", "o": "text:equal", "b": "1.0"}]]}
    document = blueprint(trigger(), set_variable(2, "x", filter=gate))
    found = repair(document, "never-true")["flow"][1]["filter"]["conditions"][0][0]
    assert found == {"a": "{{1.d.`x y`[1]}}", "o": "text:equal", "b": "1.0"}


@pytest.mark.parametrize("text", ["1", "1.5", "9.d", "2.d", "1.d.", "d"])
def test_another_text_in_a_condition_stays(text: str) -> None:
    gate = {"name": "", "conditions": [[{"a": text, "o": "text:equal", "b": "x"}]]}
    assert has_no_repair(blueprint(trigger(), set_variable(2, "x", filter=gate)), "never-true")


def test_a_value_gets_the_form_of_its_field() -> None:
    values = set_variable(2, "x")
    values["mapper"]["scope"] = "roundtripp"
    found = repair(blueprint(trigger(), values), "invalid-value")["flow"][1]["mapper"]
    assert found["scope"] == "roundtrip"
    body = module(2, "json:ParseJSON", mapper={"json": {"a": ["{{1.b}}"]}})
    found = repair(blueprint(trigger(), body), "invalid-value")["flow"][1]["mapper"]
    assert found["json"] == '{"a":["{{1.b}}"]}'


def test_pairs_and_parts_of_modules_get_their_form_and_place() -> None:
    mapper: JsonObject = {"url": "https://x.example", "method": "get", "headers": {"Accept": "*/*"}}
    request = module(2, "http:ActionSendData", version=3, mapper=mapper)
    found = repair(blueprint(trigger(), request), "invalid-value")["flow"][1]["mapper"]
    assert found["headers"] == [{"name": "Accept", "value": "*/*"}]
    mapper["headers"] = [{"key": "Accept", "value": "*/*"}]
    found = repair(blueprint(trigger(), request), "invalid-value")["flow"][1]["mapper"]
    assert found["headers"] == [{"name": "Accept", "value": "*/*"}]
    respond = module(2, "gateway:WebhookRespond", mapper={"status": "200", "body": "", "headers": {"A": "b"}})
    found = repair(blueprint(trigger(), respond), "invalid-value")["flow"][1]["mapper"]
    assert found["headers"] == [{"key": "A", "value": "b"}]
    routes = [{"flow": [set_variable(3, "x")]}, {"flow": [set_variable(4, "x")]}]
    fork = module(2, "builtin:BasicRouter", mapper={"routes": routes})
    [finding] = find(blueprint(trigger(), fork), "unknown-field")
    assert finding.patch[0].to_json() == {
        "op": "move",
        "from": "/flow/1/mapper/routes",
        "path": "/flow/1/routes",
    }


@pytest.mark.parametrize("nested", [False, True])
def test_conditions_become_a_list_of_groups(nested: bool) -> None:
    condition = {"a": "{{1.d}}", "o": "exist"}
    gate = {"name": "", "conditions": [condition] if nested else condition}
    document = blueprint(trigger(), set_variable(2, "x", filter=gate))
    found = repair(document, "invalid-structure")["flow"][1]["filter"]
    assert found["conditions"] == [[condition]]


def test_a_response_that_comes_too_late_comes_at_once() -> None:
    respond = module(2, "gateway:WebhookRespond", mapper={"status": "200", "body": "", "headers": []})
    given = LintOptions(scheduling={"type": "indefinitely", "interval": 900})
    [finding] = [
        each for each in lint(blueprint(trigger(), respond), options=given) if each.rule == "late-response"
    ]
    assert [each.to_json() for each in finding.scheduling_patch] == [
        {"op": "replace", "path": "/type", "value": "immediately"}
    ]


# --- expressions -----------------------------------------------------------------------------------------


def repaired_value(value: str, rule: str, *before: JsonObject) -> str:
    document = blueprint(trigger("name", "First name"), *before, set_variable(9, value))
    text = repair(document, rule)["flow"][-1]["mapper"]["value"]
    assert isinstance(text, str)
    return text


@pytest.mark.parametrize(
    ("value", "repaired"),
    [
        ("a {{uper(1.name)}} uper( {{2}}", "a {{upper(1.name)}} uper( {{2}}"),
        ("{{if(1.name; formatdate(now; 'uper()'); lower( 1.name ))}}", None),
        ("{{1.uper + uper(`uper`)}}", "{{1.uper + upper(`uper`)}}"),
    ],
)
def test_a_function_gets_its_real_name(value: str, repaired: str | None) -> None:
    expected = repaired or value.replace("formatdate", "formatDate")
    assert repaired_value(value, "unknown-function") == expected


@pytest.mark.parametrize(
    ("value", "repaired"),
    [
        ("{{1.nmae}} {{1.name}} nmae", "{{1.name}} {{1.name}} nmae"),
        ("{{upper(1.nmae.x)}}", "{{upper(1.name.x)}}"),
        ("{{1.`Frist name`}}", "{{1.`First name`}}"),
    ],
)
def test_an_output_field_gets_its_real_name(value: str, repaired: str) -> None:
    assert repaired_value(value, "unknown-output-field") == repaired


@pytest.mark.parametrize(
    ("value", "repaired"),
    [
        ("{{1.to.contry}} {{1.contry}} {{2.to.contry}}", "{{1.to.country}} {{1.contry}} {{2.to.contry}}"),
        ("{{upper(1.lines[1.to.place].quantitiy)}}", "{{upper(1.lines[1.to.place].quantity)}}"),
        ("{{1.lines[].quantitiy}}", "{{1.lines[].quantity}}"),
        ("{{1.lines[1].`quantitiy`.quantitiy}}", "{{1.lines[1].quantity.quantitiy}}"),
    ],
)
def test_a_field_within_a_collection_gets_its_real_name(value: str, repaired: str) -> None:
    interface = [
        {"name": "to", "type": "collection", "spec": [{"name": "country"}, {"name": "place"}]},
        {"name": "lines", "type": "array", "spec": [{"name": "quantity"}]},
    ]
    hook = trigger()
    hook["metadata"] = {"interface": interface}
    text = repair(blueprint(hook, set_variable(9, value)), "unknown-output-field")["flow"][-1]["mapper"][
        "value"
    ]
    assert text == repaired


@pytest.mark.parametrize(
    ("value", "repaired"),
    [
        ("{{7.total}} {{1.name}}", "{{2.total}} {{1.name}}"),
        ("{{upper(7.`First name`)}}", "{{upper(1.`First name`)}}"),
        ("{{7.total + 7}}", "{{2.total + 7}}"),
        ("{{12.total}}", "{{2.total}}"),
    ],
)
def test_a_reference_goes_to_the_only_module_that_outputs_the_field(value: str, repaired: str) -> None:
    assert repaired_value(value, "unknown-reference", set_variable(2, "x", name="total")) == repaired


def test_a_reference_goes_to_the_only_module_of_all() -> None:
    hook = module(1, "gateway:CustomWebHook", parameters={"hook": 1})
    document = blueprint(hook, set_variable(2, "{{3.x}} {{`3`}}"))
    [first, *_] = find(document, "unknown-reference")
    assert first.patch[0].value == "{{1.x}} {{`3`}}"


def test_a_reference_that_several_modules_could_mean_stays() -> None:
    variables = set_variable(2, "x", name="total"), set_variable(3, "x", name="total")
    document = blueprint(trigger("name"), *variables, set_variable(4, "{{7.total}}"))
    assert has_no_repair(document, "unknown-reference")
    unknown = blueprint(trigger("name"), *variables, set_variable(4, "{{7.other}}"))
    assert has_no_repair(unknown, "unknown-reference")


@pytest.mark.parametrize(
    ("value", "repaired"),
    [
        ('{{replace(1.name, "a,b", "c")}}', '{{replace(1.name; "a,b"; "c")}}'),
        ("{{upper(trim(1.name)}}", "{{upper(trim(1.name))}}"),
        ('{{formatDate(now; \\"YYYY-MM-DD\\") + 1}}', '{{formatDate(now; "YYYY-MM-DD") + 1}}'),
        ('{{replace(1.name, \\"a,b\\", \\"c\\")}}', '{{replace(1.name; "a,b"; "c")}}'),
        ("{{1.$1}} {{1.name}}", "{{1.`$1`}} {{1.name}}"),
        ("{{replace(1.$1; '.$1'; '')}}", "{{replace(1.`$1`; '.$1'; '')}}"),
        ("{{replace(1.name; “a”; “b”)}}", '{{replace(1.name; "a"; "b")}}'),
    ],
)
def test_slips_in_the_syntax_are_corrected(value: str, repaired: str) -> None:
    assert repaired_value(value, "invalid-expression") == repaired


@pytest.mark.parametrize("value", ["{{1.a +}}", "{{((}}", "{{1.a # 2}}"])
def test_an_expression_that_could_mean_anything_stays(value: str) -> None:
    assert has_no_repair(blueprint(trigger(), set_variable(2, value)), "invalid-expression")


@pytest.mark.parametrize(
    ("value", "rule", "repaired"),
    [
        ("Hi {{1.name} and {{upper(1.name)}!", "unclosed-expression", "Hi {{1.name}} and {{upper(1.name)}}!"),
        ("{{1.First name}} {{1.name}}", "unquoted-name", "{{1.`First name`}} {{1.name}}"),
        ("{{upper(1.name[0].First name)}}", "unquoted-name", "{{upper(1.name[0].`First name`)}}"),
        ("{{1.name[0].x}} {{1.`First name`[2]}}", "zero-index", "{{1.name[1].x}} {{1.`First name`[2]}}"),
        ("{{timestmap}} {{upper(timestmap)}}", "unknown-variable", "{{timestamp}} {{upper(timestmap)}}"),
        ("{{name}} {{lower(name)}} name", "unknown-variable", "{{1.name}} {{lower(name)}} name"),
        ("{{toUpperCase(1.name)}}", "unknown-function", "{{upper(1.name)}}"),
    ],
)
def test_the_notation_of_expressions_is_corrected(value: str, rule: str, repaired: str) -> None:
    document = blueprint(trigger("name", "First name"), set_variable(9, value))
    [finding, *_] = find(document, rule)
    assert [(operation.op, operation.value) for operation in finding.patch] == [("replace", repaired)]
    assert find(dict(as_mapping(apply_patch(document, finding.patch))), rule) == []


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("Hi {{1.name, how are you?", "unclosed-expression"),
        ("{{1.name[0]}} {{1.name[1]}}", "zero-index"),
        ("{{total}}", "unknown-variable"),
    ],
)
def test_notation_that_could_mean_anything_stays(value: str, rule: str) -> None:
    assert has_no_repair(blueprint(trigger("name"), set_variable(9, value)), rule)


def test_a_text_with_a_secret_has_no_patch_that_repeats_it() -> None:
    headers = [{"name": "Authorization", "value": "Bearer sk-live-0123456789abcdef{{uper(1.name)}}"}]
    mapper = {"url": "https://api.example.com", "method": "get", "headers": headers}
    document = blueprint(trigger("name"), module(2, "http:ActionSendData", version=3, mapper=mapper))
    assert has_no_repair(document, "unknown-function")
    assert has_no_repair(document, "secret-in-blueprint")


# --- flow ------------------------------------------------------------------------------------------------


def test_an_aggregator_gets_the_source_before_it() -> None:
    iterator = module(2, "builtin:BasicFeeder", mapper={"array": "{{1.rows}}"})
    aggregator = module(4, "builtin:BasicAggregator", parameters={})
    document = blueprint(trigger("rows"), iterator, set_variable(3, "x"), aggregator)
    assert repair(document, "aggregator-without-source")["flow"][3]["parameters"] == {"feeder": 2}
    bare = blueprint(trigger("rows"), {**aggregator, "parameters": {"feeder": 9}})
    assert repair(bare, "aggregator-without-source")["flow"][1]["parameters"] == {"feeder": 1}


def test_an_aggregator_gets_no_source_that_is_combined_already() -> None:
    iterator = module(2, "builtin:BasicFeeder", mapper={"array": "{{1.rows}}"})
    first = module(3, "builtin:BasicAggregator", parameters={"feeder": 2})
    second = module(4, "builtin:BasicAggregator", parameters={})
    document = blueprint(trigger("rows"), iterator, first, second)
    assert has_no_repair(document, "aggregator-without-source")


def test_a_directive_outside_of_a_handler_becomes_the_handler_of_the_module_before_it() -> None:
    request = module(2, "http:ActionGetFile", version=3, mapper={"url": "https://example.com"})
    document = blueprint(trigger(), request, module(3, "builtin:Ignore"), set_variable(4, "x"))
    flow = repair(document, "misplaced-directive")["flow"]
    assert [node["id"] for node in flow] == [1, 2, 4]
    assert [node["id"] for node in flow[1]["onerror"]] == [3]
    taken = {**request, "onerror": [module(5, "builtin:Ignore")]}
    assert has_no_repair(blueprint(trigger(), taken, module(3, "builtin:Break")), "misplaced-directive")
    assert has_no_repair(blueprint(module(3, "builtin:Ignore")), "misplaced-directive")


def test_a_directive_moves_to_the_end_of_its_handler() -> None:
    handled = set_variable(2, "x", onerror=[module(3, "builtin:Ignore"), set_variable(4, "y")])
    flow = repair(blueprint(trigger(), handled), "misplaced-directive")["flow"]
    assert [node["id"] for node in flow[1]["onerror"]] == [4, 3]


def test_an_interval_becomes_the_least_of_the_plan() -> None:
    given = LintOptions(scheduling={"type": "indefinitely", "interval": 60}, least_minutes=15)
    [finding] = [
        each for each in lint(blueprint(trigger()), options=given) if each.rule == "interval-too-short"
    ]
    assert finding.to_json()["schedulingPatch"] == [{"op": "replace", "path": "/interval", "value": 900}]
    assert "patch" not in finding.to_json()


# --- structure -------------------------------------------------------------------------------------------


def test_missing_parts_are_added() -> None:
    findings = find({"flow": [trigger()]}, "invalid-structure")
    assert len(findings) == 2
    repaired = apply_patch({"flow": [trigger()]}, findings[0].patch)
    assert repaired == {"flow": [trigger()], "name": "New scenario", "metadata": {}}


def if_else(*branches: JsonObject) -> JsonObject:
    return module(2, "builtin:BasicIfElse", branches=list(branches))


CONDITION = {"type": "condition", "merge": True, "conditions": [[{"a": "{{1.a}}", "o": "exist"}]], "flow": []}
ELSE = {"type": "else", "merge": True, "flow": []}


def test_a_merge_gets_filters_and_mappings_for_each_branch() -> None:
    outputs = [{"name": "x", "mappings": ["{{1.a}}", "b", None]}]
    merge = module(3, "builtin:BasicMerge", filters=[None], outputs=outputs)
    document = blueprint(trigger(), if_else(CONDITION, ELSE), merge)
    found = repair(document, "invalid-structure")["flow"][2]
    assert found["filters"] == [None, None]
    assert found["outputs"] == [{"name": "x", "mappings": ["{{1.a}}", "b"]}]


def test_mappings_for_branches_that_do_not_exist_stay() -> None:
    outputs = [{"name": "x", "mappings": ["a", "b", "c"]}]
    merge = module(3, "builtin:BasicMerge", filters=[None, None], outputs=outputs)
    assert has_no_repair(blueprint(trigger(), if_else(CONDITION, ELSE), merge), "invalid-structure")


def test_an_if_else_gets_an_else() -> None:
    found = repair(blueprint(trigger(), if_else({**CONDITION, "merge": False})), "invalid-structure")
    assert found["flow"][1]["branches"][1] == {"type": "else", "merge": False, "flow": []}


def test_the_filter_of_a_route_moves_to_its_first_module() -> None:
    gate = {"name": "", "conditions": [[{"a": "{{1.a}}", "o": "exist"}]]}
    routes = [{"flow": [set_variable(3, "x")], "filter": gate}, {"flow": [set_variable(4, "x")]}]
    found = repair(blueprint(trigger(), module(2, "builtin:BasicRouter", routes=routes)), "invalid-structure")
    assert found["flow"][1]["routes"][0] == {"flow": [set_variable(3, "x", filter=gate)]}


def test_a_handler_that_is_a_module_becomes_a_list() -> None:
    document = blueprint(trigger(), set_variable(2, "x", onerror=module(3, "builtin:Ignore")))
    assert repair(document, "invalid-structure")["flow"][1]["onerror"] == [module(3, "builtin:Ignore")]


def test_a_version_that_is_a_text_becomes_a_number() -> None:
    document = blueprint(trigger(), {**set_variable(2, "x"), "version": "1"})
    assert repair(document, "invalid-structure")["flow"][1]["version"] == 1


def test_a_part_that_is_a_text_with_json_becomes_what_it_should_be() -> None:
    node = set_variable(2, "x")
    document = blueprint(trigger(), {**node, "mapper": json.dumps(node["mapper"])})
    assert repair(document, "invalid-structure")["flow"][1] == node
    document = blueprint(trigger(), {**node, "onerror": "[]"})
    assert repair(document, "invalid-structure")["flow"][1] == {**node, "onerror": []}
    assert has_no_repair(blueprint(trigger(), {**node, "mapper": "{oops"}), "invalid-structure")
    secret = {"name": "v", "scope": "roundtrip", "value": "Bearer sk-live-0123456789abcdef"}
    hidden = blueprint(trigger(), {**node, "mapper": json.dumps(secret)})
    assert has_no_repair(hidden, "invalid-structure")


@pytest.mark.parametrize(("given", "id"), [(None, 3), ("7", 7), ("2", 3), ("x", 3), (0, 3), (-1, 3)])
def test_a_module_gets_a_valid_id(given: object, id: int) -> None:
    node = {**set_variable(9, "x"), "id": given}
    if given is None:
        del node["id"]
    document = blueprint(trigger(), set_variable(2, "x"), node)
    assert repair(document, "invalid-module-id")["flow"][2]["id"] == id


def test_the_second_of_two_modules_with_one_id_gets_another() -> None:
    document = blueprint(trigger(), set_variable(2, "x"), set_variable(2, "{{1.x}}"))
    assert [node["id"] for node in repair(document, "duplicate-module-id")["flow"]] == [1, 2, 3]
    meant = blueprint(trigger(), set_variable(2, "x"), set_variable(2, "x"), set_variable(5, "{{2.v}}"))
    assert has_no_repair(meant, "duplicate-module-id")
    other = blueprint(
        trigger(), set_variable(2, "x"), set_variable(2, "x", name="w"), set_variable(5, "{{2.v}}")
    )
    assert [node["id"] for node in repair(other, "duplicate-module-id")["flow"]] == [1, 2, 6, 5]


def test_a_module_gets_the_id_that_those_behind_it_refer_to() -> None:
    node = set_variable(9, "x", name="w")
    document = blueprint(trigger("name"), node, set_variable(5, "{{4.w}} {{1.name}}"))
    del node["id"]
    assert repair(document, "invalid-module-id")["flow"][1]["id"] == 4
    node["id"] = 1
    assert repair(document, "duplicate-module-id")["flow"][1]["id"] == 4


# --- connections -----------------------------------------------------------------------------------------


def test_a_module_gets_the_connection_that_the_others_of_its_app_have() -> None:
    document = blueprint(trigger(), slack(2), slack(3, parameters={}))
    assert repair(document, "missing-connection")["flow"][2]["parameters"] == {"__IMTCONN__": 7}
    other = slack(4, parameters={"__IMTCONN__": 8})
    assert has_no_repair(blueprint(trigger(), slack(2), other, slack(3, parameters={})), "missing-connection")
    assert has_no_repair(blueprint(trigger(), slack(3, parameters={})), "missing-connection")


@pytest.mark.parametrize("depth", [70, 500, 900])
def test_values_that_are_nested_too_deep_are_found_and_stay(depth: int) -> None:
    value: Any = "{{uper(1.name)}}"
    for _ in range(depth):
        value = [value]
    node = set_variable(2, "x")
    node["mapper"]["value"] = value
    findings = lint(blueprint(trigger(), node))
    assert {finding.rule for finding in findings} == {"invalid-structure", "unknown-function"}
