"""The script and the style of the studio are those that its sources give."""

from __future__ import annotations

import gzip
import os
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


def test_the_studio_is_small() -> None:
    size = sum(len(gzip.compress(path.read_bytes(), 6)) for path in BUILT.iterdir())
    assert size < 60_000
