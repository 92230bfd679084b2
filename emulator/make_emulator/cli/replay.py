"""The command ``replay``: recorded traffic against a fresh world."""

from __future__ import annotations

from pathlib import Path

import click

from ..error_reasons import os_error_reason
from ..io import write_atomically
from .command import command
from .errors import CommandError
from .options import SEED, OutputFile, format_option


class _ReplayError(CommandError):
    """Failure of a replay: exit 2, as 1 is for a difference."""

    exit_code = 2


@command(
    "replay",
    short_help="Replay recorded traffic, and compare the answers.",
    examples=[
        "make-emulator replay session.har",
        "make-emulator replay session.har --seed team.yaml --junit-xml replay.xml",
        "make-emulator replay session.har --redact public.har --format html > r.html",
    ],
    docs="how-to/replay.md",
)
@click.argument(
    "file", metavar="FILE.har", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
)
@click.option(
    "--seed",
    metavar="NAME|FILE",
    type=SEED,
    help="The state from which the recording started, such as a seed that pull wrote: then all values are compared. By default those of "
    "what the recording itself created.",
)
@click.option(
    "--redact",
    type=OutputFile(),
    metavar="OUT.har",
    help="Write the recording without secrets, for a bug report.",
)
@format_option("text", "json", "html")
@click.option(
    "--junit-xml",
    type=OutputFile(),
    metavar="FILE",
    help="Write a JUnit XML report to a file, too.",
)
def replay(file: Path, seed: str | None, redact: Path | None, format: str, junit_xml: Path | None) -> None:
    """Send the requests to Make of an HTTP archive (HAR) to a fresh world, in order, and compare the answers.

    Ids and tokens that the recorded answers introduced are mapped. Secrets are masked on reading. Exit 0 if every answer is as
    recorded, 1 if one differs, 2 if they cannot be compared.
    """
    # Imported here, so that --help and mistakes in the usage answer at once.
    import orjson

    from ..replay.archive import ArchiveError, read_archive
    from ..replay.replay import replay_archive
    from ..seeds import SeedError

    try:
        archive = read_archive(file)
        if redact is not None:
            _write(redact, orjson.dumps(archive.document, option=orjson.OPT_INDENT_2))
        report = replay_archive(archive, file.name, seed=seed)
    except ArchiveError as error:
        raise _ReplayError(str(error)) from None
    except SeedError as error:
        raise _ReplayError("; ".join(map(str, error.issues[:3]))) from None
    if junit_xml is not None:
        _write(junit_xml, report.render_junit())
    renderers = {"text": report.render_text, "json": report.render_json, "html": report.render_html}
    click.echo(renderers[format](), nl=False)
    if not report.compared:
        raise _ReplayError("no request could be compared")
    if report.differences:
        raise click.exceptions.Exit(1)


def _write(path: Path, data: bytes) -> None:
    try:
        write_atomically(path, data)
    except OSError as error:
        raise _ReplayError(f"cannot write {path}: {os_error_reason(error)}") from None
