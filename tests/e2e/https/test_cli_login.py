"""The vendor's command line as a process of its own: people log in with it, and scripts read its exit code."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from make_emulator import World

from ..conftest import E2E_FOLDER

pytestmark = pytest.mark.e2e

UP, ENTER = "\x1b[A", "\r"


class MakeCli:
    """`make-cli` without settings but the one that makes Node trust the emulator."""

    def __init__(self, node: str, environment: Mapping[str, str], home: Path) -> None:
        self.command = [node, str(E2E_FOLDER / "node_modules" / "@makehq" / "cli" / "dist" / "index.js")]
        # Folders of its credentials: the first on Windows, the second elsewhere.
        self.environment = {
            **{name: value for name, value in environment.items() if not name.startswith("MAKE_")},
            "APPDATA": str(home),
            "XDG_CONFIG_HOME": str(home),
        }
        self.config = home / "make-cli" / "config.json"

    def run(self, *args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.command, *args],
            env=self.environment,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )

    def converse(self, *args: str, dialogue: Sequence[tuple[str, str]]) -> tuple[int, str]:
        """Answer each question as soon as it is asked; the exit code, and what was printed after the last."""
        with subprocess.Popen(
            [*self.command, *args],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            watchdog = threading.Timer(60, process.kill)
            watchdog.start()
            try:
                for question, response in dialogue:
                    shown = b""
                    while question.encode() not in shown:
                        chunk = os.read(process.stdout.fileno(), 4096)
                        assert chunk, f"ended before it asked {question!r}: {shown!r}"
                        shown += chunk
                    process.stdin.write(response.encode())
                    process.stdin.flush()
                rest = process.stdout.read().decode()
                return process.wait(), rest
            finally:
                watchdog.cancel()


@pytest.fixture
def make_cli(node: str, environment: Mapping[str, str], tmp_path: Path) -> MakeCli:
    return MakeCli(node, environment, tmp_path)


def login(make_cli: MakeCli, zone: str, key: str) -> tuple[int, str]:
    return make_cli.converse(
        "login",
        dialogue=[
            # The last choice is a zone of one's own.
            ("Select your Make zone", UP + ENTER),
            ("Enter your zone", zone + ENTER),
            ("Do you already have a Make API key?", "y" + ENTER),
            ("Paste your API key", key + ENTER),
        ],
    )


def test_somebody_logs_in_works_and_logs_out(make_cli: MakeCli, make_world: World) -> None:
    address = make_world.base_url.removesuffix("/api/v2")
    zone = address.removeprefix("https://")

    # The address may be pasted with its scheme.
    code, said = login(make_cli, address, make_world.token)
    assert code == 0
    assert "Logged in as Ada Maker (ada@example.com)" in said
    assert json.loads(make_cli.config.read_text("utf-8")) == {"apiKey": make_world.token, "zone": zone}

    me = make_cli.run("whoami")
    assert json.loads(me.stdout) == {"name": "Ada Maker", "email": "ada@example.com", "zone": zone}
    run = make_cli.run("scenarios", "run", "1", '--data={"name":"Zoe"}', "--responsive", "--output=compact")
    assert json.loads(run.stdout)["outputs"] == {"greeting": "Hello, Zoe!"}
    assert (run.returncode, run.stderr) == (0, "")

    assert make_cli.run("logout").stdout.startswith("Logged out.")
    assert not make_cli.config.exists()
    out = make_cli.run("scenarios", "list", "--team-id=1")
    assert (out.returncode, out.stdout) == (1, "")
    assert "API key is required" in out.stderr


def test_a_wrong_key_is_not_kept(make_cli: MakeCli, make_world: World) -> None:
    zone = make_world.base_url.removesuffix("/api/v2").removeprefix("https://")
    code, said = login(make_cli, zone, "99999999-9999-4999-8999-999999999999")
    assert code == 1
    assert "Error [401]: Invalid token header." in said
    assert not make_cli.config.exists()


def test_without_the_authority_nothing_is_sent(make_cli: MakeCli, make_world: World) -> None:
    zone = make_world.base_url.removesuffix("/api/v2").removeprefix("https://")
    make_cli.environment["NODE_EXTRA_CA_CERTS"] = ""
    refused = make_cli.run("--zone", zone, "--api-key", make_world.token, "users", "me")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "Error: fetch failed\n"
    assert make_world.requests.all() == []
