"""The command ``serve``: the emulator as a server process."""

from __future__ import annotations

import _thread
import atexit
import errno
import gc
import os
import re
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from ..error_reasons import connection_error_reason, os_error_reason
from ..lazy_dataclasses import dataclass
from ..plain_text import did_you_mean, printable
from ..version import __version__
from .command import command
from .errors import CommandError, InvalidSeedError
from .options import env_option, format_option

if TYPE_CHECKING:
    from flask import Flask

    from ..blueprint_import.files import BlueprintFile
    from ..blueprint_import.scenarios import ImportResult
    from ..control.readiness import Readiness
    from ..fleet.peers import Fleet
    from ..json_types import JsonObject
    from ..registry import WorldHandle, WorldRegistry
    from ..server.connection_router import ConnectionRouter
    from ..server.persistence import StateFiles
    from ..server.start_scripts import StartScripts
    from ..server.tls import EphemeralCA
    from ..server.wsgi import Server
    from ..telemetry.recorder import Telemetry
    from ..webhooks.mail import MailServer
    from ..world.slots import Shard
    from .init_folder import InitFiles

#: The interval in which the main thread looks for signals, in seconds.
SIGNAL_POLL_INTERVAL = 0.2

#: The most seconds that a worker which is replaced waits for its requests under way.
DRAIN_TIMEOUT = 5.0

#: The file descriptor of standard input.
STANDARD_INPUT = 0

#: Open files that the server asks for, more than a test needs connections.
MAX_OPEN_FILES = 16_384

# Imports in functions keep the start-up short: --help and mistakes in the usage need none of the server.


