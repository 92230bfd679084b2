"""Provenance report: the behaviours of the fidelity ledger that the responses of a world rest on."""

from __future__ import annotations

from typing import Any

from ..http.provenance import provenance_index, summarize
from ..http.usage_stats import UsageStats


def report(usage_stats: UsageStats) -> dict[str, Any]:
    """Returns the provenance of one world as JSON."""
    statuses = provenance_index().statuses
    counts = {id: count for id, count in usage_stats.behaviours().items() if id in statuses}
    return summarize(counts, statuses)
