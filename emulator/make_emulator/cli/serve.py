"""The command ``serve``: the emulator as a server process."""

from __future__ import annotations

import atexit
import errno
import gc
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..error_reasons import connection_error_reason, os_error_reason
from ..version import __version__
from .errors import CommandError, InvalidSeedError
from .options import env_option

if TYPE_CHECKING:
    from flask import Flask

    from ..blueprint_import.scenarios import ImportResult
    from ..registry import WorldHandle, WorldRegistry
    from ..server.persistence import StateFiles
    from ..server.tls import EphemeralCA
    from ..server.wsgi import Server
    from ..webhooks.mail import MailServer

#: The interval in which the main thread looks for signals, in seconds.
SIGNAL_POLL_INTERVAL = 0.2

#: Open files that the server asks for, more than a test needs connections.
MAX_OPEN_FILES = 16_384

# Imports in functions keep the start-up short: --help and mistakes in the usage need none of the server.


@click.command()
@env_option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@env_option(
    "--port",
    default=4747,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port to listen at; 0 picks a free one.",
)
@env_option(
    "--seed",
    default="default",
    show_default=True,
    metavar="NAME|FILE",
    help="Seed of the default world.",
)
@env_option(
    "--world-seed",
    default=0,
    show_default=True,
    type=int,
    help="Number that determines ids and mock data.",
)
@env_option(
    "--smtp-port",
    type=click.IntRange(0, 65535),
    help="Receive mail for mailhooks at this port; 0 picks a free one. Off by default.",
)
@env_option(
    "--blueprints",
    metavar="DIR",
    type=click.Path(exists=True, path_type=Path),
    help="Import the exported blueprints of this folder into the default world, as active scenarios.",
)
@env_option("--tls", is_flag=True, help="Serve HTTPS with an ephemeral certificate.")
@env_option(
    "--tls-ca",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="With --tls: file for the CA certificate that clients have to trust.",
)
@env_option(
    "--state",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Load the state of the default world from this file if it exists, and keep every change there.",
)
@env_option(
    "--state-worlds",
    type=click.Choice(["default", "all"]),
    default="default",
    show_default=True,
    help="With --state: the worlds to keep; others than the default one have files in the folder FILE.worlds.",
)
@env_option(
    "--state-sync",
    is_flag=True,
    help="With --state: write each change through to the disk, so that it survives a power failure too.",
)
@env_option(
    "--allow-network",
    is_flag=True,
    help="Let HTTP modules of scenarios send the requests that no rule matches. Off by default.",
)
@env_option(
    "--allow-private-network",
    is_flag=True,
    help="With --allow-network: also to loopback, private and other addresses that are not public.",
)
@env_option(
    "--setting",
    "world_settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="Setting of the default world, e.g. apiAccess=false. Repeatable; spaces separate settings in the variable.",
)
@env_option("--no-hints", is_flag=True, help="Send no header X-Emulator-Why, which explains errors.")
@env_option("--no-rate-limit", is_flag=True, help="Never answer 429.")
@env_option(
    "--run-time-limit",
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    type=click.FloatRange(0, min_open=True),
    help="Longest computation of a run, or of all runs of a seed together.",
)
@env_option(
    "--control-key",
    metavar="KEY",
    help="Key of the control API; without one it serves loopback only.",
)
@env_option(
    "--allowed-host",
    "allowed_hosts",
    multiple=True,
    metavar="NAME",
    help="Further host name under which clients call the server, e.g. make; .example.com allows a domain, * every name. "
    "Repeatable; spaces separate the names in the variable.",
)
@env_option(
    "--allowed-origin",
    "allowed_origins",
    multiple=True,
    metavar="ORIGIN",
    help="Origin whose pages may use the control API, e.g. http://localhost:5173. Repeatable, as --allowed-host.",
)
@env_option(
    "--log-format",
    type=click.Choice(["text", "json", "none"]),
    default="text",
    show_default=True,
    help="Format of the request log on stderr.",
)
def serve(
    host: str,
    port: int,
    seed: str,
    world_seed: int,
    smtp_port: int | None,
    blueprints: Path | None,
    state: Path | None,
    state_worlds: str,
    state_sync: bool,
    tls: bool,
    tls_ca: str | None,
    allow_network: bool,
    allow_private_network: bool,
    world_settings: tuple[str, ...],
    no_hints: bool,
    no_rate_limit: bool,
    run_time_limit: float,
    control_key: str | None,
    allowed_hosts: tuple[str, ...],
    allowed_origins: tuple[str, ...],
    log_format: str,
) -> None:
    """Serve the emulator until SIGTERM or Ctrl-C."""
    if tls_ca is not None and not tls:
        raise click.UsageError("--tls-ca goes with --tls only")
    if state is None and (state_sync or state_worlds != "default"):
        raise click.UsageError("--state-worlds and --state-sync go with --state only")
    if allow_private_network and not allow_network:
        raise click.UsageError("--allow-private-network goes with --allow-network only")
    _raise_file_limit()
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    with ExitStack() as running:
        with _paused_collector():
            from ..app import DEFAULT_WORLD, create_app, registry_of
            from ..seeds import SeedError
            from ..server.logging import configure
            from ..world import settings

            configure(log_format)
            try:
                app = create_app(
                    seed=seed,
                    world_seed=world_seed,
                    rate_limit=not no_rate_limit,
                    control_key=control_key,
                    allow_network=allow_network,
                    allow_private_network=allow_private_network,
                    allowed_hosts=(*allowed_hosts, *filter(None, [host])),
                    allowed_origins=allowed_origins,
                    run_time_limit=run_time_limit,
                    hints=not no_hints,
                    settings=settings.parse(world_settings),
                )
            except SeedError as error:
                raise InvalidSeedError(error.issues) from None
            except ValueError as error:
                raise CommandError(str(error)) from None
            registry = registry_of(app)
            handle = registry.get(DEFAULT_WORLD)
            assert handle is not None
            imported = None if blueprints is None else _import_blueprints(handle, blueprints)
            state_files = None
            if state is not None:
                # A stored state has what was imported when it began.
                state_files, is_stored = _load_state(
                    state, registry, all_worlds=state_worlds == "all", sync=state_sync
                )
                imported = None if is_stored else imported
                running.enter_context(_stored(state_files, state))
            authority, ca_file = _create_authority(host, tls_ca) if tls else (None, None)
            server = _start_server(app, host, port, authority)
        running.callback(server.stop)
        mail = None if smtp_port is None else _start_mail_server(registry, host, smtp_port)
        for line in _summary_lines(
            server,
            handle,
            host,
            mail,
            allow_network=allow_network,
            allow_private_network=allow_private_network,
            ca_file=ca_file,
        ):
            click.echo(line)
        if imported is not None:
            for line in _import_lines(handle, imported, server.url):
                click.echo(line)
        sys.stdout.flush()
        # With a time-out: the system may deliver a signal to another thread, and the handler runs when this one wakes.
        while not stopped.wait(SIGNAL_POLL_INTERVAL):
            pass
        registry.interrupt_runs()
        if state_files is not None:
            state_files.flush()
        if mail is not None:
            mail.stop()


