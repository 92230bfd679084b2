"""The command ``completion``: scripts that complete commands and options in a shell."""

from __future__ import annotations

import os
from pathlib import Path

import click

from ..error_reasons import os_error_reason
from .command import command
from .errors import CommandError

_PROGRAM = "make-emulator"
#: The variable by which Click is asked for completions.
_VARIABLE = "_MAKE_EMULATOR_COMPLETE"


@command(
    examples=[
        "make-emulator completion bash --install",
        'eval "$(make-emulator completion zsh)"    # in ~/.zshrc',
        "make-emulator completion fish --install",
        "make-emulator completion powershell | Out-String | Invoke-Expression",
    ],
    docs="how-to/command-line.md",
    short_help="Print or install the completion of a shell.",
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish", "powershell"]))
@click.option(
    "--install", is_flag=True, help="Write it into the folder from which bash or fish loads completions."
)
@click.pass_context
def completion(context: click.Context, shell: str, install: bool) -> None:
    """Print the script that completes the commands and options of make-emulator in a shell, or install it."""
    script = _render(context, shell)
    if not install:
        click.echo(script.rstrip("\n"))
        return
    path = _installed_path(shell)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(script, encoding="utf-8", newline="\n")
    except OSError as error:
        raise CommandError(f"cannot write {path}: {os_error_reason(error)}") from None
    click.echo(f"Wrote {path}. It completes in the next shell that starts.")


def _render(context: click.Context, shell: str) -> str:
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is None:
        raise CommandError(f"the installed release of Click completes no {shell}: pip install -U click")
    return kind(context.find_root().command, {}, _PROGRAM, _VARIABLE).source()


def _installed_path(shell: str) -> Path:
    """Returns the file that a shell loads by itself.

    Raises:
        UsageError: if the shell has no such folder.
    """
    if shell == "bash":
        data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share")
        return data / "bash-completion/completions" / _PROGRAM
    if shell == "fish":
        configuration = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
        return configuration / "fish/completions" / f"{_PROGRAM}.fish"
    line = {
        "zsh": f'eval "$({_PROGRAM} completion zsh)" in ~/.zshrc',
        "powershell": f"{_PROGRAM} completion powershell | Out-String | Invoke-Expression in $PROFILE",
    }[shell]
    raise click.UsageError(f"{shell} loads no folder by itself: write {line}")
