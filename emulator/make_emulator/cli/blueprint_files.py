"""Input of the commands that take blueprints: their files, and the configuration of lint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..error_reasons import os_error_reason
from .errors import CommandError

if TYPE_CHECKING:
    from ..lint import LintOptions

# Modules are imported in the functions, so that --help and mistakes in the usage answer at once.


def read_files(paths: Iterable[Path]) -> Iterator[tuple[Path, bytes, bool]]:
    """Yields each file of the paths with its content, and whether it is taken for a blueprint: named itself, or with a flow.

    Raises:
        CommandError: if one cannot be read.
    """
    from ..blueprint_import.files import find_files, looks_like_blueprint

    for path, is_named in find_files(paths):
        try:
            data = path.read_bytes()
        except OSError as error:
            raise CommandError(f"cannot read {path}: {os_error_reason(error)}") from None
        yield path, data, is_named or looks_like_blueprint(data)


def require_blueprints(found: Sequence[object], paths: Iterable[Path]) -> None:
    """Raises CommandError if no blueprint was found."""
    if not found:
        raise CommandError(f"no blueprint in {', '.join(map(str, paths))}")


def load_lint_options(ignore: tuple[str, ...]) -> tuple[LintOptions, tuple[str, ...]]:
    """Returns what the configuration of this folder says of a team, and the rules that are switched off there or by the command.

    Raises:
        click.UsageError: if the configuration is invalid, or a rule is unknown.
    """
    from ..lint import LintOptions
    from ..lint.config import LintConfigError, check_rule_ids, load_config

    try:
        check_rule_ids(ignore)
        config = load_config(Path.cwd())
    except LintConfigError as error:
        raise click.UsageError(str(error)) from None
    options = LintOptions(least_minutes=config.least_minutes, functions=frozenset(config.functions))
    return options, (*ignore, *config.ignore)
