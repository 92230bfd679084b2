"""Results of tests: what is given reaches the scenario, what is expected is checked, and a failure says what came closest."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.blueprints import exported_module, write_blueprint
from helpers.scenario_tests import condition, failures_of, named, results_of
from make_emulator.scenario_tests.results import failure_lines, find_unused

LARGE = "{ webhook: { json: { id: 7, customer: ann, total: 500 } } }"
SMALL = "{ webhook: { json: { id: 7, customer: ann, total: 50 } } }"


def test_a_run_that_does_what_is_expected_passes(tmp_path: Path) -> None:
    [large, small] = results_of(
        tmp_path,
        f"""\
        http:
          - {{ url: "https://crm.example.com/*", body: {{ name: Ann }} }}
        tests:
          - name: large
            given: {LARGE}
            modules: {{ Tell sales: {{ output: {{ ts: "1" }} }} }}
            expect:
              status: success
              reached: [Tell sales, 2]
              not_reached: [Keep, Without a customer]
              order: [1, 2, 3, Tell sales]
              filters: {{ Large: passed, Small: stopped, Keep: {{ stopped: 1, passed: 0 }} }}
              modules:
                Tell sales: {{ operations: 1, inputs: [{{ text: "7: 500" }}], bundles: [{{ ts: "1" }}], error: $absent }}
                Keep: {{ operations: 0 }}
              requests:
                - {{ method: GET, url: "https://crm.example.com/customers/ann", query: {{ full: "1" }}, module: 2, status: 200 }}
              mails: []
              records: {{ 50: {{ $exact: {{}} }} }}
              incomplete: 0
              operations: {{ at_most: 3 }}
              credits: {{ at_least: 3, at_most: 3 }}
              response: {{ status: 200, body: Accepted }}
              active: true
          - name: small
            given: {SMALL}
            expect:
              response: {{ status: 201, body: {{ id: 7 }} }}
              records: {{ 50: {{ "7": {{ total: 50 }} }} }}
              filters: {{ Large: {{ stopped: [{{ name: $absent, data: {{ name: Ann }} }}] }} }}
              operations: 5
        """,
    )
    assert failures_of(large) == []
    assert failures_of(small) == [(31, "expected 5 operations, not 4")]


def test_each_expectation_that_is_not_met_has_its_line_and_what_came_closest(tmp_path: Path) -> None:
    [result] = results_of(
        tmp_path,
        f"""\
        tests:
          - name: small
            given: {SMALL}
            expect:
              status: warning
              error: {{ name: DataError }}
              reached: [Tell sales]
              not_reached: [Keep]
              order: [1, 2, 3, 4]
              filters: {{ Large: passed }}
              modules: {{ Keep: {{ inputs: [{{ key: "8" }}], operations: 2 }} }}
              requests: []
              mails: [{{ to: [a@example.com] }}]
              records: {{ 50: {{ "7": $absent }} }}
              incomplete: 1
              credits: {{ at_least: 9 }}
              response: {{ status: 200 }}
              active: false
        """,
    )
    assert result.outcome == "failed"
    assert failures_of(result) == [
        (5, "expected the run to end with warning, not with success"),
        (6, 'expected the error of the run to be {"name": "DataError"}, but there is none'),
        (7, 'expected a bundle to reach module 4 "Tell sales", but none did'),
        (8, 'expected no bundle to reach module 5 "Keep", but one did'),
        (9, 'expected module 4 "Tell sales" as operation 4, but it was of module 5 "Keep"'),
        (10, "expected filter 'Large' to let all bundles pass, but it stopped all"),
        (11, 'expected 2 operations of module 5 "Keep", not 1'),
        (11, 'the inputs of module 5 "Keep" are not as expected'),
        (12, "expected 0 requests, but there was 1"),
        (13, "expected 1 mail, but there were none"),
        (14, "the records of data store 50 are not as expected"),
        (15, "expected 1 incomplete execution, not 0"),
        (16, "expected at least 9 credits, not 4"),
        (17, "the response to the webhook's caller is not as expected"),
        (18, "the scenario is active after the run"),
    ]
    by_text = {failure.text: list(failure.details) for failure in result.failures}
    stopped = ["closest: the bundle was stopped by filter 'Large' before module 4: 50 greater than 100"]
    assert by_text['expected a bundle to reach module 4 "Tell sales", but none did'] == stopped
    assert by_text['the inputs of module 5 "Keep" are not as expected'] == ['[0].key: expected "8", was "7"']
    assert by_text["expected 0 requests, but there was 1"] == [
        'unexpected: GET https://crm.example.com/customers/ann of module 2 "Customer"'
    ]
    assert by_text["the records of data store 50 are not as expected"] == [
        '7: expected nothing, was {"total": 50}'
    ]


def test_the_story_ends_where_the_run_took_another_way(tmp_path: Path) -> None:
    [result] = results_of(
        tmp_path,
        f"""\
        tests:
          - name: small
            given: {SMALL}
            expect:
              reached: [Tell sales]
        """,
    )
    lines = list(failure_lines(result))
    assert lines[0].endswith(
        'orders.test.yaml:5: expected a bundle to reach module 4 "Tell sales", but none did'
    )
    assert lines[3] == "the run until there:"
    assert lines[-2:] == ['      filter "Large" before 4: stopped (50 greater than 100)', "  … 4 more events"]
    assert not any("Keep" in line for line in lines)


def test_what_was_expected_of_requests_is_shown_beside_the_closest_one(tmp_path: Path) -> None:
    [result] = results_of(
        tmp_path,
        f"""\
        tests:
          - name: small
            given: {SMALL}
            expect:
              requests:
                - {{ method: GET, url: "https://crm.example.com/customers/bob" }}
                - {{ method: POST }}
        """,
    )
    assert [(failure.text, list(failure.details)) for failure in result.failures] == [
        (
            "expected 2 requests, but there was 1",
            [
                'missing: {"method": "GET", "url": "https://crm.example.com/customers/bob"}',
                '  closest: GET https://crm.example.com/customers/ann of module 2 "Customer"',
                '    url: expected "https://crm.example.com/customers/bob", was "https://crm.example.com/customers/ann"',
                'missing: {"method": "POST"}',
                '  closest: GET https://crm.example.com/customers/ann of module 2 "Customer"',
                '    method: expected "POST", was "GET"',
                'unexpected: GET https://crm.example.com/customers/ann of module 2 "Customer"',
            ],
        )
    ]


def test_numbers_are_named_with_their_nouns(tmp_path: Path) -> None:
    [result] = results_of(
        tmp_path,
        f"""\
        tests:
          - name: small
            given: {SMALL}
            expect:
              filters: {{ Large: {{ stopped: 2 }}, Small: {{ passed: 3, stopped: 1 }} }}
              modules: {{ Keep: {{ operations: {{ at_least: 2 }} }} }}
              incomplete: 2
              operations: 1
              credits: {{ at_most: 1 }}
        """,
    )
    assert [failure.text for failure in result.failures] == [
        "expected 2 bundles that filter 'Large' stopped, not 1",
        "expected 3 bundles that filter 'Small' let pass, not 1",
        "expected 1 bundle that filter 'Small' stopped, not 0",
        'expected at least 2 operations of module 5 "Keep", not 1',
        "expected 2 incomplete executions, not 0",
        "expected 1 operation, not 4",
        "expected at most 1 credit, not 4",
    ]
    # The number of events until the last one of the modules in question.
    assert [failure.until for failure in result.failures] == [4, 7, 7, 7, None, None, None]


def test_a_run_that_fails_fails_the_test_unless_that_is_expected(tmp_path: Path) -> None:
    [plain, expected, other] = results_of(
        tmp_path,
        f"""\
        modules: {{ Keep: {{ error: {{ name: DataError, message: no room }} }} }}
        given: {SMALL}
        tests:
          - {{ name: plain, expect: {{}} }}
          - {{ name: expected, expect: {{ error: {{ name: DataError, message: no room, module: Keep }} }} }}
          - {{ name: other, expect: {{ error: {{ name: DataError, module: Tell sales }}, active: false }} }}
        """,
    )
    assert failures_of(plain) == [(4, 'the run ended with an error: DataError: no room (in "Keep")')]
    assert failures_of(expected) == []
    assert [list(failure.details) for failure in other.failures] == [
        ['module: expected "Tell sales", was "Keep"']
    ]


def test_a_sequence_scripts_one_operation_after_the_other(tmp_path: Path) -> None:
    flow = [
        named(1, "util:BasicTrigger", "Rows", {}, parameters={"values": []}),
        named(
            2, "slack:CreateMessage", "Post", {"text": "{{1.n}}"}, version=4, parameters={"__IMTCONN__": 40}
        ),
        named(
            3, "slack:CreateMessage", "Copy", {"text": "{{2.ts}}"}, version=4, parameters={"__IMTCONN__": 40}
        ),
    ]
    [result] = results_of(
        tmp_path,
        """\
        tests:
          - name: four rows
            modules:
              Rows: { output: [{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }] }
              Post: [{ output: { ts: a } }, { output: { ts: b }, times: 2 }, { output: { ts: c } }]
              "slack:CreateMessage": { output: { ts: other } }
            expect:
              modules:
                Post: { bundles: [{ ts: a }, { ts: b }, { ts: b }, { ts: c }] }
                Copy: { inputs: [{ text: a }, { text: b }, { text: b }, { text: c }], bundles: { $length: 4 } }
        """,
        *flow,
    )
    assert failures_of(result) == []
    assert result.run is not None
    assert {step.output[0]["ts"] for step in result.run.steps_of([3])} == {"other"}  # type: ignore[index,call-overload]


def test_a_webhook_gets_the_request_as_production_parses_it(tmp_path: Path) -> None:
    flow = [
        named(1, "gateway:CustomWebHook", "Hook", parameters={"hook": 70}),
        named(
            2,
            "util:SetVariables",
            "Seen",
            {"variables": [{"name": "m", "value": "{{1.__IMTMETHOD__}}"}], "scope": "roundtrip"},
        ),
    ]
    results = results_of(
        tmp_path,
        """\
        tests:
          - name: form
            given: { webhook: { form: { a: "1", b: x y }, query: { c: q } } }
            expect: { modules: { Hook: { bundles: [{ a: "1", b: x y, c: q, __IMTMETHOD__: POST }] } } }
          - name: text
            given: { webhook: { method: put, body: hello } }
            expect: { modules: { Seen: { bundles: [{ m: PUT }] }, Hook: { bundles: [{ value: hello }] } } }
          - name: several
            given: { webhook: { json: [{ a: 1 }, { a: 2 }] } }
            expect: { modules: { Hook: { bundles: [{ a: 1 }, { a: 2 }] }, Seen: { operations: 2 } } }
          - name: broken
            given: { webhook: { body: "{", headers: { Content-Type: application/json } } }
            expect: {}
        """,
        *flow,
    )
    assert [result.outcome for result in results] == ["passed", "passed", "passed", "error"]
    assert results[3].failures[0].text.startswith("the webhook would refuse the request")


def test_a_mailhook_gets_the_mail(tmp_path: Path) -> None:
    flow = [named(1, "gateway:CustomMailHook", "Inbox", parameters={"hook": 70})]
    (tmp_path / "sent.eml").write_text("From: bob@example.com\nSubject: Raw\n\nBody\n")
    results = results_of(
        tmp_path,
        """\
        tests:
          - name: fields
            given:
              mail:
                from: Ann <ann@example.com>
                to: [a@example.com, b@example.com]
                subject: Grüße
                text: Hello
                html: <p>Hello</p>
                attachments: [{ name: a.txt, text: content }]
            expect:
              modules:
                1:
                  bundles:
                    - subject: Grüße
                      text: { $regex: Hello }
                      html: { $contains: <p>Hello</p> }
                      from: { address: ann@example.com }
                      attachments: [{ fileName: a.txt }]
          - name: file
            given: { mail: { file: sent.eml } }
            expect: { modules: { 1: { bundles: [{ subject: Raw }] } } }
          - name: no file
            given: { mail: { file: other.eml } }
            expect: {}
        """,
        *flow,
    )
    assert [failures_of(result) for result in results[:2]] == [[], []]
    assert (results[2].outcome, results[2].test.line_of(*results[2].failures[0].path)) == ("error", 24)


def test_records_variables_connections_and_the_time_are_given(tmp_path: Path) -> None:
    flow = [
        named(
            1,
            "datastore:GetRecord",
            "Get",
            {"key": "k", "returnWrapped": False},
            parameters={"datastore": 50},
        ),
        named(
            2,
            "slack:CreateMessage",
            "Post",
            {
                "text": '{{1.total}} {{var.team.NAME}} {{var.organization.SIZE}} {{formatDate(now; "YYYY-MM-DD")}}'
            },
            version=4,
            parameters={"__IMTCONN__": 40},
        ),
    ]
    results = results_of(
        tmp_path,
        """\
        given:
          now: "2030-05-06T07:08:09Z"
          records: { 50: { k: { total: 3 } } }
          variables: { team: { NAME: ops }, organization: { SIZE: 5 } }
        tests:
          - name: all
            expect: { modules: { Post: { inputs: [{ text: 3 ops 5 2030-05-06 }] } } }
          - name: invalid connection
            given: { connections: { 40: { outcome: invalid, message: expired } } }
            expect: { error: { name: AccountValidationError, message: { $contains: expired } }, operations: 0 }
          - name: missing connection
            given: { connections: { 40: missing } }
            expect: { error: { name: ConnectionError } }
          - name: strict
            given: { settings: { unmatched: fail } }
            expect: { error: { message: No script matches module 2 (slack:CreateMessage). } }
          - name: no variable
            given: { variables: { team: { "a b": 1 } } }
            expect: {}
        """,
        *flow,
    )
    assert [failures_of(result) for result in results[:4]] == [[], [], [], []]
    assert results[4].outcome == "error"


def test_called_scenarios_run_and_are_counted(tmp_path: Path) -> None:
    write_blueprint(
        tmp_path / "double.json",
        exported_module(
            1,
            "scenario-service:StartSubscenario",
            version=2,
            metadata={"interface": [{"name": "n", "type": "number"}]},
        ),
        exported_module(2, "scenario-service:ReturnData", {"result": "{{1.n * 2}}"}, version=2),
    )
    flow = [
        exported_module(
            1,
            "scenario-service:StartSubscenario",
            version=2,
            metadata={"interface": [{"name": "n", "type": "number"}]},
        ),
        named(
            2,
            "scenario-service:CallSubscenario",
            "Double",
            {"n": "{{1.n}}"},
            version=2,
            parameters={"scenario": 77, "shouldWaitForExecutionEnd": True},
        ),
        exported_module(3, "scenario-service:ReturnData", {"result": "{{2.result}}"}, version=2),
    ]
    [result, inside, wrong] = results_of(
        tmp_path,
        """\
        scenarios: { 77: double.json }
        tests:
          - name: doubles
            given: { inputs: { n: 21 } }
            expect: { calls: { 77: 1 }, outputs: { result: 42 } }
          - name: inside
            given: { inputs: { n: 21 } }
            expect:
              scenarios: { 77: { order: [1, 2], outputs: { result: 42 }, operations: 0 } }
          - name: wrong
            given: { inputs: { n: 21 } }
            expect:
              scenarios:
                77:
                  outputs: { result: 43 }
                  not_reached: [2]
        """,
        *flow,
    )
    assert failures_of(result) == []
    assert failures_of(inside) == []
    assert failures_of(wrong) == [
        (15, "in scenario 77: the outputs are not as expected"),
        (
            16,
            "in scenario 77: expected no bundle to reach module 2 (scenario-service:ReturnData), but one did",
        ),
    ]


def test_what_no_test_used_is_listed(tmp_path: Path) -> None:
    results = results_of(
        tmp_path,
        f"""\
        modules:
          Tell sales: {{ output: {{ ts: "1" }} }}
          Keep: [{{ error: {{ name: DataError }} }}, {{ output: {{}} }}]
        http:
          - {{ url: "https://crm.example.com/*" }}
          - {{ url: "https://other.example.com/*" }}
        tests:
          - name: small
            given: {SMALL}
            http: [{{ url: "https://unused.example.com" }}]
            expect: {{ status: error }}
        """,
    )
    assert find_unused(use for result in results for use in result.stub_uses) == [
        (2, "script of Tell sales was not used"),
        (3, "script number 2 of Keep was not used"),
        (6, "response to any https://other.example.com/* was not used"),
        (10, "response to any https://unused.example.com was not used"),
    ]


def test_a_stub_that_one_of_the_tests_used_is_not_listed(tmp_path: Path) -> None:
    results = results_of(
        tmp_path,
        f"""\
        modules: {{ Tell sales: {{ output: {{ ts: "1" }} }} }}
        tests:
          - {{ name: small, given: {SMALL}, expect: {{}} }}
          - {{ name: large, given: {LARGE}, expect: {{}} }}
        """,
    )
    assert find_unused(use for result in results for use in result.stub_uses) == []


@pytest.mark.parametrize(("total", "outcome"), [(101, "passed"), (100, "failed")])
def test_a_filter_is_named_by_its_module_too(tmp_path: Path, total: int, outcome: str) -> None:
    flow = [
        named(1, "gateway:CustomWebHook", "Hook", parameters={"hook": 70}),
        named(
            2,
            "slack:CreateMessage",
            "Post",
            {"text": "x"},
            version=4,
            parameters={"__IMTCONN__": 40},
            filter={"name": "", "conditions": condition("{{1.total}}", "number:greater", "100")},
        ),
    ]
    [result] = results_of(
        tmp_path,
        f"""\
        tests:
          - name: a
            given: {{ webhook: {{ json: {{ total: {total} }} }} }}
            expect: {{ filters: {{ Post: passed, 2: {{ passed: [{{ total: {total} }}] }} }} }}
        """,
        *flow,
    )
    assert result.outcome == outcome
