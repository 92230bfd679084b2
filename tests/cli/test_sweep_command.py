"""The command ``sweep``: what it takes, what it prints, and how it ends."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from helpers.scenario_tests import write_test_file
from make_emulator.cli.main import main
from make_emulator.resources import fixture_path

BLUEPRINT = fixture_path("blueprints", "webhook-deduplication.json")
TESTS = fixture_path("blueprints", "webhook-deduplication.test.yaml")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["sweep", *map(str, arguments)], env={"COLUMNS": "120"})


def test_each_fault_that_is_not_survived_has_its_story_and_a_line_that_repeats_it() -> None:
    result = run(BLUEPRINT)
    assert result.exit_code == 0
    table, *stories, end = result.output.strip().split("\n\n")
    assert table.splitlines()[1].split() == ["1", '"Event"', "same", "same"]
    assert end == "survives 5 of 12"
    assert len(stories) == 7
    for story in stories:
        head, *_, repeat = story.splitlines()
        verdict = head.rpartition(": ")[2]
        prefix, sign, line = repeat.partition("repeat: make-emulator sweep ")
        assert (prefix.strip(), bool(sign)) == ("", True)
        again = run(*shlex.split(line))
        assert again.exit_code == 0
        assert f"\n\n{verdict}\n" in again.output


def test_one_fault_is_shown_with_the_traces_of_its_runs() -> None:
    result = run(BLUEPRINT, "--fault", "4:connection")
    assert result.output.startswith(
        '4 "Book it": the service cannot be reached\n\n2026-03-02T09:00:00.000Z  ERROR\n'
    )
    assert "      error: ConnectionError: The service cannot be reached.\n" in result.output
    assert "Z  SUCCESS\n" in result.output
    document = json.loads(run(BLUEPRINT, "--fault", "4:connection", "--format", "json").stdout)
    assert (document["verdict"], document["repeat"]) == ("lost", "4:connection")


def test_all_tests_of_a_file_are_swept_and_counted_together() -> None:
    result = run(TESTS, "--at-least", "8")
    assert result.exit_code == 0
    assert result.output.endswith("survives 8 of 16 in all\n")
    low = run(TESTS, "--at-least", "9")
    assert low.exit_code == 1
    assert low.output.endswith("make-emulator: 8 faults are survived, fewer than 9\n")
    document = json.loads(run(TESTS, "--format", "json").stdout)
    assert (document["survived"], document["of"]) == (8, 16)
    assert [sweep["test"] for sweep in document["sweeps"]] == [
        "A known event is not booked again",
        "A new event is booked",
    ]
    one = run(TESTS, "--test", "A new event is booked")
    assert one.output.endswith("survives 5 of 12\n\n")


def test_an_input_takes_the_place_of_mock_data() -> None:
    result = run(
        BLUEPRINT, "--input", '{"id": "evt_9", "type": "paid", "data": {"amount": 5, "currency": "eur"}}'
    )
    assert result.exit_code == 0
    assert '"type":"paid"' in result.output


@pytest.mark.parametrize(
    "path", sorted(fixture_path("blueprints").glob("*.json"))[::4], ids=lambda path: path.stem
)
def test_a_shipped_blueprint_is_swept_or_says_why_not(path: Path) -> None:
    result = run(path, "--format", "json")
    if result.exit_code:
        assert "cannot be swept: the run without a fault ends with an error" in result.output
        return
    document = json.loads(result.stdout)
    assert 0 <= document["survived"] <= document["of"]
    assert (document["of"] > 0) == (path.stem != "greeting"), "the only module of that one ends the run"


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        ((BLUEPRINT, "--fault", "4:nothing"), 2, "no fault 'nothing' can happen there"),
        ((BLUEPRINT, "--fault", "4"), 2, "'4' does not read MODULE:FAULT; modules are: 1, 2, 3, 4"),
        ((BLUEPRINT, "--test", "a"), 2, "--test is for a file *.test.yaml"),
        ((TESTS, "--input", "{}"), 2, "--input is for a blueprint"),
        ((TESTS, "--fault", "4:data"), 2, "--fault is for one test"),
        ((TESTS, "--test", "A new event is boked"), 2, "did you mean 'A new event is booked'?"),
        ((BLUEPRINT, "--input", "{"), 2, "not JSON"),
        (("missing.json",), 2, "does not exist"),
    ],
)
def test_a_mistake_in_the_usage_is_one_line(arguments: tuple[object, ...], code: int, text: str) -> None:
    result = run(*arguments)
    assert result.exit_code == code
    assert text in result.output
    assert result.output.count("\n") == 1


def test_what_cannot_be_swept_is_a_failure_in_one_line(tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("{}")
    assert run(broken).exit_code == 1
    path = write_test_file(tmp_path, "tests: [{ name: a, expect: {} }]")
    result = run(path)
    assert result.exit_code == 1
    assert result.output == (
        f"make-emulator: {path} cannot be swept: the trigger receives nothing: the run has no operation after it\n"
    )
    mistaken = write_test_file(tmp_path, "tests: []", name="mistaken")
    assert run(mistaken).output == f"make-emulator: {mistaken}:1: tests: this must be an array of tests\n"
