"""Mutants of a blueprint, and the tests that notice them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from helpers.blueprints import exported_module
from helpers.scenario_tests import ORDERS, condition, named, read, write_test_file
from make_emulator.blueprint_import.export import parse_document
from make_emulator.cli.main import main
from make_emulator.resources import fixture_path
from make_emulator.scenario_tests.mutants import MutationReport, iter_mutants, try_mutants
from make_emulator.scenario_tests.results import check_test

SMALL = """\
tests:
  - name: small
    given: { webhook: { json: { id: 1, total: 50 } } }
    expect:
      records: { 50: { $exact: { "1": { total: 50 } } } }
      response: { status: 201 }
"""


def report_of(folder: Path, text: str, *flow: object) -> MutationReport:
    file = read(folder, text, *flow)
    return try_mutants(file, [check_test(test) for test in file.tests])


def blueprint_of(*flow: object) -> bytes:
    return json.dumps({"name": "n", "flow": flow, "metadata": {}}).encode()


def test_every_filter_module_handler_and_constant_has_mutants() -> None:
    flow = (
        named(1, "gateway:CustomWebHook", "Hook", parameters={"hook": 70}),
        named(
            2,
            "datastore:AddRecord",
            "Keep",
            {"key": "k", "data": {"n": "{{1.n}}", "size": "7", "list": [True]}, "overwrite": False},
            parameters={"datastore": 50},
            filter={"name": "Big", "conditions": condition("{{1.n}}", "number:greater", "100")},
            onerror=[named(3, "builtin:Ignore", "Skip")],
        ),
    )
    mutants = list(iter_mutants(blueprint_of(*flow)))
    assert [mutant.text for mutant in mutants] == [
        'filter "Big" before 2 lets everything pass',
        'filter "Big" before 2 lets nothing pass',
        'filter "Big" before 2 has number:greaterorequal in the place of number:greater',
        'filter "Big" before 2 compares with "101" in the place of "100"',
        'module 2 "Keep" is dropped',
        'key of 2 "Keep" is "kx" in the place of "k"',
        'data.n of 2 "Keep" is empty in the place of "{{1.n}}"',
        'data.size of 2 "Keep" is "8" in the place of "7"',
        'data.list.0 of 2 "Keep" is false in the place of true',
        'overwrite of 2 "Keep" is true in the place of false',
        'the error handler of 2 "Keep" is dropped',
        'module 3 "Skip" is dropped',
    ]
    changed = {mutant.text: mutant.blueprint["flow"] for mutant in mutants}
    assert changed['module 2 "Keep" is dropped'] == [flow[0]]
    assert changed['data.size of 2 "Keep" is "8" in the place of "7"'][1]["mapper"]["data"]["size"] == "8"  # type: ignore[index,call-overload]


@pytest.mark.parametrize(
    "path", sorted(fixture_path("blueprints").glob("*.json"))[::5], ids=lambda path: path.stem
)
def test_a_mutant_changes_one_place_and_leaves_the_blueprint_as_it_is(path: Path) -> None:
    data = path.read_bytes()
    whole = parse_document(json.loads(data)).blueprint
    before = json.dumps(whole)
    mutants = list(iter_mutants(data))
    assert len({mutant.text for mutant in mutants}) == len(mutants)
    for mutant in mutants:
        assert json.dumps(mutant.blueprint) != before
        assert 1 <= mutant.line <= data.count(b"\n") + 1
    assert json.dumps(parse_document(json.loads(data)).blueprint) == before


def test_what_tests_notice_and_what_they_do_not(tmp_path: Path) -> None:
    report = report_of(tmp_path, SMALL)
    texts = {result.mutant.text: result for result in report.results}
    assert texts['module 5 "Keep" is dropped'].noticed_by == "small"
    assert texts['filter "Small" before 5 lets nothing pass'].noticed_by == "small"
    assert texts['filter "Small" before 5 lets everything pass'].noticed_by is None
    assert (
        texts['filter "Small" before 5 has number:less in the place of number:lessorequal'].noticed_by is None
    )
    unreached = texts['text of 4 "Tell sales" is empty in the place of "{{1.id}}: {{1.total}}"']
    assert (unreached.noticed_by, unreached.is_reached) == (None, True), "its filter was met"
    handler = texts['module 9 "Without a customer" is dropped']
    assert (handler.noticed_by, handler.is_reached) == (None, False)
    assert 0 < report.percent < 100
    assert report.noticed + len(report.survivors) == len(report.results)


def test_a_further_test_notices_more(tmp_path: Path) -> None:
    border = """\
  - name: border
    given: { webhook: { json: { id: 1, total: 100 } } }
    expect: { reached: [Keep], not_reached: [Tell sales] }
"""
    before = report_of(tmp_path, SMALL)
    after = report_of(tmp_path, SMALL + border)
    gained = {result.mutant.text for result in before.survivors} - {
        result.mutant.text for result in after.survivors
    }
    assert gained == {
        'filter "Large" before 4 lets everything pass',
        'filter "Large" before 4 has number:greaterorequal in the place of number:greater',
        'filter "Small" before 5 has number:less in the place of number:lessorequal',
    }


def test_a_test_that_fails_notices_nothing(tmp_path: Path) -> None:
    report = report_of(tmp_path, SMALL.replace("201", "200"))
    assert report.noticed == 0


def test_a_mutant_that_make_would_reject_is_none(tmp_path: Path) -> None:
    flow = (
        exported_module(1, "util:BasicTrigger", parameters={"values": []}),
        exported_module(2, "builtin:BasicFeeder", {"array": "{{1.rows}}"}),
        exported_module(3, "builtin:BasicAggregator", {"n": "{{2.n}}"}, parameters={"feeder": 2}),
    )
    report = report_of(
        tmp_path,
        "tests: [{ name: a, expect: { modules: { 3: { operations: 1 } } } }]",
        *flow,
    )
    assert report.percent >= 0


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["test", *map(str, arguments)], env={"COLUMNS": "120"})


def test_the_command_lists_what_no_test_noticed(tmp_path: Path) -> None:
    path = write_test_file(tmp_path, SMALL)
    blueprint = tmp_path / "orders.json"
    result = run(path, "--mutate")
    assert result.exit_code == 0
    assert f'{blueprint}:1: no test noticed: filter "Small" before 5 lets everything pass\n' in result.output
    assert f'{blueprint}:1: no test reaches it: module 9 "Without a customer" is dropped\n' in result.output
    document = json.loads(run(path, "--mutate", "--format", "json").stdout)
    [report] = document["mutants"]
    assert report["file"] == str(blueprint)
    assert report["of"] == len(list(iter_mutants(blueprint.read_bytes())))
    assert len(report["survivors"]) == report["of"] - report["noticed"]
    low = run(path, "--mutate-fail-under", "90")
    assert low.exit_code == 1
    assert (
        f"make-emulator: {report['percent']:.2f} % of the mutants are noticed, less than 90 %\n" in low.output
    )
    assert run(path, "--mutate-fail-under", "10").exit_code == 0


def test_the_flow_of_the_helper_has_mutants_of_all_kinds() -> None:
    texts = " ".join(mutant.text for mutant in iter_mutants(blueprint_of(*ORDERS)))
    for words in ("lets everything pass", "lets nothing pass", "is dropped", "is empty", "compares with"):
        assert words in texts
