"""How the command line says that something went wrong: one clear line on stderr."""

from __future__ import annotations

import sys
from typing import Any

import click


class Failure(click.ClickException):
    """Something that went wrong and is not the usage: exit 1."""

    exit_code = 1

    def show(self, file: Any = None) -> None:
        click.echo(f"make-emulator: {self.format_message()}", file=file or sys.stderr)
