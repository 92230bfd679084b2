"""The modules for Testcontainers of the documentation, with a daemon that runs the program of this checkout."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace

import pytest

from helpers.docker_daemon import docker_daemon
from make_emulator import __version__

from .conftest import ROOT, Project

EXAMPLES = ROOT / "examples/testcontainers"

pytestmark = pytest.mark.e2e


@pytest.fixture
def user(project: Project) -> Project:
    """A project that has the module and its test."""
    for path in EXAMPLES.glob("*.ts"):
        shutil.copy(path, project.folder)
    return project


def test_the_module_for_node_starts_a_container_and_removes_it(user: Project) -> None:
    with docker_daemon() as daemon:
        user = replace(user, environment={**user.environment, **daemon.variables})
        done = user.run_tool("vitest", "run", "--reporter=json", "--outputFile=report.json")
        assert done.returncode == 0, done.stdout + done.stderr
        assert json.loads((user.folder / "report.json").read_text("utf-8"))["numPassedTests"] == 1
        [created] = daemon.created
        assert created["Image"] == f"ghcr.io/make-emulator/make-emulator:{__version__}"
        assert daemon.containers == {}


def test_the_module_for_node_has_the_types_of_the_library(user: Project) -> None:
    options = {
        "strict": True,
        "noEmit": True,
        "target": "es2022",
        "module": "nodenext",
        "skipLibCheck": True,
        "types": ["node"],
        "lib": ["es2023", "esnext.disposable"],
    }
    user.write({"tsconfig.json": json.dumps({"compilerOptions": options})})
    done = user.run_tool("tsc", "--project", ".")
    assert (done.stdout, done.returncode) == ("", 0)


def test_the_modules_are_about_30_lines() -> None:
    for name in ("make_emulator_container.py", "make-emulator-container.ts"):
        text = (EXAMPLES / name).read_text("utf-8")
        assert len(re.findall(r"\S.*\n", text)) <= 35
