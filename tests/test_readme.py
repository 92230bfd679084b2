"""README.md: its examples run as shown."""

from __future__ import annotations

import json
import re
import shlex
import socket
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner

from helpers.api import ApiClient
from helpers.markdown import code_blocks
from make_emulator.app import create_app
from make_emulator.cli.main import main

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def test_the_first_answer_of_a_fresh_server_is_the_one_shown() -> None:
    [call] = [block for block in code_blocks(README, "console") if block.startswith("$ curl")]
    command, _, response = call.removeprefix("$ ").replace("\\\n", " ").partition("}'\n")
    words = shlex.split(command + "}'")
    headers = dict(text.split(": ", 1) for flag, text in pairwise(words) if flag == "-H")
    [url] = [word for word in words if word.startswith("http")]
    client = create_app().test_client()
    got = client.open(
        url.partition("4747")[2],
        method=words[words.index("-X") + 1],
        headers=headers,
        data=words[words.index("-d") + 1],
    )
    assert got.json == json.loads(response)


def test_a_server_says_what_is_shown() -> None:
    [shown] = [block for block in code_blocks(README, "console") if block.startswith("$ make serve")]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [sys.executable, "-m", "make_emulator", "serve", "--port", port]
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") as server:
        assert server.stdout is not None
        reported = "".join(server.stdout.readline() for _ in shown.splitlines()[1:])
        server.terminate()
    assert reported.replace(port, "4747") == shown.partition("\n")[2]


def test_the_tests_that_are_shown_pass(pytester: pytest.Pytester) -> None:
    shown = "\n\n".join(code_blocks(README, "python"))
    pytester.makepyfile(shown)
    pytester.runpytest("-W", "error").assert_outcomes(passed=shown.count("def test_"))


def test_the_five_control_calls_that_are_shown_are_served(api: ApiClient) -> None:
    listed = re.findall(r"^\| `([A-Z]+) (/[^`]*)` \|", README, flags=re.MULTILINE)
    assert len(listed) == 5
    served = {
        (method, re.sub(r"<(?:int:)?(\w+)>", r"{\1}", rule.rule))
        for rule in api.app.url_map.iter_rules()
        for method in rule.methods or ()
    }
    assert {(method, f"/_emulator{path}") for method, path in listed} <= served


def test_the_blueprint_is_explained_as_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    [shown] = [block for block in code_blocks(README, "console") if "make-emulator explain" in block]
    call, _, reported = shown.removeprefix("$ ").partition("\n")
    monkeypatch.chdir(Path(__file__).parent.parent)
    result = CliRunner().invoke(main, shlex.split(call)[1:], env={"COLUMNS": "100"})
    assert result.exit_code == 0
    assert result.output == reported


def test_the_files_that_are_linked_exist() -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)", README):
        assert (Path(__file__).parent.parent / target).exists(), target
