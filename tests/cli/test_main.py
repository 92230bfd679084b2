from __future__ import annotations

import errno
import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
import requests
from click.testing import CliRunner

from helpers.api import ADMIN_TOKEN
from helpers.server import SERVE_FOR_PROGRAM, run_server
from make_emulator import __version__
from make_emulator.cli.main import main
from make_emulator.seeds import json_schema_text, starter_text

GREETING = Path(__file__).parent.parent.parent / "fixtures/blueprints/greeting.json"


def get(url: str, token: str = ADMIN_TOKEN) -> dict[str, object]:
    with urlopen(Request(url, headers={"Authorization": f"Token {token}"}), timeout=10) as response:
        body: dict[str, object] = json.loads(response.read())
        return body


def test_serve_prints_where_it_serves_and_answers_there() -> None:
    with run_server() as (_, url):
        assert re.fullmatch(r"http://127\.0\.0\.1:[0-9]+/api/v2", url)
        assert get(f"{url}/teams/1")["team"] == {
            "id": 1,
            "name": "Example Team",
            "organizationId": 1,
            "globalAgentsEnabled": False,
        }


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_with_exit_0(stop: signal.Signals) -> None:
    with run_server() as (process, url):
        get(f"{url}/teams/1")
        process.send_signal(stop)
        _, errors = process.communicate(timeout=10)
        assert process.returncode == 0
        assert "Traceback" not in errors


@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_a_program_needs_that_starts_it_is_one_line_of_json(tmp_path: Path, workers: str) -> None:
    """And the server ends with the program, by the end of its standard input."""
    ca = tmp_path / "ca.pem"
    command = list(SERVE_FOR_PROGRAM)
    command += ["--workers", workers, "--tls", "--tls-ca", str(ca), "--blueprints", str(GREETING)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        started = json.loads(process.stdout.readline())
        response = requests.get(
            f"{started['baseUrl']}/scenarios/6",
            headers={"Authorization": f"Token {started['token']}"},
            verify=started["caFile"],
            timeout=60,
        )
        assert response.json()["scenario"]["name"] == "Greeting"
        process.stdin.close()
        assert process.wait(timeout=60) == 0
        assert process.stdout.read() == ""
    imported = started.pop("import")
    assert [row["scenarioId"] for row in imported["scenarios"]] == [6]
    assert started == {
        "version": __version__,
        "url": started["url"],
        "baseUrl": f"{started['url']}/api/v2",
        "token": ADMIN_TOKEN,
        "teamId": 1,
        "organizationId": 1,
        "controlKey": None,
        "mailPort": None,
        "caFile": str(ca),
    }


def test_requests_are_logged_as_sentences_or_as_json_without_secrets() -> None:
    for log_format in ("text", "json"):
        with run_server("--log-format", log_format) as (process, url):
            get(f"{url}/teams/1")
            process.terminate()
            _, errors = process.communicate(timeout=10)
        line = errors.strip().splitlines()[0]
        assert "Ada Maker (token admin): GET /teams/1" in line
        assert ADMIN_TOKEN not in errors
        if log_format == "json":
            assert json.loads(line)["status"] == 200


def test_flags_have_environment_variables() -> None:
    environment = {"MAKE_EMULATOR_NO_RATE_LIMIT": "1", "MAKE_EMULATOR_CONTROL_KEY": "sesame"}
    with run_server(**environment) as (_, url):
        request = Request(f"{url}/teams/1", headers={"Authorization": f"Token {ADMIN_TOKEN}"})
        with urlopen(request, timeout=10) as response:
            assert "X-RateLimit-Limit" not in response.headers


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "make_emulator", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=20)


