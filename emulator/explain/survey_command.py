"""The command ``survey``: runs every blueprint of a folder, and tells which ones are taken and how each ends."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from ..failures import Failure
from .command import WIDTH, modules_option, now_option, scripts_from, time_of

if TYPE_CHECKING:
    from ..world.models import Json
    from .surveying import Cause, Finding

_COLOURS = {"SUCCESS": "green", "WARNING": "yellow", "ERROR": "red", "REFUSED": "red"}


@click.command("survey", short_help="Run a folder of blueprints and tell how each ends.")
@click.argument(
    "paths",
    metavar="PATH...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, readable=True, path_type=Path),
)
@modules_option
@now_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
@click.pass_context
def survey(
    context: click.Context, paths: tuple[Path, ...], modules: Any, now: str | None, as_json: bool
) -> None:
    """Run blueprints, each once in a world of its own, and tell which ones are taken and how each ends.

    Each PATH is a file, or a folder whose *.json files are tried; those that hold no blueprint are passed over. Inputs
    and what webhooks receive are made up. Exit 0 if all are taken and none ends with an error, else 1.
    """
    # Imported here, so that --help and mistakes in the usage answer at once.
    from ..world.clock import Clock, iso
    from . import surveying

    scripts = scripts_from(modules)
    moment = time_of(now) or iso(Clock().now())
    findings: list[Finding] = []
    others: list[Path] = []
    for path, named in surveying.files_in(paths):
        try:
            data = path.read_bytes()
        except OSError as error:
            raise Failure(f"cannot read {path}: {error.strerror}") from None
        if not named and not surveying.looks_like_blueprint(data):
            others.append(path)
            continue
        findings.append(surveying.found(path, data, now=moment, scripts=scripts))
        if not as_json:
            for line in _lines(findings[-1]):
                click.echo(line)
    if not findings:
        raise Failure(f"no blueprint in {', '.join(map(str, paths))}")
    if as_json:
        click.echo(orjson.dumps(_document(findings, others), option=orjson.OPT_INDENT_2))
    else:
        for line in _ending(findings, others):
            click.echo(line)
    if any(finding.fails for finding in findings):
        context.exit(1)


def _lines(finding: Finding) -> Iterator[str]:
    """A line for a file, and one for the reason if there is one."""
    from .page import counted

    status = click.style(f"{finding.status:<8}", fg=_COLOURS[finding.status])
    ran = finding.modules - len(finding.idle)
    figures = f"  {ran} of {counted(finding.modules, 'module')}, {counted(finding.operations, 'operation')}"
    yield _cut(f"{status} {finding.path}{figures if finding.status != 'REFUSED' else ''}")
    if finding.cause is not None:
        yield _cut(" " * 9 + _told(finding.cause))


def _told(cause: Cause) -> str:
    label = f' "{cause.label}"' if cause.label else ""
    where = f"{cause.module_id}{label} {cause.module}: " if cause.module else ""
    return f"{where}{cause.name}: {cause.message}" if cause.name else f"{where}{cause.message}"


def _ending(findings: Sequence[Finding], others: Sequence[Path]) -> Iterator[str]:
    """How many ended how, and which modules put out made-up data."""
    from .page import counted

    yield ""
    counts = ", ".join(f"{count} {status}" for status, count in _totals(findings).items())
    passed_over = f"; {counted(len(others), 'other file')} passed over" if others else ""
    yield _cut(f"{counted(len(findings), 'blueprint')}: {counts}{passed_over}")
    made_up: Counter[str] = Counter()
    for finding in findings:
        made_up.update(finding.treatments.get("simulated", {}))
    if made_up:
        names = [f"{name} ({times})" for name, times in made_up.most_common(8)]
        more = f" and {len(made_up) - 8} more" if len(made_up) > 8 else ""
        yield "made-up data (--modules FILE.yaml says what modules put out instead):"
        yield _cut(f"  {', '.join(names)}{more}")


def _totals(findings: Sequence[Finding]) -> dict[str, int]:
    counts = Counter(finding.status for finding in findings)
    return {status: counts[status] for status in _COLOURS if counts[status]}


def _cut(line: str) -> str:
    """A line that fits, free of what could do something to the terminal."""
    from .reading import clean

    width = shutil.get_terminal_size((WIDTH, 24)).columns
    text = clean(click.unstyle(line))
    if len(text) <= width:
        return line if text == click.unstyle(line) else text
    return f"{text[: width - 1]}…"


def _document(findings: Sequence[Finding], others: Sequence[Path]) -> dict[str, Json]:
    return {
        "summary": _totals(findings),
        "blueprints": [
            {
                "file": str(finding.path),
                "status": finding.status,
                "name": finding.name,
                "modules": finding.modules,
                "notReached": list(finding.idle),
                "operations": finding.operations,
                "treatments": {treatment: dict(names) for treatment, names in finding.treatments.items()},
                "cause": finding.cause
                and {
                    "name": finding.cause.name,
                    "message": finding.cause.message,
                    "moduleId": finding.cause.module_id,
                    "module": finding.cause.module,
                    "label": finding.cause.label,
                },
            }
            for finding in findings
        ],
        "passedOver": [str(path) for path in others],
    }