@command(
    examples=[
        "make-emulator serve",
        "make-emulator serve --port 0 --seed seed.yaml --world-seed 7",
        "make-emulator serve --tls --tls-ca ca.pem",
        "make-emulator serve --blueprints blueprints/ --state state.json",
        "make-emulator serve --seed seed.yaml --watch --on-start setup.sh",
    ],
    docs="tutorial.md",
    sections={
        "Address": ["--host", "--port", "--smtp-port", "--allowed-host", "--allowed-origin", "--control-key"],
        "HTTPS": ["--tls", "--tls-ca", "--tls-name"],
        "The default world": [
            "--seed",
            "--world-seed",
            "--plan",
            "--zone",
            "--now",
            "--scopes",
            "--setting",
            "--no-rate-limit",
            "--blueprints",
        ],
        "Files": ["--init-dir", "--watch", "--on-start", "--state", "--state-worlds", "--state-sync"],
        "Runs of scenarios": ["--allow-network", "--allow-private-network", "--run-time-limit"],
        "Output": ["--log-format", "--format", "--no-hints", "--stop-on-eof"],
        "Several processes": ["--workers", "--worker-url", "--worker-index"],
    },
)
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
    "--plan",
    type=click.Choice(["free", "core", "pro", "teams", "enterprise"]),
    help="Plan of the organizations of the default world.  [default: the seed's]",
)
@env_option("--zone", help="Zone of these organizations, such as us1.  [default: the seed's]")
@env_option(
    "--now", metavar="TIME", help="Time at which the default world starts, ISO 8601.  [default: the system's]"
)
@env_option(
    "--scopes",
    metavar="SCOPE,…",
    help="Scopes of the token of the default world, such as scenarios:read,scenarios:run; read for all that read.  "
    "[default: the seed's]",
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
@env_option(
    "--init-dir",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Start with the files of this folder, in the order of their names: seeds, the first one for the default world and each other one for "
    "a world of its own, and exported blueprints, for the default world.",
)
@env_option(
    "--watch",
    is_flag=True,
    help="Reset the default world whenever the file of its seed, or a blueprint, changes; a file with a mistake changes nothing.",
)
@env_option(
    "--on-start",
    "start_scripts",
    multiple=True,
    metavar="FILE|DIR",
    type=click.Path(exists=True, path_type=Path),
    help="Run this program, or those of this folder, once it serves, with the variables of make-emulator env; until they have ended "
    "/_emulator/ready returns 503, and the server stops if one fails. Repeatable.",
)
@env_option("--tls", is_flag=True, help="Serve HTTPS with an ephemeral certificate.")
@env_option(
    "--tls-ca",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="With --tls: file for the CA certificate that clients have to trust.",
)
@env_option(
    "--tls-name",
    "tls_names",
    multiple=True,
    metavar="NAME",
    help="With --tls: further host name that the certificate covers, and under which clients may call the server; "
    "those of --allowed-host are covered. Repeatable, as --allowed-host.",
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
    help="Key of the control API; without one it serves loopback only, and where --host is no loopback address, others by a "
    "generated key.",
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
@format_option(
    "text",
    "json",
    help="Format of what is printed once it serves; JSON is one line, for programs that start it.",
)
@env_option(
    "--stop-on-eof",
    is_flag=True,
    help="Also stop when standard input ends, as it does with the program that started the server.",
)
@env_option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 256),
    help="Serve by this many processes, each with some of the worlds. Linux and macOS.",
)
@env_option(
    "--worker-url",
    metavar="URL",
    help="With --workers: this process is one of them, and the others are servers of their own at this URL, in which {index} "
    "stands for the number of a worker, e.g. http://make-{index}.make:4747. Needs --control-key.",
)
@env_option(
    "--worker-index",
    metavar="NUMBER",
    help="With --worker-url: the number of this worker, from 0, or a name that ends with it, such as that of a pod.",
)
def serve(workers: int, worker_url: str | None, worker_index: str | None, **values: Any) -> None:
    """Serve the emulator until SIGTERM or Ctrl-C.

    Variables of OpenTelemetry, such as OTEL_EXPORTER_OTLP_ENDPOINT, have it record spans of requests and runs.
    """
    options = ServeOptions(**values)
    _check_options(options)
    _raise_file_limit()
    if (worker_url is None) != (worker_index is None):
        raise click.UsageError("--worker-url and --worker-index go together")
    options = _with_init_files(options)
    options = _with_control_key(options, is_shared=worker_url is not None)
    if worker_url is not None and worker_index is not None:
        setup = _remote_setup(options, workers, worker_url, worker_index)
        _serve_worlds(options, lambda text: click.echo(text, nl=False), setup)
    elif workers > 1:
        _serve_fleet(options, workers)
    else:
        _serve_worlds(options, lambda text: click.echo(text, nl=False))


