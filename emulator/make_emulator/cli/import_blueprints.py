"""The command ``import``: exported blueprints become scenarios of a running emulator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import orjson

from ..error_reasons import os_error_reason
from ..json_types import JsonObject
from ..plain_text import pluralize, printable
from .command import command
from .errors import CommandError
from .options import format_option
from .remote import open_control, server_options, world_option


@command(
    "import",
    short_help="Make scenarios of exported blueprints.",
    examples=[
        "make-emulator import blueprints/ --activate",
        "make-emulator import blueprint.json --world mine --format json",
    ],
    docs="how-to/import.md",
)
@click.argument("folder", type=click.Path(exists=True, readable=True, path_type=Path))
@click.option("--activate", is_flag=True, help="Activate the scenarios, as far as they can be.")
@click.option("--team-id", type=int, metavar="N", help="The team of the scenarios; by default the first.")
@format_option("text", "json", help="A line for each file and stub, or the response of the control API.")
@world_option
@server_options
@click.pass_context
def import_blueprints(
    context: click.Context,
    folder: Path,
    activate: bool,
    team_id: int | None,
    format: str,
    world: str,
    url: str,
    control_key: str | None,
) -> None:
    """Make scenarios of the exported blueprints in FOLDER, or of one file, in a world of a running emulator.

    Connections, hooks, data stores, data structures and called scenarios that the world lacks become stubs. Scenarios that
    call each other are linked. A file that Make would reject is left out as a whole: exit 1.
    """
    try:
        with open_control(url, control_key) as control:
            answer = control.world(world).import_blueprints(folder, team_id=team_id, activate=activate)
    except OSError as error:
        raise CommandError(f"cannot read {error.filename or folder}: {os_error_reason(error)}") from None
    except ValueError as error:
        raise CommandError(printable(str(error))) from None
    if format == "json":
        click.echo(orjson.dumps(answer, option=orjson.OPT_INDENT_2))
    else:
        for line in render_lines(answer):
            click.echo(line)
    if answer["rejected"]:
        context.exit(1)


def render_lines(answer: Mapping[str, Any]) -> Iterator[str]:
    """Yields a line for each scenario, finding that is no mere information, stub and rejected file of an import, and their counts."""
    for row in answer["scenarios"]:
        state = "active" if row["active"] else f"inactive: {row['inactiveReason'] or 'not activated'}"
        yield printable(f"scenario {row['scenarioId']}  {row['file']}  {row['name']} ({state})")
        yield from _finding_lines(row)
    for row in answer["stubs"]:
        address = f"  {row['url']}" if "url" in row else ""
        yield printable(f"stub  {row['kind']} {row['id']}  {row['note']}{address}")
    for row in answer["rejected"]:
        hint = f" ({row['hint']})" if row["hint"] else ""
        yield printable(f"rejected  {row['file']}  {row['message']}{hint}")
        yield from _finding_lines(row)
    counts = (
        pluralize(len(answer["scenarios"]), "scenario"),
        pluralize(len(answer["stubs"]), "stub"),
        f"{len(answer['rejected'])} rejected",
    )
    yield ", ".join(counts)


def _finding_lines(row: JsonObject) -> Iterator[str]:
    for each in row["findings"]:
        if each["severity"] != "info":
            place = f"{row['file']}:{each['line']}" if "line" in each else row["file"]
            yield printable(f"    {place}: {each['severity']} [{each['rule']}] {each['message']}")
