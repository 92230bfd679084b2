"""The script and the style of the studio are those that its sources give."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "studio"
BUILT = ROOT / "emulator/make_emulator/dashboard/static"

pytestmark = pytest.mark.e2e


@pytest.fixture(autouse=True)
def _installed() -> None:
    if not (SOURCES / "node_modules/.bin/esbuild").exists() or shutil.which("npx") is None:
        assert not os.environ.get("MAKE_EMULATOR_REQUIRE_NODE_TESTS"), (
            "the compiler of the studio is not installed"
        )
        pytest.skip("the compiler of the studio is not installed: run `make studio`")


def run(*command: str) -> None:
    ended = subprocess.run(command, cwd=SOURCES, capture_output=True, encoding="utf-8", check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_files_of_the_package_are_built_from_the_sources(tmp_path: Path) -> None:
    run("npm", "run", "--silent", "build", "--", f"--outdir={tmp_path}")
    for name in ("studio.js", "studio.css"):
        assert (tmp_path / name).read_text("utf-8") == (BUILT / name).read_text("utf-8"), (
            f"{name}: run `make studio`"
        )


def test_the_types_of_the_sources_are_right() -> None:
    run("npm", "run", "--silent", "check")


def test_only_replays_the_api_form_and_webhooks_call_the_emulator_as_clients() -> None:
    # All other calls leave the request log, which is that of the clients under test, alone.
    sources = {path.name: path.read_text("utf-8") for path in (SOURCES / "src").iterdir()}
    assert {name for name, text in sources.items() if "makeAsClient(" in text} == {"requests_page.tsx"}
    assert {name for name, text in sources.items() if re.search(r"\bfetch\((?!`/_emulator)", text)} == {
        "api.ts",  # `send`, of the control API and of `makeAsClient`
        "api_page.tsx",
        "hooks.ts",  # the stream of events
        "play.tsx",
        "snippets.ts",
    }


def test_the_types_of_the_control_api_are_those_of_the_npm_package() -> None:
    # Which tests/e2e/npm_package/test_control_api.py holds against real responses.
    source = (SOURCES / "src/api.ts").read_text("utf-8")
    assert 'from "../../node/src/types"' in source
    shared = {"World", "Run", "ScenarioRow", "Scenario", "Drawing", "Step", "Trace", "Finding", "LogRow"}
    repeated = re.findall(r"^(?:export )?interface (\w+)", source, flags=re.MULTILINE)
    assert not shared.intersection(repeated)


def test_the_studio_is_small() -> None:
    size = sum(len(gzip.compress(path.read_bytes(), 6)) for path in BUILT.iterdir())
    assert size < 60_000