@contextmanager
def _stored(files: StateFiles, path: Path) -> Iterator[None]:
    """Context in which every change is stored in state files."""
    with _write_errors(path):
        files.start()
    try:
        yield
    finally:
        files.stop()


@contextmanager
def _paused_collector() -> Iterator[None]:
    """Context without garbage collection, for the start-up: it makes little garbage, and traversing all that stays takes a tenth of it.

    What is left behind lives as long as the server, so it is never traversed later either.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _raise_file_limit() -> None:
    """Raise the soft limit of open files, 256 in some shells, to what the system allows: each connection takes one."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _import_blueprints(handle: WorldHandle, path: Path) -> ImportResult:
    """Imports the blueprints of a folder into a world, and whenever it is reset."""
    from ..blueprint_import.files import read_files
    from ..blueprint_import.scenarios import import_files

    try:
        files = read_files(path)
    except OSError as error:
        raise CommandError(f"cannot read {error.filename or path}: {os_error_reason(error)}") from None
    except ValueError as error:
        raise CommandError(str(error)) from None
    team = handle.main_team()
    if team is None:
        raise CommandError("the world has no team for the scenarios of --blueprints")
    handle.spec = replace(handle.spec, blueprints={file.name: str(file.document) for file in files})
    with handle.locked(for_change=True) as world:
        return import_files(world, handle.main_user(), team, files, activate=True)


