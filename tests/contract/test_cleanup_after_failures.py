"""Cleanup after failures: a run against a zone leaves nothing behind, or lists what it left."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
from werkzeug.wrappers import Request, Response

from make_emulator.app import API_PREFIX

from .conftest import EmulatedZone
from .mutants import Mutant


def names(zone: EmulatedZone) -> list[str]:
    """The names of all that bears a prefix of the suite, out of the whole state of the world."""
    return re.findall(r'"name": "(contract-[^"]*)"', json.dumps(zone.world.snapshot()))


class Held:
    """Withholds the answer to the second hook that is made: it exists, and the run does not know its id."""

    def __init__(self) -> None:
        self.arrived = threading.Event()
        self.release = threading.Event()
        self._hooks = 0

    def __call__(self, request: Request, response: Response) -> None:
        if (request.method, request.path, response.status_code) == ("POST", f"{API_PREFIX}/hooks", 200):
            self._hooks += 1
            if self._hooks == 2:
                self.arrived.set()
                self.release.wait(30)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_run_that_is_interrupted_removes_what_it_made(
    number: signal.Signals, zone: EmulatedZone, tmp_path: Path
) -> None:
    held, report = Held(), tmp_path / "report.json"
    zone.mutated_app.mutant = Mutant("hold", "", "", response=held)
    process = subprocess.Popen(
        zone.command("--json", str(report), "-k", "test_hooks"),
        env=zone.environment,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    try:
        assert held.arrived.wait(60)
        assert names(zone), "the run has made something"
        process.send_signal(number)
        output, _ = process.communicate(timeout=60)
    finally:
        held.release.set()
        process.kill()
        process.communicate()
    assert process.returncode == 1, output
    assert names(zone) == []
    reported: dict[str, Any] = json.loads(report.read_text("utf-8"))
    assert (reported["interrupted"], reported["leftBehind"]) == (True, [])
    assert "then interrupted" in output
    assert "left behind nothing" in output


def test_a_run_whose_tests_fail_removes_what_it_made(zone: EmulatedZone, tmp_path: Path) -> None:
    def fail(request: Request, response: Response) -> None:
        if request.path.endswith("/start"):
            response.status_code = 500

    zone.mutated_app.mutant = Mutant("fail", "", "", response=fail)
    ended, report = zone.run(tmp_path, "-k", "test_runs or test_scenarios")
    assert ended.returncode == 1
    assert report["tests"]["failed"] > 5
    assert report["leftBehind"] == names(zone) == []


def test_what_cannot_be_removed_is_reported(zone: EmulatedZone, tmp_path: Path) -> None:
    def refuse(environ: dict[str, Any], admin: str) -> Response | None:
        if environ["REQUEST_METHOD"] == "DELETE" and "/hooks/" in environ["PATH_INFO"]:
            return Response('{"detail": "No.", "message": "No.", "code": "SC403"}', 403)
        return None

    zone.mutated_app.mutant = Mutant("refuse", "", "", request=refuse)
    ended, report = zone.run(tmp_path, "-k", "test_a_hook_is_renamed")
    [left] = report["leftBehind"]
    assert re.fullmatch(r"hook \d+ \('contract-[0-9a-f]{8} renamed \d+'\)", left)
    assert left in ended.stdout


def test_a_run_that_only_reads_changes_nothing(zone: EmulatedZone, tmp_path: Path) -> None:
    before = zone.world.snapshot()["rows"]
    written: list[str] = []

    def watch(request: Request, response: Response) -> None:
        if request.method != "GET":
            written.append(f"{request.method} {request.path}")

    zone.mutated_app.mutant = Mutant("watch", "", "", response=watch)
    ended, report = zone.run(tmp_path, "--read-only")
    assert ended.returncode == 0, ended.stdout
    assert written == []
    assert report["tests"]["passed"] > 200
    assert "--read-only: the test changes resources" in {each["reason"] for each in report["skipped"]}
    assert zone.world.snapshot()["rows"] == before


def test_what_a_run_did_not_make_is_as_before(zone: EmulatedZone, tmp_path: Path) -> None:
    """A whole run: everything that was there before is there afterwards, untouched."""
    before = zone.world.snapshot()["rows"]
    ended, report = zone.run(tmp_path)
    assert ended.returncode == 0, ended.stdout
    assert report["tests"]["failed"] == 0
    assert report["leftBehind"] == []
    assert {each["reason"] for each in report["skipped"]} >= {"the token lacks user:read"}
    after = zone.world.snapshot()["rows"]
    # Runs that fail notify their user, as on a zone.
    assert {name for name in after if after[name] != before[name]} <= {"notifications"}
