"""The commands that talk to a running emulator."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result

from helpers.api import ADMIN_TOKEN
from make_emulator import MakeEmulator
from make_emulator.cli.main import main


@pytest.fixture
def make() -> Iterator[MakeEmulator]:
    with MakeEmulator() as emulator:
        yield emulator


def run(make: MakeEmulator, *arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(main, arguments, env={"MAKE_EMULATOR_URL": make.url, **environment})


def test_a_world_is_saved_and_loaded(make: MakeEmulator, tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    result = run(make, "snapshot", "save", str(path))
    assert (result.exit_code, result.output) == (0, f"Wrote {path}.\n")
    assert path.stat().st_mode & 0o777 == 0o600
    make.world.clock.freeze("2030-01-01T00:00:00Z")
    result = run(make, "snapshot", "load", str(path))
    assert result.exit_code == 0
    assert f"token         {ADMIN_TOKEN}\n" in result.output
    assert not make.world.clock.frozen


def test_a_copy_is_loaded_beside_its_world(make: MakeEmulator, tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    run(make, "snapshot", "save", str(path))
    run(make, "world", "create", "mine")
    refused = run(make, "snapshot", "load", str(path), "--world", "mine")
    assert (refused.exit_code, "another world has one of its tokens" in refused.stderr) == (1, True)
    result = run(make, "snapshot", "load", str(path), "--world", "mine", "--copy")
    assert result.exit_code == 0
    token = make.get_world("mine").token
    assert f"token         {token}\n" in result.output
    assert token[8:] == ADMIN_TOKEN[8:]
    assert make.world.snapshot()["rows"]["tokens"][0]["token"] == ADMIN_TOKEN


def test_a_redacted_file_holds_no_token_and_is_rejected(make: MakeEmulator, tmp_path: Path) -> None:
    path = tmp_path / "shown.json"
    assert run(make, "snapshot", "save", "--redact", str(path)).exit_code == 0
    assert ADMIN_TOKEN not in path.read_text()
    result = run(make, "snapshot", "load", str(path))
    assert result.exit_code == 1
    assert result.stderr == (
        "make-emulator: PUT /_emulator/worlds/default/snapshot answered 400: "
        "The snapshot cannot be restored: its secrets were redacted.\n"
    )


def test_worlds_are_made_listed_reset_and_deleted(make: MakeEmulator) -> None:
    result = run(make, "world", "create", "mine", "--plan", "core", "--seed", "empty")
    assert result.exit_code == 0
    world = make.get_world("mine")
    assert result.output == (
        f"  world         mine\n  base URL      {world.base_url}\n  token         {world.token}\n"
        f"  team          {world.team_id}\n  organization  {world.organization_id}\n"
    )
    head, *rows = run(make, "world", "list").output.splitlines()
    assert head.split() == ["world", "plan", "zone", "team", "token"]
    assert ["mine", "core", "eu1.make.com", str(world.team_id), world.token] in [row.split() for row in rows]
    assert run(make, "reset", "--world", "mine").exit_code == 0
    assert run(make, "reset", MAKE_EMULATOR_WORLD="mine").exit_code == 0
    assert run(make, "world", "delete", "mine").output == "Deleted mine.\n"
    result = run(make, "reset", "--world", "mine")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "There is no world named 'mine'." in result.stderr


def test_worlds_are_shown_as_json(make: MakeEmulator) -> None:
    created = orjson.loads(run(make, "world", "create", "mine", "--format", "json").output)
    assert created == make.control.world("mine").describe()
    assert created["name"] == "mine"
    listed = orjson.loads(run(make, "world", "list", "--format", "json").output)
    assert [world["name"] for world in listed] == ["default", "mine"]
    assert listed[1] == created
    reset = orjson.loads(run(make, "reset", "--world", "mine", "--format", "json").output)
    assert reset == created


def test_a_world_is_made_from_a_file_of_ones_own(make: MakeEmulator, tmp_path: Path) -> None:
    seed = tmp_path / "seed.yaml"
    seed.write_text("organizations:\n  - name: Mine\n    teams: [{ name: Only }]\n")
    assert run(make, "world", "create", "mine", "--seed", str(seed)).exit_code == 0
    assert make.get_world("mine").plan == "enterprise"
    seed.write_text("organizations: [")
    result = run(make, "world", "create", "--seed", str(seed))
    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
    result = run(make, "world", "create", "--seed", str(tmp_path / "none.yaml"))
    assert (
        result.stderr == f"make-emulator: cannot read {tmp_path / 'none.yaml'}: No such file or directory\n"
    )
    result = run(make, "world", "create", "--plan", "gold")
    assert (result.exit_code, "Parameter 'plan' must be one of" in result.stderr) == (1, True)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot read {path}: No such file or directory"),
        (
            b"{",
            "PUT /_emulator/worlds/default/snapshot answered 400: The snapshot cannot be restored: it is not JSON: ",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_one_clear_line(
    make: MakeEmulator, tmp_path: Path, content: bytes | None, reason: str
) -> None:
    path = tmp_path / "state.json"
    if content is not None:
        path.write_bytes(content)
    result = run(make, "snapshot", "load", str(path))
    assert result.exit_code == 1
    assert result.stderr.startswith(f"make-emulator: {reason.format(path=path)}")
    assert len(result.stderr.splitlines()) == 1


def test_a_file_that_cannot_be_written_is_one_clear_line(make: MakeEmulator, tmp_path: Path) -> None:
    path = tmp_path / "none" / "state.json"
    result = run(make, "snapshot", "save", str(path))
    assert (result.exit_code, result.stderr) == (
        1,
        f"make-emulator: cannot write {path}: No such file or directory\n",
    )


def test_a_snapshot_that_cannot_take_its_place_leaves_no_secrets_beside_it(
    make: MakeEmulator, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    result = run(make, "snapshot", "save", str(folder))
    assert (result.exit_code, result.stderr) == (1, f"make-emulator: cannot write {folder}: Is a directory\n")
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize(
    "command", ["world list", "world create", "world delete x", "reset", "access-report"]
)
@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:9", "no emulator answers at http://127.0.0.1:9: Connection refused"),
        ("localhost", "'localhost' is not the URL of an emulator, such as http://127.0.0.1:4747"),
        ("http://[::1", "'http://[::1' is not the URL of an emulator: Invalid IPv6 URL"),
        (
            "http://127.0.0.1:port",
            "'http://127.0.0.1:port' is not the URL of an emulator: "
            "Port could not be cast to integer value as 'port'",
        ),
    ],
)
def test_an_emulator_that_does_not_run_is_one_clear_line(command: str, url: str, reason: str) -> None:
    result = CliRunner().invoke(main, [*command.split(), "--url", url])
    assert (result.exit_code, result.stderr) == (1, f"make-emulator: {reason}\n")


@pytest.mark.parametrize("response", [b"HTTP/1.0 200 OK\r\n\r\n<html>", b"SSH-2.0-OpenSSH_9.6\r\n"])
def test_a_server_that_is_no_emulator_is_one_clear_line(response: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer_once() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(response)

        thread = threading.Thread(target=answer_once)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        result = CliRunner().invoke(main, ["world", "list", "--url", url])
        thread.join()
    assert result.exit_code == 1
    assert re.fullmatch(r"make-emulator: .*(no JSON came back|no emulator answers at).*\n", result.stderr)


def test_a_snapshot_is_one_json_document(make: MakeEmulator, tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    run(make, "snapshot", "save", str(path))
    assert orjson.loads(path.read_bytes())["version"] == 1
