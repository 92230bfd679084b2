"""The command ``import``, and ``serve --blueprints``: a folder of exports becomes scenarios of a world."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner, Result

from helpers.api import ADMIN_TOKEN
from helpers.server import run_server
from make_emulator import MakeEmulator, World
from make_emulator.cli.main import main
from make_emulator.testing import ControlError

BLUEPRINTS = Path(__file__).parents[2] / "fixtures" / "blueprints"
AUTHORIZATION = {"Authorization": f"Token {ADMIN_TOKEN}"}


@pytest.fixture(scope="module")
def make() -> Iterator[MakeEmulator]:
    with MakeEmulator() as emulator:
        yield emulator


@pytest.fixture
def world(make: MakeEmulator) -> World:
    return make.create_world()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two scenarios that belong together, one with a webhook, and files that hold no blueprint."""
    folder = tmp_path / "exports"
    (folder / "pricing").mkdir(parents=True)
    shutil.copy(BLUEPRINTS / "lead-intake.json", folder)
    for name in ("price-with-tax", "quote-builder"):
        shutil.copy(BLUEPRINTS / f"{name}.json", folder / "pricing")
    (folder / "package.json").write_text('{"name": "x"}')
    (folder / "notes.md").write_text("# Notes")
    return folder


def run(make: MakeEmulator, *arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["import", *map(str, arguments)], env={"MAKE_EMULATOR_URL": make.url})


def scenarios(world: World) -> dict[str, Any]:
    response = requests.get(
        f"{world.base_url}/scenarios", params={"teamId": world.team_id}, headers=world.headers, timeout=30
    )
    return {row["name"]: row for row in response.json()["scenarios"]}


def test_a_folder_becomes_scenarios(make: MakeEmulator, world: World, folder: Path) -> None:
    result = run(make, folder, "--world", world.name, "--activate")
    assert result.exit_code == 0
    created = scenarios(world)
    lines = result.output.splitlines()
    assert lines[:3] == [
        f"scenario {created['Lead intake with scoring']['id']}  lead-intake.json  Lead intake with scoring (active)",
        "scenario 6015  pricing/price-with-tax.json  Price with tax (active)",
        f"scenario {created['Quote, priced by another scenario']['id']}  pricing/quote-builder.json  "
        "Quote, priced by another scenario (active)",
    ]
    [hook] = [line for line in lines if line.startswith("stub  hook 7101  Website lead form  ")]
    url = hook.rpartition("  ")[2]
    assert requests.post(url, json={"email": "zoe@example.com"}, timeout=30).status_code == 200
    assert lines[-1] == f"3 scenarios, {len(lines) - 4} stubs, 0 rejected"
    inputs = {"items": [{"name": "Lamp", "net": 100}], "country": "DE"}
    quote = world.run(created["Quote, priced by another scenario"]["id"], inputs)
    assert quote["outputs"]["total"] == 119


def test_one_file_is_imported_and_stays_inactive(make: MakeEmulator, world: World) -> None:
    result = run(make, BLUEPRINTS / "greeting.json", "--world", world.name)
    created = scenarios(world)["Greeting"]
    assert result.output == (
        f"scenario {created['id']}  greeting.json  Greeting (inactive: not activated)\n"
        "1 scenario, 0 stubs, 0 rejected\n"
    )
    assert created["isActive"] is False


def test_a_rejected_file_is_the_failure_of_the_command(
    make: MakeEmulator, world: World, folder: Path
) -> None:
    flow = [{"id": 1, "module": "stripe:ActionCreateCustomer", "version": 1, "mapper": {}}]
    broken = {"name": "Broken", "flow": flow, "metadata": {}}
    (folder / "broken.json").write_text(json.dumps(broken, indent=1))
    (folder / "cut.json").write_text('{"flow": [')
    result = run(make, folder, "--world", world.name)
    assert result.exit_code == 1
    rejected = result.output[result.output.index("rejected") :].splitlines()
    assert rejected[0].startswith("rejected  broken.json  Module not found 'stripe:ActionCreateCustomer'")
    assert rejected[1].startswith("    broken.json:6: error [no-such-module] The app 'stripe' has no module")
    assert any(line.startswith("rejected  cut.json  not JSON") for line in rejected)
    assert rejected[-1].endswith(", 2 rejected")
    assert "Lead intake with scoring" in scenarios(world)


