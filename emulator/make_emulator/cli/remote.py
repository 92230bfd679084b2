"""Commands for a running emulator: ``snapshot``, ``reset``, ``world``, ``access-report``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import orjson

from ..error_reasons import os_error_reason
from ..io import write_pieces_atomically
from ..json_types import Json
from .command import DocumentedGroup, command, subcommand
from .errors import CommandError
from .options import SEED, env_option, format_option

if TYPE_CHECKING:
    from ..client.control import ControlClient

_Command = TypeVar("_Command", bound=Callable[..., Any])


def server_options(command: _Command) -> _Command:
    """Adds the options that select the emulator."""
    for option in (
        env_option("--control-key", metavar="KEY", help="The key of its control API, if it has one."),
        env_option(
            "--url", default="http://127.0.0.1:4747", show_default=True, help="The URL of the emulator."
        ),
    ):
        command = option(command)
    return command


_world_format_option = format_option("text", "json", help="What clients need, or one JSON object.")

world_option = env_option("--world", default="default", show_default=True, help="The name of the world.")


@contextmanager
def open_control(url: str, key: str | None, ca_file: Path | None = None) -> Iterator[ControlClient]:
    """Opens the control API of the emulator at a URL; a failed call is the failure of the command.

    Args:
        ca_file: the certificate of the authority to trust, instead of those that the system trusts.
    """
    # Imported here, so that --help and usage errors respond at once.
    from ..client.control import ControlClient, ControlError, HttpTransport

    try:
        yield ControlClient(HttpTransport(url.rstrip("/"), key, ca_file))
    except ControlError as error:
        raise CommandError(str(error).replace("\n", "; ")) from None


@click.group(
    cls=DocumentedGroup,
    examples=["make-emulator snapshot save state.json", "make-emulator snapshot load state.json"],
    docs="how-to/faults.md",
)
def snapshot() -> None:
    """Save the state of a world, or restore it."""


@subcommand(
    snapshot,
    examples=[
        "make-emulator snapshot save state.json",
        "make-emulator snapshot save shown.json --redact",
    ],
    docs="how-to/faults.md",
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--redact", is_flag=True, help="Leave out every secret; such a file cannot be loaded.")
@world_option
@server_options
def save(file: Path, redact: bool, world: str, url: str, control_key: str | None) -> None:
    """Write the state of a world to FILE, tokens and credentials included."""
    with open_control(url, control_key) as control:
        try:
            write_pieces_atomically(file, control.world(world).iter_snapshot(redact=redact))
        except OSError as error:
            raise CommandError(f"cannot write {file}: {os_error_reason(error)}") from None
    click.echo(f"Wrote {file}.")


@subcommand(
    snapshot,
    examples=[
        "make-emulator snapshot load state.json",
        "make-emulator snapshot load state.json --world mine --copy",
    ],
    docs="how-to/faults.md",
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--copy",
    "is_copy",
    is_flag=True,
    help="Give tokens, hooks and OAuth clients new keys: the world of the snapshot may still be there.",
)
@world_option
@server_options
@_world_format_option
def load(file: Path, is_copy: bool, world: str, url: str, control_key: str | None, format: str) -> None:
    """Restore a world from FILE."""
    try:
        document = file.open("rb")
    except OSError as error:
        raise CommandError(f"cannot read {file}: {os_error_reason(error)}") from None
    with document, open_control(url, control_key) as control:
        _print_world(control.world(world).load_snapshot(document, copy=is_copy), format)


@command(
    examples=[
        "make-emulator reset",
        "make-emulator reset --world mine",
    ],
    docs="how-to/faults.md",
)
@world_option
@server_options
@_world_format_option
def reset(world: str, url: str, control_key: str | None, format: str) -> None:
    """Reset a world to its seed."""
    with open_control(url, control_key) as control:
        _print_world(control.world(world).reset(), format)


@click.group(
    cls=DocumentedGroup,
    examples=["make-emulator world create mine --plan core", "make-emulator world list"],
    docs="how-to/pytest.md",
)
def world() -> None:
    """Create, list and delete worlds."""


@subcommand(
    world,
    "list",
    examples=[
        "make-emulator world list",
        "make-emulator world list --url http://127.0.0.1:4750",
    ],
    docs="how-to/pytest.md",
)
@server_options
@format_option("text", "json", help="A table, or one JSON array.")
def list_worlds(url: str, control_key: str | None, format: str) -> None:
    """List the worlds with their plans, teams and tokens."""
    rows: list[tuple[str, ...]] = [("world", "plan", "zone", "team", "token")]
    with open_control(url, control_key) as control:
        worlds = control.worlds()
    if format == "json":
        click.echo(orjson.dumps(worlds, option=orjson.OPT_INDENT_2))
        return
    for description in worlds:
        cells = (description[name] for name in ("name", "plan", "zone", "teamId", "token"))
        rows.append(tuple("-" if cell is None else str(cell) for cell in cells))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(map(str.ljust, row, widths)).rstrip())


@subcommand(
    world,
    short_help="Create a world, isolated from all others.",
    examples=[
        "make-emulator world create",
        "make-emulator world create mine --seed seed.yaml --plan core",
    ],
    docs="how-to/pytest.md",
)
@click.argument("name", required=False)
@click.option("--seed", metavar="NAME|FILE", type=SEED, help="Its seed.")
@click.option("--plan", help="free, core, pro, teams or enterprise.")
@click.option("--zone", help="Such as eu1.")
@click.option("--now", help="Its time at the start, ISO 8601.")
@server_options
@_world_format_option
def create(
    name: str | None,
    seed: str | None,
    plan: str | None,
    zone: str | None,
    now: str | None,
    url: str,
    control_key: str | None,
    format: str,
) -> None:
    """Create a world, isolated from all others; without a NAME one is generated."""
    from ..seeds import SeedError

    try:
        with open_control(url, control_key) as control:
            description = control.create_world(name, seed=seed, plan=plan, zone=zone, now=now)
    except SeedError as error:
        raise CommandError(str(error).replace("\n", "; ")) from None
    except OSError as error:
        raise CommandError(f"cannot read {seed}: {os_error_reason(error)}") from None
    _print_world(description, format)


@subcommand(
    world,
    examples=[
        "make-emulator world delete mine",
    ],
    docs="how-to/pytest.md",
)
@click.argument("name")
@server_options
def delete(name: str, url: str, control_key: str | None) -> None:
    """Delete a world, and its tokens."""
    with open_control(url, control_key) as control:
        control.world(name).delete()
    click.echo(f"Deleted {name}.")


@command(
    "access-report",
    short_help="Show the scopes that each token used, and needs.",
    examples=[
        "make-emulator access-report",
        "make-emulator access-report --policy",
    ],
    docs="how-to/reports.md",
)
@format_option("text", "markdown", "json", help="A table, a line for each token, or JSON.")
@click.option(
    "--policy", is_flag=True, help="The least grants of each as YAML, to paste into a seed as its agents."
)
@world_option
@server_options
def access_report(format: str, policy: bool, world: str, url: str, control_key: str | None) -> None:
    """Show for each token the scopes that it used, those that it lacked, and the minimum scopes."""
    with open_control(url, control_key) as control:
        report = control.world(world).access_report_text("policy" if policy else format)
    click.echo(report.rstrip("\n"))


def _print_world(description: dict[str, Json], format: str) -> None:
    if format == "json":
        click.echo(orjson.dumps(description, option=orjson.OPT_INDENT_2))
        return
    click.echo(f"  world         {description['name']}")
    click.echo(f"  base URL      {description['baseUrl']}")
    click.echo(f"  token         {description['token']}")
    if description["teamId"] is not None:
        click.echo(f"  team          {description['teamId']}")
        click.echo(f"  organization  {description['organizationId']}")
