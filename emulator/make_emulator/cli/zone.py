"""Commands that read a zone of Make: ``pull`` and ``diff``. They never change anything there."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from ..error_reasons import os_error_reason
from ..io import write_atomically
from ..version import __version__
from .command import command
from .errors import CommandError
from .options import env_option

if TYPE_CHECKING:
    from ..diff import DiffSide
    from ..importer import Checkpoint, ImportOptions, ImportResult

#: Resources between two lines of progress.
_PROGRESS_INTERVAL = 100


class _InterruptedPullError(CommandError):
    """Interruption by Ctrl-C, with the exit code of shells for it."""

    exit_code = 130


class _DiffError(CommandError):
    """Failure of a comparison: exit 2, as of diff(1)."""

    exit_code = 2


def _parse_count(text: str | int) -> int | None:
    """Returns the number of a text, 0 for none and ``None`` for all."""
    if text in ("none", "all"):
        return 0 if text == "none" else None
    if isinstance(text, int) or (text.isascii() and text.isdigit()):
        return int(text)
    raise click.BadParameter(f"{text!r} is neither a number, nor none or all")


_token_option = env_option(
    "--token",
    required=True,
    also="MAKE_API_KEY",
    metavar="TOKEN",
    help="A token of the zone; reading scopes are enough. Better in the environment: MAKE_API_KEY.",
)
_quiet_option = env_option("--quiet", is_flag=True, help="Show no progress.")


class _ConsoleProgress:
    """Progress of a pull on stderr: a bar on a terminal, else a line now and then."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._is_terminal = sys.stderr.isatty()

    def log_message(self, text: str) -> None:
        if not self._quiet:
            self._clear()
            click.echo(text, err=True)

    def update(self, what: str, done: int, total: int) -> None:
        if self._quiet:
            return
        text = f"{what}: {done:,} of {total:,}" if total else f"{what}: {done:,}"
        if self._is_terminal:
            width = 30 * done // total if total else 0
            bar = f"[{'#' * width}{'-' * (30 - width)}]  " if total else ""
            click.echo(f"\r\x1b[K{bar}{text}", nl=False, err=True)
        elif done == total or done % _PROGRESS_INTERVAL == 0:
            click.echo(text, err=True)

    def close(self) -> None:
        if not self._quiet:
            self._clear()

    def _clear(self) -> None:
        if self._is_terminal:
            click.echo("\r\x1b[K", nl=False, err=True)


