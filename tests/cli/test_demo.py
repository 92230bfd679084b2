"""The demo: one story, the same every time, without a socket."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from make_emulator.cli.main import main
from make_emulator.lint import lint
from make_emulator.resources import fixture_path, load_fixture

GUIDE = Path(__file__).parent.parent.parent / "docs/how-to/command-line.md"


def play(columns: int = 80, *, color: bool = False) -> str:
    result = CliRunner().invoke(main, ["demo"], env={"COLUMNS": str(columns)}, color=color)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    return result.stdout


def test_it_tells_the_whole_story_without_a_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    told = play()
    headings = re.findall(r"^\d\. ([\w ]+):", told, flags=re.MULTILINE)
    assert headings == [
        "Make a scenario",
        "Run it",
        "Break it",
        "Explain it",
        "Let it recover",
        "Limit an agent",
    ]
    for line in (
        '-> SUCCESS, outputs {"answer": "Yes, 7 are in stock."}',
        "-> WARNING",
        "error: ConnectionError: [503] closed",
        "GET /dlqs?scenarioId=1 -> resolved, attempts: 1",
        "the retry -> SUCCESS:",
        "the bundle passed filter 'Not enough' before module 6",
        "POST /scenarios/1/run -> 403",
    ):
        assert re.search(rf"^ +{re.escape(line)}$", told, flags=re.MULTILINE), line
    assert "the token lacks scenarios:write, scenarios:run." in " ".join(told.split())


def test_it_is_the_same_every_time_and_as_documented() -> None:
    told = play()
    assert play() == told
    [shown] = re.findall(r"^```text\n(3\. .*?)^```", GUIDE.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    assert shown in told


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_it_fits_the_terminal(columns: int) -> None:
    assert max(map(len, play(columns).splitlines())) <= max(columns, 80)


def test_colours_are_for_terminals_only() -> None:
    assert "\x1b[" not in play()
    assert "\x1b[33mWARNING" in play(color=True)


def test_its_blueprint_has_no_findings() -> None:
    assert lint(load_fixture("demo-scenario.json")) == []
    assert fixture_path("demo-scenario.json").read_text("utf-8").endswith("}\n")
