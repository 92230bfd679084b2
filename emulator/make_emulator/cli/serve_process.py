"""Process of the command ``serve``: sockets, workers, signals, and the lines that a client needs."""

from __future__ import annotations

import _thread
import atexit
import errno
import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..error_reasons import connection_error_reason, os_error_reason
from ..plain_text import printable
from ..version import __version__
from .errors import CommandError, write_errors
from .serve_options import ServeOptions, WorkerSetup
from .serve_world import (
    build_app,
    check_import,
    import_blueprints,
    load_state,
    open_telemetry,
    paused_collector,
    read_blueprints,
    stored,
    watched,
)

if TYPE_CHECKING:
    from flask import Flask

    from ..blueprint_import.scenarios import ImportResult
    from ..control.readiness import Readiness
    from ..json_types import JsonObject
    from ..registry import WorldHandle, WorldRegistry
    from ..server.connection_router import ConnectionRouter
    from ..server.start_scripts import StartScripts
    from ..server.tls import EphemeralCA
    from ..server.wsgi import Server
    from ..webhooks.mail import MailServer
    from ..world.slots import Shard


#: The interval in which the main thread looks for signals, in seconds.
SIGNAL_POLL_INTERVAL = 0.2

#: The most seconds that a worker which is replaced waits for its requests under way.
DRAIN_TIMEOUT = 5.0

#: The file descriptor of standard input.
STANDARD_INPUT = 0

#: Open files that the server asks for, more than a test needs connections.
MAX_OPEN_FILES = 16_384

# Imports in functions keep the start-up short: --help and mistakes in the usage need none of the server.


class _StartScriptError(CommandError):
    """Failure of a start script, after which a fleet ends as a whole."""


def raise_file_limit() -> None:
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


def serve_fleet(options: ServeOptions, count: int) -> None:
    """Serves by several workers, which this process starts and replaces."""
    from ..fleet.supervisor import Supervisor, WorkerFailedError, is_supported

    if not is_supported():
        raise CommandError(
            "--workers needs a system that can hand connections from one process to another, such as Linux; "
            "here, start several servers behind a load balancer"
        )
    with ExitStack() as running:
        with paused_collector():
            # Workers are forks of this process: what it imports, they share.
            from .. import app, routes  # noqa: F401
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
        serve_worlds(options, report, setup)
    except click.ClickException as error:
        error.show()
        return UNRECOVERABLE if isinstance(error, _StartScriptError) else error.exit_code
    return 0


def serve_worlds(
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
        with paused_collector():
            from ..app import DEFAULT_WORLD, registry_of
            from ..control.readiness import Readiness
            from ..server.logging import configure

            if not is_supervised:
                configure(options.log_format)
            readiness = Readiness()
            telemetry = open_telemetry(running)
            app = build_app(options, setup, readiness, telemetry)
            registry = registry_of(app)
            handle = registry.get(DEFAULT_WORLD)
            imported = None
            if handle is not None and (files := read_blueprints(options)):
                imported = import_blueprints(handle, files)
                check_import(imported, options)
            if options.watch and handle is not None:
                running.enter_context(watched(registry, handle, options.blueprints, options.init_dir))
            # Those of a fleet run beside the default world.
            scripts = _find_start_scripts(options.start_scripts) if handle is not None else []
            readiness.is_ready = not scripts
            state_files = None
            if options.state is not None:
                # A stored state has what was imported when it began.
                state_files, is_stored = load_state(
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
                running.enter_context(stored(state_files, options.state))
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


def _stop_on_eof() -> None:
    """Stop the process, as SIGTERM does, when its standard input ends."""

    def wait() -> None:
        # By the descriptor: a buffered reader that another thread waits in is locked, and the end of the process needs it.
        with suppress(OSError):
            while os.read(STANDARD_INPUT, 65_536):
                pass
        _thread.interrupt_main(signal.SIGTERM)

    threading.Thread(target=wait, name="stop-on-eof", daemon=True).start()


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


def _create_authority(options: ServeOptions) -> tuple[EphemeralCA, Path]:
    """Returns an ephemeral certificate authority, and the file of its certificate."""
    from ..server.tls import EphemeralCA

    try:
        authority = EphemeralCA(options.host, options.tls_names, options.allowed_hosts)
    except ValueError as error:
        raise CommandError(str(error)) from None
    atexit.register(authority.remove)
    with write_errors(options.tls_ca or "the CA file"):
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
        yield f"  studio        {server.url}/_emulator/studio#key={options.control_key}"
        yield f"  dashboard     {server.url}/_emulator/#key={options.control_key}"
        yield f"  control key   {options.control_key}  (generated; choose one with --control-key)"
    else:
        yield f"  studio        {server.url}/_emulator/studio"
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
