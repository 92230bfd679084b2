"""The command ``proxy``: in front of a zone of Make."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..error_reasons import os_error_reason
from ..plain_text import escape_control_characters, pluralize
from .command import command
from .errors import CommandError
from .options import SEED, OutputFile, env_option

if TYPE_CHECKING:
    from ..proxy.recorder import Recorder
    from ..proxy.shadow import Shadow
    from ..replay.player import ExchangeResult
    from ..world.models import Agent

_FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)

#: The interval in which the main thread looks for signals, in seconds.
_SIGNAL_POLL_INTERVAL = 0.2


def _parse_address(text: str | tuple[str, int]) -> tuple[str, int]:
    """Returns host and port of an address such as ``127.0.0.1:4748``; port 0 picks a free one."""
    if isinstance(text, tuple):
        return text
    host, colon, port = text.rpartition(":")
    if not colon or not host or not (port.isascii() and port.isdigit()) or int(port) > 65_535:
        raise click.BadParameter(f"{text!r} is not an address such as 127.0.0.1:4748")
    return host.strip("[]"), int(port)


@command(
    "proxy",
    short_help="Pass calls to a real zone: recorded, limited, compared.",
    examples=[
        "make-emulator proxy --zone eu1 --har session.har",
        "make-emulator proxy --zone eu1 --shadow --seed team.yaml",
        "make-emulator proxy --zone eu1 --policy agents.yaml --agent ops --allow-writes",
    ],
    docs="how-to/proxy.md",
)
@env_option("--zone", also="MAKE_ZONE", metavar="ZONE", help="Such as eu1, or eu1.make.com.")
@env_option("--upstream", metavar="URL", help="Another server than that of a zone, instead of --zone.")
@env_option(
    "--upstream-ca",
    type=_FILE,
    metavar="FILE",
    help="The certificate authority to trust; by default those of the system.",
)
@env_option(
    "--listen",
    type=_parse_address,
    default="127.0.0.1:4748",
    show_default=True,
    metavar="HOST:PORT",
    help="Address to listen at; port 0 picks a free one.",
)
@env_option(
    "--har", type=OutputFile(), metavar="FILE", help="Record the calls as an HTTP archive without secrets."
)
@env_option(
    "--shadow", is_flag=True, help="Let the emulator answer each call, too, and show where it differs."
)
@click.option(
    "--seed",
    metavar="NAME|FILE",
    type=SEED,
    help="With --shadow: the state of the team, such as a seed that pull wrote.",
)
@env_option("--policy", type=_FILE, metavar="FILE", help="Let pass only what is granted to an agent.")
@env_option("--agent", metavar="NAME", help="With --policy: the agent, in a file with several.")
@env_option("--allow-writes", is_flag=True, help="Let calls pass that change something. Off by default.")
@env_option("--quiet", is_flag=True, help="Show no line for each call.")
def proxy(
    zone: str | None,
    upstream: str | None,
    upstream_ca: Path | None,
    listen: tuple[str, int],
    har: Path | None,
    shadow: bool,
    seed: str | None,
    policy: Path | None,
    agent: str | None,
    allow_writes: bool,
    quiet: bool,
) -> None:
    """Pass calls to a real zone until SIGTERM or Ctrl-C: recorded, limited to what an agent may do, and compared with the emulator.

    Clients use the address of the proxy as their base URL, and their own token. Only calls pass that read, unless --allow-writes.
    All together stay below the limit of the organization. Errors of the zone are passed on unchanged.
    """
    # Imported here, so that --help and mistakes in the usage answer at once.
    from ..proxy.app import Pace, ProxyApp
    from ..proxy.gate import Gate
    from ..proxy.recorder import Recorder
    from ..proxy.upstream import Upstream
    from ..server.wsgi import PortInUseError, Server

    if seed is not None and not shadow:
        raise click.UsageError("--seed goes with --shadow only")
    if agent is not None and policy is None:
        raise click.UsageError("--agent goes with --policy only")
    origin = _resolve_origin(zone, upstream)
    granted = _read_policy(policy, agent)
    log = _log_quietly if quiet else _log
    with ExitStack() as running:
        try:
            recorder = Recorder(har)
        except OSError as error:
            raise CommandError(f"cannot write {har}: {os_error_reason(error)}") from None
        started_shadow = _start_shadow(origin, seed) if shadow else None
        client = Upstream(origin, upstream_ca)
        running.callback(client.close)
        app = ProxyApp(
            client,
            Gate(granted, allow_writes=allow_writes),
            Pace(log=_log),
            recorder,
            record=started_shadow.play if started_shadow is not None else None,
            log=log,
        )
        server = Server(app, *listen)
        try:
            server.start()
        except PortInUseError as error:
            raise CommandError(f"{error}; --listen chooses another one") from None
        except OSError as error:
            raise CommandError(
                f"cannot listen at {listen[0]}:{listen[1]}: {os_error_reason(error)}"
            ) from None
        _print_setup(server.url, origin, granted, policy, har, allow_writes=allow_writes, shadow=shadow)
        _wait_for_signal()
        server.stop()
        _finish(recorder, har, started_shadow)


def _resolve_origin(zone: str | None, upstream: str | None) -> str:
    """Returns scheme and host of the zone."""
    from ..importer import normalize_base_url, zone_base_url

    try:
        if upstream:
            return normalize_base_url(upstream).removesuffix("/api/v2")
        if zone:
            return zone_base_url(zone).removesuffix("/api/v2")
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    raise click.UsageError("Missing option '--zone'.")


def _read_policy(path: Path | None, name: str | None) -> Agent | None:
    from ..proxy.policy_file import PolicyFileError, read_policy

    if path is None:
        return None
    try:
        return read_policy(path, name)
    except PolicyFileError as error:
        raise CommandError(str(error)) from None


def _start_shadow(origin: str, seed: str | None) -> Shadow:
    from urllib.parse import urlsplit

    from ..proxy.shadow import Shadow
    from ..replay.replay import DEFAULT_SEED, EMPTY_SEED
    from ..seeds import SeedError
    from ..world.zones import zone_of_host

    zone = zone_of_host(urlsplit(origin).netloc)
    try:
        return Shadow(
            seed or (DEFAULT_SEED if zone is None else EMPTY_SEED),
            started=time.time_ns() // 1_000_000,
            zone=zone,
            has_state=seed is not None or zone is None,
            report=_show_result,
        )
    except SeedError as error:
        raise CommandError("; ".join(map(str, error.issues[:3]))) from None


def _print_setup(
    url: str,
    origin: str,
    agent: Agent | None,
    policy: Path | None,
    har: Path | None,
    *,
    allow_writes: bool,
    shadow: bool,
) -> None:
    from ..policies.statements import describe_grant

    click.echo(f"  base URL   {url}/api/v2")
    click.echo(f"  zone       {origin}")
    click.echo(f"  writes     {'pass' if allow_writes else 'refused; --allow-writes lets them pass'}")
    if agent is not None:
        click.echo(f"  policy     {agent.name} in {policy}; what is not granted is refused")
        for grant in agent.grants:
            click.echo(f"               {describe_grant(grant)}")
    if har is not None:
        click.echo(f"  recording  {har}, without secrets")
    if shadow:
        click.echo("  shadow     on; differences are shown below each call")


def _wait_for_signal() -> None:
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    # With a time-out: the system may deliver a signal to another thread, and the handler runs when this one wakes.
    while not stopped.wait(_SIGNAL_POLL_INTERVAL):
        pass


def _finish(recorder: Recorder, har: Path | None, shadow: Shadow | None) -> None:
    try:
        recorder.close()
    except OSError as error:
        raise CommandError(f"cannot write {har}: {os_error_reason(error)}") from None
    if shadow is not None:
        shadow.close()
        if (report := shadow.summary()) is not None:
            click.echo(report.render_text(), nl=False)
        if shadow.dropped:
            click.echo(f"{shadow.dropped} calls were not compared: the shadow was too far behind", err=True)
    if har is not None:
        click.echo(f"Recorded {pluralize(recorder.count, 'call')}. Compare them: make-emulator replay {har}")


def _log(line: str) -> None:
    click.echo(f"{time.strftime('%H:%M:%S')} {line}", err=True)


def _log_quietly(line: str) -> None:
    """Shows no line for a call."""


def _show_result(result: ExchangeResult) -> None:
    name = result.exchange.name
    for difference in result.differences:
        _log(escape_control_characters(f"shadow: {name}: {difference.sentence()}"))
