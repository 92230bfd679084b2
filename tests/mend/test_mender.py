from __future__ import annotations

import json
from typing import Any

import pytest

from make_emulator.engine.runtime.module_scripts import parse_script
from make_emulator.json_patch import apply_patch
from make_emulator.lint import LintOptions
from make_emulator.mend import MendResult, mend

JsonObject = dict[str, Any]
NOW = "2026-03-02T09:00:00Z"


def blueprint(*flow: JsonObject) -> JsonObject:
    return {"name": "A scenario", "flow": list(flow), "metadata": {"version": 1}}


def module(id: int, name: str, *, version: int = 1, **parts: Any) -> JsonObject:
    return {"id": id, "module": name, "version": version, "mapper": {}, **parts}


def trigger(*fields: str) -> JsonObject:
    interface = [{"name": name, "type": "text"} for name in fields]
    return module(1, "gateway:CustomWebHook", parameters={"hook": 1}, metadata={"interface": interface})


def set_variable(id: int, value: str, **parts: Any) -> JsonObject:
    mapper = {"name": "v", "scope": "roundtrip", "value": value}
    return module(id, "util:SetVariable2", mapper=mapper, **parts)


def slack(id: int, **parts: Any) -> JsonObject:
    mapper = {"channelWType": "manualy", "channelType": "public", "channel": "C1", "text": "hello"}
    return module(
        id,
        "slack:CreateMessage",
        **{"version": 4, "parameters": {"__IMTCONN__": 7}, "mapper": mapper, **parts},
    )


def mended(document: JsonObject, **options: Any) -> MendResult:
    before = json.dumps(document)
    result = mend(document, now=NOW, **options)
    assert json.dumps(document) == before
    assert apply_patch(document, result.patch) == result.blueprint
    return result


def rules(result: MendResult) -> list[str]:
    return [repair.finding.rule for repair in result.repairs]


def test_a_sound_blueprint_stays_as_it_is() -> None:
    document = blueprint(trigger("name"), slack(2))
    result = mended(document)
    assert result.blueprint == document
    assert (result.patch, result.repairs, result.remainders) == ((), (), ())
    assert result.to_json()["run"]["after"] == {"status": "SUCCESS", "bundles": 2}


def test_a_repair_shows_how_the_run_ends_with_it() -> None:
    gate = {"name": "", "conditions": [[{"a": "{{1.name}}", "o": "exists"}]]}
    document = blueprint(trigger("name"), set_variable(2, "{{1.name}}", filter=gate))
    result = mended(document)
    [repair] = result.repairs
    assert repair.outcome == "SUCCESS, 2 bundles instead of 1"
    assert repair.changes == ('/flow/1/filter/conditions/0/0/o: "exists" -> "exist"',)
    assert repair.to_json() == {
        "rule": "unknown-operator",
        "severity": "error",
        "moduleId": 2,
        "path": "flow[1].filter.conditions[0][0].o",
        "message": "Make has no operator 'exists', so the condition never holds.",
        "suggestion": "Did you mean 'exist'?",
        "patch": [{"op": "replace", "path": "/flow/1/filter/conditions/0/0/o", "value": "exist"}],
        "run": {"before": {"status": "SUCCESS", "bundles": 1}, "after": {"status": "SUCCESS", "bundles": 2}},
    }


def test_an_error_of_the_run_is_gone_after_its_repair() -> None:
    result = mended(blueprint(trigger("name"), set_variable(2, "{{uper(1.name)}}")))
    assert result.before.status == "ERROR"
    assert "uper" in result.before.error
    assert result.after.to_json() == {"status": "SUCCESS", "bundles": 2}
    assert [repair.outcome for repair in result.repairs] == [
        "SUCCESS instead of ERROR, 2 bundles instead of 1"
    ]


