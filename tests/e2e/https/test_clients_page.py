"""Examples of docs/how-to/clients.md: its commands, its configuration and its JavaScript are run."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from helpers.markdown import code_blocks
from helpers.server import run_server
from make_emulator import MakeEmulator

from ..conftest import E2E_FOLDER, script_runner

pytestmark = pytest.mark.e2e

PAGE = (E2E_FOLDER.parent.parent / "docs" / "how-to" / "clients.md").read_text(encoding="utf-8")
ZONE = "127.0.0.1:4747"


def dialogue() -> list[tuple[str, str]]:
    """The commands that the page shows, each with what it is shown to print."""
    parts = "".join(code_blocks(PAGE, "console")).removeprefix("$ ").split("\n$ ")
    return [(command, shown) for command, _, shown in (part.partition("\n") for part in parts)]


def test_the_commands_print_what_is_shown(node: str, tmp_path: Path) -> None:
    if shutil.which("bash") is None:
        pytest.skip("bash is not installed")
    (first, _), *commands = dialogue()
    assert first == "make-emulator serve --tls --tls-ca ca.pem"
    if shutil.which("curl") is None:
        commands = [pair for pair in commands if not pair[0].startswith("curl ")]

    script = "\n".join(f"{command} 2>&1\nprintf '\\n--- %s\\n' $?" for command, _ in commands)
    path = os.pathsep.join([str(E2E_FOLDER / "node_modules" / ".bin"), os.environ["PATH"]])
    with run_server("--tls", "--tls-ca", str(tmp_path / "ca.pem")) as (_, url):
        zone = url.removeprefix("https://").removesuffix("/api/v2")
        done = subprocess.run(
            ["bash", "-c", script.replace(ZONE, zone)],
            cwd=tmp_path,
            env={**os.environ, "PATH": path, "XDG_CONFIG_HOME": str(tmp_path)},
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=True,
        )
    *printed, rest = re.split(r"\n--- (\d+)\n", done.stdout.replace(zone, ZONE))
    assert rest == ""
    for (command, shown), text, code in zip(commands, printed[0::2], printed[1::2], strict=True):
        assert [line.rstrip() for line in text.splitlines()] == shown.splitlines(), command
        assert code == ("2" if shown.startswith("Error") else "0"), command


def test_the_configuration_of_an_assistant_lists_the_tools(
    node: str, environment: Mapping[str, str], make_emulator: MakeEmulator
) -> None:
    [shown] = code_blocks(PAGE, "json")
    server = json.loads(shown)["mcpServers"]["make"]
    assert server["args"][-1] in json.loads((E2E_FOLDER / "package.json").read_text("utf-8"))["dependencies"]

    # The address and the file are those of this test, the rest is as shown.
    own = {name: environment[name] for name in ("MAKE_ZONE", "NODE_EXTRA_CA_CERTS")}
    assert server["env"]["MAKE_ZONE"] == ZONE
    assert server["env"]["MAKE_API_KEY"] == make_emulator.token
    tools = script_runner(node, {**os.environ, **server["env"], **own}, "mcp")("listed")
    assert tools == ["run_scenario_1", "run_scenario_4"]
    assert all(f"`{tool}`" in PAGE for tool in tools)


def test_the_script_greets(node: str, environment: Mapping[str, str]) -> None:
    [shown] = code_blocks(PAGE, "js")
    done = subprocess.run(
        [node, "--input-type=module"],
        input=shown,
        cwd=E2E_FOLDER,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("Hello, Zoe!\n", "")