class _StartScriptError(CommandError):
    """Failure of a start script, after which a fleet ends as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """Options of the command, but for the number of workers."""

    host: str
    port: int
    seed: str
    world_seed: int
    plan: str | None
    zone: str | None
    now: str | None
    scopes: str | None
    smtp_port: int | None
    watch: bool
    start_scripts: tuple[Path, ...]
    blueprints: Path | None
    init_dir: Path | None
    #: The files of ``init_dir``.
    init_files: InitFiles | None = None
    state: Path | None
    state_worlds: str
    state_sync: bool
    tls: bool
    tls_ca: str | None
    tls_names: tuple[str, ...]
    allow_network: bool
    allow_private_network: bool
    world_settings: tuple[str, ...]
    no_hints: bool
    no_rate_limit: bool
    run_time_limit: float
    control_key: str | None
    #: True for a key that was generated at the start: other machines need it, and the summary shows it.
    is_key_generated: bool = False
    allowed_hosts: tuple[str, ...]
    allowed_origins: tuple[str, ...]
    log_format: str
    format: str
    stop_on_eof: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSetup:
    """Setup of one worker of a fleet; all but the fleet is for one that a supervisor started.

    Args:
        listener: the socket at which all workers accept connections.
        inbox: the socket at which the others hand connections over.
        mail_listener: the socket at which the first worker receives mail, for the hooks of all.
        authority, ca_file: the certificate authority of all workers, with TLS.
    """

    fleet: Fleet
    listener: socket.socket | None = None
    inbox: socket.socket | None = None
    mail_listener: socket.socket | None = None
    authority: EphemeralCA | None = None
    ca_file: Path | None = None

    @property
    def is_supervised(self) -> bool:
        return self.listener is not None


def _check_options(options: ServeOptions) -> None:
    if options.tls_ca is not None and not options.tls:
        raise click.UsageError("--tls-ca goes with --tls only")
    if options.now is not None:
        from ..world.clock import parse_iso

        try:
            parse_iso(options.now)
        except (ValueError, OverflowError):
            raise click.BadParameter(
                f"{options.now!r} is not a time in ISO 8601, such as 2026-01-31T09:00:00Z.",
                param_hint="--now",
            ) from None
    if options.tls_names and not options.tls:
        raise click.UsageError("--tls-name goes with --tls only")
    if options.watch and options.state is not None:
        raise click.UsageError(
            "--watch does not go with --state: a change would take the place of what is kept"
        )
    if options.state is None and (options.state_sync or options.state_worlds != "default"):
        raise click.UsageError("--state-worlds and --state-sync go with --state only")
    if options.allow_private_network and not options.allow_network:
        raise click.UsageError("--allow-private-network goes with --allow-network only")


def _with_init_files(options: ServeOptions) -> ServeOptions:
    """Returns the options with the files of ``--init-dir``, and with the seed of the default world among them.

    Raises:
        CommandError: if one of the files has a mistake.
    """
    if options.init_dir is None:
        return options
    is_chosen = click.get_current_context().get_parameter_source("seed") is not ParameterSource.DEFAULT
    with _paused_collector():
        from .init_folder import read_folder

        files = read_folder(options.init_dir, is_for_default_world=not is_chosen)
    seed = options.seed if files.default_seed is None else str(files.default_seed)
    return replace(options, init_files=files, seed=seed)


def _with_control_key(options: ServeOptions, *, is_shared: bool) -> ServeOptions:
    """Returns the options with a generated control key, if the server has none and listens for other machines.

    Args:
        is_shared: true if the key is that of several servers, which only a person can choose.
    """
    from ..http.host_names import host_name, is_loopback_address, is_loopback_name

    name = host_name(options.host)
    is_local = is_loopback_name(name) or is_loopback_address(name)
    if is_local or is_shared or options.control_key is not None:
        return options
    return replace(options, control_key=secrets.token_hex(16), is_key_generated=True)


def _remote_setup(options: ServeOptions, count: int, url: str, index: str) -> WorkerSetup:
    """Returns the setup of a worker whose peers are other servers.

    Raises:
        UsageError: if the options do not fit.
    """
    from ..fleet.peers import Fleet, RemoteDialer, shared_key
    from ..world.slots import Shard

    if options.control_key is None:
        raise click.UsageError("--worker-url needs --control-key, by which the workers know each other")
    if options.tls:
        raise click.UsageError("--tls does not go with --worker-url: the load balancer serves HTTPS")
    number = re.search(r"\d{1,6}$", index)
    if number is None:
        raise click.BadParameter(f"{index!r} does not end with a number.", param_hint="--worker-index")
    try:
        dialer = RemoteDialer(url)
        return WorkerSetup(fleet=Fleet(Shard(int(number[0]), count), dialer, shared_key(options.control_key)))
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _serve_fleet(options: ServeOptions, count: int) -> None:
    """Serves by several workers, which this process starts and replaces."""
    from ..fleet.supervisor import Supervisor, WorkerFailedError, is_supported

    if not is_supported():
        raise CommandError(
            "--workers needs a system that can hand connections from one process to another, such as Linux; "
            "here, start several servers behind a load balancer"
        )
    with ExitStack() as running:
        with _paused_collector():
            # Workers are forks of this process: what it imports, they share.
            from .. import app  # noqa: F401
            from ..fleet import handover, middleware  # noqa: F401
            from ..fleet.peers import Fleet, LocalDialer
            from ..server import connection_router  # noqa: F401
            from ..server.logging import configure
            from ..webhooks.mail import open_listener as open_mail_listener
            from ..world.slots import Shard

            configure(options.log_format)
            authority, ca_file = _create_authority(options) if options.tls else (None, None)
            listener = running.enter_context(_open_listener(options.host, options.port))
            mail_listener = None
            if options.smtp_port is not None:
                with _mail_errors(options.host, options.smtp_port):
                    mail_listener = running.enter_context(open_mail_listener(options.host, options.smtp_port))
            directory = Path(running.enter_context(handover.create_directory()))
            inboxes = [handover.listen(directory, index) for index in range(count)]
        key = secrets.token_urlsafe(32)
        dialer = LocalDialer(directory)

        def run_worker(index: int, report: Callable[[str], None]) -> int:
            setup = WorkerSetup(
                fleet=Fleet(Shard(index, count), dialer, key),
                listener=listener,
                inbox=inboxes[index],
                mail_listener=mail_listener if index == 0 else None,
                authority=authority,
                ca_file=ca_file,
            )
            return _run_worker(options, report, setup)

        supervisor = Supervisor(count, run_worker, STANDARD_INPUT if options.stop_on_eof else None)
        try:
            text = supervisor.start()
            click.echo(text, nl=False)
            sys.stdout.flush()
            supervisor.serve()
        except WorkerFailedError as error:
            raise click.exceptions.Exit(error.exit_code) from None
        finally:
            supervisor.stop()


def _run_worker(options: ServeOptions, report: Callable[[str], None], setup: WorkerSetup) -> int:
    """Runs a worker in a process of its own; returns its exit code."""
    from ..fleet.supervisor import UNRECOVERABLE

    try:
        _serve_worlds(options, report, setup)
    except click.ClickException as error:
        error.show()
        return UNRECOVERABLE if isinstance(error, _StartScriptError) else error.exit_code
    return 0


def _serve_worlds(
    options: ServeOptions, report: Callable[[str], None], setup: WorkerSetup | None = None
) -> None:
    """Serves worlds by this process, until a signal or the end of the supervisor.

    Args:
        report: is called with the lines that a client needs once they are served.
        setup: that of a worker of a fleet.
    """
    parent = os.getppid()
    stopped, is_replaced = threading.Event(), threading.Event()
    is_supervised = setup is not None and setup.is_supervised
    if is_supervised:
        signal.signal(signal.SIGUSR1, lambda *_: is_replaced.set())
    else:
        signal.signal(signal.SIGINT, lambda *_: stopped.set())
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    if options.stop_on_eof and not is_supervised:
        _stop_on_eof()
    with ExitStack() as running:
        with _paused_collector():
            from ..app import DEFAULT_WORLD, registry_of
            from ..control.readiness import Readiness
            from ..server.logging import configure

            if not is_supervised:
                configure(options.log_format)
            readiness = Readiness()
            telemetry = _open_telemetry(running)
            app = _create_app(options, setup, readiness, telemetry)
            registry = registry_of(app)
            handle = registry.get(DEFAULT_WORLD)
            imported = None
            if handle is not None and (files := _read_blueprints(options)):
                imported = _import_blueprints(handle, files)
                _check_import(imported, options)
            if options.watch and handle is not None:
                running.enter_context(_watched(registry, handle, options.blueprints, options.init_dir))
            # Those of a fleet run beside the default world.
            scripts = _find_start_scripts(options.start_scripts) if handle is not None else []
            readiness.is_ready = not scripts
            state_files = None
            if options.state is not None:
                # A stored state has what was imported when it began.
                state_files, is_stored = _load_state(
                    options.state,
                    registry,
                    all_worlds=options.state_worlds == "all",
                    sync=options.state_sync,
                )
                imported = None if is_stored else imported
            worlds: list[tuple[str, str]] = []
            if options.init_files is not None:
                from .init_folder import create_worlds

                worlds = create_worlds(
                    registry,
                    options.init_files,
                    world_seed=options.world_seed,
                    now=options.now,
                    rate_limit=not options.no_rate_limit,
                )
            if state_files is not None and options.state is not None:
                running.enter_context(_stored(state_files, options.state))
            if setup is not None and is_supervised:
                authority, ca_file = setup.authority, setup.ca_file
            else:
                authority, ca_file = _create_authority(options) if options.tls else (None, None)
            server = _start_server(
                app, options.host, options.port, authority, setup.listener if setup else None
            )
        running.callback(server.stop)
        router = None if setup is None or setup.inbox is None else _start_router(server, setup, setup.inbox)
        mail = None
        if options.smtp_port is not None and not (is_supervised and setup and setup.mail_listener is None):
            mail = _start_mail_server(registry, options.host, options.smtp_port, setup)
        if options.format == "json":
            lines = [_summary_json(server, handle, options, mail, imported, ca_file)]
        else:
            lines = list(
                _summary_lines(server, handle, options, mail, worlds, shard=registry.shard, ca_file=ca_file)
            )
            if imported is not None and handle is not None:
                lines += _import_lines(handle, imported, server.url)
        report("".join(f"{line}\n" for line in lines))
        sys.stdout.flush()
        started = None
        if scripts and handle is not None:
            started = _run_start_scripts(scripts, handle, server.url, readiness, options, ca_file)
            running.callback(started.stop)
        # With a time-out: the system may deliver a signal to another thread, and the handler runs when this one wakes.
        while not stopped.wait(SIGNAL_POLL_INTERVAL) and not is_replaced.is_set():
            if is_supervised and os.getppid() != parent:
                break
            if started is not None and started.failure is not None:
                raise _StartScriptError(started.failure)
        if router is not None:
            if is_replaced.is_set():
                router.release()
                server.stop(DRAIN_TIMEOUT)
            router.stop()
        registry.interrupt_runs()
        if state_files is not None:
            state_files.flush()
        if mail is not None:
            mail.stop()


def _open_telemetry(running: ExitStack) -> Telemetry | None:
    """Returns the recorder of spans that the variables of OpenTelemetry configure, until the end of the server; ``None`` without them.

    Raises:
        CommandError: if one of them is invalid.
    """
    if not any(name.startswith("OTEL_") for name in os.environ):
        return None
    # Imported on use: few servers record spans.
    from ..telemetry.settings import exporter_names

    exporters = exporter_names(os.environ)
    if not exporters:
        return None
    try:
        from ..telemetry.provider import create_provider, shut_down
        from ..telemetry.recorder import Telemetry
    except ModuleNotFoundError as error:
        if not str(error.name).startswith("opentelemetry"):
            raise
        # The variables may be meant for others of this machine.
        text = "the variables of OpenTelemetry have no effect without pip install 'make-emulator[otel]'"
        click.echo(f"make-emulator: {text}", err=True)
        return None
    try:
        provider = create_provider(exporters)
    except ValueError as error:
        raise CommandError(f"OpenTelemetry: {error}") from None
    running.callback(shut_down, provider)
    return Telemetry(provider)


def _create_app(
    options: ServeOptions, setup: WorkerSetup | None, readiness: Readiness, telemetry: Telemetry | None
) -> Flask:
    """Returns the application, in the middleware of a worker.

    Args:
        readiness: that of the server, which its start scripts change.

    Raises:
        CommandError: if the seed, or another option, is invalid.
    """
    from ..app import create_app, registry_of
    from ..seeds import SeedError
    from ..world import settings
    from ..world.slots import WHOLE

    try:
        app = create_app(
            seed=options.seed,
            world_seed=options.world_seed,
            plan=options.plan,
            zone=options.zone,
            now=options.now,
            scopes=_parse_scopes(options.scopes),
            rate_limit=not options.no_rate_limit,
            control_key=options.control_key,
            control_serves_loopback=options.is_key_generated,
            allow_network=options.allow_network,
            allow_private_network=options.allow_private_network,
            allowed_hosts=(*options.allowed_hosts, *options.tls_names, *filter(None, [options.host])),
            allowed_origins=options.allowed_origins,
            run_time_limit=options.run_time_limit,
            hints=not options.no_hints,
            settings=settings.parse(options.world_settings),
            shard=setup.fleet.shard if setup else WHOLE,
            readiness=readiness,
            telemetry=telemetry,
        )
    except SeedError as error:
        raise InvalidSeedError(error.issues) from None
    except ValueError as error:
        raise CommandError(str(error)) from None
    if setup is not None:
        from ..fleet.middleware import FleetMiddleware

        app.wsgi_app = FleetMiddleware(app.wsgi_app, setup.fleet, registry_of(app))  # type: ignore[method-assign]
    return app


def _parse_scopes(text: str | None) -> list[str] | None:
    """Returns the scopes of ``--scopes``.

    Raises:
        BadParameter: if there is no such scope.
    """
    if text is None:
        return None
    from ..world.enums import SCOPES

    names = text.replace(",", " ").split()
    if names == ["read"]:
        return sorted(scope for scope in SCOPES if scope.endswith(":read"))
    for name in names:
        if name not in SCOPES:
            similar = did_you_mean(name, SCOPES) or "; make-emulator routes lists them"
            raise click.BadParameter(f"there is no scope '{name}'{similar}", param_hint="--scopes")
    return names


@contextmanager
def _watched(
    registry: WorldRegistry, handle: WorldHandle, blueprints: Path | None, init_dir: Path | None
) -> Iterator[None]:
    """Context in which a change of the files of a world resets it."""
    # Imported on use: most servers watch nothing.
    from ..server.file_watcher import FileWatcher
    from .reload import WorldReloader

    reloader = WorldReloader(registry, handle, blueprints, init_dir)
    watcher = FileWatcher(reloader.list_files, reloader.reload)
    watcher.start()
    try:
        yield
    finally:
        watcher.stop()


def _find_start_scripts(paths: Sequence[Path]) -> list[Path]:
    if not paths:
        return []
    # Imported on use: most servers have no start scripts.
    from ..server.start_scripts import find_scripts

    try:
        return find_scripts(paths)
    except OSError as error:
        raise CommandError(f"cannot read {error.filename}: {os_error_reason(error)}") from None


def _run_start_scripts(
    scripts: Sequence[Path],
    handle: WorldHandle,
    url: str,
    readiness: Readiness,
    options: ServeOptions,
    ca_file: Path | None,
) -> StartScripts:
    """Starts the scripts in a thread; once all have ended, the server is ready."""
    from ..control.worlds import describe_world
    from ..server.start_scripts import StartScripts
    from .env import client_variables

    variables = client_variables(
        describe_world(handle, url), control_key=options.control_key, ca_file=ca_file
    )
    started = StartScripts(scripts, variables, lambda: setattr(readiness, "is_ready", True))
    started.start()
    return started


def _start_router(server: Server, setup: WorkerSetup, inbox: socket.socket) -> ConnectionRouter:
    from ..server.connection_router import ConnectionRouter

    router = ConnectionRouter(server, setup.fleet, inbox)
    router.start()
    return router


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


def _stop_on_eof() -> None:
    """Stop the process, as SIGTERM does, when its standard input ends."""

    def wait() -> None:
        # By the descriptor: a buffered reader that another thread waits in is locked, and the end of the process needs it.
        with suppress(OSError):
            while os.read(STANDARD_INPUT, 65_536):
                pass
        _thread.interrupt_main(signal.SIGTERM)

    threading.Thread(target=wait, name="stop-on-eof", daemon=True).start()


def _read_blueprints(options: ServeOptions) -> list[BlueprintFile]:
    """Returns the exported blueprints of the default world: those of ``--init-dir``, then those of ``--blueprints``."""
    files = list(options.init_files.blueprints.values()) if options.init_files is not None else []
    if (path := options.blueprints) is None:
        return files
    from ..blueprint_import.files import read_files

    try:
        return [*files, *read_files(path)]
    except OSError as error:
        raise CommandError(f"cannot read {error.filename or path}: {os_error_reason(error)}") from None
    except ValueError as error:
        raise CommandError(str(error)) from None


def _check_import(imported: ImportResult, options: ServeOptions) -> None:
    """Raises CommandError if a file of ``--init-dir`` was rejected: what is put there is meant to be served."""
    if options.init_files is None:
        return
    paths = {file.name: path for path, file in options.init_files.blueprints.items()}
    if rejected := [each for each in imported.rejected if each.file in paths]:
        raise CommandError("\n".join(printable(f"{paths[each.file]}: {each.message}") for each in rejected))


def _import_blueprints(handle: WorldHandle, files: Sequence[BlueprintFile]) -> ImportResult:
    """Imports exported blueprints into a world, and whenever it is reset."""
    from ..blueprint_import.scenarios import import_files

    team = handle.main_team()
    if team is None:
        raise CommandError("the default world has no team for the scenarios of the blueprints")
    handle.spec = replace(handle.spec, blueprints={file.name: str(file.document) for file in files})
    with handle.locked(for_change=True) as world:
        return import_files(world, handle.main_user(), team, files, activate=True)


def _import_lines(handle: WorldHandle, imported: ImportResult, url: str) -> Iterator[str]:
    """Yields a line for each imported and each rejected blueprint, and for each stub."""
    from .import_blueprints import render_lines

    yield ""
    yield from (f"  {line}" for line in render_lines(_import_answer(handle, imported, url)))


def _import_answer(handle: WorldHandle, imported: ImportResult, url: str) -> JsonObject:
    """Returns what was imported, as the control API does."""
    from ..schemas.hooks import hook_address

    with handle.locked() as world:
        return imported.to_json(world, lambda hook: hook_address(world, hook, url))


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


def _create_authority(options: ServeOptions) -> tuple[EphemeralCA, Path]:
    """Returns an ephemeral certificate authority, and the file of its certificate."""
    from ..server.tls import EphemeralCA

    try:
        authority = EphemeralCA(options.host, options.tls_names, options.allowed_hosts)
    except ValueError as error:
        raise CommandError(str(error)) from None
    atexit.register(authority.remove)
    with _write_errors(options.tls_ca or "the CA file"):
        return authority, authority.write(options.tls_ca)


def _start_server(
    app: Flask, host: str, port: int, authority: EphemeralCA | None, listener: socket.socket | None
) -> Server:
    from ..server.wsgi import THREAD_SWITCH_INTERVAL, Server

    sys.setswitchinterval(THREAD_SWITCH_INTERVAL)

    server = Server(app, host, port, authority.context if authority else None, listener)
    with _listen_errors(host, port):
        server.start()
    return server


def _open_listener(host: str, port: int) -> socket.socket:
    from ..server.wsgi import open_listener

    with _listen_errors(host, port):
        return open_listener(host, port)


@contextmanager
def _listen_errors(host: str, port: int) -> Iterator[None]:
    """Context in which an address that cannot be bound is a failure of the command."""
    from ..server.wsgi import PortInUseError

    try:
        yield
    except PortInUseError as error:
        raise CommandError(f"{error}; choose another with --port, or --port 0 for a free one") from None
    except OSError as error:
        raise CommandError(f"cannot listen at {host}:{port}: {connection_error_reason(error)}") from None


def _start_mail_server(
    registry: WorldRegistry, host: str, port: int, setup: WorkerSetup | None
) -> MailServer:
    from ..webhooks.mail import MailServer

    listener = relay = None
    if setup is not None:
        from ..fleet.mail import MailRelay

        listener, relay = setup.mail_listener, MailRelay(setup.fleet)
    server = MailServer(registry, host, port, listener=listener, relay=relay)
    with _mail_errors(host, port):
        server.start()
    return server


@contextmanager
def _mail_errors(host: str, port: int) -> Iterator[None]:
    """Context in which an address for mail that cannot be bound is a failure of the command."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CommandError(f"port {port} of {host} is taken; choose another with --smtp-port") from None
        raise CommandError(
            f"cannot receive mail at {host}:{port}: {connection_error_reason(error)}"
        ) from None