def test_repairs_are_applied_one_after_the_other() -> None:
    document = blueprint(
        trigger("name"), set_variable(2, "{{uper(7.name)}}"), {**set_variable(3, "{{2.v}}"), "version": 5}
    )
    document["flow"][1]["mapper"]["scoope"] = document["flow"][1]["mapper"].pop("scope")
    result = mended(document)
    assert result.remainders == ()
    assert result.blueprint == blueprint(
        trigger("name"), set_variable(2, "{{upper(1.name)}}"), set_variable(3, "{{2.v}}")
    )
    assert sorted(rules(result)) == [
        "no-such-module",
        "unknown-field",
        "unknown-function",
        "unknown-reference",
    ]


def test_a_repair_brings_those_with_it_that_it_needs() -> None:
    message = slack(2, module="slack:CreateMesage")
    message["mapper"]["chanel"] = message["mapper"].pop("channel")
    result = mended(blueprint(trigger("name"), message))
    [repair] = result.repairs
    assert repair.finding.rule == "unknown-module"
    assert [operation.to_json() for operation in repair.patch] == [
        {"op": "replace", "path": "/flow/1/module", "value": "slack:CreateMessage"},
        {"op": "move", "from": "/flow/1/mapper/chanel", "path": "/flow/1/mapper/channel"},
    ]
    assert result.blueprint == blueprint(trigger("name"), slack(2, mapper={**slack(2)["mapper"]}))


def test_a_repair_that_brings_other_findings_is_not_offered() -> None:
    document = blueprint(trigger("name"), slack(2, module="slack:CreateMesage", mapper={"text": "hello"}))
    result = mended(document)
    assert result.blueprint == document
    [remainder] = result.remainders
    assert remainder.finding.rule == "unknown-module"
    assert remainder.reason.startswith("the obvious repair brings [missing-field] The required field")
    assert "patch" not in remainder.to_json()


def test_warnings_in_place_of_an_error_are_better() -> None:
    document = blueprint(trigger("name"), {**set_variable(2, "x"), "module": "util:SetVariabel2"})
    del document["flow"][1]["mapper"]["name"]
    result = mended(document)
    assert rules(result) == ["no-such-module"]
    assert [each.finding.rule for each in result.remainders] == ["missing-field"]


def test_a_repair_with_which_the_run_ends_worse_is_not_offered() -> None:
    error = {"name": "ConnectionError", "message": "The account is gone."}
    script = parse_script("slack:CreateMessage", {"error": error})
    document = blueprint(trigger("name"), slack(2, module="slack:CreateMesage"))
    result = mended(document, scripts=[script])
    assert result.repairs == ()
    assert [each.reason for each in result.remainders] == [
        "with the obvious repair the run ends ERROR instead of SUCCESS, 1 bundle instead of 2: The account is gone."
    ]


def test_many_repairs_are_tried_at_once() -> None:
    slips = [set_variable(id, "{{uper(1.name)}}") for id in range(2, 250)]
    moved = [set_variable(300, "x"), module(301, "builtin:Ignore")]
    result = mended(blueprint(trigger("name"), *slips, *moved))
    assert result.remainders == ()
    assert len(result.repairs) == len(slips) + 1
    assert {repair.others for repair in result.repairs} == {0, len(slips) - 1}
    assert result.repairs[0].to_json()["others"] == len(slips) - 1
    # The directive still ends the run.
    assert result.repairs[0].outcome == f"ERROR, {len(slips) + 2} bundles instead of 1"
    assert result.after.status == "SUCCESS"


def test_of_many_repairs_one_that_does_not_help_keeps_back_no_other() -> None:
    error = {"name": "ConnectionError", "message": "The account is gone."}
    script = parse_script("slack:CreateMessage", {"error": error})
    slips = [{**set_variable(id, "{{1.nmae}}")} for id in range(2, 150)]
    wrong = [slack(200, module="slack:CreateMesage"), slack(201, module="slack:CreateMesage", mapper={})]
    more = [{**set_variable(id, "{{1.nmae}}")} for id in range(300, 400)]
    result = mended(blueprint(trigger("name"), *slips, *wrong, *more), scripts=[script])
    assert len(result.repairs) == len(slips) + len(more)
    assert [each.finding.module_id for each in result.remainders] == [200, 201]
    assert result.remainders[0].reason.startswith("with the obvious repair the run ends ERROR")
    assert result.remainders[1].reason.startswith("the obvious repair brings [missing-field]")


