"""The commands that talk to an emulator that runs already: ``snapshot``, ``reset``, ``world``, ``access-report``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import orjson

from ..io import write_atomically
from .errors import CommandError

if TYPE_CHECKING:
    from ..client.control import ControlClient

_Command = TypeVar("_Command", bound=Callable[..., Any])

_ENV_PREFIX = "MAKE_EMULATOR"


def _server_options(command: _Command) -> _Command:
    """The options that say which emulator is meant."""
    for option in (
        click.option(
            "--control-key",
            envvar=f"{_ENV_PREFIX}_CONTROL_KEY",
            metavar="KEY",
            help="The key of its control API, if it has one.",
        ),
        click.option(
            "--url",
            default="http://127.0.0.1:4747",
            show_default=True,
            envvar=f"{_ENV_PREFIX}_URL",
            help="Where the emulator listens.",
        ),
    ):
        command = option(command)
    return command


_world_option = click.option(
    "--world",
    default="default",
    show_default=True,
    envvar=f"{_ENV_PREFIX}_WORLD",
    help="The world that is meant.",
)


def _call_control(url: str, key: str | None, method: str, *path: str, **options: Any) -> Any:
    """Make one call of the control API; a refusal is the command's failure."""
    with _open_control(url, key) as control:
        return control.call(method, *path, **options)


@contextmanager
def _open_control(url: str, key: str | None) -> Iterator[ControlClient]:
    """The control API of the emulator at a URL, until it refuses something: that is the command's failure."""
    # Imported here, so that --help and mistakes in the usage answer at once.
    from ..client.control import ControlClient, ControlError, HttpTransport

    try:
        yield ControlClient(HttpTransport(url.rstrip("/"), key))
    except ControlError as error:
        raise CommandError(str(error)) from None


@click.group()
def snapshot() -> None:
    """Save the whole state of a world, or bring it back."""


@snapshot.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--redact", is_flag=True, help="Leave out every secret; such a file cannot be loaded.")
@_world_option
@_server_options
def save(file: Path, redact: bool, world: str, url: str, control_key: str | None) -> None:
    """Write the state of a world to FILE, tokens and credentials included."""
    query = {"redact": "true"} if redact else None
    document = _call_control(url, control_key, "GET", "worlds", world, "snapshot", query=query)
    try:
        write_atomically(file, orjson.dumps(document))
    except OSError as error:
        raise CommandError(f"cannot write {file}: {error.strerror or error}") from None
    click.echo(f"Wrote {file}.")


@snapshot.command()
@click.argument("file", type=click.Path(path_type=Path))
@_world_option
@_server_options
def load(file: Path, world: str, url: str, control_key: str | None) -> None:
    """Take a world back to the state in FILE."""
    try:
        document = orjson.loads(file.read_bytes())
    except OSError as error:
        raise CommandError(f"cannot read {file}: {error.strerror or error}") from None
    except orjson.JSONDecodeError as error:
        raise CommandError(f"{file} is not JSON: {error}") from None
    described = _call_control(url, control_key, "PUT", "worlds", world, "snapshot", body=document)["world"]
    _print_world(described)


@click.command()
@_world_option
@_server_options
def reset(world: str, url: str, control_key: str | None) -> None:
    """Take a world back to its seed."""
    _print_world(_call_control(url, control_key, "POST", "worlds", world, "reset")["world"])


@click.group()
def world() -> None:
    """Make, list and delete worlds."""


@world.command("list")
@_server_options
def list_worlds(url: str, control_key: str | None) -> None:
    """List the worlds with their plans, teams and tokens."""
    rows: list[tuple[str, ...]] = [("world", "plan", "zone", "team", "token")]
    for described in _call_control(url, control_key, "GET", "worlds")["worlds"]:
        shown = (described[name] for name in ("name", "plan", "zone", "teamId", "token"))
        rows.append(tuple("-" if value is None else str(value) for value in shown))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(map(str.ljust, row, widths)).rstrip())


@world.command(short_help="Make a world, isolated from all others.")
@click.argument("name", required=False)
@click.option("--seed", metavar="NAME|FILE", help="What it is made from.")
@click.option("--plan", help="free, core, pro, teams or enterprise.")
@click.option("--zone", help="Such as eu1.")
@click.option("--now", help="Its time at the start, ISO 8601.")
@_server_options
def create(
    name: str | None,
    seed: str | None,
    plan: str | None,
    zone: str | None,
    now: str | None,
    url: str,
    control_key: str | None,
) -> None:
    """Make a world, isolated from all others; without a NAME one is made up."""
    from ..seeds import SeedError
    from ..testing import ControlError, MakeEmulator

    try:
        emulator = MakeEmulator.attach(url, control_key=control_key)
        made = emulator.create_world(name, seed=seed, plan=plan, zone=zone, now=now)
    except (ControlError, SeedError) as error:
        raise CommandError(str(error).replace("\n", "; ")) from None
    except OSError as error:
        raise CommandError(f"cannot read {seed}: {error.strerror or error}") from None
    _print_world(_call_control(url, control_key, "GET", "worlds", made.name)["world"])


@world.command()
@click.argument("name")
@_server_options
def delete(name: str, url: str, control_key: str | None) -> None:
    """Delete a world, and its tokens."""
    _call_control(url, control_key, "DELETE", "worlds", name)
    click.echo(f"Deleted {name}.")


@click.command("access-report", short_help="Tell which scopes each token used, and needs.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    show_default=True,
    help="A table, a line for each token, or all that is known.",
)
@_world_option
@_server_options
def access_report(form: str, world: str, url: str, control_key: str | None) -> None:
    """Tell for each token the scopes that it used, those it was refused, and the least set that would do."""
    with _open_control(url, control_key) as control:
        report = control.text("worlds", world, "access-report", query={"format": form})
    click.echo(report.rstrip("\n"))


def _print_world(described: dict[str, Any]) -> None:
    click.echo(f"  world         {described['name']}")
    click.echo(f"  base URL      {described['baseUrl']}")
    click.echo(f"  token         {described['token']}")
    if described["teamId"] is not None:
        click.echo(f"  team          {described['teamId']}")
        click.echo(f"  organization  {described['organizationId']}")