def test_plan_zone_and_time_of_the_default_world_can_be_chosen() -> None:
    chosen = {"PLAN": "core", "ZONE": "us1", "NOW": "2026-01-31T09:00:00Z", "NO_RATE_LIMIT": "true"}
    for arguments, environment in (
        ([], {f"MAKE_EMULATOR_{name}": value for name, value in chosen.items()}),
        (["--plan=core", "--zone=us1", "--now=2026-01-31T09:00:00Z", "--no-rate-limit"], {}),
    ):
        with run_server(*arguments, **environment) as (_, url):
            control = f"{url.removesuffix('/api/v2')}/_emulator/worlds/default"
            described = requests.get(control, timeout=60).json()
            assert (described["world"]["plan"], described["world"]["zone"]) == (
                "core",
                "us1.make.com",
            )
            assert described["settings"]["rateLimit"] is False
            now = requests.get(f"{control}/clock", timeout=60).json()["now"]
            assert now.startswith("2026-01-31T09:")


def banner(process: subprocess.Popen[str]) -> dict[str, str]:
    """The lines of the summary that follow the base URL, up to the dashboard or the control key."""
    assert process.stdout is not None
    lines: dict[str, str] = {}
    for line in process.stdout:
        label, _, value = line.strip().partition("  ")
        lines[label] = value.strip()
        if label == "control key" or (label == "dashboard" and "#" not in value):
            break
    return lines


def test_a_server_for_other_machines_has_a_generated_key_that_it_shows() -> None:
    keys = set()
    for _ in range(2):
        with run_server("--host", "0.0.0.0") as (process, url):
            lines = banner(process)
            key, _, note = lines["control key"].partition("  ")
            assert note == "(generated; choose one with --control-key)"
            base = url.removesuffix("/api/v2")
            assert lines["studio"] == f"{base}/_emulator/studio#key={key}"
            assert lines["dashboard"] == f"{base}/_emulator/#key={key}"
            # Loopback needs none.
            assert requests.get(f"{base}/_emulator/worlds", timeout=60).status_code == 200
            keys.add(key)
    assert len(keys) == 2
    assert all(len(key) >= 32 for key in keys)


@pytest.mark.parametrize("arguments", [["--host", "0.0.0.0", "--control-key", "sesame"], []])
def test_a_chosen_key_and_a_server_of_this_machine_alone_show_none(arguments: list[str]) -> None:
    with run_server(*arguments) as (process, _):
        lines = banner(process)
        assert "control key" not in lines
        assert lines["studio"].endswith("/_emulator/studio")
        assert lines["dashboard"].endswith("/_emulator/")
        process.terminate()
        output, errors = process.communicate(timeout=10)
        assert "sesame" not in f"{lines}{output}{errors}"


@pytest.mark.parametrize("as_variable", [False, True])
def test_host_names_and_origins_are_allowed_repeatedly(as_variable: bool) -> None:
    hosts, origins = ["make", ".corp.example"], ["http://localhost:1", "https://app.example"]
    if as_variable:
        arguments = []
        environment = {
            "MAKE_EMULATOR_ALLOWED_HOST": " ".join(hosts),
            "MAKE_EMULATOR_ALLOWED_ORIGIN": " ".join(origins),
        }
    else:
        environment = {}
        arguments = [part for host in hosts for part in ("--allowed-host", host)]
        arguments += [part for origin in origins for part in ("--allowed-origin", origin)]
    with run_server(*arguments, **environment) as (_, url):
        base = url.removesuffix("/api/v2")
        for host, status in (("make", 401), ("x.corp.example:80", 401), ("evil.example", 421)):
            response = requests.get(f"{url}/users/me", headers={"Host": host}, timeout=60)
            assert response.status_code == status, host
        for origin, status in ((origins[0], 201), (origins[1], 201), ("http://localhost:2", 403)):
            response = requests.post(f"{base}/_emulator/worlds", headers={"Origin": origin}, timeout=60)
            assert response.status_code == status, origin


@pytest.mark.parametrize(
    ("arguments", "reported"),
    [
        (["--zone", "a b"], "there is no zone 'a b': it is a name such as eu1, or a host"),
        (["--allowed-host", "http://make"], "'http://make' is not a host name, such as make or .example.com"),
        (["--allowed-origin", "localhost"], "'localhost' is not an origin, such as http://localhost:5173"),
    ],
)
def test_what_cannot_be_allowed_is_one_clear_line_and_exit_1(arguments: list[str], reported: str) -> None:
    done = run("serve", *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"make-emulator: {reported}\n")


