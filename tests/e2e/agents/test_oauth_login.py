"""Both generations of the Python package log in with OAuth 2.0: discovery, registration, consent, refresh."""

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
def test_the_python_package_logs_in_and_refreshes_its_token(
    secure_or_not: MakeEmulator, agent_world: World, client: str
) -> None:
    environment = {**os.environ, "PYTHONPATH": str(python_packages(client))}
    if secure_or_not.ca_file is not None:
        environment["SSL_CERT_FILE"] = str(secure_or_not.ca_file)
    url = f"{agent_world.base_url.removesuffix('/api/v2')}/mcp/stateless"
    with subprocess.Popen(
        [sys.executable, str(FOLDER / "python_login.py"), url],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None
        page = process.stdout.readline().strip()
        assert page.startswith(agent_world.oauth.authorization_url), process.communicate()[1]
        redirect = agent_world.oauth.approve(page, scopes=["mcp:use", "teams:read"])
        output, errors = process.communicate(redirect + "\n", timeout=120)
    assert process.returncode == 0, errors
    seen = json.loads(output)
    assert seen.pop("tools")[0] == "s1_greeting"
    assert (seen["structured"], seen["refreshed"]) == ({"greeting": "Hello, Ann!"}, True)
    assert seen["method"] == "client_secret_post"
    [row] = [row for row in agent_world.access_report() if row["label"] == "Python agent"]
    assert row["granted"] == ["mcp:use", "teams:read"]
    assert row["used"] == ["mcp:use"]
