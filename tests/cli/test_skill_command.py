from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from make_emulator.cli.main import main

SKILL = (Path(__file__).parents[2] / "skills/make-emulator/SKILL.md").read_bytes()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["skill", *arguments])


def test_the_skill_is_printed_as_it_is() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "make_emulator", "skill"], capture_output=True, check=True
    )
    assert printed.stdout.replace(b"\r\n", b"\n") == SKILL
    assert printed.stderr == b""


def test_the_skill_is_installed_in_a_folder_that_is_made(tmp_path: Path) -> None:
    target = tmp_path / ".claude" / "skills"
    path = target / "make-emulator" / "SKILL.md"
    result = run("--install", str(target))
    assert (result.exit_code, result.output) == (0, f"Wrote {path}.\n")
    assert path.read_bytes() == SKILL
    assert run("--install", str(target)).output == f"{path} is up to date.\n"


def test_a_file_that_differs_is_replaced_with_force_only(tmp_path: Path) -> None:
    path = tmp_path / "make-emulator" / "SKILL.md"
    path.parent.mkdir()
    path.write_text("of another version", "utf-8")
    result = run("--install", str(tmp_path))
    assert result.exit_code == 1
    assert result.output == (
        f"make-emulator: {path} differs from the skill of this version; --force replaces it\n"
    )
    assert path.read_text("utf-8") == "of another version"
    assert run("--install", str(tmp_path), "--force").output == f"Replaced {path}.\n"
    assert path.read_bytes() == SKILL


def test_the_home_folder_is_written_as_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert run("--install", "~/skills").exit_code == 0
    assert (tmp_path / "skills/make-emulator/SKILL.md").read_bytes() == SKILL


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    result = run("--install", str(tmp_path / "file"))
    assert result.exit_code == 1
    assert result.output.startswith(f"make-emulator: cannot write {tmp_path / 'file' / 'make-emulator'}")
    assert result.output.count("\n") == 1


def test_force_alone_is_a_mistake() -> None:
    result = run("--force")
    assert result.exit_code == 2
    assert "--force belongs to --install" in result.output
