"""A maintainer of make-emulator: the commands of CONTRIBUTING.md in a fresh copy, and its examples of what to add."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from distribution.conftest import Distributions
from helpers.documentation import ROOT, open_shell

from .reader import Reader

pytestmark = pytest.mark.e2e

PAGE = "CONTRIBUTING.md"
PACKAGE = "emulator/make_emulator"
#: Uses the module and the function that CONTRIBUTING.md adds.
BLUEPRINT = {
    "name": "Added",
    "flow": [
        {"id": 1, "module": "util:UpperCase", "version": 1, "mapper": {"text": "{{double(21)}} apples"}}
    ],
    "metadata": {"version": 1},
}


@pytest.fixture
def maintainer(distributions: Distributions, tmp_path: Path) -> Iterator[Reader]:
    """A reader in a fresh copy of the repository, whose development environment is the one of these tests."""
    folder = tmp_path / "work"
    shutil.copytree(distributions.unpacked, folder)
    variables = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "PYTEST_"))
    }
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    with open_shell(folder, {**variables, "PATH": path, "PYTHONPATH": str(folder / "emulator")}) as shell:
        yield Reader(shell)


def make(maintainer: Reader, target: str, arguments: str = "") -> str:
    """Runs a target that CONTRIBUTING.md names, with the environment of these tests instead of a new one."""
    assert f"`make {target}" in (ROOT / PAGE).read_text("utf-8")
    venv = shlex.quote(sys.prefix)
    files = [f"{venv}/{name}" for name in (".dev", ".runtime", "mcp-1/.installed", "mcp-2/.installed")]
    files += ["tests/e2e/node_modules", "node/node_modules", "studio/node_modules"]
    old = " ".join(f"-o {name}" for name in [f"{venv}/bin/python", *files])
    return maintainer.shell.check(f"make {target} VENV={venv} {old} ARGS={shlex.quote(arguments)}")


def add(maintainer: Reader, start: str, path: str) -> None:
    """Adds an example of CONTRIBUTING.md, which begins with a text, to a file of the package."""
    [block] = [block for block in maintainer.blocks(PAGE, "Add …") if block.text.startswith(start)]
    with (maintainer.folder / PACKAGE / path).open("a", encoding="utf-8") as file:
        file.write(f"\n\n{block.text}")


def test_the_checks_of_a_part_pass_in_a_fresh_copy(maintainer: Reader) -> None:
    assert "passed" in make(maintainer, "test", "tests/world/test_clock.py -x -n 0 -p no:cacheprovider")
    assert "All checks passed!" in make(maintainer, "format")


def test_a_module_and_a_function_are_added_in_one_file_each(maintainer: Reader) -> None:
    (maintainer.folder / "blueprint.json").write_text(json.dumps(BLUEPRINT), "utf-8")
    code, before = maintainer.shell.run("make-emulator explain blueprint.json")
    assert code == 1
    assert "UpperCase" in before

    add(maintainer, '@APP.module("UpperCase"', "engine/apps/tools.py")
    add(maintainer, '@function("double"', "engine/expressions/functions/math.py")
    explained = maintainer.run("make-emulator explain blueprint.json")
    assert 'out: text: "42 APPLES"' in explained

    # Documentation follows from the declarations.
    make(maintainer, "docs")
    reference = maintainer.folder / "docs/reference"
    assert "| `util:UpperCase` | 1 a bundle |" in (reference / "modules.md").read_text("utf-8")
    assert "| `double` | 1 |" in (reference / "expressions.md").read_text("utf-8")
