"""The environment variables of clients, in the syntax of each shell and file."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from helpers.api import ADMIN_TOKEN
from make_emulator import MakeEmulator
from make_emulator.cli.main import main

#: A control key with every character that a shell could take for its own, but for newlines.
HOSTILE_KEY = """it's a "$HOME" `key` \\ %PATH% #!*?[a] ;&| ~ {x} <>"""


@pytest.fixture(scope="module")
def make() -> Iterator[MakeEmulator]:
    with MakeEmulator() as emulator:
        yield emulator


def run(make: MakeEmulator, *arguments: str, **environment: str | None) -> Result:
    cleared = dict.fromkeys(
        ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
    )
    return CliRunner().invoke(
        main, ["env", *arguments], env={**cleared, "MAKE_EMULATOR_URL": make.url, **environment}
    )


def variables_of(make: MakeEmulator, *arguments: str, **environment: str | None) -> dict[str, str]:
    result = run(make, "--format", "json", *arguments, **environment)
    assert (result.exit_code, result.stderr) == (0, "")
    variables: dict[str, str] = json.loads(result.stdout)
    return variables


def test_the_variables_are_those_of_the_world(make: MakeEmulator) -> None:
    address = make.url.removeprefix("http://")
    assert variables_of(make) == {
        "MAKE_API_KEY": ADMIN_TOKEN,
        "MAKE_ZONE": address,
        "MAKE_BASE_URL": f"{make.url}/api/v2",
        "MAKE_TEAM": "1",
        "MAKE_ORGANIZATION": "1",
        "MAKE_MCP_URL": f"{make.url}/mcp/stateless",
        "MAKE_EMULATOR_URL": make.url,
        "MAKE_EMULATOR_WORLD": "default",
    }


def test_another_world_has_its_own_token(make: MakeEmulator) -> None:
    world = make.create_world("mine", seed="empty")
    variables = variables_of(make, "--world", "mine")
    assert variables["MAKE_API_KEY"] == world.token
    assert variables["MAKE_EMULATOR_WORLD"] == "mine"


def test_a_world_without_a_team_has_no_ids(make: MakeEmulator) -> None:
    world = make.create_world("alone", seed="empty")
    make.control.api("DELETE", f"/teams/{world.team_id}?confirmed=true", world.token)
    variables = variables_of(make, "--world", "alone")
    assert variables["MAKE_API_KEY"] == world.token
    assert not {"MAKE_TEAM", "MAKE_ORGANIZATION"} & variables.keys()


@pytest.mark.parametrize("shell", ["sh", "bash", "dash", "zsh"])
@pytest.mark.parametrize("evaluated", ['eval "$(cat)"', "eval $(cat)"])
def test_a_shell_evaluates_the_exports(
    make: MakeEmulator, shell: str, evaluated: str, tmp_path: Path
) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    key = HOSTILE_KEY if '"' in evaluated else "sesame"
    result = run(make, "--control-key", HOSTILE_KEY)
    exports = result.stdout
    if key == "sesame":
        # Without quotes the shell itself joins words and expands patterns: plain values only.
        exports = re.sub(
            r"export MAKE_EMULATOR_CONTROL_KEY=.*", "export MAKE_EMULATOR_CONTROL_KEY=sesame;", exports
        )
    script = f'{evaluated}\nprintf \'%s\\n\' "$MAKE_API_KEY" "$MAKE_ZONE" "$MAKE_EMULATOR_CONTROL_KEY"'
    done = subprocess.run(
        [shell, "-c", script], input=exports, capture_output=True, text=True, cwd=tmp_path, check=True
    )
    zone = make.url.removeprefix("http://")
    assert done.stdout.splitlines() == [ADMIN_TOKEN, zone, key]
    assert done.stderr == ""


