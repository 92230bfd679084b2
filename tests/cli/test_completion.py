"""Completion of commands and options in shells."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from make_emulator.cli.main import main


@pytest.mark.parametrize(
    ("shell", "registers"),
    [
        ("bash", "complete -o nosort -F _make_emulator_completion make-emulator"),
        ("zsh", "compdef _make_emulator_completion make-emulator"),
        ("fish", "complete --no-files --command make-emulator"),
        ("powershell", "Register-ArgumentCompleter"),
    ],
)
def test_a_shell_gets_its_script(shell: str, registers: str) -> None:
    result = CliRunner().invoke(main, ["completion", shell], prog_name="make-emulator")
    assert result.exit_code == 0
    assert registers in result.stdout
    assert "_MAKE_EMULATOR_COMPLETE" in result.stdout


def test_bash_completes_commands_and_options(tmp_path: Path) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not installed")
    program = tmp_path / "make-emulator"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m make_emulator "$@"\n')
    program.chmod(0o755)
    script = """
        eval "$(make-emulator completion bash)"
        COMPREPLY=(); COMP_WORDS=(make-emulator se); COMP_CWORD=1; _make_emulator_completion make-emulator
        echo "${COMPREPLY[@]}"
        COMPREPLY=(); COMP_WORDS=(make-emulator serve --smtp); COMP_CWORD=2; _make_emulator_completion make-emulator
        echo "${COMPREPLY[@]}"
        COMPREPLY=(); COMP_WORDS=(make-emulator env --format p); COMP_CWORD=3; _make_emulator_completion make-emulator
        echo "${COMPREPLY[@]}"
    """
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [bash, "--norc", "-c", script], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout.splitlines() == ["serve", "--smtp-port", "powershell"]


@pytest.mark.parametrize(
    ("arguments", "incomplete", "completed"),
    [
        (["serve", "--seed"], "de", ["default"]),
        (["validate"], "em", ["empty"]),
        (["serve", "--seed"], "./se", []),
        (["lint", "."], "--strict", ["--strict"]),
        (["lint", "--ignore"], "missing-conn", ["missing-connection"]),
        (["modules"], "slac", ["slack"]),
        (["modules"], "slack:CreateMess", ["slack:CreateMessage"]),
        (["modules"], "no-such-app:", []),
        (["fidelity"], "hoo", ["Hooks"]),
        (["snapshot"], "lo", ["load"]),
    ],
)
def test_values_are_completed(arguments: list[str], incomplete: str, completed: list[str]) -> None:
    items = ShellComplete(main, {}, "make-emulator", "_MAKE_EMULATOR_COMPLETE").get_completions(
        arguments, incomplete
    )
    assert [item.value for item in items if item.type == "plain"] == completed


def test_a_seed_may_be_a_file_too() -> None:
    items = ShellComplete(main, {}, "make-emulator", "_MAKE_EMULATOR_COMPLETE").get_completions(
        ["serve", "--seed"], "se"
    )
    assert [(item.type, item.value) for item in items] == [("file", "se")]


@pytest.mark.parametrize(
    ("shell", "variable", "path"),
    [
        ("bash", "XDG_DATA_HOME", "bash-completion/completions/make-emulator"),
        ("fish", "XDG_CONFIG_HOME", "fish/completions/make-emulator.fish"),
    ],
)
def test_it_is_installed_where_the_shell_looks(shell: str, variable: str, path: str, tmp_path: Path) -> None:
    environment = {variable: str(tmp_path)}
    result = CliRunner().invoke(main, ["completion", shell, "--install"], env=environment)
    installed = tmp_path / path
    assert result.output == f"Wrote {installed}. It completes in the next shell that starts.\n"
    printed = CliRunner().invoke(main, ["completion", shell]).stdout
    assert installed.read_text("utf-8").strip() == printed.strip()


def test_a_shell_without_such_a_folder_is_told_what_to_write() -> None:
    result = CliRunner().invoke(main, ["completion", "zsh", "--install"], prog_name="make-emulator")
    assert (result.exit_code, result.stdout) == (2, "")
    assert 'write eval "$(make-emulator completion zsh)" in ~/.zshrc' in result.stderr


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    environment = {"XDG_DATA_HOME": str(tmp_path / "file")}
    result = CliRunner().invoke(main, ["completion", "bash", "--install"], env=environment)
    assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (1, "", 1)
    assert result.stderr.startswith("make-emulator: cannot write ")
