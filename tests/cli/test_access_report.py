from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import requests
from click.testing import CliRunner, Result

from make_emulator import MakeEmulator
from make_emulator.cli.main import main


@pytest.fixture(scope="module")
def make() -> Iterator[MakeEmulator]:
    """A server whose default world received a request for a team."""
    with MakeEmulator() as emulator:
        world = emulator.world
        requests.get(f"{world.base_url}/teams/1", headers=world.headers, timeout=10)
        yield emulator


def told(make: MakeEmulator, *options: str) -> Result:
    return CliRunner().invoke(main, ["access-report", "--url", make.url, *options])


def test_the_report_is_a_table_by_default(make: MakeEmulator) -> None:
    result = told(make)
    assert result.exit_code == 0
    header, admin, *_ = result.output.splitlines()
    assert header.startswith("token ")
    assert admin.split()[:2] == ["admin", "1"]
    assert admin.endswith(" teams:read")


def test_the_least_policy_is_yaml_for_a_seed(make: MakeEmulator) -> None:
    assert told(make, "--policy").output.splitlines() == [
        "agents:",
        "- name: admin",
        "  token: admin",
        "  allow:",
        "    teams/1: read",
    ]


def test_the_report_comes_as_markdown_and_as_json(make: MakeEmulator) -> None:
    assert "- **admin** needs `teams:read`; does not need" in told(make, "--format", "markdown").output
    [admin, *_] = json.loads(told(make, "--format", "json").output)["tokens"]
    assert admin["least"] == ["teams:read"]


def test_a_world_that_is_not_there_is_a_failure_of_one_line(make: MakeEmulator) -> None:
    result = told(make, "--world", "nowhere")
    assert result.exit_code == 1
    assert "There is no world named 'nowhere'." in result.stderr
    assert "Traceback" not in result.stderr
