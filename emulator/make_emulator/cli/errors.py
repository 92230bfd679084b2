"""Errors of the command line: one line on stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click
from click.core import ParameterSource

from ..error_reasons import os_error_reason


class CommandError(click.ClickException):
    """Failure of a command that is no mistake in the usage: exit 1."""

    exit_code = 1

    def show(self, file: IO[str] | None = None) -> None:
        click.echo(f"make-emulator: {self.format_message()}", file=file or sys.stderr)


class InvalidSeedError(CommandError):
    """Invalid seed: one line for each issue, as a compiler prints them."""

    def __init__(self, issues: Sequence[Any], file: IO[str] | None = None) -> None:
        super().__init__("\n".join(map(str, issues)))
        self._located = all(issue.file for issue in issues)
        self._file = file

    def show(self, file: IO[str] | None = None) -> None:
        if self._located:
            click.echo(self.format_message(), file=self._file or sys.stderr)
        else:
            super().show(file)


class CommandUsageError(click.UsageError):
    """Mistake in the usage: exit 2, in one line instead of the four that Click prints."""

    def show(self, file: IO[str] | None = None) -> None:
        command = self.ctx.command_path if self.ctx else "make-emulator"
        click.echo(f"make-emulator: {self.message}; see {command} --help", file=file or sys.stderr)


class CommandGroup(click.Group):
    """Command group whose errors are one line."""

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        with _one_line_errors():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> object:
        with _one_line_errors():
            return super().invoke(ctx)


@contextmanager
def _one_line_errors() -> Iterator[None]:
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        # Not an error: it shows the help.
        raise
    except click.UsageError as error:
        raise CommandUsageError(
            error.format_message().rstrip(".") + _variable_hint(error), error.ctx
        ) from None


def _variable_hint(error: click.UsageError) -> str:
    """Returns a note on the environment variable from which an invalid value comes; nothing for one of the command line."""
    context, parameter = error.ctx, getattr(error, "param", None)
    if context is None or not isinstance(parameter, click.Parameter) or parameter.name is None:
        return ""
    if context.get_parameter_source(parameter.name) is not ParameterSource.ENVIRONMENT:
        return ""
    names = [parameter.envvar] if isinstance(parameter.envvar, str) else list(parameter.envvar or ())
    names.append(f"{context.auto_envvar_prefix}_{parameter.name}".upper())
    return f" (from the variable {next(name for name in names if os.environ.get(name))})"


@contextmanager
def write_errors(path: Path | str | None) -> Iterator[None]:
    """Context in which a file that cannot be written is a failure of the command."""
    try:
        yield
    except OSError as error:
        raise CommandError(f"cannot write {path}: {os_error_reason(error)}") from None
