"""The command ``test``: what it runs, what it prints, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from helpers.scenario_tests import write_test_file
from make_emulator.cli.main import main
from make_emulator.resources import fixture_path
from make_emulator.scenario_tests.schema import json_schema

TESTS = """\
modules: { Tell sales: { output: { ts: "1" } } }
tests:
  - name: large
    given: { webhook: { json: { id: 1, total: 500 } } }
    expect: { reached: [Tell sales] }
  - name: small
    given: { webhook: { json: { id: 1, total: 50 } } }
    expect: { reached: [Tell sales] }
  - name: later
    skip: not written yet
    expect: {}
"""


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["test", *map(str, arguments)], env={"COLUMNS": "120"})


def test_failures_are_shown_with_their_stories_and_the_exit_code_is_1(tmp_path: Path) -> None:
    path = write_test_file(tmp_path, TESTS)
    result = run(tmp_path, "--verbose")
    assert result.exit_code == 1
    head, failure, story, end = result.output.split("\n\n")
    assert head.splitlines() == [
        f"failed   {path}: 1 failed, 1 skipped, 1 passed",
        "  passed   large",
        "  failed   small",
        "  skipped  later (not written yet)",
    ]
    assert failure.splitlines() == [
        f"FAILED {path}::small",
        f'  {path}:8: expected a bundle to reach module 4 "Tell sales", but none did',
        "      closest: the bundle was stopped by filter 'Large' before module 4: 50 greater than 100",
    ]
    assert story.startswith('  the run until there:\n    1 "Order" gateway:CustomWebHook\n')
    assert end.startswith("1 failed, 1 skipped, 1 passed in ")


def test_tests_are_chosen_by_a_text(tmp_path: Path) -> None:
    write_test_file(tmp_path, TESTS)
    result = run(tmp_path, "-k", "::large")
    assert result.exit_code == 0
    assert "1 passed in " in result.output
    missing = run(tmp_path, "-k", "nothing")
    assert missing.exit_code == 2
    assert missing.output == (
        f"make-emulator: no tests that contain 'nothing' in {tmp_path} (they are in files *.test.yaml);"
        " see main test --help\n"
    )


def test_the_json_has_every_test_with_its_failures_and_story(tmp_path: Path) -> None:
    path = write_test_file(tmp_path, TESTS)
    result = run(path, "--format", "json")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert document["summary"] == {"failed": 1, "skipped": 1, "passed": 1}
    assert [(test["name"], test["line"], test["outcome"]) for test in document["tests"]] == [
        ("large", 3, "passed"),
        ("small", 6, "failed"),
        ("later", 9, "skipped"),
    ]
    [failure] = document["tests"][1]["failures"]
    assert failure["line"] == 8
    assert "the run until there:" in document["tests"][1]["story"]
    assert (document["unused"], document["mistakes"]) == ([], [])


def test_a_mistake_in_one_file_does_not_keep_the_others_from_running(tmp_path: Path) -> None:
    write_test_file(tmp_path, TESTS)
    write_test_file(tmp_path, "tests: [{name: a, expect: {}, giben: {}}]", name="other")
    result = run(tmp_path)
    assert result.exit_code == 2
    mistake = (
        f"{tmp_path / 'other.test.yaml'}:1: tests[0].giben: unknown key; there are: name, given, modules, http,"
        " expect, cases, marks, skip; did you mean 'given'?"
    )
    assert mistake in result.output.splitlines()
    assert "1 failed, 1 skipped, 1 passed in " in result.output


def test_what_was_not_used_is_shown_with_its_line(tmp_path: Path) -> None:
    path = write_test_file(
        tmp_path,
        """\
        modules:
          Tell sales: { output: { ts: "1" } }
        tests:
          - { name: small, given: { webhook: { json: { id: 1, total: 5 } } }, expect: {} }
        """,
    )
    result = run(path)
    assert result.exit_code == 0
    assert f"{path}:2: script of Tell sales was not used\n" in result.output


def test_junit_xml_has_a_suite_for_each_file(tmp_path: Path) -> None:
    path = write_test_file(tmp_path, TESTS)
    broken = write_test_file(tmp_path, "tests: []", name="broken")
    report = tmp_path / "junit.xml"
    assert run(tmp_path, "--junit-xml", report).exit_code == 2
    root = ElementTree.parse(report).getroot()
    suites = {suite.get("name"): suite for suite in root}
    assert list(suites) == [str(path), str(broken)]
    assert [suites[str(path)].get(name) for name in ("tests", "failures", "errors", "skipped")] == list(
        "3101"
    )
    failure = suites[str(path)].find("testcase[@name='small']/failure")
    assert failure is not None
    assert failure.get("message") == 'expected a bundle to reach module 4 "Tell sales", but none did'
    assert "the run until there:" in str(failure.text)
    error = suites[str(broken)].find("testcase/error")
    assert error is not None
    assert error.get("message") == "this must be an array of tests"


def test_a_report_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    write_test_file(tmp_path, TESTS)
    result = run(tmp_path, "--junit-xml", tmp_path / "no" / "x.xml")
    assert result.exit_code == 1
    assert result.output.splitlines()[-1] == (
        f"make-emulator: cannot write {tmp_path / 'no' / 'x.xml'}: No such file or directory"
    )


def test_the_schema_is_printed_without_running_anything() -> None:
    result = run("--schema")
    assert (result.exit_code, json.loads(result.stdout)) == (0, json_schema())


@pytest.mark.parametrize("name", ["lead-intake", "quote-builder"])
def test_the_shipped_tests_pass(name: str) -> None:
    result = run(fixture_path("blueprints", f"{name}.test.yaml"))
    assert result.exit_code == 0, result.output
