"""A Node developer: the npm package with vitest, jest and the test runner of Node, and the vendor's SDK."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from e2e.npm_package.conftest import PACKAGE, tarball
from helpers.documentation import ROOT

from .reader import Reader

__all__ = ["tarball"]

pytestmark = pytest.mark.e2e

PAGE = "docs/how-to/node.md"


def install(reader: Reader, command: str, tarball: Path) -> None:
    """Runs `npm install` of the page: the package is the one that was packed, others have the versions of its development.

    Skips the test without a registry, unless ``.ci/run`` says that there is one.
    """
    versions = json.loads((PACKAGE / "package.json").read_text("utf-8"))["devDependencies"]
    words = [
        str(tarball) if word == "make-emulator" else f"{word}@{versions[word]}" if word in versions else word
        for word in command.split()
    ]
    code, printed = reader.shell.run(" ".join([*words, "--no-audit", "--no-fund", "--silent"]))
    if code and os.environ.get("MAKE_EMULATOR_REQUIRE_NODE_TESTS"):
        pytest.fail(f"the package cannot be installed:\n{printed}", pytrace=False)
    if code:
        pytest.skip(f"no registry can be reached: {printed[-300:]}")


def test_the_guide_leads_to_tests_with_each_runner(reader: Reader, tarball: Path) -> None:
    [(command, _)] = reader.block(PAGE, "console").commands()
    install(reader, command, tarball)
    for block in reader.blocks(PAGE, "vitest"):
        if block.file_name() is not None:
            reader.shell.write(block)
    printed = reader.run_named(PAGE, "npx vitest run")
    assert re.search(r"Tests +3 passed", printed)
    assert "(!)" not in printed

    for block in reader.blocks(PAGE, "Any other test runner, or a script"):
        reader.shell.write(block)
    assert "# pass 1" in reader.run_named(PAGE, "node --test").replace("ℹ", "#")


def test_a_script_with_the_sdk_calls_a_server(reader: Reader, tarball: Path) -> None:
    install(reader, "npm install @makehq/sdk", tarball)
    reader.run("make-emulator serve")
    script = reader.block("README.md", "js")
    reader.shell.write(script)
    assert "Hello, Zoe!" in reader.run(f"node {script.file_name()}")
    assert "`@makehq/sdk`" in (ROOT / PAGE).read_text("utf-8")
