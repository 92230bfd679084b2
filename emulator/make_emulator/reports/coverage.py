"""Coverage report: the calls of each declared endpoint, by class of status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ..http.endpoint import Endpoint
from ..http.usage_stats import UsageStats

#: The number of routes that the vendor documents as the core of the API; `Endpoint.core` numbers them.
CORE_ROUTE_COUNT = 47


def report(usage_stats: UsageStats, endpoints: Collection[Endpoint]) -> dict[str, Any]:
    """Returns the coverage of one world as JSON."""
    statuses: dict[str, Counter[str]] = {}
    for case, count in usage_stats.counts().items():
        statuses.setdefault(case.endpoint, Counter())[f"{case.status // 100}xx"] += count
    return summarize_rows([_endpoint_row(endpoint, statuses) for endpoint in endpoints])


def _endpoint_row(endpoint: Endpoint, statuses: Mapping[str, Counter[str]]) -> dict[str, Any]:
    seen = statuses.get(f"{endpoint.method} {endpoint.path}", Counter())
    return {
        "method": endpoint.method,
        "path": endpoint.path,
        "core": list(endpoint.core),
        "calls": seen.total(),
        "statuses": dict(sorted(seen.items())),
    }


def summarize_rows(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Returns the rows with the endpoints that were not called, and the totals of the core routes and of all routes."""
    called = [row for row in rows if row["calls"]]
    core = {number for row in called for number in row["core"]}
    return {
        "endpoints": list(rows),
        "missing": [f"{row['method']} {row['path']}" for row in rows if not row["calls"]],
        "totals": {
            "core": {"called": len(core), "of": CORE_ROUTE_COUNT},
            "all": {"called": len(called), "of": len(rows)},
        },
    }
