"""Collection of ``*.test.yaml`` by pytest: the same tests as those of the command ``test``."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from helpers.scenario_tests import write_test_file

TESTS = """\
tests:
  - name: large
    marks: [slow]
    given: { webhook: { json: { id: 1, total: 500 } } }
    expect: { reached: [Tell sales] }
  - name: small
    given: { webhook: { json: { id: 1, total: 50 } } }
    expect: { reached: [Tell sales] }
  - name: later
    skip: not written yet
    expect: {}
"""


@pytest.fixture
def folder(pytester: pytest.Pytester) -> pytest.Pytester:
    """A folder with a test file of three tests."""
    pytester.makeini("[pytest]\nmarkers = slow")
    write_test_file(pytester.path, TESTS)
    return pytester


def test_the_tests_of_a_file_are_collected_and_run(folder: pytest.Pytester) -> None:
    result = folder.runpytest("-W", "error", "--strict-markers", "-v", "-rs")
    result.assert_outcomes(passed=1, failed=1, skipped=1)
    result.stdout.fnmatch_lines(
        [
            "orders.test.yaml::large PASSED*",
            "orders.test.yaml::small FAILED*",
            "orders.test.yaml::later SKIPPED (not written yet)*",
            'orders.test.yaml:8: expected a bundle to reach module 4 "Tell sales", but none did',
            "    closest: the bundle was stopped by filter 'Large' before module 4: 50 greater than 100",
            "the run until there:",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


@pytest.mark.parametrize(
    ("options", "passed"), [(("-k", "large"), 1), (("-m", "slow"), 1), (("orders.test.yaml::large",), 1)]
)
def test_tests_are_chosen_as_others_are(
    folder: pytest.Pytester, options: tuple[str, ...], passed: int
) -> None:
    outcomes = folder.runpytest(*options).parseoutcomes()
    assert (outcomes.get("passed"), outcomes.get("failed", 0)) == (passed, 0)


@pytest.mark.usefixtures("few_plugins")
def test_they_run_in_parallel_and_write_junit_xml(folder: pytest.Pytester) -> None:
    result = folder.runpytest("-n2", "--junit-xml=junit.xml")
    result.assert_outcomes(passed=1, failed=1, skipped=1)
    root = ElementTree.parse(folder.path / "junit.xml").getroot()
    cases = {case.get("name"): case for case in root.iter("testcase")}
    assert sorted(map(str, cases)) == ["large", "later", "small"]
    failure = cases["small"].find("failure")
    assert failure is not None
    assert "the run until there:" in str(failure.text)


def test_a_mistake_is_an_error_of_the_collection_with_its_line(pytester: pytest.Pytester) -> None:
    write_test_file(pytester.path, "tests:\n  - { name: a, expct: {} }\n")
    result = pytester.runpytest()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["orders.test.yaml:2: tests[[]0].expct: unknown key; *did you mean 'expect'?"]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


def test_the_collection_can_be_switched_off(folder: pytest.Pytester) -> None:
    result = folder.runpytest("--no-make-scenario-tests")
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED


@pytest.mark.parametrize("options", [(), ("-n2",)], ids=["one process", "two workers"])
@pytest.mark.usefixtures("few_plugins")
def test_scripts_that_no_test_used_are_listed(pytester: pytest.Pytester, options: tuple[str, ...]) -> None:
    scripts = 'modules:\n  Tell sales: { output: { ts: "1" } }\n  Keep: { output: {} }\n'
    small = TESTS.replace("id: 1, total: 500", "id: 1, total: 5").partition("  - name: later")[0]
    pytester.makeini("[pytest]\nmarkers = slow")
    write_test_file(pytester.path, scripts + small)
    result = pytester.runpytest(*options)
    result.stdout.fnmatch_lines(
        ["*= not used by the tests of scenarios =*", "orders.test.yaml:2: script of Tell sales was not used"]
    )
    result.stdout.no_fnmatch_line("*script of Keep*")
    result = pytester.runpytest("-k", "small", *options)
    result.stdout.no_fnmatch_line("*not used by*")


@pytest.mark.parametrize("options", [(), ("-n2",)], ids=["one process", "two workers"])
@pytest.mark.usefixtures("few_plugins")
def test_the_coverage_is_that_of_all_processes(folder: pytest.Pytester, options: tuple[str, ...]) -> None:
    result = folder.runpytest("--make-scenario-coverage", "--make-scenario-coverage-report=c.json", *options)
    result.assert_outcomes(passed=1, failed=1, skipped=1)
    result.stdout.fnmatch_lines(
        [
            "*= coverage of scenarios =*",
            "coverage * modules * routes * filters * handlers * all",
            "orders.json * 6 of 7 * 2 of 2 * 4 of 4 * 0 of 1 * 85 %",
            'orders.json:1: module 9 "Without a customer" was not reached',
        ]
    )
    document = json.loads((folder.path / "c.json").read_text())
    assert document["percent"] == 85.71


def test_too_little_coverage_fails_the_test_run(folder: pytest.Pytester) -> None:
    result = folder.runpytest("--make-scenario-fail-under=90", "-k", "large")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["Failed: the coverage is 50.00 %, less than 90 %"])
    broken = folder.runpytest("--make-scenario-coverage-report=c.txt", "-k", "large")
    assert broken.ret == pytest.ExitCode.TESTS_FAILED
    broken.stdout.fnmatch_lines(["Failed: 'c.txt' ends like no report; *"])
