"""Reports of a run: a summary for the terminal, a JSON file, an HTML page, and the update of the ledger."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .. import fidelity
from ..dashboard import templates
from ..error_reasons import os_error_reason
from ..json_types import JsonObject
from ..resources import fixture_path
from .declarations import endpoints
from .ledger import mark_observed
from .results import SuiteRun
from .settings import Settings

#: How many lines of one kind the terminal shows.
_MAX_LINES = 20


def write_reports(terminal: Any, run: SuiteRun, settings: Settings) -> None:
    """Writes all reports of a run that has ended."""
    ledger = settings.ledger or fixture_path("fidelity.yaml")
    report = run.as_json(fidelity.load_behaviours(ledger, routes=endpoints().keys()))
    terminal.section(f"contract: {run.target}", sep="-")
    for line in summary_lines(report):
        terminal.write_line(line)
    if settings.json is not None:
        _write_file(terminal, settings.json, json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    if settings.html is not None:
        _write_file(terminal, settings.html, render_html(report))
    if settings.update:
        text, confirmed = mark_observed(ledger.read_text("utf-8"), report)
        _write_file(terminal, ledger, text)
        terminal.write_line(f"ledger    {len(confirmed)} behaviours marked as observed")


def _write_file(terminal: Any, path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        terminal.write_line(f"cannot write {path}: {os_error_reason(error)}", red=True)
    else:
        terminal.write_line(f"wrote     {path}")


def summary_lines(report: JsonObject) -> Iterator[str]:
    """Yields the lines of the summary."""
    yield f"tests     {_format_counts(report['tests'])}" + (
        ", then interrupted" if report["interrupted"] else ""
    )
    for reason, count in Counter(each["reason"] for each in report["skipped"]).most_common():
        yield f"  skipped {count:>4}  {reason}"
    # Two documented routes may be one endpoint.
    called = sum(len(row["core"]) for row in report["routes"] if row["calls"])
    yield f"routes    {called} of the {sum(len(row['core']) for row in report['routes'])} documented routes were called"
    verdicts = Counter(each["verdict"] for each in report["ledger"])
    yield f"ledger    {_format_counts({name: verdicts[name] for name in ('confirmed', 'contradicted', 'untested')})}"
    for each in report["ledger"]:
        if each["verdict"] == "contradicted":
            yield f"  contradicted  {each['id']} ({each['status']}): {each['statement']}"
    yield f"drift     {len(report['drift']) or 'none'}"
    for each in report["drift"][:_MAX_LINES]:
        yield f"  {each['kind']:8} {each['route']}  {each['path']}: {each['expected']} expected, {each['found']} found"
    if len(report["drift"]) > _MAX_LINES:
        yield f"  and {len(report['drift']) - _MAX_LINES} more"
    if report["leftBehind"]:
        yield "left behind, to delete by hand:"
        yield from (f"  {each}" for each in report["leftBehind"])
    else:
        yield "left behind nothing"


def _format_counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())


def render_html(report: JsonObject) -> str:
    """Returns the report as one self-contained HTML page."""
    verdicts = Counter(each["verdict"] for each in report["ledger"])
    aspects = list(dict.fromkeys(aspect for row in report["routes"] for aspect in row["aspects"]))
    return templates.render_html(
        "contract",
        report=report,
        verdicts=verdicts,
        general=[aspect for aspect in aspects if not aspect.startswith("query ")],
        skipped=Counter(each["reason"] for each in report["skipped"]).most_common(),
        contradicted=[each for each in report["ledger"] if each["verdict"] == "contradicted"],
        confirmed=[each for each in report["ledger"] if each["verdict"] == "confirmed"],
    )
