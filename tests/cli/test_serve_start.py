"""``serve --watch``, ``--on-start`` and ``--scopes``, as processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from helpers.api import ADMIN_TOKEN
from helpers.fleet import run_fleet
from helpers.server import run_server
from helpers.waiting import wait_until
from make_emulator.resources import fixture_path

SEED = "organizations:\n  - { name: Acme, teams: [{ name: NAME }] }\n"

#: Waits for a file, so that a test says when the script ends.
SCRIPT = """\
import json, os, pathlib, time, urllib.request
gate = pathlib.Path(os.environ["GATE"])
request = urllib.request.Request(
    os.environ["MAKE_EMULATOR_URL"] + "/_emulator/worlds",
    json.dumps({"name": "scripted"}).encode(),
    {"Content-Type": "application/json", "X-Emulator-Key": os.environ.get("MAKE_EMULATOR_CONTROL_KEY", "")},
)
urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).close()
print("made a world for", os.environ["MAKE_TEAM"])
while not gate.exists():
    time.sleep(0.01)
raise SystemExit(int(gate.read_text()))
"""


def get(url: str, **options: Any) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, timeout=60, **options)


def team_name(base_url: str) -> str:
    response = get(f"{base_url}/teams/1", headers={"Authorization": f"Token {ADMIN_TOKEN}"})
    assert response.status_code == 200, response.text
    name: str = response.json()["team"]["name"]
    return name


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "make_emulator", "serve", "--port", "0", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


# --- readiness -----------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [None, "sesame"])
def test_a_server_is_ready_once_its_scripts_have_ended(tmp_path: Path, key: str | None) -> None:
    script, gate = tmp_path / "setup.py", tmp_path / "gate"
    script.write_text(SCRIPT)
    arguments = ["--on-start", str(script), *(["--control-key", key] if key else [])]
    with run_server(*arguments, GATE=str(gate)) as (process, url):
        root = url.removesuffix("/api/v2")
        response = get(f"{root}/_emulator/ready")
        assert (response.status_code, response.json()["status"]) == (503, "starting")
        assert response.headers["Retry-After"] == "1"
        assert get(f"{root}/_emulator/health").status_code == 200
        worlds = f"{root}/_emulator/worlds"
        headers = {"X-Emulator-Key": key} if key else {}
        wait_until(lambda: len(get(worlds, headers=headers).json()["worlds"]) == 2)
        assert get(f"{root}/_emulator/ready").status_code == 503
        gate.write_text("0")
        wait_until(lambda: get(f"{root}/_emulator/ready").status_code == 200)
        assert get(f"{root}/_emulator/ready").json()["status"] == "ready"
        process.terminate()
        output, errors = process.communicate(timeout=10)
    assert process.returncode == 0
    assert "made a world for 1\n" in errors
    assert "made a world" not in output
    assert "ready: all start scripts have ended\n" in errors


def test_a_server_without_scripts_is_ready_at_once() -> None:
    with run_server() as (_, url):
        response = get(f"{url.removesuffix('/api/v2')}/_emulator/ready")
    assert (response.status_code, response.json()["status"]) == (200, "ready")


def test_a_script_that_fails_ends_the_server(tmp_path: Path) -> None:
    script = tmp_path / "bad.py"
    script.write_text("raise SystemExit(3)")
    result = run("--on-start", str(script))
    assert result.returncode == 1
    assert result.stderr == f"make-emulator: start script {script} ended with exit code 3\n"


def test_a_script_that_fails_ends_a_fleet(tmp_path: Path) -> None:
    script = tmp_path / "bad.py"
    script.write_text("raise SystemExit(3)")
    result = run("--workers", "2", "--on-start", str(script))
    assert result.returncode == 1
    assert f"make-emulator: start script {script} ended with exit code 3\n" in result.stderr
    assert "another takes its place" not in result.stderr


def test_all_workers_are_ready_when_the_scripts_of_the_fleet_have_ended(tmp_path: Path) -> None:
    script, gate = tmp_path / "setup.py", tmp_path / "gate"
    script.write_text(SCRIPT)
    with run_fleet("--on-start", str(script), GATE=str(gate)) as fleet:
        # Each on a connection of its own, so that both workers are asked.
        assert {fleet.control("GET", "/ready").status_code for _ in range(8)} == {503}
        gate.write_text("0")
        wait_until(lambda: fleet.control("GET", "/ready").status_code == 200)
        assert {fleet.control("GET", "/ready").status_code for _ in range(8)} == {200}


def test_a_stop_ends_a_script_that_runs(tmp_path: Path) -> None:
    script = tmp_path / "setup.py"
    script.write_text(SCRIPT)
    with run_server("--on-start", str(script), GATE=str(tmp_path / "never")) as (process, url):
        worlds = f"{url.removesuffix('/api/v2')}/_emulator/worlds"
        wait_until(lambda: len(get(worlds).json()["worlds"]) == 2)
        process.terminate()
        _, errors = process.communicate(timeout=10)
    assert process.returncode == 0
    assert "Traceback" not in errors


def test_env_waits_until_the_server_is_ready(tmp_path: Path) -> None:
    script, gate = tmp_path / "setup.py", tmp_path / "gate"
    script.write_text(SCRIPT)
    with run_server("--on-start", str(script), GATE=str(gate)) as (_, url):
        root = url.removesuffix("/api/v2")
        command = [sys.executable, "-m", "make_emulator", "env", "--url", root, "--format", "json"]
        early = subprocess.run([*command, "--wait", "0.01"], capture_output=True, text=True)
        assert early.returncode == 1
        assert "not ready after 0.01 s" in early.stderr
        gate.write_text("0")
        done = subprocess.run([*command, "--wait", "60"], capture_output=True, text=True, check=True)
        assert json.loads(done.stdout)["MAKE_EMULATOR_URL"] == root


def test_a_script_that_does_not_exist_is_a_mistake_of_usage(tmp_path: Path) -> None:
    result = run("--on-start", str(tmp_path / "none.sh"))
    assert (result.returncode, result.stdout) == (2, "")
    assert "none.sh' does not exist" in result.stderr


# --- scopes --------------------------------------------------------------------------------------


def test_the_token_has_the_scopes_that_are_set_and_no_other() -> None:
    with run_server("--scopes", "scenarios:read, teams:read") as (_, url):
        headers = {"Authorization": f"Token {ADMIN_TOKEN}"}
        assert get(f"{url}/scenarios/1", headers=headers).status_code == 200
        assert get(f"{url}/teams/1", headers=headers).status_code == 200
        assert get(f"{url}/hooks?teamId=1", headers=headers).status_code == 403
        root = url.removesuffix("/api/v2")
        with requests.Session() as session:
            session.trust_env = False
            reset = session.post(f"{root}/_emulator/worlds/default/reset", timeout=60)
        assert reset.status_code == 200
        assert get(f"{url}/hooks?teamId=1", headers=headers).status_code == 403


def test_read_stands_for_all_scopes_that_read() -> None:
    with run_server(MAKE_EMULATOR_SCOPES="read") as (_, url):
        headers = {"Authorization": f"Token {ADMIN_TOKEN}"}
        assert get(f"{url}/hooks?teamId=1", headers=headers).status_code == 200
        with requests.Session() as session:
            session.trust_env = False
            response = session.delete(f"{url}/scenarios/1", headers=headers, timeout=60)
        assert response.status_code == 403


def test_a_scope_that_does_not_exist_is_a_mistake_of_usage() -> None:
    result = run("--scopes", "scenario:read")
    assert (result.returncode, result.stdout) == (2, "")
    assert "there is no scope 'scenario:read'; did you mean 'scenarios:read'?" in result.stderr


# --- watch ---------------------------------------------------------------------------------------


def test_a_change_of_the_seed_resets_the_world_and_a_mistake_changes_nothing(tmp_path: Path) -> None:
    seed = tmp_path / "seed.yaml"
    seed.write_text(SEED.replace("NAME", "First"), "utf-8")
    with run_server("--seed", str(seed), "--watch", "--log-format", "text") as (process, url):
        assert team_name(url) == "First"
        seed.write_text(SEED.replace("NAME", "Second"), "utf-8")
        wait_until(lambda: team_name(url) == "Second")
        seed.write_text(SEED.replace("name: NAME", "nom: Third"), "utf-8")
        assert process.stderr is not None
        lines = iter(process.stderr.readline, "")
        assert f"changed: {seed}; the default world is reset: 1 user, 1 organization, 1 team\n" in lines
        issues = []
        for line in lines:
            if line == f"changed: {seed}; the default world stays as it is\n":
                break
            issues.append(line)
        assert f"{seed}:2: organizations[0].teams[0].nom: unknown key; did you mean 'name'?\n" in issues
        assert team_name(url) == "Second"
        seed.write_text(SEED.replace("NAME", "Fourth"), "utf-8")
        wait_until(lambda: team_name(url) == "Fourth")


def test_a_blueprint_that_changes_is_imported_again(tmp_path: Path) -> None:
    folder = tmp_path / "blueprints"
    folder.mkdir()
    document = json.loads(fixture_path("blueprints", "greeting.json").read_text("utf-8"))
    (folder / "a.json").write_text(json.dumps(document), "utf-8")
    with run_server("--seed", "empty", "--blueprints", str(folder), "--watch") as (_, url):

        def names() -> list[str]:
            headers = {"Authorization": f"Token {ADMIN_TOKEN}"}
            rows = get(f"{url}/scenarios?teamId=1", headers=headers).json()["scenarios"]
            return sorted(row["name"] for row in rows)

        before = names()
        assert len(before) == 1
        (folder / "b.json").write_text(json.dumps({**document, "name": "Another"}), "utf-8")
        wait_until(lambda: names() == sorted([*before, "Another"]))


def test_watching_goes_with_no_state(tmp_path: Path) -> None:
    result = run("--watch", "--state", str(tmp_path / "state.json"))
    assert result.returncode == 2
    assert "--watch does not go with --state" in result.stderr
