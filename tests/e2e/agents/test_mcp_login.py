"""The Python package mcp finds the authorization server from the challenge, registers itself, and logs in."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from make_emulator import MakeEmulator, World

from .conftest import FOLDER, python_packages

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("client", ["python_1", "python_2"])
@pytest.mark.parametrize(
    ("secure_or_not", "path"),
    [("http", "/mcp/stateless"), ("http", "/mcp/stream"), ("https", "/mcp.make.com")],
    indirect=["secure_or_not"],
)
def test_a_client_registers_itself_and_logs_in(
    agent_world: World, secure_or_not: MakeEmulator, client: str, path: str
) -> None:
    environment = {**os.environ, "PYTHONPATH": str(python_packages(client))}
    if secure_or_not.ca_file is not None:
        environment["SSL_CERT_FILE"] = str(secure_or_not.ca_file)
    url = agent_world.base_url.removesuffix("/api/v2") + path
    with subprocess.Popen(
        [sys.executable, str(FOLDER / "login.py"), url],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None
        page = process.stdout.readline().strip()
        if not page:
            pytest.fail(process.communicate(timeout=60)[1], pytrace=False)
        redirect = agent_world.oauth.approve(page, scopes=["mcp:use", "teams:read"])
        output, errors = process.communicate(redirect + "\n", timeout=120)
    assert process.returncode == 0, errors
    seen = json.loads(output)
    assert {"s1_greeting", "teams_list"} <= set(seen["tools"])
    assert "scenarios_list" not in seen["tools"]
    assert json.loads(seen["text"]) == {"greeting": "Hello, Ann!"}
    assert seen["is_refreshed"]
    [row] = [row for row in agent_world.access_report() if row["label"] == "Assistant"]
    assert row["granted"] == ["mcp:use", "teams:read"]
    sentences = [row["sentence"] for row in agent_world.requests.all()]
    assert any("(client Assistant): MCP tools/call s1_greeting" in sentence for sentence in sentences)
