"""The command ``explain``: one run of a blueprint, without a server, as a readable trace."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click
import orjson

from ..error_reasons import os_error_reason
from ..plain_text import printable
from .command import command
from .errors import CommandError
from .options import format_option

if TYPE_CHECKING:
    from ..blueprint_import.export import BlueprintExport
    from ..json_types import Json
    from ..world.models import ModuleScript

#: Line width of output that goes to no terminal.
DEFAULT_WIDTH = 120


modules_option = click.option(
    "--modules",
    type=click.File("rb"),
    metavar="FILE.yaml",
    help="Scripted outputs of modules: 'app:Module': {output, error, times, durationMs}.",
)
now_option = click.option("--now", metavar="ISO", help="The time of the run, such as 2026-03-02T09:00:00Z.")


@command(
    "explain",
    short_help="Run a blueprint once and show its trace.",
    examples=[
        "make-emulator explain blueprint.json",
        'make-emulator explain blueprint.json --input \'{"order": "A2"}\' --full',
        "make-emulator explain blueprint.json --modules scripts.yaml --format json",
    ],
    docs="how-to/explain.md",
)
@click.argument("blueprint", metavar="BLUEPRINT.json", type=click.File("rb"))
@click.option(
    "--input",
    metavar="JSON|@FILE",
    help="The scenario's inputs, or the bundle that its trigger received (or a list of them).",
)
@modules_option
@click.option(
    "--scenario",
    "scenarios",
    metavar="ID=FILE.json",
    multiple=True,
    help="The blueprint of a scenario that this one calls, by its id; may be repeated.",
)
@now_option
@click.option(
    "--svg",
    type=click.File("w", encoding="utf-8", atomic=True),
    metavar="FILE.svg",
    help="Write a drawing of the scenario with the run on it: operations, errors, parts not reached.",
)
@click.option("--full", is_flag=True, help="Show every field and every bundle, whole.")
@format_option("text", "json", help="Lines for people, or one JSON object with all that is known.")
@click.pass_context
def explain(
    context: click.Context,
    blueprint: IO[bytes],
    input: str | None,
    modules: IO[bytes] | None,
    scenarios: tuple[str, ...],
    now: str | None,
    svg: IO[str] | None,
    full: bool,
    format: str,
) -> None:
    """Run a blueprint once and show the input and output of each module.

    BLUEPRINT.json is an export of Make, a response of its API, or a template; - reads the standard input.
    Nothing leaves this machine: connections, hooks and data stores are stubs, and modules of apps that the emulator does
    not interpret output mock data. Exit 0 for a run that succeeds, with or without warnings, 1 for one that
    ends with an error or for a file that is no blueprint.
    """
    # Imported here, so that --help and mistakes in the usage answer at once.
    from ..blueprint_import.export import parse_export
    from ..explain import json_output, runner, text_output

    bundle = parse_input(input) if input is not None else None
    scripts = load_scripts(modules)
    try:
        export = parse_export(blueprint.read())
    except ValueError as error:
        text = f"{_file_label(blueprint)} is no blueprint: {error}"
        hint = getattr(error, "hint", None)
        raise CommandError(printable(f"{text} ({hint})" if hint else text)) from None
    others = dict(_parse_called_scenario(text) for text in scenarios)
    try:
        explanation = runner.explain_blueprint(
            export, input=bundle, now=parse_time(now), scripts=scripts, called=others
        )
    except ValueError as error:
        hint = "; --input '{…}' gives the inputs" if bundle is None and export.takes_inputs else ""
        raise CommandError(printable(f"{_file_label(blueprint)} cannot be run: {error}{hint}")) from None
    if svg is not None:
        from ..explain.svg_output import explanation_svg

        svg.write(explanation_svg(explanation))
    if format == "json":
        click.echo(orjson.dumps(json_output.explanation_document(explanation), option=orjson.OPT_INDENT_2))
    else:
        width = shutil.get_terminal_size((DEFAULT_WIDTH, 24)).columns
        for line in text_output.render_lines(explanation, width=width, full=full):
            click.echo(line)
    if explanation.execution.error is not None:
        context.exit(1)


def parse_input(text: str) -> Json:
    """Returns the JSON of ``--input``, or of the file that it names."""
    data = text.encode()
    if text.startswith("@"):
        try:
            data = Path(text[1:]).read_bytes()
        except (OSError, ValueError) as error:
            reason = os_error_reason(error)
            raise click.BadParameter(f"cannot read {text[1:]}: {reason}", param_hint="--input") from None
    try:
        parsed: Json = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise click.BadParameter(f"not JSON: {error}", param_hint="--input") from None
    return parsed


def _parse_called_scenario(text: str) -> tuple[int, BlueprintExport]:
    """Returns the scenario id and the blueprint of ``--scenario ID=FILE.json``."""
    from ..blueprint_import.export import parse_export

    id, sign, path = text.partition("=")
    if not (sign and path and id.isascii() and id.isdigit() and 0 < len(id) < 16):
        raise click.BadParameter(f"'{text}' does not read ID=FILE.json", param_hint="--scenario")
    try:
        return int(id), parse_export(Path(path).read_bytes())
    except OSError as error:
        reason = os_error_reason(error)
        raise click.BadParameter(f"cannot read {path}: {reason}", param_hint="--scenario") from None
    except ValueError as error:
        raise CommandError(printable(f"{path} is no blueprint: {error}")) from None


def load_scripts(modules: IO[bytes] | None) -> list[ModuleScript]:
    """Returns the module scripts of the file of ``--modules``; none if there is no such option."""
    from ..explain.script_file import parse_scripts

    if modules is None:
        return []
    try:
        return list(parse_scripts(modules.read()))
    except ValueError as error:
        raise CommandError(printable(f"{modules.name}: {error}")) from None


def parse_time(now: str | None) -> str | None:
    """Returns the time of ``--now`` after a check."""
    from ..world.clock import MAX_TIMESTAMP, parse_iso

    if now is None:
        return None
    try:
        if not 0 <= parse_iso(now) <= MAX_TIMESTAMP:
            raise ValueError
    except (ValueError, OverflowError):
        raise click.BadParameter(f"'{now}' is not an ISO 8601 time", param_hint="--now") from None
    return now


def _file_label(file: IO[bytes]) -> str:
    name = getattr(file, "name", "-")
    return "the standard input" if name in ("-", "<stdin>") else str(name)
