"""The command ``fidelity``: the fidelity ledger, by area."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
import orjson

from .command import command
from .options import format_option
from .terminal import terminal_width, wrap
from .values import complete_areas

if TYPE_CHECKING:
    from ..fidelity import Behaviour

#: Characters before a statement.
_INDENT = 14


@command(
    "fidelity",
    short_help="Show which behaviours are observed, documented or assumed.",
    examples=[
        "make-emulator fidelity",
        "make-emulator fidelity hooks",
        "make-emulator fidelity --score",
    ],
    docs="reference/fidelity-score.md",
)
@click.argument("area", required=False, shell_complete=complete_areas)
@format_option("text", "json", "markdown", help="Lines for people, one JSON object, or a document.")
@click.option(
    "--score",
    is_flag=True,
    help="Show the shares of evidence and of tested behaviours, by area and by route.",
)
def fidelity(area: str | None, format: str, score: bool) -> None:
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
    if score:
        _show_score(behaviours, format)
    elif format == "json":
        click.echo(orjson.dumps(ledger.to_json(behaviours), option=orjson.OPT_INDENT_2))
    elif format == "markdown":
        click.echo(ledger.render_markdown(behaviours), nl=False)
    else:
        width = terminal_width()
        click.echo(
            ledger.render_text(
                behaviours,
                with_statements=area is not None,
                wrap=lambda text: wrap(text, None if width is None else width - _INDENT),
            )
        )


def _show_score(behaviours: Sequence[Behaviour], format: str) -> None:
    from .. import fidelity as ledger

    if format == "json":
        document = {
            "areas": [each.to_json() for each in ledger.score_areas(behaviours)],
            "routes": [each.to_json() for each in ledger.score_routes(behaviours)],
        }
        click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    elif format == "markdown":
        click.echo(ledger.render_scores_markdown(behaviours), nl=False)
    else:
        click.echo(ledger.render_scores(behaviours))
