"""The command ``fidelity``: the fidelity ledger, by area."""

from __future__ import annotations

import click
import orjson

from .options import format_option


@click.command("fidelity", short_help="Show which behaviours are observed, documented or assumed.")
@click.argument("area", required=False)
@format_option("text", "json", "markdown", help="Lines for people, one JSON object, or a document.")
def fidelity(area: str | None, format: str) -> None:
    """Show the fidelity ledger: the behaviours that a client can see, each observed, documented or assumed.

    AREA limits it to the area of that name, or to the areas whose names contain it, such as "hooks" or "engine". Without
    AREA the text format shows the counts of each area.
    """
    # Imported here, so that --help and mistakes in the usage answer at once.
    from .. import fidelity as ledger

    behaviours = list(ledger.shipped_behaviours())
    if area is not None:
        areas = ledger.list_areas(behaviours)
        behaviours = ledger.filter_by_area(behaviours, area)
        if not behaviours:
            raise click.UsageError(f"no area matches {area!r}; the areas are: {', '.join(areas)}")
    if format == "json":
        click.echo(orjson.dumps(ledger.to_json(behaviours), option=orjson.OPT_INDENT_2))
    elif format == "markdown":
        click.echo(ledger.render_markdown(behaviours), nl=False)
    else:
        click.echo(ledger.render_text(behaviours, with_statements=area is not None))
