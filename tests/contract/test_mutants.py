"""The suite finds what is wrong: each mutant of the emulator, through TLS and with a restricted token, by name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from .conftest import EmulatedZone
from .mutants import MUTANTS, Mutant


def told(report: dict[str, Any]) -> str:
    """Failures and drift of a report, a line each."""
    failures = [f"{each['test']}: {each['reason']}" for each in report["failures"]]
    drift = [
        f"drift {each['route']} {each['path']} {each['kind']} {each['expected']} {each['found']}"
        for each in report["drift"]
    ]
    return "\n".join([*failures, *drift])


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_is_found_and_named(mutant: Mutant, zone: EmulatedZone, tmp_path: Path) -> None:
    zone.mutated_app.mutant = mutant
    ended, report = zone.run(tmp_path, "-k", mutant.test_expression)
    assert ended.returncode == (0 if mutant.is_only_reported else 1), ended.stdout + ended.stderr
    assert re.search(mutant.report_pattern, told(report)), told(report)
    assert zone.token not in ended.stdout + (tmp_path / "report.json").read_text("utf-8")


def test_a_field_that_drifts_fails_no_test_of_something_else(zone: EmulatedZone, tmp_path: Path) -> None:
    zone.mutated_app.mutant = next(mutant for mutant in MUTANTS if mutant.name == "a field is missing")
    ended, report = zone.run(tmp_path, "-k", "test_a_live_scenario_can_be_deleted")
    assert ended.returncode == 0, ended.stdout
    assert "drift POST /scenarios scenario.lastEdit missing string or null nothing" in told(report)


def test_the_mutants_are_enough_and_differ() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 20
