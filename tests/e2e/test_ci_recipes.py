"""The recipes for CI: their services serve their jobs, and their scripts run."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import yaml

from helpers.server import SERVE_FOR_PROGRAM
from helpers.wheels import checkout_wheel
from make_emulator import __version__

ROOT = Path(__file__).parents[2]
RECIPES = ROOT / "examples/ci"

pytestmark = pytest.mark.e2e

#: Variables of a service, and of the job that uses it.
Variables = tuple[Mapping[str, str], Mapping[str, str]]


def _github(recipe: Any) -> Variables:
    job = recipe["jobs"]["test"]
    return job["services"]["make"]["env"], job["env"]


def _gitlab(recipe: Any) -> Variables:
    # The variables of a job are those of its services, too.
    return recipe["test"]["variables"], recipe["test"]["variables"]


def _circle(recipe: Any) -> Variables:
    job, service = recipe["jobs"]["test"]["docker"]
    return service["environment"], job["environment"]


def _azure(recipe: Any) -> Variables:
    [container] = recipe["resources"]["containers"]
    assert recipe["services"] == {"make": container["container"]}
    return container["env"], recipe["variables"]


@contextmanager
def serve(variables: Mapping[str, str]) -> Iterator[int]:
    """The program as the image starts it, with the variables of a service; its port."""
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    assert "MAKE_EMULATOR_HOST=0.0.0.0" in dockerfile
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MAKE_")}
    environment = {**kept, "MAKE_EMULATOR_HOST": "0.0.0.0", **variables}
    command = list(SERVE_FOR_PROGRAM)
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        port = urlsplit(json.loads(process.stdout.readline())["url"]).port
        assert port is not None
        yield port
        process.stdin.close()


@pytest.mark.parametrize(
    ("name", "read"),
    [("github-service", _github), ("gitlab-ci", _gitlab), ("circleci", _circle), ("azure-pipelines", _azure)],
)
def test_a_job_reaches_the_control_api_and_the_api_of_its_service(
    name: str, read: Callable[[Any], Variables]
) -> None:
    service, job = read(yaml.safe_load((RECIPES / f"{name}.yml").read_text("utf-8")))
    address = urlsplit(job["MAKE_EMULATOR_URL"])
    with serve(service) as port:
        # Under the name by which the job calls it.
        headers = {"Host": f"{address.hostname}:{port}", "X-Emulator-Key": job["MAKE_EMULATOR_CONTROL_KEY"]}
        created = requests.post(f"http://127.0.0.1:{port}/_emulator/worlds", headers=headers, timeout=60)
        assert created.status_code == 201, created.text
        headers = {"Host": headers["Host"], "Authorization": f"Token {created.json()['world']['token']}"}
        answer = requests.get(f"http://127.0.0.1:{port}/api/v2/users/me", headers=headers, timeout=60)
        assert answer.status_code == 200


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX is needed")
def test_the_script_starts_the_emulator_runs_the_tests_and_ends_it(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("MAKE_")},
        "PATH": os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]]),
        "MAKE_EMULATOR_PORT": str(port),
        "MAKE_EMULATOR_URL": f"http://127.0.0.1:{port}",
    }
    code = (
        "import os, urllib.request as r; "
        "q = r.Request(os.environ['MAKE_BASE_URL'] + '/users/me', headers={'Authorization': 'Token ' + os.environ['MAKE_API_KEY']}); "
        "print(r.urlopen(q).status); raise SystemExit(7)"
    )
    done = subprocess.run(
        [str(RECIPES / "any.sh"), sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    # The exit code is that of the tests.
    assert (done.returncode, done.stdout) == (7, "200\n"), done.stderr
    with socket.socket() as client:
        assert client.connect_ex(("127.0.0.1", port)) != 0


# --- dev containers ------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX is needed")
def test_the_feature_installs_the_release_that_its_option_names(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    checkout_wheel(wheels)
    python = tmp_path / "usr/bin/python3"
    python.parent.mkdir(parents=True)
    python.symlink_to(getattr(sys, "_base_executable", sys.executable))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE_", "PYTHON"))}
    environment = {
        **kept,
        "PREFIX": str(tmp_path / "usr"),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheels),
    }
    script = str(ROOT / "devcontainer/src/make-emulator/install.sh")
    for version in ("latest", __version__):
        done = subprocess.run(
            ["sh", script],
            env={**environment, "VERSION": version, "EXTRAS": ""},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert (done.returncode, done.stdout) == (0, f"make-emulator, version {__version__}\n"), done.stderr
        assert (tmp_path / "usr/bin/make-emulator").exists()
    missing = subprocess.run(
        ["sh", script],
        env={**environment, "VERSION": "0.0.1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert missing.returncode != 0
    assert "make-emulator==0.0.1" in missing.stderr
