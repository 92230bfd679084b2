"""The command ``routes``: the declared routes with their scopes and the fidelity of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import click
import orjson

from ..json_types import JsonObject
from .command import command
from .options import format_option, hidden_json_option
from .terminal import terminal_width, wrap

if TYPE_CHECKING:
    from ..fidelity import Behaviour
    from ..http.endpoint import Endpoint

_FIELDS = ("method", "path", "scopes", "permissions", "core", "plan")
#: The widest column of the table.
_MAX_WIDTH = 57

_LEGEND = (
    "O/D/A: behaviours that are observed, documented, assumed. CORE: number among the 47 documented routes."
)


@command(
    "routes",
    short_help="List the routes with their scopes and fidelity.",
    examples=[
        "make-emulator routes",
        "make-emulator routes --format json",
    ],
    docs="reference/routes.md",
)
@format_option("text", "json", help="A table, or one JSON array.")
@hidden_json_option
def routes(format: str, as_json: bool) -> None:
    """List the routes with their scopes and the fidelity of each."""
    # Imported here, so that --help and mistakes in the usage answer at once.
    from .. import api, fidelity

    rows = list_routes(api.endpoints(), fidelity.shipped_behaviours())
    if as_json or format == "json":
        click.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2))
    else:
        click.echo(render_text(rows, terminal_width()))


def list_routes(endpoints: Iterable[Endpoint], behaviours: Sequence[Behaviour]) -> list[JsonObject]:
    """Returns a row for each route: its declaration, and the number of behaviours of each status that name it."""
    from ..fidelity import count_statuses

    rows = []
    for endpoint in endpoints:
        route = f"{endpoint.method} {endpoint.path}"
        row = {
            name: list(value) if isinstance(value := getattr(endpoint, name), tuple) else value
            for name in _FIELDS
        }
        counts = count_statuses(each for each in behaviours if route in each.routes)
        rows.append({**row, "fidelity": counts, "summary": endpoint.summary})
    return rows


def render_text(rows: Iterable[JsonObject], width: int | None = None) -> str:
    """Returns the rows as a table with a legend.

    Args:
        width: the width of the terminal, if there is one.
    """
    cells = [("METHOD", "PATH", "SCOPES", "CORE", "O/D/A"), *map(_table_cells, rows)]
    # The few cells that are longer shift the rest of their row.
    widths = [min(max(map(len, column)), _MAX_WIDTH) for column in zip(*cells, strict=True)]
    if width is not None and sum(widths) + 2 * (len(widths) - 1) > width:
        # Too wide for a table: what does not fit stands in a second line.
        lines = [line for row in cells for line in _two_lines(row, widths)]
    else:
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in cells]
    return "\n".join([*lines, "", *wrap(_LEGEND, width)])


def _two_lines(row: Sequence[str], widths: Sequence[int]) -> tuple[str, str]:
    method, path, scopes, core, counts = row
    indent = " " * (widths[0] + 2)
    return (
        f"{method.ljust(widths[0])}  {path}",
        f"{indent}{counts.ljust(8)}  {core.ljust(4)}  {scopes}".rstrip(),
    )


def _table_cells(row: JsonObject) -> tuple[str, ...]:
    """Returns the cells of a row: ``area:read+write`` for scopes of one area, counts as observed/documented/assumed."""
    areas = groupby((scope.partition(":") for scope in row["scopes"]), key=lambda parts: parts[0])
    scopes = ", ".join(f"{area}:{'+'.join(access for _, _, access in group)}" for area, group in areas)
    core, counts = ",".join(map(str, row["core"])), "/".join(map(str, row["fidelity"].values()))
    return row["method"], row["path"], scopes, core, counts
