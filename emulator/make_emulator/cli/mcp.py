"""Command ``mcp``: the MCP server over standard input and output."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import click

from .command import command
from .errors import CommandError, InvalidSeedError
from .options import SEED, env_option

if TYPE_CHECKING:
    from ..client.control import Transport

_PATH = "/mcp/stateless"


@command(
    short_help="Serve Make's MCP server over standard input and output.",
    examples=[
        "make-emulator mcp --emulator-tools",
        "make-emulator mcp --url http://127.0.0.1:4747 --team-id 1",
    ],
    docs="how-to/mcp.md",
)
@env_option("--url", metavar="URL", help="The emulator that runs there; by default one in this process.")
@env_option("--token", metavar="T", help="The token of the agent; by default the first of the world.")
@env_option(
    "--seed",
    default="default",
    show_default=True,
    metavar="NAME|FILE",
    type=SEED,
    help="The seed, without --url.",
)
@env_option("--world", default="default", show_default=True, help="The name of the world, with --url.")
@env_option("--control-key", metavar="KEY", help="The key of the control API, if it has one.")
@click.option(
    "--organization-id", type=int, multiple=True, help="Only scenarios of that organization as tools."
)
@click.option("--team-id", type=int, multiple=True, help="Only scenarios of that team.")
@click.option("--scenario-id", type=int, multiple=True, help="Only that scenario.")
@click.option(
    "--emulator-tools",
    is_flag=True,
    help="Tools of the emulator beside Make's: explain a run, move the clock, inject faults, script modules, reset.",
)
def mcp(
    url: str | None,
    token: str | None,
    seed: str,
    world: str,
    control_key: str | None,
    organization_id: tuple[int, ...],
    team_id: tuple[int, ...],
    scenario_id: tuple[int, ...],
    emulator_tools: bool,
) -> None:
    """Serve Make's MCP server over standard input and output, for clients that start their servers themselves."""
    # Imported on use: a heavy part of start-up that the other commands do not need.
    from ..client.control import ControlClient, ControlError, HttpTransport
    from ..mcp_stdio.bridge import StdioBridge
    from ..mcp_stdio.emulator_tools import EmulatorTools

    levels = {"organizationId": organization_id, "teamId": team_id, "scenarioId": scenario_id}
    if sum(map(bool, levels.values())) > 1:
        raise click.UsageError("--organization-id, --team-id and --scenario-id exclude each other")
    query = urlencode([(f"{name}[]", id) for name, ids in levels.items() for id in ids])
    with _failures():
        transport = HttpTransport(url.rstrip("/"), control_key) if url else _create_emulator(seed)
        client = ControlClient(transport).world(world if url else "default")
        try:
            token = token or str(client.describe()["token"])
        except ControlError as error:
            raise CommandError(f"{str(error).splitlines()[0]}; pass --token") from None
    path = f"{_PATH}?{query}" if query else _PATH
    bridge = StdioBridge(transport, path, token, EmulatorTools(client) if emulator_tools else None)
    # The client may leave at any moment.
    with suppress(BrokenPipeError, KeyboardInterrupt):
        bridge.serve(sys.stdin.buffer, sys.stdout.buffer)


def _create_emulator(seed: str) -> Transport:
    from ..app import create_app
    from ..client.control import LocalTransport
    from ..seeds import SeedError

    try:
        return LocalTransport(create_app(seed=seed), "http://127.0.0.1")
    except SeedError as error:
        raise InvalidSeedError(error.issues) from None


@contextmanager
def _failures() -> Iterator[None]:
    from ..client.control import ControlError

    try:
        yield
    except ControlError as error:
        raise CommandError(str(error).replace("\n", "; ")) from None