@command(
    examples=[
        "export MAKE_API_KEY=…",
        "make-emulator pull --zone eu1 --team-id 123 > seed.yaml",
        "make-emulator pull --zone eu1 --team-id 123 --executions 10 > seed.yaml",
    ],
    docs="how-to/pull.md",
)
@env_option(
    "--zone",
    also="MAKE_ZONE",
    metavar="ZONE",
    help="Such as eu1, or eu1.make.com.",
)
@env_option("--base-url", metavar="URL", help="Base URL, instead of --zone.")
@env_option(
    "--team-id",
    required=True,
    type=click.IntRange(1),
    also="MAKE_TEAM",
    help="The team to read.",
)
@env_option(
    "--organization-id",
    type=click.IntRange(1),
    help="Its organization; needed only if the token may not read the team.",
)
@env_option(
    "--records",
    type=_parse_count,
    metavar="N|none|all",
    default=100,
    show_default=True,
    help="Number of records of each data store.",
)
@env_option(
    "--executions",
    type=click.IntRange(0, 1000),
    default=0,
    show_default=True,
    help="Number of past executions of each scenario; the emulator runs them again.",
)
@env_option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="File for the seed, instead of the standard output.",
)
@env_option(
    "--blueprints-dir",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder for the blueprints, one file each, instead of in the seed.",
)
@env_option(
    "--resume",
    is_flag=True,
    help="Continue an interrupted pull to --output.",
)
@_token_option
@_quiet_option
def pull(
    zone: str | None,
    base_url: str | None,
    token: str,
    team_id: int,
    organization_id: int | None,
    records: int | None,
    executions: int,
    output: Path | None,
    blueprints_dir: Path | None,
    resume: bool,
    quiet: bool,
) -> None:
    """Read a team of a real zone into a seed.

    Nothing is changed in the zone, and no secret is written: of connections only names and types are read, and
    secrets in scenarios are masked. The seed goes to the standard output; omissions and masked values are listed on
    stderr.
    """
    # Imported here, so that --help and mistakes in the usage answer at once.
    from .. import seeds
    from ..importer import Checkpoint, ImportOptions, Masker, extract_blueprints, header_comments, render_yaml

    if resume and output is None:
        raise click.UsageError("--resume goes with --output only")
    address = _resolve_base_url(zone, base_url)
    options = ImportOptions(
        team_id=team_id, organization_id=organization_id, records=records, executions=executions
    )
    checkpoint = Checkpoint(
        Masker(_validate_token(token)),
        output.with_name(f"{output.name}.part") if output is not None else None,
    )
    pulled = _run_pull(address, token, options, checkpoint, _ConsoleProgress(quiet=quiet), resume=resume)
    try:
        if blueprints_dir is not None:
            extract_blueprints(pulled.document, blueprints_dir, output.parent if output else Path())
        comments = header_comments(address, pulled.team, __version__, pulled.notes, len(pulled.masked))
        text = render_yaml(pulled.document, comments)
        if output is None:
            click.echo(text, nl=False)
        else:
            write_atomically(output, text.encode())
    except OSError as error:
        raise CommandError(f"cannot write {error.filename or output}: {os_error_reason(error)}") from None
    checkpoint.remove()
    for note in pulled.notes:
        click.echo(f"note: {note}", err=True)
    for step, where in pulled.masked:
        click.echo(f"masked: {step}, {where}" if where else f"masked: {step}", err=True)
    if not quiet:
        where_to = f" to {output}" if output else ""
        click.echo(f"Read team {team_id}{where_to}: {seeds.summarize(pulled.seed)}.", err=True)


def _resolve_base_url(zone: str | None, base_url: str | None) -> str:
    from ..importer import normalize_base_url, zone_base_url

    try:
        if base_url:
            return normalize_base_url(base_url)
        if zone:
            return zone_base_url(zone)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    raise click.UsageError("Missing option '--zone'.")


def _validate_token(token: str) -> str:
    """Returns a token that fits into a header; the error message does not show an invalid one."""
    if not re.fullmatch(r"[\x21-\x7e]{8,4096}", token):
        raise click.UsageError(
            "invalid token: a token of Make has at least 8 characters, all printable ASCII, and no spaces"
        )
    return token


def _run_pull(
    address: str,
    token: str,
    options: ImportOptions,
    checkpoint: Checkpoint,
    console: _ConsoleProgress,
    *,
    resume: bool = False,
) -> ImportResult:
    """Reads a team; the error of an interrupted pull says how to resume."""
    from ..importer import CheckpointError, ZoneClient, ZoneError, pull
    from ..throttle import DEFAULT_LIMIT, SystemTimer, Throttle

    subject = {
        "address": address,
        "team": options.team_id,
        "records": options.records,
        "executions": options.executions,
    }
    try:
        before = checkpoint.open(subject, resume=resume)
        if before:
            console.log_message(f"{before} steps were read earlier")
        throttle = Throttle(DEFAULT_LIMIT, SystemTimer(), log=console.log_message)
        return pull(ZoneClient(address, token, throttle), options, console, checkpoint)
    except KeyboardInterrupt:
        _fail_resumable(checkpoint, "stopped", _InterruptedPullError)
    except (ZoneError, CheckpointError) as error:
        _fail_resumable(checkpoint, str(error), CommandError)
    except OSError as error:
        raise CommandError(
            f"cannot write {error.filename or checkpoint.path}: {os_error_reason(error)}"
        ) from None
    finally:
        console.close()
        checkpoint.close()


def _fail_resumable(checkpoint: Checkpoint, why: str, failure: type[CommandError]) -> NoReturn:
    kept = (
        f"; {checkpoint.steps} steps are in {checkpoint.path}: continue with --resume"
        if checkpoint.path and checkpoint.steps
        else ""
    )
    raise failure(why + kept) from None


