"""Clients of the MCP server: two generations of the Python package, the TypeScript SDK, and mcp-remote."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest

from make_emulator import MakeEmulator, World

FOLDER = Path(__file__).parent

#: Client -> the script that drives it.
CLIENTS = {"python_1": "python_1.py", "python_2": "python_2.py", "typescript": "typescript.mjs"}

#: The script of an agent that works for longer, with the first generation of the Python package.
WHOLE_JOB = "whole_job.py"


class RunClient(Protocol):
    """Runs a client and returns the JSON document that it prints."""

    def __call__(self, client: str, **given: Any) -> Any: ...


@pytest.fixture(scope="module", params=["http", "https"])
def secure_or_not(request: pytest.FixtureRequest) -> Iterator[MakeEmulator]:
    """A server without and one with TLS."""
    with MakeEmulator(tls=request.param == "https") as make:
        yield make


@pytest.fixture
def agent_world(secure_or_not: MakeEmulator) -> World:
    """A world of the test's own."""
    return secure_or_not.create_world(rate_limit=False)


@pytest.fixture
def run_client(request: pytest.FixtureRequest, secure_or_not: MakeEmulator) -> RunClient:
    def run(client: str, **given: Any) -> Any:
        environment = dict(os.environ)
        if secure_or_not.ca_file is not None:
            file = str(secure_or_not.ca_file)
            environment |= {"NODE_EXTRA_CA_CERTS": file, "SSL_CERT_FILE": file}
        script = str(FOLDER / CLIENTS.get(client, client))
        if client == "typescript":
            command = [request.getfixturevalue("node"), script]
        else:
            packages = python_packages("python_1" if client == WHOLE_JOB else client)
            environment["PYTHONPATH"] = str(packages)
            command = [sys.executable, script]
        return run_script(command, given, environment)

    return run


def python_packages(client: str) -> Path:
    """The folder into which ``make test`` installs a generation of the Python package."""
    folder = Path(sys.prefix) / f"mcp-{client[-1]}"
    if not (folder / "mcp").is_dir():
        if os.environ.get("MAKE_EMULATOR_REQUIRE_MCP_TESTS"):
            pytest.fail(f"there is no MCP client in {folder.name}", pytrace=False)
        pytest.skip("the MCP client is not installed: run `make test`")
    return folder


def run_script(command: Sequence[str], given: Mapping[str, Any], environment: Mapping[str, str]) -> Any:
    """The JSON document that a script prints."""
    done = subprocess.run(
        [*command, json.dumps(given)],
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    if done.returncode:
        pytest.fail(f"{command[-1]} failed:\n{done.stderr}", pytrace=False)
    return json.loads(done.stdout)
