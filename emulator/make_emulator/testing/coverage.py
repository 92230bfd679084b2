"""Which endpoints a test run touched: gathers the coverage reports of its worlds, and writes the table of them all."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..client.control import ControlClient, ControlError
from ..reports.coverage import summarize_rows

#: Who gathers at the moment: one a test run, and more where a test run runs another.
_active_collectors: list[CoverageCollector] = []


@dataclass(slots=True)
class EndpointCoverage:
    """One endpoint over all worlds."""

    core: tuple[int, ...] = ()
    statuses: Counter[str] = field(default_factory=Counter)

    @property
    def calls(self) -> int:
        return self.statuses.total()


class CoverageCollector:
    """The sum of coverage reports."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], EndpointCoverage] = {}

    def start(self) -> None:
        """Gather from every world that this process leaves behind from now on."""
        _active_collectors.append(self)

    def stop(self) -> None:
        if self in _active_collectors:
            _active_collectors.remove(self)

    def add(self, report: Mapping[str, Any]) -> None:
        """Add a report as the control API gives it, or as `report` does."""
        for row in report["endpoints"]:
            mine = self._rows.setdefault((row["method"], row["path"]), EndpointCoverage(tuple(row["core"])))
            mine.statuses.update(row["statuses"])

    def report(self) -> dict[str, Any]:
        """The sum, in the form of a report of one world; it can be sent between processes."""
        rows: list[dict[str, Any]] = [
            {
                "method": method,
                "path": path,
                "core": list(row.core),
                "calls": row.calls,
                "statuses": dict(row.statuses),
            }
            for (method, path), row in self._rows.items()
        ]
        return summarize_rows(rows)


def is_collecting() -> bool:
    """Whether anybody gathers."""
    return bool(_active_collectors)


def collect(control: ControlClient, *worlds: str) -> None:
    """Take in what worlds were asked, before they end; those that ended already are passed over."""
    for world in worlds if _active_collectors else ():
        try:
            report = control.call("GET", "worlds", world, "coverage")
        except ControlError:
            continue
        for coverage in _active_collectors:
            coverage.add(report)


def render_table(report: Mapping[str, Any], width: int = 100) -> Iterator[str]:
    """The lines that show a report to people."""
    rows: Sequence[Mapping[str, Any]] = report["endpoints"]
    if not rows:
        yield "no world of Make was asked for anything"
        return
    called = [row for row in rows if row["calls"]]
    classes = sorted({status for row in called for status in row["statuses"]})
    longest = max((len(f"{row['method']} {row['path']}") for row in called), default=0)
    if called:
        yield f"{'called':{longest}}  " + "  ".join(f"{name:>5}" for name in classes)
    for row in called:
        counts = "  ".join(f"{row['statuses'].get(name) or '':>5}" for name in classes)
        yield f"{row['method'] + ' ' + row['path']:{longest}}  {counts}".rstrip()
    if report["missing"]:
        yield "not called"
        methods: dict[str, list[str]] = {}
        for name in report["missing"]:
            method, _, path = name.partition(" ")
            methods.setdefault(path, []).append(method)
        # A non-breaking space keeps the methods with their path.
        names = ", ".join(f"{'|'.join(each)}\xa0{path}" for path, each in methods.items())
        for line in textwrap.wrap(names, width - 2, break_long_words=False, break_on_hyphens=False):
            yield "  " + line.replace("\xa0", " ")
    core, everything = report["totals"]["core"], report["totals"]["all"]
    yield (
        f"{core['called']} of {core['of']} documented routes,"
        f" {everything['called']} of {everything['of']} declared ones"
    )
