"""Sweep: which faults can happen where, what Make's retries make of them, and how the end is judged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from helpers.blueprints import exported_module
from helpers.scenario_tests import failures_of, named, read, results_of
from make_emulator.scenario_tests.sweep import Sweep, SweepError, SweepReport, render_table, to_json

HOOK = named(1, "gateway:CustomWebHook", "Order", parameters={"hook": 70})
POST = named(
    2,
    "slack:CreateMessage",
    "Post",
    {"channel": "C1", "text": "{{1.id}}"},
    version=4,
    parameters={"__IMTCONN__": 40},
)
REMEMBER = named(
    3,
    "datastore:AddRecord",
    "Remember",
    {"key": "{{1.id}}", "data": {"at": "{{now}}"}, "overwrite": False},
    parameters={"datastore": 50},
)
ORDER = """\
tests:
  - name: order
    given: { webhook: { json: { id: "7" } } }
    expect: {}
"""


def sweep_of(folder: Path, *flow: Any, text: str = ORDER, **blueprint: Any) -> SweepReport:
    [test] = read(folder, text, *flow, **blueprint).tests
    return Sweep(test).run()


def verdicts(report: SweepReport) -> dict[str, str]:
    return {result.reference: result.verdict for result in report.results}


def test_retries_repeat_what_went_out_before(tmp_path: Path) -> None:
    second = {**POST, "id": 4, "mapper": {"channel": "C2", "text": "{{1.id}}"}}
    assert verdicts(sweep_of(tmp_path, HOOK, POST, second)) == {
        "1:twice": "written twice",
        "1:crash": "same",
        "2:connection": "same",
        "2:rate-limit": "same",
        "2:data": "stopped",
        "2:timeout": "same",
        "2:lost-answer": "written twice",
        "2:crash": "written twice",
        "4:connection": "written twice",
        "4:rate-limit": "written twice",
        "4:data": "stopped",
        "4:timeout": "written twice",
        "4:lost-answer": "written twice",
        "4:crash": "written twice",
    }


def test_deduplication_that_remembers_too_early_loses(tmp_path: Path) -> None:
    exists = named(5, "datastore:ExistRecord", "Known?", {"key": "{{1.id}}"}, parameters={"datastore": 50})
    condition = {"name": "New", "conditions": [[{"a": "{{5.exist}}", "o": "boolean:equal", "b": "false"}]]}
    before = sweep_of(tmp_path, HOOK, exists, {**REMEMBER, "filter": condition}, POST)
    assert verdicts(before)["1:twice"] == "same"
    assert verdicts(before)["2:connection"] == "lost"
    [lost] = [result for result in before.results if result.reference == "2:connection"]
    assert lost.story[:2] == [
        'the run ended with ERROR: ConnectionError at module 2 "Post"',
        "1 min later, another run ended with SUCCESS",
    ]
    assert lost.story[2] == 'slack:CreateMessage {"channel":"C1","text":"7"}: is missing'
    after = sweep_of(tmp_path, HOOK, exists, {**POST, "filter": condition}, REMEMBER)
    assert verdicts(after)["1:twice"] == "same"
    assert verdicts(after)["2:connection"] == "same"
    assert verdicts(after)["2:lost-answer"] == "written twice"


def test_stored_bundles_are_retried_and_those_that_are_not_are_stuck(tmp_path: Path) -> None:
    scenario = {"scenario": {"dlq": True}}
    report = sweep_of(tmp_path, HOOK, POST, metadata=scenario)
    assert verdicts(report)["2:connection"] == "same"
    assert verdicts(report)["2:data"] == "stuck"
    [stuck] = [result for result in report.results if result.reference == "2:data"]
    assert "1 incomplete execution left unresolved" in stuck.story
    [retried] = [result for result in report.results if result.reference == "2:connection"]
    assert retried.story == [
        'the run ended with WARNING: ConnectionError at module 2 "Post"',
        "1 min later, the retry of the incomplete execution ended with SUCCESS",
    ]


def test_an_ignored_error_loses_its_bundle(tmp_path: Path) -> None:
    ignoring = {**POST, "onerror": [exported_module(9, "builtin:Ignore")]}
    report = sweep_of(tmp_path, HOOK, ignoring)
    assert {verdicts(report)[f"2:{fault}"] for fault in ("connection", "rate-limit", "data", "timeout")} == {
        "lost"
    }
    assert verdicts(report)["2:lost-answer"] == "same"


def test_a_change_that_may_be_repeated_is_not_written_twice(tmp_path: Path) -> None:
    upsert = named(
        2, "hubspotcrm:upsertAContact", "Contact", {"email": "{{1.id}}"}, parameters={"__IMTCONN__": 40}
    )
    report = sweep_of(tmp_path, HOOK, upsert)
    assert verdicts(report)["1:twice"] == "same"
    assert verdicts(report)["2:lost-answer"] == "same"


def test_a_schedule_runs_again_until_it_succeeds_once(tmp_path: Path) -> None:
    flow = (
        named(1, "google-sheets:watchRows", "Rows", {}, parameters={"__IMTCONN__": 41}),
        named(
            2, "slack:CreateMessage", "Post", {"text": "{{1.n}}"}, version=4, parameters={"__IMTCONN__": 40}
        ),
    )
    text = "tests: [{ name: a, given: { bundles: [{ n: 1 }, { n: 2 }, { n: 3 }] }, expect: {} }]"
    report = sweep_of(tmp_path, *flow, text=text)
    found = verdicts(report)
    assert {reference.partition(":")[0] for reference in found} == {"1", "2", "2.3"}
    assert found["1:connection"] == "same"
    assert (found["2:data"], found["2.3:data"]) == ("same", "written twice")
    [retried] = [result for result in report.results if result.reference == "2:connection"]
    assert retried.story[1] == "20 min later, another run ended with SUCCESS"


def test_a_run_on_demand_has_no_retries(tmp_path: Path) -> None:
    flow = (
        exported_module(
            1,
            "scenario-service:StartSubscenario",
            version=2,
            metadata={"interface": [{"name": "id", "type": "text"}]},
        ),
        POST,
        exported_module(3, "scenario-service:ReturnData", {"done": "{{2.ts}}"}, version=2),
    )
    text = 'tests: [{ name: a, given: { inputs: { id: "7" } }, expect: {} }]'
    report = sweep_of(tmp_path, *flow, text=text)
    assert verdicts(report)["2:connection"] == "lost"
    assert verdicts(report)["2:lost-answer"] == "lost"


def test_the_same_sweep_has_the_same_results_and_can_be_repeated_one_by_one(tmp_path: Path) -> None:
    [test] = read(tmp_path, ORDER, HOOK, POST, REMEMBER).tests
    sweep = Sweep(test)
    report = sweep.run()
    assert verdicts(report) == verdicts(Sweep(test).run())
    for result in report.results:
        operation, fault = sweep.find(result.reference)
        again = sweep.inject(operation, fault)
        assert (again.verdict, again.story) == (result.verdict, result.story)


def test_the_table_and_the_json_have_every_result(tmp_path: Path) -> None:
    report = sweep_of(tmp_path, HOOK, POST)
    assert list(render_table(report)) == [
        "           connection  rate limit  data     time-out  lost answer    twice          crash",
        '1 "Order"                                                            written twice  same',
        '2 "Post"   same        same        stopped  same      written twice                 written twice',
    ]
    document: Any = to_json(report)
    assert (document["survived"], document["of"]) == (4, 8)
    assert [row["repeat"] for row in document["results"]] == list(verdicts(report))


def test_secrets_are_masked_in_stories(tmp_path: Path) -> None:
    secret = named(
        2,
        "http:ActionSendData",
        "Call",
        {
            "url": "https://a.example.com",
            "method": "post",
            "headers": [{"name": "Authorization", "value": "Bearer hush-hush-1234"}],
        },
        version=3,
    )
    flow = (HOOK, {**secret, "onerror": [exported_module(9, "builtin:Ignore")]})
    report = sweep_of(tmp_path, *flow)
    assert report.results
    assert "hush-hush" not in str([result.story for result in report.results])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("tests: [{ name: a, expect: {} }]", "the trigger receives nothing"),
        (ORDER + "    modules: { Post: { error: { name: DataError } } }\n", "ends with an error: DataError"),
    ],
)
def test_a_run_that_fails_or_does_nothing_cannot_be_swept(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(SweepError, match=reason):
        sweep_of(tmp_path, HOOK, POST, text=text)


@pytest.mark.parametrize("reference", ["9:data", "2", "2:twice", "x:data"])
def test_a_fault_that_cannot_happen_is_an_error(tmp_path: Path, reference: str) -> None:
    [test] = read(tmp_path, ORDER, HOOK, POST).tests
    with pytest.raises(SweepError):
        Sweep(test).find(reference)


def test_a_test_can_expect_a_number_of_survived_faults(tmp_path: Path) -> None:
    results = results_of(
        tmp_path,
        """\
        given: { webhook: { json: { id: "7" } } }
        tests:
          - { name: low, expect: { sweep: { at_least: 4 } } }
          - name: high
            expect:
              sweep: { at_least: 5, hours: 1 }
          - name: failing
            modules: { Post: { error: { name: DataError } } }
            expect: { status: error, sweep: { at_least: 1 } }
        """,
        HOOK,
        POST,
    )
    assert failures_of(results[0]) == []
    assert failures_of(results[1]) == [(6, "expected the scenario to survive at least 5 of 8 faults, not 4")]
    assert list(results[1].failures[0].details) == [
        "1:twice: written twice",
        "2:data: stopped",
        "2:lost-answer: written twice",
        "2:crash: written twice",
    ]
    [(_, text)] = failures_of(results[2])
    assert text.startswith("the run cannot be swept: ")
