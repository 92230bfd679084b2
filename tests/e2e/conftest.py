"""Runs scripts that drive the emulator with the vendor's own client."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import pytest

from emulator import World

HERE = Path(__file__).parent
OLDEST_NODE = 20


class RunSdk(Protocol):
    """Runs ``sdk/<script>.mjs`` against the test's world and returns the JSON document that it prints."""

    def __call__(self, script: str, **given: Any) -> Any: ...


@cache
def _missing() -> str | None:
    """What these tests need and this machine lacks."""
    node = shutil.which("node")
    if node is None:
        return "Node is not installed"
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").partition(".")[0]) < OLDEST_NODE:
        return f"Node {OLDEST_NODE} or newer is needed, and this is {version}"
    if not (HERE / "node_modules" / "@makehq" / "sdk").is_dir():
        return "the client is not installed: run `npm ci` in tests/e2e"
    return None


@pytest.fixture(scope="session")
def node() -> str:
    """The path of Node. Without it the test is skipped, but fails in CI, where nothing may be passed over."""
    if (missing := _missing()) is not None:
        if os.environ.get("CI"):
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)
    return shutil.which("node") or "node"


@pytest.fixture
def sdk(node: str, make_world: World) -> RunSdk:
    address = urlsplit(make_world.base_url)
    environment = {
        **os.environ,
        "MAKE_API_KEY": make_world.token,
        "MAKE_PROTOCOL": address.scheme,
        "MAKE_ZONE": address.netloc,
        "MAKE_TEAM": str(make_world.team_id),
        "MAKE_ORGANIZATION": str(make_world.organization_id),
        "MAKE_WORLD": make_world.name,
    }

    def run(script: str, **given: Any) -> Any:
        command = [node, str(HERE / "sdk" / f"{script}.mjs"), json.dumps(given)]
        done = subprocess.run(
            command, env=environment, capture_output=True, encoding="utf-8", timeout=60, check=False
        )
        if done.returncode:
            pytest.fail(f"sdk/{script}.mjs failed:\n{done.stderr}", pytrace=False)
        return json.loads(done.stdout)

    return run
