"""The import layers of pyproject.toml: every module stands in one, and every named module exists."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "emulator" / "make_emulator"

#: Packages whose parts stand in several layers; they import nothing themselves.
SPLIT_PACKAGES = {
    "make_emulator.http",
    "make_emulator.engine",
    "make_emulator.engine.blueprints",
    "make_emulator.engine.mock_data",
}


def named_modules() -> list[str]:
    """Returns the modules and packages that the layers name, from top to bottom."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    [contract] = [
        each
        for each in config["tool"]["importlinter"]["contracts"]
        if each["type"] == "layers" and "containers" not in each
    ]
    return [name.strip() for layer in contract["layers"] for name in layer.replace("|", ":").split(":")]


def existing_modules() -> dict[str, Path]:
    """Returns the file of every module of the package, by its dotted name."""
    modules = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return modules


def test_every_module_stands_in_a_layer() -> None:
    named = set(named_modules())

    def is_in_layer(module: str) -> bool:
        parts = module.split(".")
        return any(".".join(parts[:length]) in named for length in range(1, len(parts) + 1))

    outside = {module for module in existing_modules() if not is_in_layer(module)}
    assert outside - SPLIT_PACKAGES - {"make_emulator"} == set(), "name it in a layer of pyproject.toml"


def test_every_named_module_exists_once() -> None:
    named = named_modules()
    assert set(named) - set(existing_modules()) == set()
    assert len(named) == len(set(named))


def test_a_package_that_is_split_over_layers_imports_nothing() -> None:
    modules = existing_modules()
    for package in SPLIT_PACKAGES - set(named_modules()):
        lines = modules[package].read_text("utf-8").splitlines()
        assert [line for line in lines if line.startswith(("import ", "from ."))] == [], package
