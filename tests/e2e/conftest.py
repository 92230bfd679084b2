"""Runs scripts that drive the emulator with the clients that its users have."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import pytest

from make_emulator import World

E2E_FOLDER = Path(__file__).parent
OLDEST_NODE = 20


class RunScript(Protocol):
    """Runs ``<script>.mjs`` of one client against the test's world and returns the JSON document that it prints."""

    def __call__(self, script: str, **given: Any) -> Any: ...


@cache
def _missing_requirement() -> str | None:
    """Requirement of these tests that this machine lacks."""
    node = shutil.which("node")
    if node is None:
        return "Node is not installed"
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").partition(".")[0]) < OLDEST_NODE:
        return f"Node {OLDEST_NODE} or newer is needed, and this is {version}"
    wanted = json.loads((E2E_FOLDER / "package.json").read_text(encoding="utf-8"))["dependencies"]
    if not all((E2E_FOLDER / "node_modules" / name).is_dir() for name in wanted):
        return "the clients are not installed: run `npm ci` in tests/e2e"
    return None


@pytest.fixture(scope="session")
def node() -> str:
    """The path of Node. Without it the test is skipped, unless ``.ci/run`` found npm on the machine: then it fails."""
    if (missing := _missing_requirement()) is not None:
        if os.environ.get("MAKE_EMULATOR_REQUIRE_NODE_TESTS"):
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)
    return shutil.which("node") or "node"


@pytest.fixture
def environment(make_world: World) -> Mapping[str, str]:
    """Environment variables that point a client to the test's world."""
    address = urlsplit(make_world.base_url)
    return {
        **os.environ,
        "MAKE_API_KEY": make_world.token,
        "MAKE_PROTOCOL": address.scheme,
        "MAKE_ZONE": address.netloc,
        "MAKE_TEAM": str(make_world.team_id),
        "MAKE_ORGANIZATION": str(make_world.organization_id),
        "MAKE_WORLD": make_world.name,
    }


def script_runner(node: str, environment: Mapping[str, str], folder: str) -> RunScript:
    """Runner of the scripts of a folder."""

    def run(script: str, **given: Any) -> Any:
        command = [node, str(E2E_FOLDER / folder / f"{script}.mjs"), json.dumps(given)]
        done = subprocess.run(
            command, env=environment, capture_output=True, encoding="utf-8", timeout=60, check=False
        )
        if done.returncode:
            pytest.fail(f"{folder}/{script}.mjs failed:\n{done.stderr}", pytrace=False)
        return json.loads(done.stdout)

    return run


@pytest.fixture
def sdk(node: str, environment: Mapping[str, str]) -> RunScript:
    return script_runner(node, environment, "sdk")
