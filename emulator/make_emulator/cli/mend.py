"""The command ``mend``: repairs of blueprints, each tried before it is offered."""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING

import click
import orjson

from ..error_reasons import os_error_reason
from .blueprint_files import load_lint_options, read_files, require_blueprints
from .command import command
from .errors import CommandError
from .explain import load_scripts, modules_option, now_option, parse_time
from .options import format_option, paths_argument
from .values import complete_rules

if TYPE_CHECKING:
    from ..mend.files import MendedFile


@command(
    "mend",
    short_help="Repair blueprints where the repair is obvious.",
    examples=[
        "make-emulator mend blueprints/",
        "make-emulator mend blueprint.json --write",
    ],
    docs="how-to/mend.md",
)
@paths_argument
@click.option("--write", is_flag=True, help="Write the repairs into the files, whose format stays.")
@format_option("text", "json", help="Lines for people, or one JSON object with the patches.")
@click.option(
    "--ignore",
    metavar="RULE",
    multiple=True,
    shell_complete=complete_rules,
    help="Leave findings of a rule; may be repeated.",
)
@modules_option
@now_option
@click.pass_context
def mend(
    context: click.Context,
    paths: tuple[Path, ...],
    write: bool,
    format: str,
    ignore: tuple[str, ...],
    modules: IO[bytes] | None,
    now: str | None,
) -> None:
    """Repair what lint finds in blueprints, where the repair is obvious: slips in names, versions, references, handlers.

    Each PATH is a file, or a folder whose *.json files are tried; files that hold no blueprint are skipped. A repair is
    offered if its finding is gone with it, no other one appears, and a run ends no worse than before; it is shown as a
    JSON Patch. Without --write no file changes. Secrets are never repaired. Exit 1 if a repair is offered and not written,
    or an error stays.
    """
    # Imported here, so that --help and mistakes in the usage answer at once.
    from ..mend import output
    from ..mend.files import mend_file

    options, ignored = load_lint_options(ignore)
    scripts, moment = load_scripts(modules), parse_time(now)
    files = [
        mend_file(path, data, options=options, ignore=ignored, now=moment, scripts=scripts)
        for path, data, is_blueprint in read_files(paths)
        if is_blueprint
    ]
    require_blueprints(files, paths)
    if write:
        for file in files:
            if file.repairs:
                _write(file)
    if format == "json":
        click.echo(orjson.dumps(output.to_json(files, is_written=write), option=orjson.OPT_INDENT_2))
    else:
        for line in output.render_text(files, is_written=write):
            click.echo(line)
    if any(file.has_errors or (file.repairs and not write) for file in files):
        context.exit(1)


def _write(file: MendedFile) -> None:
    from ..mend.files import WriteError

    try:
        file.write()
    except WriteError as error:
        raise CommandError(f"{file.path} stays as it is: {error}") from None
    except OSError as error:
        raise CommandError(f"cannot write {file.path}: {os_error_reason(error)}") from None
