"""The command ``replay``: recorded traffic against a fresh world."""

from __future__ import annotations

from pathlib import Path

import click

from ..error_reasons import os_error_reason
from ..io import write_atomically
from .errors import CommandError, InvalidSeedError
from .options import env_option, format_option

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(short_help="Replay recorded traffic, and compare the answers.")
@click.argument("file", metavar="FILE.har", type=_FILE)
@env_option(
    "--seed",
    metavar="NAME|FILE",
    help="The state from which the recording started, such as a seed that pull wrote: then all values are compared. By default "
    "those of what the recording itself created.",
)
@click.option(
    "--redact", type=_FILE, metavar="OUT.har", help="Write the recording without secrets, for a bug report."
)
@format_option("text", "json", "html")
@click.option("--junit-xml", type=_FILE, metavar="F", help="Write a JUnit XML report to a file, too.")
def replay(file: Path, seed: str | None, redact: Path | None, format: str, junit_xml: Path | None) -> None:
    """Send the requests to Make of an HTTP archive (HAR) to a fresh world, in order, and compare the answers.

    Ids and tokens that the recorded answers introduced are mapped. Secrets are masked on reading. Exit 0 if every answer is as
    recorded, 1 if one differs, 2 for a mistake in the usage.
    """
    # Imported here, so that --help and mistakes in the usage answer at once.
    import orjson

    from ..replay.archive import ArchiveError, read_archive
    from ..replay.replay import replay_archive
    from ..seeds import SeedError

    try:
        archive = read_archive(file)
    except ArchiveError as error:
        raise CommandError(str(error)) from None
    if redact is not None:
        _write(redact, orjson.dumps(archive.document, option=orjson.OPT_INDENT_2))
    try:
        report = replay_archive(archive, file.name, seed=seed)
    except SeedError as error:
        raise InvalidSeedError(error.issues) from None
    if junit_xml is not None:
        _write(junit_xml, report.render_junit())
    renderers = {"text": report.render_text, "json": report.render_json, "html": report.render_html}
    click.echo(renderers[format](), nl=False)
    if not report.compared:
        raise CommandError("no request could be compared")
    if report.differences:
        raise click.exceptions.Exit(1)


def _write(path: Path, data: bytes) -> None:
    try:
        write_atomically(path, data)
    except OSError as error:
        raise CommandError(f"cannot write {path}: {os_error_reason(error)}") from None
