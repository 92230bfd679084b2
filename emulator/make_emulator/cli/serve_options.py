"""Options of the command ``serve``, and their checks."""

from __future__ import annotations

import re
import secrets
import socket
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..lazy_dataclasses import dataclass
from ..plain_text import did_you_mean

if TYPE_CHECKING:
    from ..fleet.peers import Fleet
    from ..server.tls import EphemeralCA
    from .init_folder import InitFiles


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


def check_options(options: ServeOptions) -> None:
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


def with_control_key(options: ServeOptions, *, is_shared: bool) -> ServeOptions:
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


def remote_setup(options: ServeOptions, count: int, url: str, index: str) -> WorkerSetup:
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


def parse_scopes(text: str | None) -> list[str] | None:
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