def test_mail_is_taken_when_a_port_is_given() -> None:
    with run_server("--smtp-port", "0") as (process, _):
        assert process.stdout is not None
        found = next(match for line in process.stdout if (match := re.search(r"smtp://(\S+):([0-9]+)", line)))
        host, port = found.groups()
        with socket.create_connection((host, int(port)), timeout=5) as client:
            assert client.recv(4) == b"220 "
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)
        assert process.returncode == 0


def test_a_taken_port_is_one_clear_line_and_exit_1() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        result = run("serve", "--port", port)
    assert result.returncode == 1
    assert result.stderr == (
        f"make-emulator: port {port} of 127.0.0.1 is taken; choose another with --port, or --port 0 for a free one\n"
    )


def test_a_taken_port_for_mail_is_one_clear_line_and_exit_1() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        result = run("serve", "--port", "0", "--smtp-port", port)
    assert (result.returncode, result.stderr) == (
        1,
        f"make-emulator: port {port} of 127.0.0.1 is taken; choose another with --smtp-port\n",
    )


def test_an_address_of_another_machine_is_one_clear_line_and_exit_1() -> None:
    result = run("serve", "--host", "192.0.2.1", "--port", "0")
    assert (result.returncode, result.stderr) == (
        1,
        f"make-emulator: cannot listen at 192.0.2.1:0: {os.strerror(errno.EADDRNOTAVAIL)}\n",
    )


def test_a_seed_that_is_not_there_is_one_clear_line_and_exit_1() -> None:
    result = run("serve", "--port", "0", "--seed", "no-such-seed")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "make-emulator: there is no seed named 'no-such-seed', nor a file of that name\n"