def test_the_response_is_shown_as_json(make: MakeEmulator, world: World, folder: Path) -> None:
    result = run(make, folder, "--world", world.name, "--format", "json")
    answer = json.loads(result.output)
    assert list(answer) == ["scenarios", "stubs", "rejected"]
    assert [row["file"] for row in answer["scenarios"]] == [
        "lead-intake.json",
        "pricing/price-with-tax.json",
        "pricing/quote-builder.json",
    ]


def test_a_folder_without_a_blueprint_is_an_error(make: MakeEmulator, tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text("{}")
    result = run(make, tmp_path)
    assert (result.exit_code, result.stderr) == (1, f"make-emulator: no blueprint in {tmp_path}\n")
    (tmp_path / "latin.json").write_bytes(b'{"flow": "\xe9"}')
    result = run(make, tmp_path)
    assert (result.exit_code, result.stderr) == (
        1,
        f"make-emulator: {tmp_path / 'latin.json'} is not UTF-8\n",
    )
    result = run(make, tmp_path / "none")
    assert result.exit_code == 2


def test_an_unknown_world_or_team_is_an_error(make: MakeEmulator, world: World) -> None:
    result = run(make, BLUEPRINTS / "greeting.json", "--world", "none")
    assert result.exit_code == 1
    assert result.stderr.endswith("answered 404: There is no world named 'none'.\n")
    result = run(make, BLUEPRINTS / "greeting.json", "--world", world.name, "--team-id", "99")
    assert result.stderr.endswith("answered 400: There is no such team.\n")


def test_a_world_imports_from_python(world: World, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    answer = world.import_blueprints(folder, activate=True)
    assert [row["active"] for row in answer["scenarios"]] == [True, True, True]
    assert answer["rejected"] == []
    hook = next(stub["id"] for stub in answer["stubs"] if stub["kind"] == "hook")
    assert world.receive(hook, {"email": "zoe@example.com"}).status == 200
    [row] = world.import_blueprints(str(BLUEPRINTS / "greeting.json"))["scenarios"]
    assert (row["file"], row["active"]) == ("greeting.json", False)
    with pytest.raises(ValueError, match="no blueprint in"):
        world.import_blueprints(tmp_path / "empty")
    with pytest.raises(ControlError, match="There is no such team"):
        world.import_blueprints(folder, team_id=99)


def _names(url: str) -> dict[str, int]:
    rows = requests.get(f"{url}/scenarios?teamId=1", headers=AUTHORIZATION, timeout=30).json()["scenarios"]
    return {row["name"]: row["id"] for row in rows if row["isActive"]}


def test_serve_imports_a_folder_and_a_reset_imports_it_again(folder: Path) -> None:
    (folder / "cut.json").write_text('{"flow": [')
    with run_server("--blueprints", str(folder), "--log-format", "none") as (process, url):
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line.strip())
            if line.rstrip().endswith("rejected"):
                break
        assert "scenario 6015  pricing/price-with-tax.json  Price with tax (active)" in lines
        assert any(line.startswith("rejected  cut.json  not JSON") for line in lines)
        [hook] = [line for line in lines if line.startswith("stub  hook 7101")]
        root = url.removesuffix("/api/v2")
        assert re.fullmatch(rf"{root}/hook/\w{{32}}", hook.rpartition("  ")[2])
        before = _names(url)
        assert before["Price with tax"] == 6015
        deleted = f"{url}/scenarios/6015"
        assert requests.delete(deleted, headers=AUTHORIZATION, timeout=30).status_code == 200
        assert "Price with tax" not in _names(url)
        assert requests.post(f"{root}/_emulator/worlds/default/reset", timeout=30).status_code == 200
        assert _names(url) == before


def test_a_stored_state_is_not_imported_into_again(folder: Path, tmp_path: Path) -> None:
    arguments = ("--blueprints", str(folder), "--state", str(tmp_path / "state.json"))
    with run_server(*arguments) as (process, url):
        names = _names(url)
        assert "Quote, priced by another scenario" in names
        process.terminate()
        process.wait(60)
    with run_server(*arguments) as (_, url):
        assert _names(url) == names


def test_serve_rejects_a_folder_without_a_blueprint(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["serve", "--port", "0", "--blueprints", str(tmp_path)])
    assert (result.exit_code, result.stderr) == (1, f"make-emulator: no blueprint in {tmp_path}\n")
