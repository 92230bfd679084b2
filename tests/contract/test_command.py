"""``make-emulator contract``: green on a fresh emulator, and clear when something is in its way."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from make_emulator.cli.main import main

from .conftest import EmulatedZone

CONTRACT = [sys.executable, "-m", "make_emulator", "contract"]
ZONE = [
    "--base-url",
    "http://127.0.0.1:9/api/v2",
    "--token",
    "secret",
    "--team-id",
    "1",
    "--organization-id",
    "1",
]


def test_a_fresh_emulator_keeps_the_contract(tmp_path: Path) -> None:
    # The folder configures pytest in a way that would end every run.
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n", "utf-8")
    flags = ["--json", "run.json", "--html", "run.html", "--junit-xml", "run.xml"]
    ended = subprocess.run(
        [*CONTRACT, *flags], cwd=tmp_path, capture_output=True, encoding="utf-8", check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    report: dict[str, Any] = json.loads((tmp_path / "run.json").read_text("utf-8"))
    assert report["tests"]["passed"] > 700
    assert (report["tests"]["failed"], report["tests"]["skipped"]) == (0, 0)
    assert (report["drift"], report["leftBehind"]) == ([], [])
    assert {outcome for row in report["routes"] for outcome in row["aspects"].values()} == {"passed"}
    assert sum(row["calls"] > 0 for row in report["routes"]) == 47
    assert "Contract with a fresh emulator" in (tmp_path / "run.html").read_text("utf-8")
    suite = ElementTree.parse(tmp_path / "run.xml").getroot().find("testsuite")
    assert suite is not None
    assert suite.get("tests") == str(report["tests"]["passed"])


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (["--token", "x"], "--token goes with --base-url only"),
        (["--base-url", "http://127.0.0.1:9"], "--base-url needs --token"),
        (["--update"], "an emulator is no evidence of Make"),
    ],
)
def test_flags_that_are_invalid_are_mistakes_in_the_usage(flags: list[str], reason: str) -> None:
    result = CliRunner().invoke(main, ["contract", *flags])
    assert result.exit_code == 2
    assert reason in result.stderr


def test_the_environment_stands_in_for_flags() -> None:
    environment = {"MAKE_EMULATOR_CONTRACT_TOKEN": "x"}
    result = CliRunner().invoke(main, ["contract"], env=environment)
    assert result.exit_code == 2
    assert "--token goes with --base-url only" in result.stderr


def test_an_address_without_a_server_is_one_line() -> None:
    result = CliRunner().invoke(main, ["contract", *ZONE])
    assert result.exit_code == 1
    assert result.stderr.startswith("make-emulator: no response from http://127.0.0.1:9/api/v2: ")
    assert result.stderr.count("\n") == 1
    assert "secret" not in result.output


def test_without_pytest_the_way_to_it_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "pytest" else real(name, *rest)
    )
    result = CliRunner().invoke(main, ["contract"])
    assert result.exit_code == 1
    assert result.stderr == (
        "make-emulator: the contract suite needs pytest: pip install 'make-emulator[contract]'\n"
    )


def test_a_name_that_no_test_has_is_reported() -> None:
    ended = subprocess.run(
        [*CONTRACT, "-k", "nothing_of_this_name"], capture_output=True, encoding="utf-8", check=False
    )
    assert ended.returncode == 1
    assert ended.stderr == "make-emulator: no test has a name that matches -k\n"


def test_behaviours_select_the_tests_that_check_them(tmp_path: Path) -> None:
    flags = ["--only", "auth.unknown-token,visibility.not-found", "--json", "run.json"]
    ended = subprocess.run(
        [*CONTRACT, *flags], cwd=tmp_path, capture_output=True, encoding="utf-8", check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    report: dict[str, Any] = json.loads((tmp_path / "run.json").read_text("utf-8"))
    assert 2 <= report["tests"]["passed"] < 100
    verdicts = {row["id"]: row["verdict"] for row in report["ledger"]}
    assert verdicts["auth.unknown-token"] == verdicts["visibility.not-found"] == "confirmed"


def test_a_behaviour_without_a_test_is_a_mistake_in_the_usage() -> None:
    ended = subprocess.run(
        [*CONTRACT, "--only", "auth.unknown-tokens"], capture_output=True, encoding="utf-8", check=False
    )
    assert ended.returncode == 2
    assert "no contract test checks auth.unknown-tokens" in ended.stderr + ended.stdout


def test_a_token_that_is_rejected_is_one_line(zone: EmulatedZone, tmp_path: Path) -> None:
    zone.token = "44444444-4444-4444-8444-444444444444"
    ended = subprocess.run(
        zone.command(), env=zone.environment, capture_output=True, encoding="utf-8", check=False
    )
    assert ended.returncode == 1
    assert ended.stderr == f"make-emulator: {zone.world.base_url} rejects the token (401)\n"


@pytest.mark.parametrize(
    ("flag", "reason"),
    [
        ("--team-id", "the token sees no team 987654 at"),
        ("--organization-id", "the token sees no organization 987654 at"),
    ],
)
def test_a_place_that_the_token_does_not_see_is_one_line(zone: EmulatedZone, flag: str, reason: str) -> None:
    ended = subprocess.run(
        [*zone.command(), flag, "987654"],
        env=zone.environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == f"make-emulator: {reason} {zone.world.base_url}\n"


def test_a_report_that_could_not_be_written_is_reported_before_the_run(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["contract", "--html", str(tmp_path / "none" / "report.html")])
    assert result.exit_code == 2
    assert f"there is no folder '{tmp_path / 'none'}' to write it to" in " ".join(result.stderr.split())


def test_an_emulator_teaches_the_ledger_nothing(zone: EmulatedZone, tmp_path: Path) -> None:
    """Else one flag would turn everything that is assumed into something observed."""
    path = tmp_path / "fidelity.yaml"
    path.write_text("[]", "utf-8")
    ended = subprocess.run(
        zone.command("--update", "--ledger", str(path)),
        env=zone.environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert ended.returncode == 1
    assert "the target is an emulator, which is no evidence of Make" in ended.stderr
    assert path.read_text("utf-8") == "[]"


def test_a_second_token_shows_what_is_rejected(zone: EmulatedZone, tmp_path: Path) -> None:
    test = "test_a_token_that_lacks_the_scope and hooks"
    _, report = zone.run(tmp_path, "-k", test)
    assert {each["reason"].partition(" lacks ")[0] for each in report["skipped"]} == {
        "there is no token that"
    }
    weak = zone.world.create_token(["hooks:read"])
    ended, report = zone.run(tmp_path, "-k", test, "--weak-token", weak)
    assert ended.returncode == 0, ended.stdout
    assert {each["reason"] for each in report["skipped"]} == {"there is no token that lacks hooks:read"}
    assert report["tests"]["passed"] == 5
