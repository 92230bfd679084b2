"""The command ``skill``: the skill that teaches AI agents to use the emulator."""

from __future__ import annotations

from pathlib import Path

import click

from ..error_reasons import os_error_reason
from ..resources import data_folder
from .errors import CommandError

#: The folder of the skill, as the field ``name`` of its file says.
NAME = "make-emulator"
FILE = "SKILL.md"


@click.command("skill", short_help="Print or install the skill for AI agents.")
# Without environment variables: what an agent reads is written only where the command says so.
@click.option(
    "--install", "folder", metavar="DIR", help="Install it in a folder of skills, such as .claude/skills."
)
@click.option("--force", is_flag=True, help="Replace an installed file that differs.")
def skill(folder: str | None, force: bool) -> None:
    r"""Print or install the skill that teaches an AI agent to build, run and debug scenarios with the emulator.

    \b
    make-emulator skill                             prints it
    make-emulator skill --install .claude/skills    for Claude Code, in this project
    make-emulator skill --install ~/.claude/skills  for Claude Code, in every project
    make-emulator skill --install .agents/skills    for agents that read this folder, such as Codex

    It is one Markdown file, make-emulator/SKILL.md in that folder.
    """
    text = (data_folder("skills") / NAME / FILE).read_text("utf-8")
    if folder is not None:
        _install(text, Path(folder).expanduser() / NAME / FILE, force=force)
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