def _import_lines(handle: WorldHandle, imported: ImportResult, url: str) -> Iterator[str]:
    """Yields a line for each imported and each rejected blueprint, and for each stub."""
    from ..schemas.hooks import hook_address
    from .import_blueprints import render_lines

    with handle.locked() as world:
        answer = imported.to_json(world, lambda hook: hook_address(world, hook, url))
    yield ""
    yield from (f"  {line}" for line in render_lines(answer))


def _load_state(
    path: Path, registry: WorldRegistry, *, all_worlds: bool, sync: bool
) -> tuple[StateFiles, bool]:
    """Returns the state files of a server, after restoring its worlds from them; and true if they had a state."""
    from ..app import DEFAULT_WORLD
    from ..server.persistence import StateFiles

    files = StateFiles(path, registry, DEFAULT_WORLD, all_worlds=all_worlds, sync=sync)
    try:
        is_stored = files.load()
    except OSError as error:
        raise CommandError(f"cannot read {path}: {os_error_reason(error)}") from None
    except ValueError as error:
        raise CommandError(f"{path} holds no state that can be loaded: {error}") from None
    return files, is_stored


def _create_authority(host: str, path: str | None) -> tuple[EphemeralCA, Path]:
    """Returns an ephemeral certificate authority, and the file of its certificate."""
    from ..server.tls import EphemeralCA

    authority = EphemeralCA(host)
    atexit.register(authority.remove)
    with _write_errors(path or "the CA file"):
        return authority, authority.write(path)


def _start_server(app: Flask, host: str, port: int, authority: EphemeralCA | None) -> Server:
    from ..server.wsgi import THREAD_SWITCH_INTERVAL, PortInUseError, Server

    sys.setswitchinterval(THREAD_SWITCH_INTERVAL)

    server = Server(app, host, port, authority.context if authority else None)
    try:
        server.start()
    except PortInUseError as error:
        raise CommandError(f"{error}; choose another with --port, or --port 0 for a free one") from None
    except OSError as error:
        raise CommandError(f"cannot listen at {host}:{port}: {connection_error_reason(error)}") from None
    return server


def _start_mail_server(registry: WorldRegistry, host: str, port: int) -> MailServer:
    from ..webhooks.mail import MailServer

    server = MailServer(registry, host, port)
    try:
        server.start()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CommandError(f"port {port} of {host} is taken; choose another with --smtp-port") from None
        raise CommandError(
            f"cannot receive mail at {host}:{port}: {connection_error_reason(error)}"
        ) from None
    return server


def _summary_lines(
    server: Server,
    handle: WorldHandle,
    host: str,
    mail: MailServer | None,
    *,
    allow_network: bool,
    allow_private_network: bool,
    ca_file: Path | None,
) -> Iterator[str]:
    """Yields the lines that a client needs: address, token, ids."""
    from ..app import API_PREFIX
    from ..server.wsgi import WILDCARD_ADDRESSES

    team = handle.main_team()
    yield f"make-emulator {__version__} serves a world of Make. Stop it with Ctrl-C.\n"
    yield f"  base URL      {server.url}{API_PREFIX}"
    if host in WILDCARD_ADDRESSES:
        yield "  listens at    every address of this machine"
    yield f"  token         {handle.main_token().token}"
    if team is not None:
        yield f"  team          {team.id}"
        yield f"  organization  {team.organization_id}"
    if mail is not None:
        yield f"  mail          smtp://{host}:{mail.port}"
    yield f"  dashboard     {server.url}/_emulator/"
    if allow_network:
        reach = "" if allow_private_network else ", to public addresses"
        yield f"  network       HTTP modules of scenarios send the requests that no rule matches{reach}"
    if ca_file is not None:
        from ..server.tls import shell_exports

        yield f"  CA file       {ca_file}\n"
        yield from (f"  {line}" for line in shell_exports(ca_file))


@contextmanager
def _write_errors(path: Path | str | None) -> Iterator[None]:
    """Context in which a file that cannot be written is a failure of the command."""
    try:
        yield
    except OSError as error:
        raise CommandError(f"cannot write {path}: {os_error_reason(error)}") from None
