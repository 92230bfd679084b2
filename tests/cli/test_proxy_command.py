from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner, Result

from helpers.waiting import wait_until
from make_emulator import MakeEmulator
from make_emulator.cli.main import main


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["proxy", *map(str, arguments)])


@pytest.fixture(scope="module")
def zone() -> Iterator[MakeEmulator]:
    with MakeEmulator(tls=True) as make:
        yield make


@contextmanager
def run_proxy(
    zone: MakeEmulator, folder: Path, *flags: object
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A process of the command on a free port, and the base URL that it printed."""
    arguments = ["--upstream", zone.url, "--upstream-ca", zone.ca_file, "--listen", "127.0.0.1:0", *flags]
    with (folder / "out").open("w") as out, (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "make_emulator", "proxy", *map(str, arguments)],
            stdout=out,
            stderr=log,
            cwd=folder,
            env={**os.environ, "NO_PROXY": "*", "PYTHONUNBUFFERED": "1"},
        )
    try:
        wait_until(lambda: "base URL" in (folder / "out").read_text("utf-8") or process.poll() is not None)
        assert process.poll() is None, (folder / "log").read_text("utf-8")
        yield process, (folder / "out").read_text("utf-8").split()[2]
    finally:
        process.kill()
        process.wait()


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_session_is_recorded_shadowed_and_replayed(zone: MakeEmulator, tmp_path: Path) -> None:
    world = zone.create_world()
    policy = tmp_path / "agents.yaml"
    policy.write_text("agents:\n- name: ops\n  allow: {scenarios: read, scenarios/1: [read, run]}\n", "utf-8")
    flags = ("--har", "session.har", "--shadow", "--policy", "agents.yaml", "--allow-writes")
    with run_proxy(zone, tmp_path, *flags) as (process, base_url):
        with requests.Session() as session:
            session.trust_env = False
            session.headers["Authorization"] = f"Token {world.token}"
            ran = session.post(
                f"{base_url}/scenarios/1/run", json={"data": {"name": "Zoe"}, "responsive": True}
            )
            refused = session.delete(f"{base_url}/scenarios/1")
        log = tmp_path / "log"
        wait_until(lambda: "refused" in log.read_text("utf-8") and "-> 200" in log.read_text("utf-8"))
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
        output = (tmp_path / "out").read_text("utf-8")
    assert (ran.status_code, refused.status_code) == (200, 403)
    lines = output.splitlines()
    assert lines[1:7] == [
        f"  zone       {zone.url}",
        "  writes     pass",
        "  policy     ops in agents.yaml; what is not granted is refused",
        "               scenarios: read",
        "               scenarios/1: read, run",
        "  recording  session.har, without secrets",
    ]
    assert lines[8].startswith("shadow: 1 request to 127.0.0.1:")
    assert lines[9] == "  compared      1, of which 1 are answered as recorded"
    assert lines[-1] == "Recorded 1 call. Compare them: make-emulator replay session.har"
    shown = log.read_text("utf-8")
    assert "ops ran scenario 1: allowed by scenarios/1: read, run -> 200 (" in shown
    assert "ops tried to delete scenario 1: refused, it has scenarios/1: read, run" in shown
    text = (tmp_path / "session.har").read_text("utf-8")
    assert world.token not in text + shown + output
    assert len(json.loads(text)["log"]["entries"]) == 1
    replayed = CliRunner().invoke(main, ["replay", str(tmp_path / "session.har"), "--seed", "default"])
    assert replayed.exit_code == 0, replayed.output
    world.delete()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((), "Missing option '--zone'"),
        (("--zone", "no zone"), "'no zone' is not a zone such as eu1"),
        (("--upstream", "ftp://x"), "'ftp://x' is not the address of a zone"),
        (("--zone", "eu1", "--listen", "4748"), "'4748' is not an address such as 127.0.0.1:4748"),
        (("--zone", "eu1", "--listen", "127.0.0.1:99999"), "is not an address"),
        (("--zone", "eu1", "--seed", "default"), "--seed goes with --shadow only"),
        (("--zone", "eu1", "--agent", "ops"), "--agent goes with --policy only"),
        (("--zone", "eu1", "--policy", "absent.yaml"), "absent.yaml"),
        (("--zone", "eu1", "--har", "absent/x.har"), "there is no folder 'absent'"),
    ],
)
def test_a_mistake_in_the_usage_is_exit_2(arguments: tuple[str, ...], problem: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert problem in result.output
    assert len(result.output.splitlines()) == 1


def test_the_seed_of_a_server_is_not_that_of_the_shadow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAKE_EMULATOR_SEED", "default")
    absent = run("--zone", "eu1", "--policy", tmp_path / "absent.yaml")
    assert "absent.yaml" in absent.output
    assert "--seed goes with" not in run("--zone", "eu1", "--agent", "ops").output


def test_failures_are_one_line_and_exit_1(zone: MakeEmulator, tmp_path: Path) -> None:
    policy = tmp_path / "agents.yaml"
    policy.write_text("agents: []", "utf-8")
    bad = run("--zone", "eu1", "--policy", policy)
    assert bad.exit_code == 1
    assert bad.output.startswith(f"make-emulator: {policy} has no agents")
    seed = run("--zone", "eu1", "--shadow", "--seed", "defualt")
    assert seed.exit_code == 1
    assert "defualt" in seed.output
    port = zone.url.rpartition(":")[2]
    taken = run("--zone", "eu1", "--listen", f"127.0.0.1:{port}")
    assert taken.exit_code == 1
    assert taken.output == f"make-emulator: port {port} of 127.0.0.1 is taken; --listen chooses another one\n"
