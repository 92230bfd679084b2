"""The command ``survey``: one run of every blueprint of a folder, with a result line for each."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click
import orjson

from ..plain_text import pluralize, printable
from .blueprint_files import read_files, require_blueprints
from .command import command
from .explain import DEFAULT_WIDTH, load_scripts, modules_option, now_option, parse_time
from .options import format_option, hidden_json_option, paths_argument

if TYPE_CHECKING:
    from ..explain.survey import FailureCause, SurveyResult
    from ..world.models import Json

_STATUS_COLOURS = {"SUCCESS": "green", "WARNING": "yellow", "ERROR": "red", "REFUSED": "red"}


@command(
    "survey",
    short_help="Run a folder of blueprints and show how each ends.",
    examples=[
        "make-emulator survey blueprints/",
        "make-emulator survey blueprints/ --format json",
    ],
    docs="how-to/explain.md",
)
@paths_argument
@modules_option
@now_option
@format_option("text", "json", help="A line for each blueprint and a summary, or one JSON object.")
@hidden_json_option
@click.pass_context
def survey(
    context: click.Context,
    paths: tuple[Path, ...],
    modules: IO[bytes] | None,
    now: str | None,
    format: str,
    as_json: bool,
) -> None:
    """Run blueprints, each once in a world of its own, and show whether Make accepts it and how the run ends.

    Each PATH is a file, or a folder whose *.json files are tried; files that hold no blueprint are skipped. Inputs
    and the payloads of webhooks are mock data. Exit 0 if all are accepted and none ends with an error, else 1.
    """
    # Imported here, so that --help and mistakes in the usage answer at once.
    from ..blueprint_import.files import is_json
    from ..explain import survey
    from ..world.clock import Clock, format_iso

    as_json = as_json or format == "json"
    scripts = load_scripts(modules)
    moment = parse_time(now) or format_iso(Clock().now())
    findings: list[SurveyResult] = []
    others: list[Path] = []
    broken: list[Path] = []
    for path, data, is_blueprint in read_files(paths):
        if not is_blueprint:
            (others if is_json(data) else broken).append(path)
            continue
        findings.append(survey.survey_file(path, data, now=moment, scripts=scripts))
        if not as_json:
            for line in _result_lines(findings[-1]):
                click.echo(line)
    require_blueprints(findings, paths)
    if as_json:
        click.echo(orjson.dumps(_json_document(findings, others, broken), option=orjson.OPT_INDENT_2))
    else:
        for line in _summary_lines(findings, others, broken):
            click.echo(line)
    if any(finding.is_failure for finding in findings):
        context.exit(1)


def _result_lines(finding: SurveyResult) -> Iterator[str]:
    """Yields the result line of a file, and one with the cause of a failure."""
    status = click.style(f"{finding.status:<8}", fg=_STATUS_COLOURS[finding.status])
    ran = finding.modules - len(finding.unreached)
    figures = (
        f"  {ran} of {pluralize(finding.modules, 'module')}, {pluralize(finding.operations, 'operation')}"
    )
    yield _fit_line(f"{status} {finding.path}{figures if finding.status != 'REFUSED' else ''}")
    if finding.cause is not None:
        yield _fit_line(" " * 9 + _cause_text(finding.cause))
        for text in (*finding.cause.issues, finding.cause.hint):
            if text is not None:
                yield _fit_line(" " * 11 + text)


def _cause_text(cause: FailureCause) -> str:
    label = f' "{cause.label}"' if cause.label else ""
    where = f"{cause.module_id}{label} {cause.module}: " if cause.module else ""
    return f"{where}{cause.name}: {cause.message}" if cause.name else f"{where}{cause.message}"


def _summary_lines(
    findings: Sequence[SurveyResult], others: Sequence[Path], broken: Sequence[Path]
) -> Iterator[str]:
    """Yields the number of files of each status, and the modules that output mock data."""
    yield ""
    counts = ", ".join(f"{count} {status}" for status, count in _count_statuses(findings).items())
    skipped = f"; {pluralize(len(others), 'other file')} skipped" if others else ""
    yield _fit_line(f"{pluralize(len(findings), 'blueprint')}: {counts}{skipped}")
    if broken:
        yield _fit_line(f"not JSON: {', '.join(map(str, broken))}")
    linted = Counter(each.severity for finding in findings for each in finding.findings)
    if linted:
        severities = ", ".join(pluralize(count, severity) for severity, count in sorted(linted.items()))
        yield _fit_line(f"lint: {severities} (make-emulator lint shows them)")
    mocked: Counter[str] = Counter()
    for finding in findings:
        mocked.update(finding.treatments.get("simulated", {}))
    if mocked:
        names = [f"{name} ({times})" for name, times in mocked.most_common(8)]
        more = f" and {len(mocked) - 8} more" if len(mocked) > 8 else ""
        yield "mock data (script other outputs with --modules FILE.yaml):"
        yield _fit_line(f"  {', '.join(names)}{more}")


def _count_statuses(findings: Sequence[SurveyResult]) -> dict[str, int]:
    counts = Counter(finding.status for finding in findings)
    return {status: counts[status] for status in _STATUS_COLOURS if counts[status]}


def _fit_line(line: str) -> str:
    """Returns the line, cut to the width of the terminal and free of control characters."""
    width = shutil.get_terminal_size((DEFAULT_WIDTH, 24)).columns
    text = printable(click.unstyle(line))
    if len(text) <= width:
        return line if text == click.unstyle(line) else text
    return f"{text[: width - 1]}…"


def _cause_document(cause: FailureCause) -> dict[str, Json]:
    """Returns a cause as JSON; ``issues`` and ``hint`` are members only of one that has them."""
    document: dict[str, Json] = {
        "name": cause.name,
        "message": cause.message,
        "moduleId": cause.module_id,
        "module": cause.module,
        "label": cause.label,
    }
    if cause.issues:
        document["issues"] = list(cause.issues)
    if cause.hint is not None:
        document["hint"] = cause.hint
    return document


def _json_document(
    findings: Sequence[SurveyResult], others: Sequence[Path], broken: Sequence[Path]
) -> dict[str, Json]:
    return {
        "summary": _count_statuses(findings),
        "blueprints": [
            {
                "file": str(finding.path),
                "status": finding.status,
                "name": finding.name,
                "modules": finding.modules,
                "notReached": list(finding.unreached),
                "operations": finding.operations,
                "treatments": {treatment: dict(names) for treatment, names in finding.treatments.items()},
                "cause": _cause_document(finding.cause) if finding.cause else None,
                "findings": [each.to_json() for each in finding.findings],
            }
            for finding in findings
        ],
        "passedOver": [str(path) for path in others],
        "notJson": [str(path) for path in broken],
    }