def test_node_reads_the_env_file(make: MakeEmulator, tmp_path: Path) -> None:
    node = shutil.which("node")
    version = subprocess.run([node, "--version"], capture_output=True, text=True).stdout if node else ""
    if not version or int(version[1:].partition(".")[0]) < 20:
        pytest.skip("Node 20 is not installed")
    key = """a "$HOME" `key` # %x% ;&|"""
    (tmp_path / ".env").write_text(
        run(make, "--format", "dotenv", "--control-key", HOSTILE_KEY).stdout.replace(
            _dotenv_line(HOSTILE_KEY), _dotenv_line(key)
        ),
        "utf-8",
    )
    script = "console.log(JSON.stringify([process.env.MAKE_API_KEY, process.env.MAKE_EMULATOR_CONTROL_KEY]))"
    done = subprocess.run(
        [str(node), "--env-file=.env", "-e", script], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert json.loads(done.stdout) == [ADMIN_TOKEN, key]


def _dotenv_line(key: str) -> str:
    from make_emulator.cli.env import FORMATS

    [line] = FORMATS["dotenv"]({"MAKE_EMULATOR_CONTROL_KEY": key})
    return line


@pytest.mark.parametrize(
    ("format", "line"),
    [
        ("fish", "set -gx MAKE_EMULATOR_CONTROL_KEY 'it\\'s \\\\ \"x\" $y';"),
        ("powershell", "$env:MAKE_EMULATOR_CONTROL_KEY = 'it''s \\ \"x\" $y'"),
        ("github", 'MAKE_EMULATOR_CONTROL_KEY=it\'s \\ "x" $y'),
        ("dotenv", 'MAKE_EMULATOR_CONTROL_KEY="it\'s \\\\ \\"x\\" $y"'),
    ],
)
def test_other_formats_quote_their_own_way(make: MakeEmulator, format: str, line: str) -> None:
    result = run(make, "--format", format, "--control-key", """it's \\ "x" $y""")
    assert line in result.stdout.splitlines()


def test_a_server_with_a_certificate_is_asked_by_its_ca_file(tmp_path: Path) -> None:
    with MakeEmulator(tls=True) as make:
        assert make.ca_file is not None
        result = run(make)
        assert result.exit_code == 1
        assert "its certificate is not trusted" in result.stderr
        assert "SSL_CERT_FILE names the file of its CA" in result.stderr
        variables = variables_of(make, "--tls-ca", str(make.ca_file))
        assert variables["MAKE_EMULATOR_URL"] == make.url
        assert {
            variables[name]
            for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE")
        } == {str(make.ca_file)}
        other = tmp_path / "other.pem"
        other.write_text("no certificate")
        for path, reason in ((other, "holds no certificate"), (tmp_path / "none.pem", "No such file")):
            result = run(make, "--tls-ca", str(path))
            assert (result.exit_code, result.stdout) == (1, "")
            assert result.stderr.startswith("make-emulator: ")
            assert str(path) in result.stderr
            assert reason in result.stderr


def test_a_proxy_of_the_environment_is_kept_away(make: MakeEmulator) -> None:
    proxy = {"HTTP_PROXY": "http://proxy.example.com:3128"}
    variables = variables_of(make, **proxy, no_proxy=".corp.example", NO_PROXY=None)
    assert variables["NO_PROXY"] == variables["no_proxy"] == ".corp.example,127.0.0.1"
    assert "NO_PROXY" not in variables_of(make, **proxy, no_proxy="127.0.0.1", NO_PROXY=None)
    assert "NO_PROXY" not in variables_of(make, no_proxy=None, NO_PROXY=None)


def test_an_emulator_that_does_not_start_is_one_line_after_the_wait() -> None:
    result = CliRunner().invoke(main, ["env", "--wait", "0.05", "--url", "http://127.0.0.1:9"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "make-emulator: not ready after 0.05 s: no emulator answers at http://127.0.0.1:9: Connection refused\n"
    )


def test_a_world_that_is_not_there_is_one_line(make: MakeEmulator) -> None:
    result = run(make, "--world", "nobody")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "There is no world named 'nobody'" in result.stderr