@pytest.mark.parametrize(
    ("arguments", "reported"),
    [
        (
            ["serve", "--port", "70000"],
            "Invalid value for '--port': 70000 is not in the range 0<=x<=65535; see make-emulator serve --help",
        ),
        (["serve", "--colour"], "No such option '--colour'; see make-emulator serve --help"),
        (["juggle"], "No such command 'juggle'; see make-emulator --help"),
        (
            ["serve", "--allow-private-network"],
            "--allow-private-network goes with --allow-network only; see make-emulator serve --help",
        ),
        (["serve", "--tls-ca", "ca.pem"], "--tls-ca goes with --tls only; see make-emulator serve --help"),
        (["serve", "--tls-name", "make"], "--tls-name goes with --tls only; see make-emulator serve --help"),
        (
            ["serve", "--now", "tomorrow"],
            "Invalid value for --now: 'tomorrow' is not a time in ISO 8601, such as 2026-01-31T09:00:00Z; "
            "see make-emulator serve --help",
        ),
        (
            ["serve", "--plan", "gold"],
            "Invalid value for '--plan': 'gold' is not one of 'free', 'core', 'pro', 'teams', 'enterprise'; "
            "see make-emulator serve --help",
        ),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(arguments: list[str], reported: str) -> None:
    result = CliRunner().invoke(main, arguments, prog_name="make-emulator")
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"make-emulator: {reported}\n")


@pytest.mark.parametrize(
    ("arguments", "variable"),
    [
        (["serve"], "MAKE_EMULATOR_PORT"),
        (["lint", "."], "MAKE_EMULATOR_LINT_FORMAT"),
        (["pull", "--zone", "eu1", "--token", "t"], "MAKE_TEAM"),
    ],
)
def test_a_mistake_in_a_variable_names_the_variable(arguments: list[str], variable: str) -> None:
    environment = {variable: "no-such"}
    result = CliRunner().invoke(main, arguments, prog_name="make-emulator", env=environment)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"(from the variable {variable}); see make-emulator {arguments[0]} --help\n" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_no_command_at_all_shows_which_there_are() -> None:
    result = CliRunner().invoke(main, [])
    assert result.exit_code == 2
    assert "\nBlueprints:\n  explain " in result.output


def test_the_version_is_printed() -> None:
    assert CliRunner().invoke(main, ["--version"]).output == f"make-emulator, version {__version__}\n"


def test_the_package_runs_as_a_module() -> None:
    command = [sys.executable, "-m", "make_emulator", "--version"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout == f"make-emulator, version {__version__}\n"


def test_routes_are_listed_as_a_table_and_as_json() -> None:
    table = CliRunner().invoke(main, ["routes"]).output
    assert re.search(r"GET\s+/scenarios/\{scenarioId\}/logs\s", table)
    rows = json.loads(CliRunner().invoke(main, ["routes", "--format", "json"]).output)
    row = next(row for row in rows if (row["method"], row["path"]) == ("POST", "/scenarios/{scenarioId}/run"))
    assert sorted(row["scopes"]) == ["scenarios:read", "scenarios:run", "scenarios:write"]
    assert row["core"] == [9]


# --- the state file ------------------------------------------------------------------------------


def _delete(url: str) -> None:
    request = Request(url, headers={"Authorization": f"Token {ADMIN_TOKEN}"}, method="DELETE")
    urlopen(request, timeout=10).close()


def test_the_state_file_outlives_the_server(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    with run_server("--state", str(path)) as (process, url):
        assert path.exists()
        _delete(f"{url}/scenarios/1")
        process.terminate()
        process.communicate(timeout=10)
        assert process.returncode == 0
    with run_server(MAKE_EMULATOR_STATE=str(path)) as (_, url), pytest.raises(HTTPError, match="404"):
        get(f"{url}/scenarios/1")


def test_all_worlds_outlive_a_server_that_is_killed(tmp_path: Path) -> None:
    arguments = ("--state", str(tmp_path / "state.json"), "--state-worlds", "all", "--state-sync")
    with run_server(*arguments) as (process, url):
        control = f"{url.removesuffix('/api/v2')}/_emulator/worlds"
        request = Request(control, b'{"name": "other"}', {"Content-Type": "application/json"})
        urlopen(request, timeout=10).close()
        _delete(f"{url}/scenarios/1")
        process.kill()
    with run_server(*arguments) as (_, url):
        control = f"{url.removesuffix('/api/v2')}/_emulator/worlds"
        with urlopen(control, timeout=10) as response:
            worlds = json.load(response)["worlds"]
        assert {world["name"] for world in worlds} == {"default", "other"}
        with pytest.raises(HTTPError, match="404"):
            get(f"{url}/scenarios/1")


@pytest.mark.parametrize("option", [["--state-sync"], ["--state-worlds", "all"]])
def test_options_of_the_state_without_its_file_are_a_mistake_of_usage(option: list[str]) -> None:
    result = run("serve", "--port", "0", *option)
    assert result.returncode == 2
    assert "--state-worlds and --state-sync go with --state only" in result.stderr


def test_a_state_file_that_holds_no_state_is_one_clear_line_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text("{")
    result = run("serve", "--port", "0", "--state", str(path))
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith(
        f"make-emulator: {path} holds no state that can be loaded: it is not JSON"
    )
    assert path.read_text() == "{"


def test_a_state_file_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "none" / "state.json"
    result = run("serve", "--port", "0", "--state", str(path))
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"make-emulator: cannot write {path}: No such file or directory\n"


# --- seeds ---------------------------------------------------------------------------------------

BROKEN = """\
organizations:
  - name: Acme
    plan: gold
    teams: [{ nom: Ops }]
"""


def test_init_writes_a_seed_that_is_valid_and_serves(tmp_path: Path) -> None:
    path = tmp_path / "seed.yaml"
    result = CliRunner().invoke(main, ["init", str(path)])
    assert (result.exit_code, result.output) == (0, f"Wrote {path}. Try: make-emulator serve --seed {path}\n")
    result = CliRunner().invoke(main, ["validate", str(path)])
    assert result.exit_code == 0
    assert " ".join(result.output.split()).startswith(
        f"{path} is a valid seed: 2 users, 1 organization, 1 team, 1 OAuth client, 3 variables, "
    )
    with run_server("--seed", str(path)) as (_, url):
        assert get(f"{url}/teams/1")["team"]["name"] == "My Team"  # type: ignore[index]


def test_init_overwrites_nothing_unless_set_so(tmp_path: Path) -> None:
    path = tmp_path / "seed.yaml"
    path.write_text("mine")
    result = CliRunner().invoke(main, ["init", str(path)])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"make-emulator: {path} exists; --force overwrites it\n"
    assert path.read_text() == "mine"
    for arguments, environment in ((["--force"], {}), ([], {"MAKE_EMULATOR_FORCE": "1"})):
        path.write_text("mine")
        assert CliRunner().invoke(main, ["init", str(path), *arguments], env=environment).exit_code == 0
        assert path.read_text() == starter_text()


def test_init_writes_to_the_standard_output_for_a_dash() -> None:
    assert CliRunner().invoke(main, ["init", "-"]).output == starter_text()
    assert CliRunner().invoke(main, ["init", "--schema", "-"]).output == json_schema_text()


def test_init_without_a_name_picks_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(main, ["init"]).exit_code == 0
    assert CliRunner().invoke(main, ["init", "--schema"]).output == "Wrote seed.schema.json.\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["seed.schema.json", "seed.yaml"]


def test_init_says_where_it_cannot_write(tmp_path: Path) -> None:
    path = tmp_path / "none" / "seed.yaml"
    result = CliRunner().invoke(main, ["init", str(path)])
    assert (result.exit_code, result.stderr) == (
        1,
        f"make-emulator: cannot write {path}: No such file or directory\n",
    )


def test_validate_and_serve_report_every_issue_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "seed.yaml"
    path.write_text(BROKEN)
    faults = (
        f"{path}:3: organizations[0].plan: there is no 'gold'; there are: free, core, pro, teams, enterprise\n"
        f"{path}:4: organizations[0].teams[0].name: is missing\n"
        f"{path}:4: organizations[0].teams[0].nom: unknown key; did you mean 'name'?\n"
    )
    result = CliRunner().invoke(main, ["validate", str(path)])
    assert (result.exit_code, result.stdout, result.stderr) == (1, faults, "")
    result = CliRunner().invoke(main, ["serve", "--port", "0", "--seed", str(path)])
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", faults)


def test_validate_writes_json(tmp_path: Path) -> None:
    path = tmp_path / "seed.yaml"
    path.write_text(BROKEN)
    result = CliRunner().invoke(main, ["validate", str(path), "--format", "json"])
    document = json.loads(result.output)
    assert (result.exit_code, document["seed"], document["valid"]) == (1, str(path), False)
    assert document["issues"][0] == {
        "file": str(path),
        "line": 3,
        "path": "organizations[0].plan",
        "message": "there is no 'gold'; there are: free, core, pro, teams, enterprise",
    }
    result = CliRunner().invoke(main, ["validate", "empty", "--format", "json"])
    assert (result.exit_code, json.loads(result.output)["summary"]) == (0, "1 user, 1 organization, 1 team")


@pytest.mark.parametrize("columns", [60, 80, 100])
@pytest.mark.parametrize("command", ["routes", "modules slack", "fidelity hooks", "validate default"])
def test_lists_fit_the_terminal(command: str, columns: int) -> None:
    output = CliRunner().invoke(main, command.split(), env={"COLUMNS": str(columns)}).output
    # Words are not broken, such as paths of sources.
    longest = [line for line in output.splitlines() if len(line) > max(columns, 80)]
    assert [line for line in longest if len(line.split()[-1]) < columns - 14] == []


def test_validate_takes_a_shipped_seed_and_the_environment_too() -> None:
    assert (
        "free is a valid seed: 1 user, 1 organization"
        in CliRunner().invoke(main, ["validate", "free"]).output
    )
    result = CliRunner().invoke(main, ["validate"], env={"MAKE_EMULATOR_SEED": "empty"})
    assert result.output == "empty is a valid seed: 1 user, 1 organization, 1 team\n"


def test_validate_needs_a_seed(tmp_path: Path) -> None:
    assert CliRunner().invoke(main, ["validate"]).exit_code == 2
    result = CliRunner().invoke(main, ["validate", str(tmp_path / "none.yaml")])
    assert result.exit_code == 1
    assert result.stderr == (
        f"make-emulator: there is no seed named {str(tmp_path / 'none.yaml')!r}, nor a file of that name\n"
    )
