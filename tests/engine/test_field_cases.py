"""Runs that practitioners wrote down: the smallest blueprint of each, and what Make did."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.engine import EngineHarness, error_of, filter_if, iterator, module, outputs_of, set_variable
from helpers.http_modules import add_http_rule, header_of, http_v4_module, sent_request
from make_emulator.reports.trace_view import TraceView
from make_emulator.world.models import Execution


@pytest.fixture
def harness() -> EngineHarness:
    return EngineHarness()


def emit(**bundle: Any) -> dict[str, Any]:
    """A trigger that emits one bundle."""
    spec = [{"name": name, "value": value} for name, value in bundle.items()]
    return module(1, "util:BasicTrigger") | {"parameters": {"values": [{"spec": spec}]}}


def run_value(harness: EngineHarness, value: Any, **bundle: Any) -> Any:
    """Value of a variable behind a module that emitted a bundle."""
    execution = harness.run(emit(**bundle), set_variable(2, value))
    return outputs_of(execution, 2)[0]["x"]


# --- expressions ---------------------------------------------------------------------------------


def test_a_path_leads_into_the_value_of_a_call(harness: EngineHarness) -> None:
    rows = [{"status": "paid", "at": {"town": "Oslo"}, "tags": ["a", "b"]}, {"status": "open"}]
    assert run_value(harness, "{{first(1.l).status}}", l=rows) == "paid"
    assert run_value(harness, "in {{first(1.l).at.town}}, {{last(1.l).at.town}}.", l=rows) == "in Oslo, ."
    assert run_value(harness, "{{upper(first(1.l).tags[2])}}", l=rows) == "B"
    assert run_value(harness, "{{reverse(1.l)[2].`at`.town}}", l=rows) == "Oslo"


def test_a_function_that_does_not_exist_keeps_its_text_within_a_path(harness: EngineHarness) -> None:
    execution = harness.run(
        emit(l=[]),
        module(2, "util:SetVariables", {"variables": [{"name": "v", "value": "{{first(a(1.l).b)}}"}]}),
    )
    assert error_of(execution) == (
        "DataError",
        "Failed to map '0.value': Function 'first' finished with error! Function 'a' not found!",
    )


def test_the_mock_data_of_a_simulated_module_have_what_is_mapped_behind_a_call(
    harness: EngineHarness,
) -> None:
    execution = harness.run(
        module(1, "acme:SearchOrders"),
        set_variable(2, "{{first(1.rows).status}}"),
        set_variable(3, '{{length(map(1.rows; "cells[1].text"))}}'),
    )
    [order] = outputs_of(execution, 1)
    assert all({"status", "cells"} <= row.keys() for row in order["rows"])
    assert outputs_of(execution, 2) == [{"x": order["rows"][0]["status"]}]
    assert [cell.keys() for cell in order["rows"][0]["cells"]] == [{"text"}, {"text"}]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see {{1.rows}}", 'see {"a":1}, {"a":2}'),
        ("{{1.row}}.", '{"a":[1,{"b":null}],"ü":true}.'),
        ("{{1.rows}}{{1.mixed}}", '{"a":1}, {"a":2}1, {"a":1}, x'),
    ],
)
def test_collections_within_a_text_are_json(harness: EngineHarness, text: str, expected: str) -> None:
    bundle = {
        "rows": [{"a": 1}, {"a": 2}],
        "row": {"a": [1, {"b": None}], "ü": True},
        "mixed": [1, {"a": 1}, "x"],
    }
    assert run_value(harness, text, **bundle) == expected


def test_collections_within_the_body_of_a_request_are_json(harness: EngineHarness) -> None:
    add_http_rule(harness)
    harness.run(
        emit(rows=[{"a": 1}, {"a": 2}]),
        http_v4_module(
            2, contentType="json", inputMethod="jsonString", jsonStringBodyContent='{"rows": [{{1.rows}}]}'
        ),
    )
    assert sent_request(harness).body == '{"rows": [{"a":1}, {"a":2}]}'


def test_collections_in_headers_parameters_and_form_fields_are_json(harness: EngineHarness) -> None:
    add_http_rule(harness)
    pairs = [{"name": "q", "value": "{{1.row}}"}]
    form: dict[str, Any] = {"contentType": "urlEncoded", "urlEncodedBodyContent": pairs}
    harness.run(
        emit(row={"a": 1}), http_v4_module(2, method="post", queryParameters=pairs, headers=pairs, **form)
    )
    request = sent_request(harness)
    assert request.url.endswith("?q=%7B%22a%22%3A1%7D")
    assert request.body == "q=%7B%22a%22%3A1%7D"
    assert header_of(request, "q") == '{"a":1}'


def test_a_raw_body_that_is_a_collection_is_named(harness: EngineHarness) -> None:
    raw: dict[str, Any] = {"contentType": "custom", "rawBodyContent": "{{1.row}}"}
    execution = harness.run(emit(row={"a": 1}), http_v4_module(2, method="post", **raw))
    assert execution.error is not None
    assert execution.error.issues == ("Invalid buffer in parameter 'rawBodyContent'.",)


def test_the_body_of_an_answer_has_collections_as_json(harness: EngineHarness) -> None:
    execution = harness.run(
        emit(row={"a": 1}),
        module(2, "gateway:WebhookRespond", {"status": "200", "body": "got {{1.row}}", "headers": []}),
    )
    assert execution.respond is not None
    assert execution.respond.body == 'got {"a":1}'


@pytest.mark.parametrize(
    "expression",
    [r"{{switch(1.x; \"y\"; \"z\")}}", r"{{upper(\"y\")}}", r"{{if(1.x = \"a\"; 1; first(\"b\").c)}}"],
)
def test_a_json_body_with_pasted_backslashes_is_no_json(harness: EngineHarness, expression: str) -> None:
    body = f'{{"a":"{expression}"}}'
    json_body: dict[str, Any] = {
        "contentType": "json",
        "inputMethod": "jsonString",
        "jsonStringBodyContent": body,
    }
    execution = harness.run(emit(x="y"), http_v4_module(2, method="post", **json_body))
    assert error_of(execution) == (
        "InvalidConfigurationError",
        "The provided JSON body content is not valid JSON.",
    )
    assert not harness.world.http_requests


def test_other_broken_expressions_of_a_json_body_and_backslashes_elsewhere_fail_as_ever(
    harness: EngineHarness,
) -> None:
    json_body: dict[str, Any] = {
        "contentType": "json",
        "inputMethod": "jsonString",
        "jsonStringBodyContent": '{"a": {{1 +}}}',
    }
    execution = harness.run(http_v4_module(1, method="post", **json_body))
    assert error_of(execution) == (
        "DataError",
        "Failed to map 'jsonStringBodyContent': Invalid expression '1 +'.",
    )
    elsewhere = harness.run(set_variable(1, r"{{upper(\"y\")}}"))
    assert error_of(elsewhere) == (
        "DataError",
        r"""Failed to map 'value': Invalid expression 'upper(\"y\")'.""",
    )


# --- filters -------------------------------------------------------------------------------------


def run_filtered(harness: EngineHarness, conditions: Any) -> Execution:
    gate = {"name": "only if", "conditions": conditions}
    return harness.run(emit(d="2026"), set_variable(2, "{{1.d}}", filter=gate))


def test_a_filter_with_an_operator_that_does_not_exist_lets_nothing_pass(harness: EngineHarness) -> None:
    execution = harness.run(
        emit(d="2026"), set_variable(2, "x", filter=filter_if("{{1.d}}", "text:startswith", "20"))
    )
    assert (execution.status, execution.operations, execution.error) == (1, 1, None)


def test_the_other_alternatives_of_a_filter_still_count(harness: EngineHarness) -> None:
    unknown = {"a": "{{1.d}}", "o": "date:before", "b": "2027"}
    holds = {"a": "{{1.d}}", "o": "text:equal", "b": "2026"}
    assert run_filtered(harness, [[unknown], [holds]]).operations == 2
    assert run_filtered(harness, [[unknown, holds], [holds]]).operations == 2
    assert run_filtered(harness, [[holds, unknown]]).operations == 1


def test_the_other_routes_of_a_router_go_on(harness: EngineHarness) -> None:
    unknown = filter_if("{{1.value}}", "text:begins", "a")
    router = module(
        2,
        "builtin:BasicRouter",
        None,
        routes=[{"flow": [set_variable(3, "never", filter=unknown)]}, {"flow": [set_variable(4, "always")]}],
    )
    execution = harness.run(iterator("a", "b"), router)
    assert execution.status == 1
    assert [step.module_id for step in execution.steps] == [1, 2, 4, 2, 4]


def test_a_branch_whose_operator_does_not_exist_is_not_open(harness: EngineHarness) -> None:
    branches = [
        {
            "type": "condition",
            "flow": [set_variable(3, "if")],
            "conditions": [[{"a": "a", "o": "text:is", "b": "a"}]],
        },
        {"type": "else", "flow": [set_variable(4, "else")]},
    ]
    execution = harness.run(emit(), module(2, "builtin:BasicIfElse", None, branches=branches))
    assert [step.module_id for step in execution.steps] == [1, 2, 4]
    hint = "Make has no operator 'text:is'; did you mean 'text:equal'?"
    view = TraceView.from_execution(execution)
    assert view.sentences()[2] == f"the bundle took branch 2 of module 2 ({hint})"
    assert view.decisions[0].to_json()["hint"] == hint
    assert TraceView.from_json(view.to_json()).decisions == view.decisions
