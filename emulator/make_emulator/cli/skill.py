"""The command ``skill``: the skill that teaches AI agents to use the emulator."""

from __future__ import annotations

from pathlib import Path

import click

from ..error_reasons import os_error_reason
from ..resources import data_folder
from .command import command
from .errors import CommandError

#: The folder of the skill, as the field ``name`` of its file says.
NAME = "make-emulator"
FILE = "SKILL.md"


@command(
    "skill",
    short_help="Print or install the skill for AI agents.",
    examples=[
        "make-emulator skill",
        "make-emulator skill --install .claude/skills    # for Claude Code",
        "make-emulator skill --install ~/.claude/skills  # in every project",
    ],
    docs="how-to/skill.md",
)
@click.option("--install", metavar="DIR", help="Install it in a folder of skills, such as .claude/skills.")
@click.option("--force", is_flag=True, help="Replace an installed file that differs.")
def skill(install: str | None, force: bool) -> None:
    """Print or install the skill that teaches an AI agent to build, run and debug scenarios with the emulator.

    It is one Markdown file, make-emulator/SKILL.md in that folder.
    """
    text = (data_folder("skills") / NAME / FILE).read_text("utf-8")
    if install is not None:
        _install(text, Path(install).expanduser() / NAME / FILE, force=force)
    elif force:
        raise click.UsageError("--force belongs to --install")
    else:
        click.echo(text, nl=False)


def _install(text: str, path: Path, *, force: bool) -> None:
    content = text.encode()
    try:
        current = path.read_bytes() if path.exists() else None
        if current == content:
            click.echo(f"{path} is up to date.")
            return
        if current is not None and not force:
            raise CommandError(f"{path} differs from the skill of this version; --force replaces it")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except (OSError, ValueError) as error:
        raise CommandError(f"cannot write {path}: {os_error_reason(error)}") from None
    click.echo(f"{'Wrote' if current is None else 'Replaced'} {path}.")
