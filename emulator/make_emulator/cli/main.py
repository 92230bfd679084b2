"""The command line. Errors are one clear line on stderr: exit 2 for usage, 1 for failure."""

from __future__ import annotations

import atexit
import errno
import logging
import re
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..version import __version__
from . import remote, zone
from .contract import contract
from .errors import CommandError, CommandGroup
from .explain import explain
from .fidelity import fidelity
from .routes import routes
from .survey import survey

if TYPE_CHECKING:
    from ..registry import WorldRegistry
    from ..server.persistence import StateFile

ENV_PREFIX = "MAKE_EMULATOR"


class InvalidSeedError(CommandError):
    """Invalid seed: one line for each issue, as a compiler prints them."""

    def __init__(self, issues: Sequence[Any], file: Any = None) -> None:
        super().__init__("\n".join(map(str, issues)))
        self._located = all(issue.file for issue in issues)
        self._file = file

    def show(self, file: Any = None) -> None:
        if self._located:
            click.echo(self.format_message(), file=self._file or sys.stderr)
        else:
            super().show(file)


@click.group(
    cls=CommandGroup,
    context_settings={"auto_envvar_prefix": ENV_PREFIX, "help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="make-emulator")
def main() -> None:
    """A local emulator of the Make API v2."""


for _command in (
    remote.snapshot,
    remote.reset,
    remote.world,
    remote.access_report,
    zone.pull,
    zone.diff,
    explain,
    survey,
    contract,
    routes,
    fidelity,
):
    main.add_command(_command)


@main.command()
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    envvar=f"{ENV_PREFIX}_HOST",
    help="Address to listen at.",
)
@click.option(
    "--port",
    default=4747,
    show_default=True,
    envvar=f"{ENV_PREFIX}_PORT",
    type=click.IntRange(0, 65535),
    help="Port to listen at; 0 picks a free one.",
)
@click.option(
    "--seed",
    default="default",
    show_default=True,
    envvar=f"{ENV_PREFIX}_SEED",
    metavar="NAME|FILE",
    help="Seed of the default world.",
)
@click.option(
    "--world-seed",
    default=0,
    show_default=True,
    envvar=f"{ENV_PREFIX}_WORLD_SEED",
    type=int,
    help="Number that determines ids and mock data.",
)
@click.option(
    "--smtp-port",
    envvar=f"{ENV_PREFIX}_SMTP_PORT",
    type=click.IntRange(0, 65535),
    help="Receive mail for mailhooks at this port; 0 picks a free one. Off by default.",
)
@click.option(
    "--tls", is_flag=True, envvar=f"{ENV_PREFIX}_TLS", help="Serve HTTPS with an ephemeral certificate."
)
@click.option(
    "--tls-ca",
    envvar=f"{ENV_PREFIX}_TLS_CA",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="With --tls: file for the CA certificate that clients have to trust.",
)
@click.option(
    "--state",
    envvar=f"{ENV_PREFIX}_STATE",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Load the state of the default world from this file if it exists, and save it there.",
)
@click.option(
    "--allow-network",
    is_flag=True,
    envvar=f"{ENV_PREFIX}_ALLOW_NETWORK",
    help="Let HTTP modules of scenarios send the requests that no rule matches. Off by default.",
)
@click.option("--no-rate-limit", is_flag=True, envvar=f"{ENV_PREFIX}_NO_RATE_LIMIT", help="Never answer 429.")
@click.option(
    "--control-key",
    envvar=f"{ENV_PREFIX}_CONTROL_KEY",
    metavar="KEY",
    help="Key of the control API; without one it serves loopback only.",
)
@click.option(
    "--log-format",
    type=click.Choice(["text", "json", "none"]),
    default="text",
    show_default=True,
    envvar=f"{ENV_PREFIX}_LOG_FORMAT",
    help="Format of the request log on stderr.",
)
def serve(
    host: str,
    port: int,
    seed: str,
    world_seed: int,
    smtp_port: int | None,
    state: Path | None,
    tls: bool,
    tls_ca: str | None,
    allow_network: bool,
    no_rate_limit: bool,
    control_key: str | None,
    log_format: str,
) -> None:
    """Serve the emulator until SIGTERM or Ctrl-C."""
    # Imported here, so that --help and mistakes in the usage answer at once.
    from ..app import API_PREFIX, DEFAULT_WORLD, create_app, registry_of
    from ..seeds import SeedError
    from ..server.logging import configure
    from ..server.wsgi import WILDCARD_ADDRESSES, PortInUseError, Server

    if tls_ca is not None and not tls:
        raise click.UsageError("--tls-ca goes with --tls only")
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    configure(log_format)
    try:
        app = create_app(
            seed=seed,
            world_seed=world_seed,
            rate_limit=not no_rate_limit,
            control_key=control_key,
            allow_network=allow_network,
        )
    except SeedError as error:
        raise InvalidSeedError(error.issues) from None
    except ValueError as error:
        raise CommandError(str(error)) from None
    state_file = _load_state_file(state, registry_of(app), DEFAULT_WORLD) if state else None
    certificate, ca_file = None, None
    if tls:
        from ..server.tls import EphemeralCA, shell_exports

        certificate = EphemeralCA(host)
        atexit.register(certificate.remove)
        try:
            ca_file = certificate.write(tls_ca)
        except OSError as error:
            raise CommandError(f"cannot write {tls_ca or 'the CA file'}: {error.strerror or error}") from None
    server = Server(app, host, port, certificate.context if certificate else None)
    try:
        server.start()
    except PortInUseError as error:
        raise CommandError(f"{error}; choose another with --port, or --port 0 for a free one") from None
    except OSError as error:
        raise CommandError(f"cannot listen at {host}:{port}: {_os_error_reason(error)}") from None
    if state_file is not None:
        try:
            state_file.start()
        except OSError as error:
            server.stop()
            raise CommandError(f"cannot write {state}: {error.strerror or error}") from None
    mail = None
    if smtp_port is not None:
        # Imported here for start-up time: aiosmtpd is heavy and few servers receive mail.
        from ..webhooks.mail import MailServer

        mail = MailServer(registry_of(app), host, smtp_port)
        try:
            mail.start()
        except OSError as error:
            server.stop()
            if error.errno == errno.EADDRINUSE:
                raise CommandError(
                    f"port {smtp_port} of {host} is taken; choose another with --smtp-port"
                ) from None
            raise CommandError(
                f"cannot receive mail at {host}:{smtp_port}: {_os_error_reason(error)}"
            ) from None
    handle = registry_of(app).get(DEFAULT_WORLD)
    assert handle is not None
    team = handle.main_team()
    click.echo(f"make-emulator {__version__} serves a world of Make. Stop it with Ctrl-C.\n")
    click.echo(f"  base URL      {server.url}{API_PREFIX}")
    if host in WILDCARD_ADDRESSES:
        click.echo("  listens at    every address of this machine")
    click.echo(f"  token         {handle.main_token().token}")
    if team is not None:
        click.echo(f"  team          {team.id}")
        click.echo(f"  organization  {team.organization_id}")
    if mail is not None:
        click.echo(f"  mail          smtp://{host}:{mail.port}")
    click.echo(f"  dashboard     {server.url}/_emulator/")
    if allow_network:
        click.echo("  network       HTTP modules of scenarios send the requests that no rule matches")
    if ca_file is not None:
        click.echo(f"  CA file       {ca_file}\n")
        for line in shell_exports(ca_file):
            click.echo(f"  {line}")
    sys.stdout.flush()
    stopped.wait()
    if mail is not None:
        mail.stop()
    server.stop()
    if state_file is not None:
        try:
            state_file.stop()
        except OSError as error:
            raise CommandError(f"cannot write {state}: {error.strerror or error}") from None


def _os_error_reason(error: OSError) -> str:
    """Returns the message of the operating system, without the text that a server adds around it."""
    messages = re.findall(r"\[Errno -?\d+\] ([^()\[\]]+)", str(error))
    return messages[-1].strip() if messages else error.strerror or str(error)


def _load_state_file(path: Path, registry: WorldRegistry, name: str) -> StateFile:
    """Returns the state file of a world, after loading the state from it."""
    from ..server.persistence import StateFile

    file = StateFile(path, registry, name)
    try:
        file.load()
    except OSError as error:
        raise CommandError(f"cannot read {path}: {error.strerror or error}") from None
    except ValueError as error:
        raise CommandError(f"{path} holds no state that can be loaded: {error}") from None
    return file


@main.command()
@click.argument("file", required=False, envvar=f"{ENV_PREFIX}_INIT_FILE")
@click.option("--force", is_flag=True, envvar=f"{ENV_PREFIX}_FORCE", help="Overwrite the file if it exists.")
@click.option(
    "--schema",
    is_flag=True,
    envvar=f"{ENV_PREFIX}_SCHEMA",
    help="Write the JSON Schema of seeds, for editors, instead.",
)
def init(file: str | None, force: bool, schema: bool) -> None:
    """Write a commented seed to start from.

    FILE defaults to seed.yaml (seed.schema.json with --schema); - writes to the standard output.
    """
    from ..seeds import json_schema_text, starter_text

    text = json_schema_text() if schema else starter_text()
    if file == "-":
        click.echo(text, nl=False)
        return
    path = Path(file or ("seed.schema.json" if schema else "seed.yaml"))
    try:
        with path.open("w" if force else "x", encoding="utf-8", newline="\n") as opened:
            opened.write(text)
    except FileExistsError:
        raise CommandError(f"{path} exists; --force overwrites it") from None
    except (OSError, ValueError) as error:
        raise CommandError(f"cannot write {path}: {getattr(error, 'strerror', None) or error}") from None
    click.echo(f"Wrote {path}." if schema else f"Wrote {path}. Try: make-emulator serve --seed {path}")


@main.command(short_help="Check a seed and summarize it.")
@click.argument("file", envvar=f"{ENV_PREFIX}_SEED")
def validate(file: str) -> None:
    """Check a seed: print every issue with its line and exit 1, or print a summary and exit 0."""
    from .. import seeds

    try:
        seed = seeds.check(file)
    except seeds.SeedError as error:
        raise InvalidSeedError(error.issues, sys.stdout) from None
    click.echo(f"{file} is a valid seed: {seeds.summarize(seed)}")


if __name__ == "__main__":
    logging.captureWarnings(True)
    main()
