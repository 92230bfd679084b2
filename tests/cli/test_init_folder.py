"""``serve --init-dir``: the files of a folder, as a container finds them in a volume."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from helpers.server import run_server
from make_emulator.cli.main import main

FIXTURES = Path(__file__).parents[2] / "fixtures"

ACME = """\
users: [{ name: Ann, email: ann@acme.example }]
organizations:
  - name: Acme
    teams: [{ name: Operations }]
"""


TESTS = """\
blueprint: greeting.json
tests:
  - name: It greets
    given: { inputs: { name: Zoe } }
    expect: { outputs: { greeting: "Hello, Zoe!" } }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "init.d"
    folder.mkdir()
    return folder


def put(folder: Path, name: str, text: str = ACME) -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def blueprint(name: str) -> str:
    return (FIXTURES / f"blueprints/{name}.json").read_text(encoding="utf-8")


def seed_named(name: str) -> str:
    return ACME.replace("Acme", name)


def get(url: str, token: str) -> Any:
    response = requests.get(url, headers={"Authorization": f"Token {token}"}, timeout=60)
    assert response.status_code == 200, response.text
    return response.json()


def worlds_of(url: str) -> dict[str, Any]:
    listed = requests.get(f"{url.removesuffix('/api/v2')}/_emulator/worlds", timeout=60).json()["worlds"]
    return {world["name"]: world for world in listed}


def organizations_of(url: str) -> dict[str, str]:
    """The name of the organization of each world."""
    return {
        name: get(f"{url}/organizations/{world['organizationId']}", world["token"])["organization"]["name"]
        for name, world in worlds_of(url).items()
    }


