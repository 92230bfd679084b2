"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])


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
