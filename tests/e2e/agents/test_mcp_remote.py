"""Clients that start their servers themselves: mcp-remote in front of the MCP server, and ``make-emulator mcp``."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import requests

from make_emulator import MakeEmulator, World

from .conftest import CLIENTS, FOLDER, run_script

pytestmark = pytest.mark.e2e

CALLS = {"greeting": ["s1_greeting", {"name": "Ann"}], "teams": ["teams_list", {"organizationId": 1}]}
GREETING = {"greeting": "Hello, Ann!"}

MCP_REMOTE = str(FOLDER.parent / "node_modules" / "mcp-remote" / "dist" / "proxy.js")


@pytest.fixture(scope="module")
def server() -> Iterator[MakeEmulator]:
    with MakeEmulator() as make:
        yield make


@pytest.fixture
def agent_world(server: MakeEmulator) -> World:
    return server.create_world()


def root_of(world: World) -> str:
    return world.base_url.removesuffix("/api/v2")


def client_command(node: str) -> list[str]:
    return [node, str(FOLDER / CLIENTS["typescript"])]


@pytest.mark.parametrize("transport", ["http-only", "sse-only"])
def test_mcp_remote_sends_a_header(node: str, agent_world: World, tmp_path: Path, transport: str) -> None:
    suffix = "stream" if transport == "http-only" else "sse"
    command = [
        node,
        MCP_REMOTE,
        f"{root_of(agent_world)}/mcp/{suffix}",
        "--transport",
        transport,
        "--header",
        f"Authorization: Bearer {agent_world.token}",
    ]
    environment = {**os.environ, "MCP_REMOTE_CONFIG_DIR": str(tmp_path)}
    seen = run_script(client_command(node), {"command": command, "calls": CALLS}, environment)
    assert seen["greeting"]["structured"] == GREETING


class Login:
    """A client behind mcp-remote that has to log in, and prints the address of the consent page."""

    def __init__(self, node: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        given = json.dumps({"command": list(command), "calls": CALLS})
        self.process = subprocess.Popen(
            [*client_command(node), given],
            env=dict(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def authorization_url(self) -> str:
        """The URL that the user is to open."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if found := re.search(r"https?://\S+/oauth/v2/authorize\S+", line):
                return found[0]
        return pytest.fail("mcp-remote did not ask for a login")

    def result(self) -> Any:
        """The report of the client."""
        output, errors = self.process.communicate(timeout=120)
        assert self.process.returncode == 0, errors
        return json.loads(output)


def test_mcp_remote_logs_in_by_oauth(node: str, agent_world: World, tmp_path: Path) -> None:
    environment = {**os.environ, "MCP_REMOTE_CONFIG_DIR": str(tmp_path), "BROWSER": "none"}
    command = [node, MCP_REMOTE, f"{root_of(agent_world)}/mcp/stateless"]
    login = Login(node, command, environment)
    redirect = agent_world.oauth.approve(login.authorization_url(), organization_id=1)
    # The browser follows it to the client's own server.
    assert requests.get(redirect, timeout=60).status_code == 200
    seen = login.result()
    assert "s1_greeting" in seen["tools"]
    assert seen["greeting"]["structured"] == GREETING
    assert [team["id"] for team in json.loads(seen["teams"]["text"])] == [1]
    sentences = [entry["sentence"] for entry in agent_world.requests.all()]
    assert any("MCP tools/call s1_greeting in organization 1" in sentence for sentence in sentences)
    # The login is kept: the next start needs none.
    again = run_script(client_command(node), {"command": command, "calls": CALLS}, environment)
    assert again["greeting"]["structured"] == GREETING


@pytest.mark.parametrize("is_running", [True, False])
def test_our_own_server_over_standard_input_and_output(
    node: str, agent_world: World, is_running: bool
) -> None:
    command = [sys.executable, "-m", "make_emulator", "mcp", "--emulator-tools"]
    if is_running:
        command += ["--url", root_of(agent_world), "--world", agent_world.name]
    calls = {**CALLS, "clock": ["emulator_clock_advance", {"seconds": 3600}]}
    before = agent_world.clock.now
    seen = run_script(client_command(node), {"command": command, "calls": calls}, os.environ)
    assert seen["greeting"]["structured"] == GREETING
    assert "emulator_explain_run" in seen["tools"]
    assert json.loads(seen["clock"]["text"])["now"] > before
