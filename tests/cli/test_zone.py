"""The commands that read a zone: pull and diff."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner, Result

from helpers.api import ADMIN_TOKEN
from make_emulator import MakeEmulator, World, __version__, mock_make, seeds
from make_emulator.cli import zone
from make_emulator.cli.main import main
from make_emulator.importer import zone_base_url
from make_emulator.throttle import SystemTimer

NO_CREDENTIALS = dict.fromkeys(("MAKE_API_KEY", "MAKE_ZONE", "MAKE_TEAM", "MAKE_EMULATOR_TOKEN"), "")


def run(*arguments: str, **environment: str) -> Result:
    result = CliRunner().invoke(main, arguments, env={**NO_CREDENTIALS, **environment})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def pull(world: World, *arguments: str, token: str | None = None) -> Result:
    return run(
        "pull",
        *("--base-url", world.base_url, "--team-id", str(world.team_id), *arguments),
        MAKE_API_KEY=token or world.token,
    )


def test_the_seed_goes_to_the_standard_output_and_the_progress_to_stderr(
    world: World, tmp_path: Path
) -> None:
    result = pull(world)
    assert result.exit_code == 0
    assert result.stdout.startswith(
        f"# Pulled by make-emulator {__version__} from {world.base_url}: team 1, Example Team.\n"
    )
    assert "scenarios: 4 of 4\n" in result.stderr
    assert result.stderr.endswith(
        "Read team 1: 2 users, 1 organization, 1 team, 3 variables, 2 connections, 1 key, 1 device, 2 hooks, 1 function, "
        "1 data structure, 2 data stores, 4 scenarios, 1 template, 5 records.\n"
    )
    assert world.token not in result.output
    seed = tmp_path / "seed.yaml"
    seed.write_text(result.stdout, encoding="utf-8")
    assert run("validate", str(seed)).exit_code == 0
    assert pull(world, "--quiet").stderr == ""


def test_a_file_is_written_whole_for_its_owner_and_leaves_nothing_beside_it(
    world: World, tmp_path: Path
) -> None:
    seed = tmp_path / "seed.yaml"
    result = pull(world, "--output", str(seed), "--blueprints-dir", str(tmp_path / "blueprints"))
    assert (result.exit_code, result.stdout) == (0, "")
    assert seed.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["blueprints", "seed.yaml"]
    assert len(list((tmp_path / "blueprints").iterdir())) == 5
    assert "blueprint: blueprints/scenario-1-greeting.json\n" in seed.read_text()
    assert seeds.summarize(seeds.check(seed)).endswith("4 scenarios, 1 template, 5 records")


def test_what_is_left_out_is_reported_and_the_exit_is_0(world: World) -> None:
    token = world.create_token(
        ["teams:read", "organizations:read", "user:read", "scenarios:read", "udts:read"]
    )
    result = pull(world, "--quiet", token=token)
    assert result.exit_code == 0
    assert (
        "note: hooks: not readable with this token (403 SC403, Access denied.); the scope is hooks:read\n"
        in (result.stderr)
    )
    assert "# - hooks: not readable with this token" in result.stdout


def test_a_pull_that_failed_says_how_to_go_on_and_goes_on(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed = tmp_path / "seed.yaml"
    world.faults.add(path="/templates", status=503, times=5)
    monkeypatch.setattr(SystemTimer, "sleep", lambda self, seconds: None)
    result = pull(world, "--output", str(seed), "--quiet")
    assert result.exit_code == 1
    part = tmp_path / "seed.yaml.part"
    assert result.stderr.startswith("make-emulator: GET /templates answered 503")
    assert result.stderr.endswith(f"steps are in {part}: continue with --resume\n")
    assert len(result.stderr.splitlines()) == 1
    assert not seed.exists()

    result = pull(world, "--output", str(seed), "--resume")
    assert result.exit_code == 0
    assert "steps were read earlier\n" in result.stderr
    assert not part.exists()
    assert seed.exists()


def test_ctrl_c_leaves_a_part_that_can_be_gone_on_with(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed = tmp_path / "seed.yaml"

    def press(self: object, what: str, done: int, total: int) -> None:
        if (what, done) == ("scenarios", 2):
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(zone._ConsoleProgress, "update", press)
        result = pull(world, "--output", str(seed))
        assert result.exit_code == 130
        assert result.stderr.startswith("make-emulator: stopped; ")
        assert result.stderr.endswith(f"steps are in {seed}.part: continue with --resume\n")
        result = pull(world)
        assert (result.exit_code, result.stdout, result.stderr) == (130, "", "make-emulator: stopped\n")
    world.requests.clear()
    assert pull(world, "--output", str(seed), "--resume").exit_code == 0
    assert "/scenarios/2/blueprint" not in [request["path"] for request in world.requests]
    assert seed.read_text() == pull(world).stdout


def test_a_terminal_has_a_bar_in_place_of_lines(capsys: pytest.CaptureFixture[str]) -> None:
    console = zone._ConsoleProgress(quiet=False)
    console._is_terminal = True
    console.update("scenarios", 5, 10)
    console.update("records of data store 1", 100, 0)
    console.log_message("waiting 30 s for the rate limit")
    assert capsys.readouterr().err == (
        "\r[###############---------------]  scenarios: 5 of 10"
        "\rrecords of data store 1: 100"
        "\rwaiting 30 s for the rate limit\n"
    )


def test_what_cannot_be_read_or_written_is_one_clear_line_and_exit_1(
    world: World, tmp_path: Path, make_emulator: MakeEmulator
) -> None:
    nowhere = tmp_path / "none" / "seed.yaml"
    for result, text in (
        (pull(world, token="44444444-4444-4444-8444-444444444444"), "does not know this token (401)"),
        (pull(world, "--team-id", "99"), "has no team 99"),
        (pull(world, "--base-url", "http://127.0.0.1:9"), "http://127.0.0.1:9/api/v2 cannot be reached: "),
        (
            pull(world, "--base-url", make_emulator.url.replace("http:", "https:")),
            "no secure connection to https://",
        ),
        (pull(world, "--output", str(nowhere)), f"cannot write {nowhere}.part: No such file or directory"),
        (pull(world, "--base-url", f"{make_emulator.url}/_emulator"), "has no team 1, or"),
    ):
        assert result.exit_code == 1, result.stderr
        assert text in result.stderr
        assert len(result.stderr.splitlines()) == 1
        assert result.stderr.startswith("make-emulator: ")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], "Missing option '--zone'; see "),
        (["--zone", "eu1/../x"], "'eu1/../x' is not a zone such as eu1"),
        (["--base-url", "ftp://x"], "'ftp://x' is not the address of a zone"),
        (["--zone", "eu1", "--resume"], "--resume goes with --output only"),
        (["--zone", "eu1", "--records", "some"], "'some' is neither a number, nor none or all"),
        (["--zone", "eu1", "--token", "s3cret \n"], "invalid token: a token of Make has"),
    ],
)
def test_mistakes_in_the_usage_exit_2_and_show_no_token(arguments: list[str], text: str) -> None:
    result = run("pull", "--team-id", "1", *arguments, MAKE_API_KEY=ADMIN_TOKEN)
    assert result.exit_code == 2
    assert text in result.stderr
    assert "s3cret" not in result.stderr
    assert ADMIN_TOKEN not in result.stderr


def test_the_options_come_from_the_environment_of_other_clients(world: World) -> None:
    result = run(
        "pull",
        "--quiet",
        MAKE_EMULATOR_BASE_URL=world.base_url,
        MAKE_API_KEY=world.token,
        MAKE_TEAM="1",
        MAKE_EMULATOR_RECORDS="none",
    )
    assert result.exit_code == 0
    assert "records:" not in result.stdout


def test_a_zone_is_at_its_host() -> None:
    assert zone_base_url("eu1") == "https://eu1.make.com/api/v2"
    assert zone_base_url("eu1.make.celonis.com") == "https://eu1.make.celonis.com/api/v2"


# --- the documentation ----------------------------------------------------------------------------


def test_the_commands_of_the_guide_answer_as_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "pull.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```console\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)
    with mock_make() as world:
        for block in blocks:
            for command in block.split("$ ")[1:]:
                line, _, shown = command.partition("\n")
                words = shlex.split(line)
                if words[0] == "export":
                    continue
                assert run(*words[1:], MAKE_API_KEY=world.token, COLUMNS="100").output == shown
            change = {"scheduling": json.dumps({"type": "daily", "time": "09:30"})}
            url = "https://eu1.make.com/api/v2/scenarios/3"
            assert requests.patch(url, json=change, headers=world.headers).status_code == 200
    assert len(blocks) == 2


def test_the_scopes_that_the_guide_names_are_enough(make_emulator: MakeEmulator) -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "pull.md").read_text(encoding="utf-8")
    scopes = sorted(set(re.findall(r"`([a-z-]+:read)`", page)))
    world = make_emulator.create_world(seed="agency", plan="enterprise")
    result = pull(world, "--quiet", "--executions", "0", token=world.create_token(scopes))
    assert (result.exit_code, result.stderr) == (0, "")
    [used] = [row for row in world.access_report() if row["used"]]
    assert sorted(used["used"]) == scopes


# --- diff ------------------------------------------------------------------------------------------


def test_a_team_and_the_seed_that_was_pulled_of_it_are_equal(world: World, tmp_path: Path) -> None:
    seed = tmp_path / "seed.yaml"
    assert pull(world, "--output", str(seed), "--records", "all").exit_code == 0
    result = run(
        "diff", str(seed), f"{world.base_url}:1", "--quiet", "--records", "all", MAKE_API_KEY=world.token
    )
    assert (result.exit_code, result.output) == (0, "")


def test_what_was_changed_since_is_reported_field_by_field(
    world: World, tmp_path: Path, make_emulator: MakeEmulator
) -> None:
    seed = tmp_path / "seed.yaml"
    assert pull(world, "--output", str(seed)).exit_code == 0
    api = make_emulator.control.api
    api("PATCH", "/scenarios/3", world.token, {"scheduling": json.dumps({"type": "daily", "time": "09:30"})})
    api("DELETE", "/scenarios/4", world.token)
    api("POST", "/scenarios-folders", world.token, {"name": "New", "teamId": 1})
    api("PATCH", "/hooks/1", world.token, {"name": "Orders"})
    arguments = ("diff", str(seed), f"{world.base_url}:1", "--quiet")
    result = run(*arguments, MAKE_API_KEY=world.token)
    assert result.exit_code == 1
    assert result.stdout == (
        f"--- {seed}\n"
        f"+++ {world.base_url}:1\n"
        "- scenario 4 'Order intake'\n"
        "+ folder 1 'New'\n"
        "~ hook 1 'Orders in'\n"
        '    name: "Orders in" -> "Orders"\n'
        "~ scenario 3 'Weekly report'\n"
        '    scheduling.type: "weekly" -> "daily"\n'
        "    - scheduling.days: [1]\n"
        '    scheduling.time: "08:00" -> "09:30"\n'
        "1 added, 1 removed, 2 changed\n"
    )
    reported = json.loads(run(*arguments, "--format", "json", MAKE_API_KEY=world.token).stdout)
    assert reported["equal"] is False
    assert reported["removed"] == [{"kind": "scenario", "id": 4, "name": "Order intake"}]
    assert reported["changed"][0] == {
        "kind": "hook",
        "id": 1,
        "name": "Orders in",
        "fields": [{"path": "name", "a": "Orders in", "b": "Orders"}],
    }


def test_the_team_of_a_seed_with_several_is_chosen_by_a_question(world: World) -> None:
    url = f"{world.base_url}:1"
    result = run("diff", "default", url, "--quiet", MAKE_API_KEY=world.token)
    assert (result.exit_code, result.output) == (0, "")
    result = run("diff", url, "agency", "--quiet", MAKE_API_KEY=world.token)
    assert result.exit_code == 1
    assert "team 2" not in result.stdout
    other = world.base_url + ":7"
    assert run("diff", "default", other, MAKE_API_KEY=world.token).exit_code == 2


def test_what_cannot_be_compared_is_exit_2(world: World, tmp_path: Path) -> None:
    broken = tmp_path / "seed.yaml"
    broken.write_text("organizations: [\n")
    for arguments, text in (
        (("nowhere", "default"), "there is no seed named 'nowhere', nor a file of that name"),
        ((str(broken), "default"), f"{broken}:"),
        (("default", "eu1:7"), "eu1:7 is a team of a zone: --token is missing"),
        (("default",), "Missing argument 'B'"),
        (("default", f"{world.base_url}:1", "--token", "44444444-4444-4444-8444-444444444444"), "(401)"),
    ):
        result = run("diff", *arguments)
        assert result.exit_code == 2, result.output
        assert text in result.stderr
        assert "44444444" not in result.stderr
