"""Endpoint coverage of a test run: the sum of the coverage reports of its worlds, and its table."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..json_types import JsonObject
from ..reports.coverage import summarize_rows
from .collectors import Collector, WorldReports


@dataclass(slots=True)
class EndpointCoverage:
    """Calls of one endpoint in all worlds."""

    core: tuple[int, ...] = ()
    statuses: Counter[str] = field(default_factory=Counter)

    @property
    def calls(self) -> int:
        return self.statuses.total()


class CoverageCollector(Collector):
    """Sum of coverage reports."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], EndpointCoverage] = {}

    def collect(self, world: WorldReports) -> None:
        """Adds the report of a world."""
        self.add(world.coverage())

    def add(self, report: Mapping[str, Any]) -> None:
        """Adds a report of the control API, or of `report`."""
        for row in report["endpoints"]:
            total = self._rows.setdefault((row["method"], row["path"]), EndpointCoverage(tuple(row["core"])))
            total.statuses.update(row["statuses"])

    def report(self) -> JsonObject:
        """Returns the sum in the format of the report of one world; it can be sent between processes."""
        rows: list[JsonObject] = [
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


def render_table(report: Mapping[str, Any], width: int = 100) -> Iterator[str]:
    """Yields the lines of the table of a report."""
    rows: Sequence[Mapping[str, Any]] = report["endpoints"]
    if not rows:
        yield "no world of Make was called"
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
    core, declared = report["totals"]["core"], report["totals"]["all"]
    yield (
        f"{core['called']} of {core['of']} documented routes,"
        f" {declared['called']} of {declared['of']} declared ones"
    )
