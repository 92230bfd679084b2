"""The command ``serve``: the emulator as a server process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .command import command
from .options import SEED, env_option, format_option
from .serve_options import ServeOptions, check_options, remote_setup, with_control_key
from .serve_process import raise_file_limit, serve_fleet, serve_worlds
from .serve_world import with_init_files


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
    type=SEED,
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
    check_options(options)
    raise_file_limit()
    if (worker_url is None) != (worker_index is None):
        raise click.UsageError("--worker-url and --worker-index go together")
    options = with_init_files(options)
    options = with_control_key(options, is_shared=worker_url is not None)
    if worker_url is not None and worker_index is not None:
        setup = remote_setup(options, workers, worker_url, worker_index)
        serve_worlds(options, lambda text: click.echo(text, nl=False), setup)
    elif workers > 1:
        serve_fleet(options, workers)
    else:
        serve_worlds(options, lambda text: click.echo(text, nl=False))