def rejection(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "make_emulator", "serve", "--port", "0", "--init-dir", str(folder)]
    done = subprocess.run([*command, *arguments], capture_output=True, encoding="utf-8", timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr


def test_the_first_seed_is_the_default_world_and_each_other_one_a_world_of_its_own(folder: Path) -> None:
    put(folder, "10-acme.yaml", seed_named("First"))
    put(folder, "20_initech.yml", seed_named("Second"))
    put(folder, "globex.json", json.dumps({"organizations": [{"name": "Third", "teams": [{"name": "T"}]}]}))
    with run_server(MAKE_EMULATOR_INIT_DIR=str(folder)) as (_, url):
        assert organizations_of(url) == {"default": "First", "initech": "Second", "globex": "Third"}


def test_the_summary_counts_the_files_and_names_the_worlds(folder: Path) -> None:
    put(folder, "a.yaml")
    put(folder, "b.yaml")
    put(folder, "orders/greeting.json", blueprint("greeting"))
    put(folder, "orders/greeting.test.yaml", TESTS)
    with run_server("--init-dir", str(folder)) as (process, url):
        assert process.stdout is not None
        shown = ""
        while "0 rejected" not in shown:
            shown += process.stdout.readline()
        token = worlds_of(url)["b"]["token"]
    assert f"  files         {folder}: 2 seeds, 1 blueprint, 1 test file\n" in shown
    assert f"  world b         token {token}\n" in shown
    assert re.search(r"scenario \d+  orders/greeting\.json  Greeting \(active\)", shown)


def test_a_seed_named_default_is_the_default_world_wherever_it_stands(folder: Path) -> None:
    put(folder, "acme.yaml", seed_named("First"))
    put(folder, "50-default.yaml", seed_named("Second"))
    with run_server("--init-dir", str(folder)) as (_, url):
        assert organizations_of(url) == {"default": "Second", "acme": "First"}


def test_with_a_seed_from_elsewhere_those_of_the_folder_are_other_worlds(folder: Path) -> None:
    put(folder, "acme.yaml", seed_named("First"))
    with run_server("--init-dir", str(folder), "--seed", "empty") as (_, url):
        assert set(worlds_of(url)) == {"default", "acme"}
        assert organizations_of(url)["acme"] == "First"
    path = put(folder, "default.yaml")
    assert rejection(folder, "--seed", "empty") == (
        f"make-emulator: {path} is a seed of the world 'default', but the default world has the seed of --seed\n"
    )


def test_time_and_rate_limit_are_those_of_every_world_and_plan_and_zone_of_the_default_one(
    folder: Path,
) -> None:
    put(folder, "a.yaml")
    put(folder, "b.yaml")
    chosen = ("--now", "2026-01-31T09:00:00Z", "--no-rate-limit", "--plan", "free", "--zone", "us1")
    with run_server("--init-dir", str(folder), *chosen) as (_, url):
        worlds = worlds_of(url)
        assert (worlds["default"]["plan"], worlds["default"]["zone"]) == ("free", "us1.make.com")
        assert (worlds["b"]["plan"], worlds["b"]["zone"]) != ("free", "us1.make.com")
        for name in worlds:
            control = f"{url.removesuffix('/api/v2')}/_emulator/worlds/{name}"
            assert requests.get(f"{control}/clock", timeout=60).json()["now"].startswith("2026-01-31T09:")
            assert requests.get(control, timeout=60).json()["settings"]["rateLimit"] is False


def test_blueprints_are_active_scenarios_again_after_a_reset(folder: Path, tmp_path: Path) -> None:
    put(folder, "greeting.json", blueprint("greeting"))
    other = tmp_path / "other"
    other.mkdir()
    put(other, "status.json", blueprint("order-status-api"))
    with run_server("--init-dir", str(folder), "--blueprints", str(other), "--seed", "empty") as (_, url):
        world = worlds_of(url)["default"]
        control = f"{url.removesuffix('/api/v2')}/_emulator/worlds/default"
        for _ in range(2):
            listed = get(f"{url}/scenarios?teamId={world['teamId']}", world["token"])["scenarios"]
            assert [(row["name"], row["isActive"]) for row in listed] == [
                ("Greeting", True),
                ("Webhook that tells the status of an order", True),
            ]
            assert requests.post(f"{control}/reset", timeout=60).status_code == 200


def test_a_blueprint_that_a_seed_names_is_no_second_scenario(folder: Path) -> None:
    put(folder, "flow.json", blueprint("greeting"))
    scenario = "        scenarios: [{ name: Mine, blueprint: flow.json }]\n"
    put(
        folder,
        "seed.yaml",
        ACME.replace("teams: [{ name: Operations }]", f"teams:\n      - name: T\n{scenario}"),
    )
    with run_server("--init-dir", str(folder)) as (_, url):
        world = worlds_of(url)["default"]
        listed = get(f"{url}/scenarios?teamId={world['teamId']}", world["token"])["scenarios"]
        assert [row["name"] for row in listed] == ["Mine"]


def test_hidden_files_and_those_of_other_types_are_left_alone(folder: Path) -> None:
    """A volume of Kubernetes holds its files in a hidden folder, and links to them."""
    put(folder, "..2026/acme.yaml", seed_named("Linked"))
    (folder / "acme.yaml").symlink_to(Path("..2026/acme.yaml"))
    put(folder, ".broken.yaml", "[")
    put(folder, "README.md", "# ours")
    with run_server("--init-dir", str(folder)) as (_, url):
        assert organizations_of(url) == {"default": "Linked"}


def test_an_empty_folder_changes_nothing(folder: Path) -> None:
    with run_server("--init-dir", str(folder)) as (_, url):
        assert organizations_of(url)["default"] == "Example Organization"


def test_each_worker_of_a_fleet_has_the_worlds_that_are_its_own(folder: Path) -> None:
    names = [f"world{number}" for number in range(6)]
    for name in ("default", *names):
        put(folder, f"{name}.yaml", seed_named(f"Of {name}"))
    with run_server("--init-dir", str(folder), "--workers", "2") as (process, url):
        assert organizations_of(url) == {name: f"Of {name}" for name in ("default", *names)}
        process.terminate()
        process.communicate(timeout=60)


def test_a_stored_state_comes_before_the_files(folder: Path, tmp_path: Path) -> None:
    put(folder, "a.yaml", seed_named("First"))
    put(folder, "b.yaml", seed_named("Second"))
    arguments = ("--init-dir", str(folder), "--state", str(tmp_path / "state.json"), "--state-worlds", "all")
    for _ in range(2):
        with run_server(*arguments) as (process, url):
            assert organizations_of(url) == {"default": "First", "b": "Second"}
            process.terminate()
            process.communicate(timeout=60)
        put(folder, "a.yaml", seed_named("Changed"))
        put(folder, "b.yaml", seed_named("Changed"))


@pytest.mark.parametrize(
    ("name", "text", "reported"),
    [
        ("b.yaml", "organizations: [{ name: Acme, plan: gold }]", "b.yaml:1: organizations[0].plan: "),
        ("b.yaml", "a: [", "b.yaml:2: this is not YAML"),
        ("b.json", '{"name": "no seed, no blueprint"}', "b.json:1: organizations: is missing"),
        ("b.json", '{"flow": [}', "b.json: "),
        ("b.json", '{"name": "x", "flow": [{"id": 1}]}', "b.json: "),
        ("x/b.yaml", "users: 1", "x/b.yaml:1: "),
        ("b.test.yaml", TESTS, "b.test.yaml:1: blueprint: "),
        ("b.test.yaml", "tests: 1", "b.test.yaml:1: "),
        ("b.test.yml", TESTS, "b.test.yml: the name of a file with tests ends with .test.yaml"),
        ("1-a.yaml", ACME, "a.yaml is a seed of the world 'a', but another seed has its world"),
    ],
)
def test_a_file_with_a_mistake_is_named_and_stops_the_start(
    folder: Path, name: str, text: str, reported: str
) -> None:
    put(folder, "0.yaml")
    put(folder, "a.yaml")
    put(folder, name, text)
    errors = rejection(folder)
    assert f"{folder}/{reported}" in errors
    assert "Traceback" not in errors


def test_a_file_that_cannot_be_read_is_named(folder: Path) -> None:
    (folder / "a.yaml").symlink_to("nowhere")
    assert rejection(folder) == f"make-emulator: cannot read {folder}/a.yaml: No such file or directory\n"


def test_what_is_not_utf_8_is_named(folder: Path) -> None:
    (folder / "a.json").write_bytes(b'{"name": "\xff", "flow": []}')
    assert rejection(folder) == f"make-emulator: {folder}/a.json is not UTF-8\n"


def test_a_folder_that_is_not_there_is_a_mistake_of_usage(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["serve", "--init-dir", str(tmp_path / "none")])
    assert result.exit_code == 2
    assert "--init-dir" in result.stderr
