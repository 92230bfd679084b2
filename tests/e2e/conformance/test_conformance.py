"""The generic cases of the protocol's conformance suite, and the inspector's command line: ``make test-conformance``."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from make_emulator import MakeEmulator

pytestmark = pytest.mark.e2e

MODULES = Path(__file__).parent / "node_modules"

#: The other cases need tools, resources and prompts of the suite's own.
CASES = ["server-initialize", "ping", "tools-list", "dns-rebinding-protection"]


@pytest.fixture(scope="module")
def server() -> Iterator[MakeEmulator]:
    if not (MODULES / ".bin" / "conformance").exists():
        pytest.skip("the conformance suite is not installed: run `make test-conformance`")
    with MakeEmulator() as make:
        yield make


def run(script: str, *arguments: str) -> str:
    """The output of a script of a package, under the Node that it needs."""
    path = f"{MODULES / '.bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [str(MODULES / ".bin" / "node"), str(MODULES / ".bin" / script), *arguments],
        env={**os.environ, "PATH": path, "NO_COLOR": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("transport", ["stateless", "stream"])
def test_a_generic_case_passes(server: MakeEmulator, transport: str, case: str) -> None:
    url = f"{server.url}/mcp/u/{server.token}/{transport}"
    output = run("conformance", "server", "--url", url, "--scenario", case)
    assert ", 0 failed, 0 warnings" in output
    assert "Passed: 0/" not in output


@pytest.mark.parametrize(("transport", "path"), [("http", "stateless"), ("http", "stream"), ("sse", "sse")])
def test_the_inspector_calls_a_tool(server: MakeEmulator, transport: str, path: str) -> None:
    call = ["--method", "tools/call", "--tool-name", "s1_greeting", "--tool-arg", "name=Ann"]
    url = f"{server.url}/mcp/u/{server.token}/{path}"
    result = json.loads(run("mcp-inspector", "--cli", url, "--transport", transport, *call))
    assert result["structuredContent"] == {"greeting": "Hello, Ann!"}
