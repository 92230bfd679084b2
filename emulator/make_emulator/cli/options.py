"""Options that several commands share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

_Command = TypeVar("_Command", bound=Callable[..., Any])

#: Address of the documentation: each page of docs/ is a folder of it.
DOCS_URL = "https://make-emulator.github.io/make-emulator/"

#: Prefix of the environment variables of options.
ENV_PREFIX = "MAKE_EMULATOR"


def env_option(*names: str, also: str | None = None, **settings: Any) -> Callable[[_Command], _Command]:
    """Returns the decorator for an option with the environment variable ``MAKE_EMULATOR_NAME``, whatever the command.

    Args:
        names: the option, such as ``--world-seed``; a second name is that of the parameter.
        also: a second environment variable, such as ``MAKE_API_KEY``.
    """
    variable = f"{ENV_PREFIX}_{names[0].removeprefix('--').replace('-', '_').upper()}"
    return click.option(*names, envvar=[variable, also] if also else variable, **settings)


class OutputFile(click.Path):
    """Type of an option for a file to write: its folder has to exist, so that a long run does not end in vain."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        if not path.absolute().parent.is_dir():
            self.fail(f"there is no folder '{path.parent}' to write it to", param, ctx)
        return path


class SeedType(click.ParamType[str]):
    """Name of a shipped seed, or the path of a file."""

    name = "seed"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        # Imported on use: parameters are declared whenever a command is imported.
        from ..seeds import list_seeds

        # A shell completes files by itself for an item of that type.
        names = [CompletionItem(name) for name in list_seeds() if name.startswith(incomplete)]
        return [*names, CompletionItem(incomplete, type="file")]


#: Type of an option that names a seed.
SEED = SeedType()


#: Argument ``paths``: files and folders, at least one.
paths_argument = click.argument(
    "paths",
    metavar="PATH...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, readable=True, path_type=Path),
)


def format_option(*formats: str, help: str = "Output format.") -> Callable[[_Command], _Command]:
    """Returns the decorator for ``--format``; the first format is the default, the parameter is ``format``."""
    return click.option(
        "--format",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help=help,
    )


#: The spelling of ``--format json`` before ``--format`` was there; the parameter is ``as_json``.
hidden_json_option = click.option("--json", "as_json", is_flag=True, hidden=True)
