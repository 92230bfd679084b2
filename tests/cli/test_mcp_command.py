"""Command ``mcp``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import make_emulator
from helpers.mcp import frame
from make_emulator.cli.main import main


def run(*arguments: str, messages: list[Any] | None = None) -> Result:
    lines = "".join(json.dumps(each) + "\n" for each in messages or [])
    return CliRunner().invoke(main, ["mcp", *arguments], input=lines)


def answers(result: Result) -> list[Any]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def tool_names(result: Result) -> list[str]:
    return [tool["name"] for tool in answers(result)[0]["result"]["tools"]]


def test_it_serves_an_emulator_in_its_own_process() -> None:
    names = tool_names(run(messages=[frame("tools/list")]))
    assert names[0] == "s1_greeting"
    assert "teams_list" in names
    assert "emulator_reset" not in names


def test_it_adds_the_tools_of_the_emulator() -> None:
    assert "emulator_reset" in tool_names(run("--emulator-tools", messages=[frame("tools/list")]))


def test_it_ends_with_its_input() -> None:
    assert answers(run()) == []


def test_a_seed_and_access_parameters(tmp_path: Path) -> None:
    seed = tmp_path / "seed.yaml"
    scenario = "{ id: 7, name: Ask, blueprint: greeting, scheduling: { type: on-demand }, active: true }"
    teams = f"[{{ name: A, scenarios: [{scenario}] }}]"
    seed.write_text(
        "users: [{ id: 1, name: Ann, email: ann@example.com }]\ntokens: [{ label: a, user: 1 }]\n"
        f"organizations: [{{ name: O, owner: 1, teams: {teams} }}]\n",
        "utf-8",
    )
    assert tool_names(run("--seed", str(seed), messages=[frame("tools/list")]))[0] == "s7_ask"
    names = tool_names(run("--seed", str(seed), "--scenario-id", "8", messages=[frame("tools/list")]))
    assert "s7_ask" not in names


def test_it_bridges_to_a_running_emulator(world: make_emulator.World) -> None:
    url = world.base_url.removesuffix("/api/v2")
    call = frame("tools/call", {"name": "s1_greeting", "arguments": {"name": "Ann"}})
    [answer] = answers(run("--url", url, "--world", world.name, messages=[call]))
    assert answer["result"]["structuredContent"] == {"greeting": "Hello, Ann!"}
    assert "MCP tools/call s1_greeting" in world.requests.all()[-1]["sentence"]
    weak = world.create_token(["teams:read"])
    names = tool_names(run("--url", url, "--token", weak, messages=[frame("tools/list")]))
    assert names[:2] == ["teams_list", "teams_get"]
    assert "s1_greeting" not in names


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["--team-id", "1", "--scenario-id", "1"], 2, "exclude each other"),
        (["--url", "nowhere"], 1, "'nowhere' is not the URL of an emulator"),
        (["--url", "http://127.0.0.1:1"], 1, "no emulator answers at http://127.0.0.1:1"),
        (["--seed", "nothing"], 1, "nothing"),
    ],
)
def test_mistakes_are_one_line(arguments: list[str], code: int, text: str) -> None:
    result = run(*arguments)
    assert result.exit_code == code
    assert text in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""
