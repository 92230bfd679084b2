"""The wheel in an environment of its own, used outside of the repository, as a user has it from an index."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from distribution.conftest import Distributions, distributions
from helpers.api import ADMIN_TOKEN
from helpers.installation import Installation, create_environment
from helpers.sharing import share
from make_emulator import __version__

__all__ = ["distributions"]

pytestmark = pytest.mark.e2e


def environment(tmp_path_factory: pytest.TempPathFactory, distributions: Distributions, name: str) -> Path:
    """The folder of an environment: ``plain`` is the wheel alone, ``all`` has its extras."""
    requirement = str(distributions.wheel) if name == "plain" else f"{distributions.wheel}[{name}]"

    def build(folder: Path) -> None:
        create_environment(folder / "environment", requirement)

    # Each is built by another process of pytest-xdist.
    return share(tmp_path_factory, f"installed-{name}", build) / "environment"


@pytest.fixture
def plain(
    tmp_path_factory: pytest.TempPathFactory, distributions: Distributions, tmp_path: Path
) -> Installation:
    return Installation(environment(tmp_path_factory, distributions, "plain"), tmp_path)


@pytest.fixture
def everything(
    tmp_path_factory: pytest.TempPathFactory, distributions: Distributions, tmp_path: Path
) -> Installation:
    return Installation(environment(tmp_path_factory, distributions, "all"), tmp_path)


@pytest.mark.parametrize("name", ["plain", "everything"])
def test_the_installation_is_the_wheel_and_nothing_conflicts(
    request: pytest.FixtureRequest, name: str
) -> None:
    installation: Installation = request.getfixturevalue(name)
    assert installation.run("make-emulator", "--version").stdout == f"make-emulator, version {__version__}\n"
    checked = installation.check()
    assert checked.returncode == 0, checked.stdout + checked.stderr
    located = installation.run("python", "-c", "import make_emulator; print(make_emulator.__file__)")
    assert Path(located.stdout.strip()).is_relative_to(installation.folder)


def test_it_serves_and_runs_a_scenario(plain: Installation) -> None:
    with plain.serve() as started:
        request = Request(
            f"{started['baseUrl']}/scenarios/1/run",
            b'{"data": {"name": "Zoe"}, "responsive": true}',
            {"Authorization": f"Token {ADMIN_TOKEN}", "Content-Type": "application/json"},
        )
        with urlopen(request, timeout=60) as response:
            assert json.load(response)["outputs"] == {"greeting": "Hello, Zoe!"}
        with urlopen(f"{started['url']}/_emulator/docs", timeout=60) as response:
            assert "/scenarios/{scenarioId}/run" in response.read().decode()
        health = plain.run("make-emulator", "health", "--url", str(started["url"]))
        assert health.stdout == f"make-emulator {__version__} is ready at {started['url']}\n"


def test_it_serves_https_without_an_extra(plain: Installation) -> None:
    with plain.serve("--tls") as started:
        health = plain.run("make-emulator", "health", "--url", str(started["url"]))
        assert health.stdout.endswith(f" is ready at {started['url']}\n")
        assert str(started["url"]).startswith("https://")


def test_it_finds_its_seeds_and_its_ledger(plain: Installation) -> None:
    assert plain.run("make-emulator", "init", "seed.yaml").returncode == 0
    assert "is a valid seed" in plain.run("make-emulator", "validate", "seed.yaml").stdout
    assert "observed" in plain.run("make-emulator", "fidelity").stdout


def test_what_an_extra_is_missing_for_is_one_line_that_names_it(plain: Installation) -> None:
    result = plain.run("make-emulator", "contract")
    assert (result.returncode, result.stdout, result.stderr) == (
        1,
        "",
        "make-emulator: the contract suite needs pytest: pip install 'make-emulator[contract]'\n",
    )


def test_the_contract_suite_runs_read_only(everything: Installation) -> None:
    result = everything.run("make-emulator", "contract", "--read-only")
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    assert re.search(r"\d\d+ passed", result.stdout)


def test_the_plugin_of_pytest_is_active(everything: Installation) -> None:
    (everything.work / "test_mine.py").write_text(
        """
import requests

def test_a_scenario_runs(make_client, make_world):
    run = make_client.post("/scenarios/1/run", json={"data": {"name": "Zoe"}, "responsive": True}).json()
    assert run["outputs"] == {"greeting": "Hello, Zoe!"}
    make_world.requests.assert_called("POST", "/scenarios/*/run", times=1)

def test_that_fails(make_client):
    assert make_client.get("/scenarios/999").status_code == 200
"""
    )
    result = everything.run("python", "-m", "pytest", "-W", "error", "-p", "no:cacheprovider")
    assert "1 failed, 1 passed" in result.stdout
    assert "GET /scenarios/999 -> 404" in result.stdout


def test_custom_functions_run(everything: Installation) -> None:
    code = "import make_emulator.engine.custom_functions as f; print(f.find_code_error('function f() { return 1; }'))"
    assert everything.run("python", "-c", code).stdout == "None\n"
