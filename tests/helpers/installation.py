"""Installations of the wheel in environments of their own, as a user has them from an index."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from .documentation import ROOT

#: Variables that would lead a process to the repository, to its environment, or to settings of these tests.
_FOREIGN = re.compile(r"PYTHON(?!WARNINGS|UTF8)|PYTEST_|COV_|MAKE_|VIRTUAL_ENV")


#: Copying pip into each environment would take longer than most installations.
_HAS_PIP = find_spec("pip") is not None


class Installation:
    """An environment with the wheel, and the folder in which its commands are run."""

    def __init__(self, folder: Path, work: Path) -> None:
        self.folder = folder
        self.scripts = folder / ("Scripts" if os.name == "nt" else "bin")
        self.work = work
        self.environment = {name: value for name, value in os.environ.items() if not _FOREIGN.match(name)} | {
            "PATH": os.pathsep.join([str(self.scripts), os.environ["PATH"]])
        }

    def run(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        executable = shutil.which(command, path=str(self.scripts))
        assert executable is not None, command
        return subprocess.run(
            [executable, *arguments],
            cwd=self.work,
            env=self.environment,
            capture_output=True,
            encoding="utf-8",
            timeout=240,
            check=False,
        )

    def check(self) -> subprocess.CompletedProcess[str]:
        """Looks for requirements of distributions that are missing or have other versions."""
        return subprocess.run(
            _pip(self.folder, "check"),
            env=self.environment,
            capture_output=True,
            encoding="utf-8",
            timeout=240,
            check=False,
        )

    @contextmanager
    def serve(self, *arguments: str) -> Iterator[dict[str, object]]:
        """A server, and what it says at its start."""
        executable = shutil.which("make-emulator", path=str(self.scripts))
        assert executable is not None
        with subprocess.Popen(
            [executable, "serve", "--port", "0", "--format", "json", *arguments],
            cwd=self.work,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
        ) as process:
            try:
                assert process.stdout is not None
                yield json.loads(process.stdout.readline())
            finally:
                process.terminate()


def _install(environment: Path, *requirements: str) -> None:
    """Installs with the versions of the lock files.

    It skips the test without an index, unless ``.ci/run`` says that there is one.
    """
    locked = (ROOT / "requirements/dev.txt").read_text("utf-8")
    constraints = environment.with_suffix(".txt")
    # Constraints have no hashes: those of the wheel that was just built are not known.
    constraints.write_text(
        "".join(f"{line}\n" for line in re.findall(r"^[\w.-]+==[^\\\n]+", locked, re.MULTILINE))
    )
    # Most files of the libraries are never imported: they are compiled on first use.
    options = [] if shutil.which("uv") else ["--no-compile"]
    done = subprocess.run(
        [*_pip(environment, "install"), *options, "--quiet", "--constraint", str(constraints), *requirements],
        capture_output=True,
        encoding="utf-8",
        timeout=400,
        check=False,
    )
    if done.returncode == 0:
        return
    if os.environ.get("MAKE_EMULATOR_REQUIRE_INSTALL_TESTS"):
        pytest.fail(f"the wheel cannot be installed:\n{done.stderr}", pytrace=False)
    pytest.skip(f"no index can be reached: {done.stderr.strip().splitlines()[-1][:300]}")


def _pip(environment: Path, command: str) -> list[str]:
    """Returns a command of uv or pip for an environment, which has no pip of its own where these tests have one."""
    python = str(environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    if uv := shutil.which("uv"):
        return [uv, "pip", command, "--python", python]
    if _HAS_PIP:
        return [sys.executable, "-m", "pip", "--python", python, command]
    return [python, "-m", "pip", command]


def create_environment(environment: Path, *requirements: str) -> None:
    """Makes an environment with some requirements."""
    options = ["--without-pip"] if _HAS_PIP or shutil.which("uv") else []
    command = [sys.executable, "-m", "venv", *options, str(environment)]
    subprocess.run(command, check=True, timeout=120)
    _install(environment, *requirements)
