"""The reports of a run, and the update of the ledger."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from make_emulator import fidelity
from make_emulator.contract.drift import Drift
from make_emulator.contract.ledger import mark_observed, set_fields
from make_emulator.contract.reports import render_html, summary_lines, write_reports
from make_emulator.contract.results import Outcome, ResponseRecorder, SuiteRun
from make_emulator.contract.settings import Settings
from make_emulator.resources import fixture_path

DRIFT = Drift("GET /teams", "teams[].id", "type", "integer", "string")


@pytest.fixture
def run() -> SuiteRun:
    """A run with one test of each outcome."""
    run = SuiteRun(
        target="eu1.make.com", base_url="https://eu1.make.com/api/v2", started="2026-11-25T10:00:00Z"
    )
    run.add(
        Outcome(
            "test_a.py::test_one",
            "passed",
            covers=(("GET /teams", "paging"),),
            fidelity=("auth.token", "body.types"),
        )
    )
    run.add(
        Outcome(
            "test_a.py::test_two",
            "failed",
            reason="GET /teams answered 500, not 200: <b>oops</b>",
            covers=(("GET /teams", "paging"), ("GET /teams", "success")),
            fidelity=("paging.answer",),
        )
    )
    run.add(
        Outcome(
            "test_a.py::test_three", "skipped", reason="the token lacks user:read", fidelity=("users.me",)
        )
    )
    recorder = ResponseRecorder()
    recorder.record_response("GET /teams", 200, [DRIFT])
    recorder.record_response("GET /teams", 200, [DRIFT])
    run.add_responses(recorder.drain())
    return run


def test_a_statement_is_confirmed_contradicted_or_untested(run: SuiteRun) -> None:
    verdicts = run.verdicts(fidelity.shipped_behaviours())
    named = ("auth.token", "paging.answer", "users.me")
    assert [verdicts[id] for id in named] == ["confirmed", "contradicted", "untested"]
    run.add(Outcome("test_b.py::test_four", "failed", fidelity=("auth.token",)))
    assert run.verdicts(fidelity.shipped_behaviours())["auth.token"] == "contradicted"


def test_a_route_has_the_worst_outcome_of_each_aspect(run: SuiteRun) -> None:
    [teams] = [row for row in run.routes() if row["route"] == "GET /teams"]
    assert (teams["core"], teams["calls"], teams["drift"]) == ([36], 2, 1)
    assert teams["aspects"]["paging"] == teams["aspects"]["success"] == "failed"
    assert teams["aspects"]["cols"] == "untested"


def test_the_summary_shows_what_matters(run: SuiteRun) -> None:
    run.left_behind = ["hook 6 ('contract-1 hook 1')"]
    lines = list(summary_lines(run.as_json(fidelity.shipped_behaviours())))
    assert lines[:3] == [
        "tests     1 passed, 1 failed, 1 skipped",
        "  skipped    1  the token lacks user:read",
        "routes    1 of the 47 documented routes were called",
    ]
    text = "\n".join(lines)
    assert "  contradicted  paging.answer (observed): The response's `pg` repeats" in text
    assert "  type     GET /teams  teams[].id: integer expected, string found" in text
    assert lines[-2:] == ["left behind, to delete by hand:", "  hook 6 ('contract-1 hook 1')"]


def test_the_page_needs_nothing_but_itself_and_escapes_what_it_shows(run: SuiteRun) -> None:
    page = render_html(run.as_json(fidelity.shipped_behaviours()))
    assert "Contract with eu1.make.com" in page
    assert "&lt;b&gt;oops" in page
    assert "<b>oops" not in page
    assert "teams[].id" in page
    for outside in ("src=", "href=", "@import", "<script"):
        assert outside not in page


def test_the_ledger_learns_what_was_assumed_and_is_confirmed(run: SuiteRun, tmp_path: Path) -> None:
    before = fixture_path("fidelity.yaml").read_text("utf-8")
    after, learned = mark_observed(before, run.as_json(fidelity.shipped_behaviours()))
    assert learned == ["body.types"]
    path = tmp_path / "fidelity.yaml"
    path.write_text(after, "utf-8")
    old, new = (
        {each.id: each for each in fidelity.load_behaviours(source)}
        for source in (fixture_path("fidelity.yaml"), path)
    )
    assert {id for id in old if old[id] != new[id]} == {"body.types"}
    assert (old["body.types"].status, new["body.types"].status) == ("assumed", "observed")
    assert new["body.types"].source == "contract suite against eu1.make.com, 2026-11-25"
    changed = set(before.splitlines()) ^ set(after.splitlines())
    assert len(changed) <= 3, "the other lines stay as they are"


class Terminal:
    """Fake of pytest's terminal."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def section(self, title: str, **markup: Any) -> None:
        self.lines.append(title)

    def write_line(self, line: str, **markup: Any) -> None:
        self.lines.append(line)


def test_a_run_writes_its_reports_and_updates_the_ledger(run: SuiteRun, tmp_path: Path) -> None:
    path = tmp_path / "fidelity.yaml"
    path.write_text(fixture_path("fidelity.yaml").read_text("utf-8"), "utf-8")
    settings = Settings(
        base_url=run.base_url,
        token="secret",
        team_id=1,
        organization_id=1,
        update=True,
        ledger=path,
        json=tmp_path / "run.json",
        html=tmp_path / "no such folder" / "run.html",
    )
    terminal = Terminal()
    write_reports(terminal, run, settings)
    assert terminal.lines[0] == "contract: eu1.make.com"
    assert terminal.lines[-1] == "ledger    1 behaviours marked as observed"
    assert f"cannot write {settings.html}: No such file or directory" in terminal.lines
    assert json.loads((tmp_path / "run.json").read_text("utf-8"))["target"] == "eu1.make.com"
    statuses = {each.id: each.status for each in fidelity.load_behaviours(path)}
    assert (statuses["body.types"], statuses["paging.max"]) == ("observed", "assumed")


# --- the ledger's text ---------------------------------------------------------------------------

TEXT = """\
# A comment.
- id: a.one
  status: assumed
  source: "nothing"
  routes:
    - GET /teams

# --- Another area ---

- id: a.two
  status: assumed
  test: "old"
"""


def test_fields_are_set_and_taken_away_and_comments_stay() -> None:
    text = set_fields(TEXT, {"a.one": {"status": "observed", "test": 'a "b"'}, "a.two": {"test": None}})
    assert yaml.safe_load(text) == [
        {
            "id": "a.one",
            "status": "observed",
            "source": "nothing",
            "routes": ["GET /teams"],
            "test": 'a "b"',
        },
        {"id": "a.two", "status": "assumed"},
    ]
    assert text.startswith("# A comment.\n")
    assert '  test: "a \\"b\\""\n\n# --- Another area ---\n\n- id: a.two\n' in text
    assert set_fields(TEXT, {}) == TEXT