@command(
    examples=[
        "make-emulator diff seed.yaml eu1:123",
        "make-emulator diff before.yaml after.yaml --by name --format json",
    ],
    docs="how-to/pull.md",
)
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@env_option(
    "--token",
    also="MAKE_API_KEY",
    metavar="TOKEN",
    help="A token of the zone, if one of the two is a zone.",
)
@env_option(
    "--token-b",
    metavar="TOKEN",
    help="A token of the second zone, if it has another.",
)
@env_option(
    "--by",
    type=click.Choice(["id", "name"]),
    help="Match resources by id or by name; by default by id, or by name if the teams differ.",
)
@env_option(
    "--records",
    type=_parse_count,
    metavar="N|none|all",
    default="none",
    show_default=True,
    help="Number of records of each data store of a zone to read; fewer than all are not compared.",
)
@env_option(
    "--all",
    "everything",
    is_flag=True,
    help="Compare times and past executions too.",
)
@env_option(
    "--format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="A line for each difference, or one JSON object.",
)
@_quiet_option
def diff(
    a: str,
    b: str,
    token: str | None,
    token_b: str | None,
    by: str | None,
    records: int | None,
    everything: bool,
    format: str,
    quiet: bool,
) -> None:
    """Show the differences between two teams.

    A and B are each the name or the file of a seed, or a team of a zone, such as eu1:123 or
    http://127.0.0.1:4747/api/v2:1. Exit 0 if they are equal, 1 if they differ, 2 if they cannot be compared.
    """
    from ..diff import diff_seeds, render_json, render_text

    try:
        sides = [
            _load_side(text, side_token, records, _ConsoleProgress(quiet=quiet))
            for text, side_token in ((a, token), (b, token_b or token))
        ]
        first, second = _select_teams(*sides)
    except CommandError as error:
        raise _DiffError(error.message) from None
    found = diff_seeds(
        first, second, by_name=None if by is None else by == "name", include_history=everything
    )
    click.echo(render_json(found) if format == "json" else render_text(found), nl=False)
    if not found.is_equal:
        raise click.exceptions.Exit(1)


def _load_side(text: str, token: str | None, records: int | None, console: _ConsoleProgress) -> DiffSide:
    """Returns one side of a comparison: a seed, or a team that is read from a zone."""
    from .. import seeds
    from ..diff import DiffSide
    from ..importer import Checkpoint, ImportOptions, Masker

    zone, _, team = text.rpartition(":")
    is_address = zone.startswith(("http://", "https://"))
    if not (team.isascii() and team.isdigit() and zone) or (is_address and not zone.endswith("/api/v2")):
        try:
            return DiffSide(text, seeds.load(text))
        except seeds.SeedError as error:
            raise CommandError("; ".join(map(str, error.issues[:3]))) from None
    if token is None:
        raise click.UsageError(f"{text} is a team of a zone: --token is missing")
    address = _resolve_base_url(None if is_address else zone, zone if is_address else None)
    options = ImportOptions(team_id=int(team), records=records)
    pulled = _run_pull(address, token, options, Checkpoint(Masker(_validate_token(token))), console)
    for note in pulled.notes:
        click.echo(f"note: {text}, {note}", err=True)
    return DiffSide(text, pulled.seed, team=int(team), has_records=records is None)


def _select_teams(a: DiffSide, b: DiffSide) -> tuple[DiffSide, DiffSide]:
    """Returns both sides; a seed that is compared with a team of a zone is narrowed to the matching team."""

    def narrow(side: DiffSide, other: DiffSide) -> DiffSide:
        if side.team is not None or other.team is None:
            return side
        ids = [team["id"] for _, team in side.teams()]
        if other.team not in ids and len(ids) != 1:
            raise CommandError(f"{side.label} has {len(ids)} teams, and none is team {other.team}")
        return replace(side, team=other.team if other.team in ids else ids[0])

    return narrow(a, b), narrow(b, a)
