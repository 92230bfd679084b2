"""The GitHub Action: its steps, run as a runner runs them."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from helpers.api import ADMIN_TOKEN
from helpers.wheels import checkout_wheel
from make_emulator import __version__

ROOT = Path(__file__).parents[2]

ACTION: Any = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(
        sys.platform == "win32" or not shutil.which("bash"), reason="a shell of POSIX is needed"
    ),
]


class Runner:
    """Runner of the steps of the action."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workspace = folder / "workspace"
        self.workspace.mkdir()
        self.temporary = folder / "temp"
        self.temporary.mkdir()
        self.log = ""

    def file(self, name: str) -> str:
        path = self.folder / name
        return path.read_text("utf-8") if path.exists() else ""

    @property
    def outputs(self) -> dict[str, str]:
        return dict(line.split("=", 1) for line in self.file("output").splitlines())

    def run(self, step: int, inputs: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Runs a step with the inputs of a user."""
        spec = ACTION["runs"]["steps"][step]
        assert spec["shell"] == "bash"
        given = {name: row.get("default", "") for name, row in ACTION["inputs"].items()} | dict(inputs)
        path = os.pathsep.join([*reversed(self.file("path").splitlines()), os.environ["PATH"]])
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MAKE_")}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", spec["run"]],
            cwd=self.workspace,
            env={
                **{name: value for name, value in kept.items() if name != "PYTHONPATH"},
                "PATH": path,
                "RUNNER_TEMP": str(self.temporary),
                "GITHUB_ENV": str(self.folder / "env"),
                "GITHUB_OUTPUT": str(self.folder / "output"),
                "GITHUB_PATH": str(self.folder / "path"),
                **{name: self._fill(text, given) for name, text in spec["env"].items()},
            },
            capture_output=True,
            encoding="utf-8",
            timeout=240,
            check=False,
        )
        self.log += done.stdout + done.stderr
        return done

    def _fill(self, text: str, inputs: Mapping[str, str]) -> str:
        match = re.fullmatch(r"\$\{\{ (?:inputs\.([\w-]+)|github\.action_path) \}\}", text)
        assert match is not None, text
        return inputs[match[1]] if match[1] else str(ROOT)

    def stop(self) -> None:
        """Ends the server, as the end of a job does."""
        pid = self.temporary / "make-emulator-run/pid"
        if pid.exists():
            with suppress(ProcessLookupError):
                os.kill(int(pid.read_text()), signal.SIGTERM)


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    runner = Runner(tmp_path)
    yield runner
    runner.stop()


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The PATH after the first step, which has installed the program from a folder instead of an index."""
    runner, wheels = Runner(tmp_path_factory.mktemp("installation")), tmp_path_factory.mktemp("wheels")
    checkout_wheel(wheels)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_NO_INDEX", "1")
        patch.setenv("PIP_FIND_LINKS", str(wheels))
        done = runner.run(0, {"version": __version__, "python": sys.executable})
    assert done.returncode == 0, runner.log
    assert done.stdout.splitlines()[-1] == f"make-emulator, version {__version__}"
    return runner.file("path")


@pytest.fixture
def installed(runner: Runner, installation: str) -> Runner:
    """A runner on which the first step has run."""
    (runner.folder / "path").write_text(installation, "utf-8")
    return runner


def test_no_input_is_pasted_into_a_script() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"]


def test_the_steps_start_an_emulator_and_say_where_it_is(installed: Runner) -> None:
    inputs = {
        "port": "0",
        "plan": "core",
        "zone": "us1",
        "now": "2026-01-01T00:00:00Z",
        "rate-limit": "false",
    }
    done = installed.run(1, inputs)
    assert done.returncode == 0, installed.log
    outputs = installed.outputs
    assert outputs.keys() == ACTION["outputs"].keys()
    for name, row in ACTION["outputs"].items():
        assert row["value"] == f"${{{{ steps.start.outputs.{name} }}}}"
    assert (outputs["token"], outputs["team-id"], outputs["organization-id"]) == (ADMIN_TOKEN, "1", "1")
    assert done.stdout == f"make-emulator serves {outputs['base-url']}\n"
    headers = {"Authorization": f"Token {outputs['token']}"}
    response = requests.get(f"{outputs['base-url']}/organizations/1", headers=headers, timeout=60)
    assert response.json()["organization"]["zone"] == "us1.make.com"
    assert "X-RateLimit-Limit" not in response.headers
    clock = requests.get(f"{outputs['url']}/_emulator/worlds/default/clock", timeout=60).json()
    assert clock["now"].startswith("2026-01-01T00:0")
    assert "GET /organizations/1" in Path(outputs["log"]).read_text("utf-8")
    variables = installed.file("env")
    assert f"MAKE_API_KEY={ADMIN_TOKEN}\n" in variables
    assert f"MAKE_EMULATOR_URL={outputs['url']}\n" in variables


def test_the_variables_are_not_set_against_the_users_will(installed: Runner) -> None:
    assert installed.run(1, {"port": "0", "export": "false"}).returncode == 0, installed.log
    assert installed.file("env") == ""


def test_further_arguments_and_tls_are_passed_on(installed: Runner) -> None:
    done = installed.run(1, {"port": "0", "tls": "true", "args": "--setting\napiAccess=false\n"})
    assert done.returncode == 0, installed.log
    outputs = installed.outputs
    settings = requests.get(
        f"{outputs['url']}/_emulator/worlds/default", verify=outputs["ca-file"], timeout=60
    ).json()["settings"]
    assert settings["apiAccess"] is False
    assert f"NODE_EXTRA_CA_CERTS={outputs['ca-file']}\n" in installed.file("env")


def test_a_seed_with_a_blank_in_its_name_is_one_argument(installed: Runner) -> None:
    (installed.workspace / "my seed.yaml").write_text("organizations: [{name: Acme, teams: [{name: Ops}]}]\n")
    assert installed.run(1, {"port": "0", "seed": "my seed.yaml"}).returncode == 0, installed.log
    headers = {"Authorization": f"Token {installed.outputs['token']}"}
    team = requests.get(f"{installed.outputs['base-url']}/teams/1", headers=headers, timeout=60).json()[
        "team"
    ]
    assert team["name"] == "Ops"


def test_a_start_that_fails_ends_the_step_with_the_reason(installed: Runner) -> None:
    done = installed.run(1, {"port": "0", "seed": "nothing"})
    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == (
        "::error title=make-emulator::The emulator ended before it was ready: "
        "make-emulator: there is no seed named 'nothing', nor a file of that name"
    )


def test_an_old_python_ends_the_step_with_what_to_do(runner: Runner, tmp_path: Path) -> None:
    old = tmp_path / "old python3.9"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = runner.run(0, {"python": str(old)})
    assert done.returncode == 1
    assert done.stdout == (
        f"::error title=make-emulator::{old} is older than 3.11, or missing: add a step with actions/setup-python before\n"
    )
