"""AGENTS.md: short, and the commands and files that it names exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "AGENTS.md").read_text("utf-8")


def test_it_is_short() -> None:
    assert len(TEXT.splitlines()) <= 60


def test_its_commands_are_targets_of_the_makefile() -> None:
    targets = re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE)
    named = {word for words in re.findall(r"`make ((?:[a-z]+ ?)+)", TEXT) for word in words.split()}
    assert named == {"test", "lint", "typecheck", "format", "docs", "site", "serve"}
    assert named <= set(targets)


def test_its_files_exist() -> None:
    named = re.findall(r"`([\w./*-]+/[\w./*-]*|[\w-]+\.\w+)`", TEXT) + re.findall(r"\]\(([^)]+)\)", TEXT)
    assert len(named) > 25
    for name in named:
        pattern = name.replace("GROUP", "teams")
        folders = (ROOT, ROOT / "emulator/make_emulator")
        # The prepared fixtures and a few others are made by commands.
        assert any(list(folder.glob(pattern.rstrip("/"))) for folder in folders) or name == "world.clock", (
            name
        )
