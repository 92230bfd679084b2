"""Provenance of a test run: the behaviours of the fidelity ledger that its responses rest on."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from ..http.provenance import STATUSES, summarize, weaker_than
from ..json_types import JsonObject
from .collectors import Collector, WorldReports

#: Behaviours that the summary names.
_MAX_NAMES = 10


class ProvenanceCollector(Collector):
    """Sum of provenance reports."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._statuses: dict[str, str] = {}

    def collect(self, world: WorldReports) -> None:
        """Adds the report of a world."""
        self.add(world.provenance())

    def add(self, report: Mapping[str, Any]) -> None:
        """Adds a report of the control API, or of `report`."""
        for row in report["behaviours"]:
            self._counts[row["id"]] += row["responses"]
            self._statuses[row["id"]] = row["status"]

    def report(self) -> JsonObject:
        """Returns the sum in the format of the report of one world; it can be sent between processes."""
        return summarize(self._counts, self._statuses)

    def weaker(self, required: str) -> list[str]:
        """Returns the ids of the behaviours with weaker evidence than the required status, sorted."""
        return sorted(id for id, status in self._statuses.items() if weaker_than(status, required))


def render_summary(report: Mapping[str, Any], width: int = 100) -> Iterator[str]:
    """Yields the lines of the summary of a test run; none if no response rests on a behaviour."""
    totals: Mapping[str, int] = report["totals"]
    if not any(totals.values()):
        return
    counts = ", ".join(f"{totals[status]} {status}" for status in STATUSES)
    assumed = [row["id"] for row in report["behaviours"] if row["status"] == "assumed"]
    yield from textwrap.wrap(f"This suite rests on {counts} behaviours of Make.", width)
    if assumed:
        shown = ", ".join(assumed[:_MAX_NAMES])
        more = f" and {len(assumed) - _MAX_NAMES} more" if len(assumed) > _MAX_NAMES else ""
        yield from textwrap.wrap(f"Assumed: {shown}{more}.", width, break_on_hyphens=False)
        yield f"Check them on your zone: make-emulator contract --only {','.join(assumed[:3])} --base-url URL --token TOKEN"
