"""Commands for seed files: ``init`` and ``validate``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson

from ..document_issues import format_path
from ..error_reasons import os_error_reason
from ..json_types import JsonObject
from .command import command
from .errors import CommandError, InvalidSeedError
from .options import ENV_PREFIX, SEED, env_option, format_option
from .terminal import terminal_width, wrap

if TYPE_CHECKING:
    from ..seeds.issues import SeedIssue


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
@click.argument("file", type=SEED, envvar=f"{ENV_PREFIX}_SEED")
@format_option("text", "json", help="Lines for people, or one JSON object.")
@click.pass_context
def validate(context: click.Context, file: str, format: str) -> None:
    """Check a seed: print every issue with its line and exit 1, or print a summary and exit 0."""
    from .. import seeds

    document: JsonObject
    try:
        seed = seeds.check(file)
    except seeds.SeedError as error:
        if format == "text":
            raise InvalidSeedError(error.issues, sys.stdout) from None
        document = {"seed": file, "valid": False, "issues": [_issue_json(issue) for issue in error.issues]}
    else:
        document = {"seed": file, "valid": True, "summary": seeds.summarize(seed), "issues": []}
    if format == "json":
        click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    else:
        text = f"{file} is a valid seed: {document['summary']}"
        click.echo("\n".join(wrap(text, terminal_width(), "  ")))
    if not document["valid"]:
        context.exit(1)


def _issue_json(issue: SeedIssue) -> JsonObject:
    return {"file": issue.file, "line": issue.line, "path": format_path(issue.path), "message": issue.text}
