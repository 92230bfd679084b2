"""The command ``balancer``: the configuration of a load balancer in front of workers."""

from __future__ import annotations

import click

from .command import command
from .options import env_option


@command(
    short_help="Print the configuration of a load balancer in front of workers.",
    examples=[
        "make-emulator balancer --workers 4 --worker-url http://make-{index}:4747",
    ],
    docs="how-to/fleet.md",
)
@env_option(
    "--workers",
    required=True,
    type=click.IntRange(1, 256),
    help="Number of workers.",
)
@env_option(
    "--worker-url",
    required=True,
    metavar="URL",
    help="URL of a worker, in which {index} stands for its number, e.g. http://make-{index}.make:4747.",
)
@click.option(
    "--listen",
    default=":4747",
    show_default=True,
    metavar="ADDRESS",
    help="Address at which the load balancer listens.",
)
def balancer(workers: int, worker_url: str, listen: str) -> None:
    """Print the configuration of HAProxy in front of workers, which it sends the requests of their own worlds.

    The workers are servers started with --workers, --worker-index and --worker-url.
    """
    # Imported here, so that --help and mistakes in the usage answer at once.
    from ..fleet.haproxy import configuration

    try:
        click.echo(configuration(workers, worker_url, listen), nl=False)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--worker-url") from None
