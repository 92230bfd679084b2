"""CONTRIBUTING.md: the map names every package, and the files and commands that it names exist."""

from __future__ import annotations

import ast
import builtins
import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "emulator" / "make_emulator"
TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")


def section(title: str) -> str:
    [text] = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", TEXT, flags=re.MULTILINE | re.DOTALL)
    return str(text)


def test_the_map_names_every_package_once() -> None:
    named = re.findall(r"^\| `([\w/]+/)` \|", section("Map of the code"), flags=re.MULTILINE)
    packages = {
        f"{path.relative_to(PACKAGE)}/" for path in PACKAGE.iterdir() if (path / "__init__.py").exists()
    }
    engine = {
        f"engine/{path.name}/" for path in (PACKAGE / "engine").iterdir() if (path / "__init__.py").exists()
    }
    assert sorted(named) == sorted({*packages, *engine, "http/steps/", "mcp/tools/", "world/models/"})


def test_the_map_names_every_module_beside_the_packages() -> None:
    named = set(re.findall(r"`(\w+\.py)`", section("Map of the code")))
    modules = {path.name for path in PACKAGE.glob("*.py")}
    assert modules - named == {"__init__.py", "__main__.py", "version.py"}


def test_the_named_files_exist() -> None:
    for name in re.findall(r"`([\w/]+\.py)`", TEXT):
        if "GROUP" in name:
            continue
        assert (PACKAGE / name).is_file() or (ROOT / name).is_file(), name
    for name in re.findall(
        r"`((?:fixtures|contract_tests|tests|benchmarks|docs|skills|tools)/[\w./]*)`", TEXT
    ):
        assert (ROOT / name).exists(), name


def test_a_walk_has_at_most_six_files() -> None:
    walks = [walk for walk in section("Walks").split("\n\n") if walk.strip().startswith("**")]
    assert len(walks) == 9
    for walk in walks:
        assert 3 <= len(re.findall(r"`[\w/]+\.py`", walk)) <= 6, walk


def test_the_named_commands_are_targets_of_the_makefile() -> None:
    targets = re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE)
    assert set(re.findall(r"`make ([a-z-]+)", TEXT)) <= set(targets)


@pytest.mark.parametrize(
    ("number", "module", "own_names"),
    [
        (0, "api.teams", set()),
        (1, "engine.apps.tools", set()),
        (2, "engine.expressions.functions.math", set()),
        (3, "lint.rules.structure", set()),
        (4, "mcp.tools.management.teams", set()),
        (5, "world.schema", {"Key", "keys"}),
    ],
)
def test_an_example_uses_names_of_the_file_that_it_belongs_to(
    number: int, module: str, own_names: set[str]
) -> None:
    examples = re.findall(r"^```python\n(.*?)^```", section("Add …"), flags=re.MULTILINE | re.DOTALL)
    assert len(examples) == 6
    nodes = list(ast.walk(ast.parse(examples[number])))
    arguments = {node.arg for node in nodes if isinstance(node, ast.arg)}
    used = {node.id for node in nodes if isinstance(node, ast.Name)}
    known = {*vars(import_module(f"make_emulator.{module}")), *vars(builtins)}
    assert used - arguments - own_names - known == set()
