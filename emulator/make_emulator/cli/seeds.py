"""Commands for seed files: ``init`` and ``validate``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ..error_reasons import os_error_reason
from .command import command
from .errors import CommandError, InvalidSeedError
from .options import ENV_PREFIX, env_option


@command(
    examples=[
        "make-emulator init",
        "make-emulator init --schema seed.schema.json",
    ],
    docs="how-to/seeds.md",
)
@click.argument("file", required=False, envvar=f"{ENV_PREFIX}_INIT_FILE")
@env_option("--force", is_flag=True, help="Overwrite the file if it exists.")
@env_option("--schema", is_flag=True, help="Write the JSON Schema of seeds, for editors, instead.")
def init(file: str | None, force: bool, schema: bool) -> None:
    """Write a commented seed to start from.

    FILE defaults to seed.yaml (seed.schema.json with --schema); - writes to the standard output.
    """
    from ..seeds import json_schema_text, starter_text

    text = json_schema_text() if schema else starter_text()
    if file == "-":
        click.echo(text, nl=False)
        return
    path = Path(file or ("seed.schema.json" if schema else "seed.yaml"))
    try:
        with path.open("w" if force else "x", encoding="utf-8", newline="\n") as opened:
            opened.write(text)
    except FileExistsError:
        raise CommandError(f"{path} exists; --force overwrites it") from None
    except (OSError, ValueError) as error:
        raise CommandError(f"cannot write {path}: {os_error_reason(error)}") from None
    click.echo(f"Wrote {path}." if schema else f"Wrote {path}. Try: make-emulator serve --seed {path}")


@command(
    short_help="Check a seed and summarize it.",
    examples=[
        "make-emulator validate seed.yaml",
        "make-emulator validate default",
    ],
    docs="how-to/seeds.md",
)
@click.argument("file", envvar=f"{ENV_PREFIX}_SEED")
def validate(file: str) -> None:
    """Check a seed: print every issue with its line and exit 1, or print a summary and exit 0."""
    from .. import seeds

    try:
        seed = seeds.check(file)
    except seeds.SeedError as error:
        raise InvalidSeedError(error.issues, sys.stdout) from None
    click.echo(f"{file} is a valid seed: {seeds.summarize(seed)}")
