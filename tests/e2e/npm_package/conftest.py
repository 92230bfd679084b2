"""The npm package, packed and installed in a project as its users have it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import pytest

from helpers.sharing import share

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "node"
OLDEST_NODE = 20

#: The longest run of a command, in seconds.
TIMEOUT = 240


@dataclass(frozen=True)
class Project:
    """Project of a user, in which the package is installed."""

    folder: Path
    tarball: Path
    environment: Mapping[str, str]

    def run(
        self, *command: str, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command in the project."""
        return subprocess.run(
            command,
            cwd=cwd or self.folder,
            env=self.environment if env is None else env,
            capture_output=True,
            encoding="utf-8",
            timeout=TIMEOUT,
            check=False,
        )

    def run_tool(
        self, name: str, *arguments: str, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Runs a tool that the development of the package has, such as vitest."""
        manifest = json.loads((PACKAGE / f"node_modules/{_TOOLS[name]}/package.json").read_text("utf-8"))
        program = manifest["bin"][name] if isinstance(manifest["bin"], dict) else manifest["bin"]
        return self.run(
            node_path(), str(PACKAGE / f"node_modules/{_TOOLS[name]}" / program), *arguments, cwd=cwd
        )

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


#: The package of each tool.
_TOOLS = {"jest": "jest", "tsc": "typescript", "vitest": "vitest"}


class RunCode(Protocol):
    """Runs an ES module that imports the package, and returns the JSON document that it prints last."""

    def __call__(self, code: str, env: Mapping[str, str] | None = None) -> Any: ...


@cache
def _missing_requirement() -> str | None:
    """Requirement of these tests that this machine lacks."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return "Node is not installed, or npm"
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").partition(".")[0]) < OLDEST_NODE:
        return f"Node {OLDEST_NODE} or newer is needed, and this is {version}"
    wanted = json.loads((PACKAGE / "package.json").read_text(encoding="utf-8"))["devDependencies"]
    if not all((PACKAGE / "node_modules" / name).is_dir() for name in wanted):
        return "the tools of the package are not installed: run `npm ci` in node"
    return None


def node_path() -> str:
    return shutil.which("node") or "node"


@pytest.fixture(scope="session")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as it is published, built once from a copy."""
    if (missing := _missing_requirement()) is not None:
        if os.environ.get("MAKE_EMULATOR_REQUIRE_NODE_TESTS"):
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)
    [path] = share(tmp_path_factory, "npm-package", _pack).glob("*.tgz")
    return path


def _pack(folder: Path) -> None:
    sources = shutil.copytree(
        PACKAGE, folder / "node", ignore=shutil.ignore_patterns("node_modules", "dist", "*.tgz", "LICENSE")
    )
    shutil.copy(ROOT / "LICENSE", folder)
    (sources / "node_modules").symlink_to(PACKAGE / "node_modules", target_is_directory=True)
    npm = shutil.which("npm") or "npm"
    done = subprocess.run(
        [npm, "pack", "--json", "--pack-destination", str(folder)],
        cwd=sources,
        capture_output=True,
        encoding="utf-8",
        timeout=TIMEOUT,
        check=False,
    )
    if done.returncode:
        pytest.fail(f"npm pack failed:\n{done.stdout}{done.stderr}", pytrace=False)


@pytest.fixture(scope="session")
def installed(tarball: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder ``node_modules`` of a user, with the package and, by links, the tools, which write into it."""
    folder = tmp_path_factory.mktemp("user") / "node_modules"
    folder.mkdir()
    with tarfile.open(tarball) as archive:
        archive.extractall(folder, filter="data")
    (folder / "package").rename(folder / "make-emulator")
    for each in (PACKAGE / "node_modules").iterdir():
        if not each.name.startswith("."):
            (folder / each.name).symlink_to(each, target_is_directory=True)
    return folder


@pytest.fixture
def project(installed: Path, tarball: Path, tmp_path: Path) -> Project:
    """A project of its own, whose Python program is that of this checkout."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "node_modules").symlink_to(installed, target_is_directory=True)
    (folder / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    environment = without_emulator(os.environ)
    scripts = os.path.dirname(sys.executable)
    path = os.pathsep.join([scripts, os.path.dirname(node_path()), environment.get("PATH", "")])
    return Project(
        folder,
        tarball,
        {**environment, "PATH": path, "XDG_CACHE_HOME": str(tmp_path / "cache"), "CI": "1", "NO_COLOR": "1"},
    )


@pytest.fixture
def run_code(project: Project) -> RunCode:
    def run(code: str, env: Mapping[str, str] | None = None) -> Any:
        project.write({"script.mjs": code})
        done = project.run(node_path(), "script.mjs", env=env)
        if done.returncode:
            pytest.fail(f"the script failed:\n{done.stdout}{done.stderr}", pytrace=False)
        return json.loads(done.stdout.splitlines()[-1])

    return run


def without_emulator(environment: Mapping[str, str]) -> dict[str, str]:
    """Returns an environment without settings of the emulator, and without those of a surrounding test run."""
    dropped = ("MAKE_EMULATOR_", "VITEST", "JEST_", "VIRTUAL_ENV", "FORCE_COLOR")
    return {name: value for name, value in environment.items() if not name.startswith(dropped)}


def links(folder: Path, programs: Sequence[str]) -> str:
    """Returns a PATH with these programs of the machine only."""
    folder.mkdir(exist_ok=True)
    for name in programs:
        target = shutil.which(name)
        assert target is not None, name
        (folder / name).symlink_to(target)
    return str(folder)