def test_what_has_no_obvious_repair_says_so() -> None:
    document = blueprint(trigger("name"), slack(2, parameters={}), module(3, "myapp:doIt"))
    result = mended(document)
    assert result.repairs == ()
    assert [(each.finding.rule, each.reason) for each in result.remainders] == [
        ("missing-connection", "no obvious repair"),
        ("no-such-module", "no obvious repair"),
    ]
    assert result.has_errors


def test_a_secret_is_neither_repaired_nor_repeated() -> None:
    headers = [{"name": "Authorization", "value": "Bearer sk-live-0123456789abcdef{{uper(1.name)}}"}]
    mapper = {"url": "https://api.example.com", "method": "get", "headers": headers}
    result = mended(blueprint(trigger("name"), module(2, "http:ActionSendData", version=3, mapper=mapper)))
    assert result.repairs == ()
    document = result.to_json()
    del document["blueprint"]
    assert "sk-live" not in json.dumps(document)


def test_the_faults_of_the_structure_are_repaired_one_after_the_other() -> None:
    handled = set_variable(2, "x", onerror=module(3, "builtin:Ignore"))
    gate = {"name": "", "conditions": [[{"a": "{{1.a}}", "o": "exist"}]]}
    routes = [
        {"flow": [set_variable(5, "x")], "filter": gate},
        {"flow": [set_variable(6, "x")], "filter": gate},
    ]
    document = {"flow": [trigger("a"), handled, module(4, "builtin:BasicRouter", routes=routes)]}
    result = mended(document)
    assert (result.before.status, result.after.status) == ("REFUSED", "SUCCESS")
    assert result.remainders == ()
    flow: Any = result.blueprint["flow"]
    assert flow[1]["onerror"] == [module(3, "builtin:Ignore")]
    assert [route["flow"][0]["filter"] for route in flow[2]["routes"]] == [gate, gate]


def test_the_scheduling_is_repaired_beside_the_blueprint() -> None:
    options = LintOptions(scheduling={"type": "indefinitely", "interval": 60}, least_minutes=15)
    result = mended(blueprint(trigger("name"), slack(2)), options=options)
    assert result.scheduling == {"type": "indefinitely", "interval": 900}
    document = result.to_json()
    assert document["patch"] == []
    assert document["schedulingPatch"] == [{"op": "replace", "path": "/interval", "value": 900}]
    assert document["scheduling"] == {"type": "indefinitely", "interval": 900}


def test_rules_that_are_switched_off_are_not_repaired() -> None:
    document = blueprint(trigger("name"), set_variable(2, "{{uper(1.name)}}"))
    assert mended(document, ignore=["unknown-function"]).repairs == ()
    own = LintOptions(functions=frozenset({"uper"}))
    assert mended(document, options=own).repairs == ()


def test_inputs_that_the_api_holds_apart_are_those_of_the_run() -> None:
    start = module(1, "scenario-service:StartSubscenario", version=2)
    document = blueprint(start, set_variable(2, "{{uper(var.input.name)}}"))
    io = {"input_spec": [{"name": "name", "type": "text", "required": True}], "output_spec": []}
    assert mended(document, io=io).after.status == "SUCCESS"


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"flow": None},
        {"name": 1, "flow": [[]], "metadata": 2},
        {"name": "x", "flow": [{}], "metadata": {}},
    ],
)
def test_no_document_is_too_broken(document: JsonObject) -> None:
    result = mended(document)
    assert result.before.status == "REFUSED"
    assert result.remainders
