"""Run-time dependencies: what is imported is declared, what is large is needed, and errors name extras that there are."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import distribution, packages_distributions
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .conftest import ROOT

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PROJECT: dict[str, Any] = PYPROJECT["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
PACKAGE = ROOT / "emulator/make_emulator"

#: A dependency that is larger is that of an extra, which the error of the feature names.
MAX_SIZE = 5_000_000

#: The larger ones that every installation has, and the ordinary work that needs each.
NEEDED_BY_ALL = {
    "cryptography": "OAuth: every server offers logins, as clients of the MCP server start them, and signs the tokens",
    "faker": "runs: modules of apps without an implementation output mock data",
}

#: Data that the standard library reads, where the system has none.
NEVER_IMPORTED = {"tzdata"}

#: What ships in the wheel, and stubs of the type checker.
OWN = {"make_emulator", "contract_tests", "_typeshed"}

#: Libraries of a user's project that are intercepted where they are installed, and what they bring with them.
FOREIGN = {"aiohttp", "anyio", "httpx", "uvloop"}


def names_of(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(text).name) for text in requirements}


def installed_size(name: str) -> int:
    """The bytes of the files of a distribution; compiled files come with the first import."""
    files = distribution(name).files or []
    located = [Path(str(file.locate())) for file in files if file.suffix != ".pyc"]
    return sum(path.stat().st_size for path in located if path.is_file())


def closure(requirements: list[str]) -> set[str]:
    """The distributions that an installer takes for these requirements on this machine."""
    found: set[str] = set()
    waiting = [Requirement(text) for text in requirements]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        if name not in found:
            found.add(name)
            waiting += [Requirement(text) for text in distribution(name).requires or []]
    return found


def imported_packages(folder: Path) -> Iterator[str]:
    """The first names of all imports below a folder, those in functions included."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                yield node.module.partition(".")[0]


def test_what_is_imported_is_declared_and_what_is_declared_is_imported() -> None:
    known = packages_distributions()
    used = {
        canonicalize_name(known[name][0] if name in known else name)
        for name in imported_packages(PACKAGE)
        if name not in sys.stdlib_module_names and name not in OWN
    }
    declared = names_of(PROJECT["dependencies"])
    optional = names_of([text for texts in EXTRAS.values() for text in texts])
    flask = names_of(distribution("flask").requires or [])
    assert used - declared - optional - flask - FOREIGN == set()
    assert declared - used == NEVER_IMPORTED


def test_what_is_large_is_needed_by_all() -> None:
    """Measured where it is installed; sizes differ by system, so what is named may be smaller here."""
    sizes = {name: installed_size(name) for name in closure(PROJECT["dependencies"])}
    assert len(sizes) > 20
    large = {name for name, size in sizes.items() if size > MAX_SIZE}
    assert large <= set(NEEDED_BY_ALL)
    assert set(NEEDED_BY_ALL) <= set(sizes)


def test_there_is_an_extra_with_all_others() -> None:
    [everything] = EXTRAS["all"]
    requirement = Requirement(everything)
    assert requirement.name == PROJECT["name"]
    assert requirement.extras == set(EXTRAS) - {"all"}


def test_development_has_what_the_extras_have() -> None:
    groups = PYPROJECT["dependency-groups"]

    def requirements(group: str) -> Iterator[str]:
        for entry in groups[group]:
            if isinstance(entry, str):
                yield entry
            else:
                yield from requirements(entry["include-group"])

    needed = names_of([text for name, texts in EXTRAS.items() if name != "all" for text in texts])
    assert needed - names_of(list(requirements("dev"))) == set()


def test_the_extras_that_are_named_exist() -> None:
    for path in (*PACKAGE.rglob("*.py"), *(ROOT / "docs").rglob("*.md"), ROOT / "README.md"):
        for names in re.findall(r"make-emulator\[([\w,]+)\]|'\.\[([\w,]+)\]'", path.read_text("utf-8")):
            assert set("".join(names).split(",")) <= set(EXTRAS), path


def test_the_extras_are_listed_in_the_documentation() -> None:
    page = (ROOT / "docs/how-to/install.md").read_text("utf-8")
    table = page.partition("\n| extra |")[2].partition("\n\n")[0]
    assert sorted(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == sorted(EXTRAS)
    for name in NEEDED_BY_ALL:
        assert re.search(rf"{name} \(\d+ MB\)", page, re.IGNORECASE), name


def test_every_extra_is_named_where_it_is_missed() -> None:
    sources = "".join(path.read_text("utf-8") for path in PACKAGE.rglob("*.py"))
    for name in set(EXTRAS) - {"all"}:
        assert f"make-emulator[{name}]" in sources, name


def test_the_lock_file_has_every_dependency() -> None:
    locked = re.findall(r"^([\w.-]+)==", (ROOT / "requirements/runtime.txt").read_text("utf-8"), re.MULTILINE)
    missing = closure(PROJECT["dependencies"]) - {canonicalize_name(name) for name in locked}
    assert missing == set()