def _summary_lines(
    server: Server,
    handle: WorldHandle | None,
    options: ServeOptions,
    mail: MailServer | None,
    worlds: Iterable[tuple[str, str]],
    *,
    shard: Shard,
    ca_file: Path | None,
) -> Iterator[str]:
    """Yields the lines that a client needs: address, token, ids."""
    from ..app import API_PREFIX
    from ..server.wsgi import WILDCARD_ADDRESSES

    team = handle.main_team() if handle is not None else None
    yield f"make-emulator {__version__} serves a world of Make. Stop it with Ctrl-C.\n"
    yield f"  base URL      {server.url}{API_PREFIX}"
    if options.host in WILDCARD_ADDRESSES:
        yield "  listens at    every address of this machine"
    if handle is not None:
        yield f"  token         {handle.main_token().token}"
    if team is not None:
        yield f"  team          {team.id}"
        yield f"  organization  {team.organization_id}"
    if options.init_files is not None:
        yield f"  files         {options.init_files.summary()}"
    for name, token in worlds:
        yield printable(f"  world {name:<8}  token {token}")
    if mail is not None:
        yield f"  mail          smtp://{options.host}:{mail.port}"
    if options.is_key_generated:
        yield f"  dashboard     {server.url}/_emulator/#key={options.control_key}"
        yield f"  control key   {options.control_key}  (generated; choose one with --control-key)"
    else:
        yield f"  dashboard     {server.url}/_emulator/"
    if shard.count > 1:
        yield f"  workers       {shard.count}" + ("" if shard.is_first else f", this is number {shard.index}")
    if options.allow_network:
        reach = "" if options.allow_private_network else ", to public addresses"
        yield f"  network       HTTP modules of scenarios send the requests that no rule matches{reach}"
    if ca_file is not None:
        from ..server.tls import shell_exports

        yield f"  CA file       {ca_file}\n"
        yield from (f"  {line}" for line in shell_exports(ca_file))


def _summary_json(
    server: Server,
    handle: WorldHandle | None,
    options: ServeOptions,
    mail: MailServer | None,
    imported: ImportResult | None,
    ca_file: Path | None,
) -> str:
    """Returns what a client needs as a JSON object in one line; null for what there is not."""
    from orjson import dumps

    from ..app import API_PREFIX

    team = handle.main_team() if handle is not None else None
    summary: JsonObject = {
        "version": __version__,
        "url": server.url,
        "baseUrl": f"{server.url}{API_PREFIX}",
        "token": handle.main_token().token if handle is not None else None,
        "teamId": team.id if team is not None else None,
        "organizationId": team.organization_id if team is not None else None,
        "controlKey": options.control_key if options.is_key_generated else None,
        "mailPort": mail.port if mail is not None else None,
        "caFile": str(ca_file.resolve()) if ca_file is not None else None,
        "import": _import_answer(handle, imported, server.url) if handle is not None and imported else None,
    }
    return dumps(summary).decode()


@contextmanager
def _write_errors(path: Path | str | None) -> Iterator[None]:
    """Context in which a file that cannot be written is a failure of the command."""
    try:
        yield
    except OSError as error:
        raise CommandError(f"cannot write {path}: {os_error_reason(error)}") from None
