"""Pages: the cost of one in a large collection against one in a small collection."""

from __future__ import annotations

from . import load
from .large_world import HEADERS
from .load import request_bytes
from .measurement import Effort, measure_alternately
from .processes import ServerProcess
from .report import Metric

SMALL, BIG = 100, 100_000

PAGE = "pg[limit]=50"


def measure(effort: Effort) -> list[Metric]:
    """Pages of 50 at the start, in the middle, and of a list that is sorted by name."""
    sizes = [("--scenarios", str(size), "--records", str(size)) for size in (SMALL, BIG)]
    with (
        ServerProcess("-m", "benchmarks.large_world", *sizes[0]) as small,
        ServerProcess("-m", "benchmarks.large_world", *sizes[1]) as big,
    ):
        records, scenarios = "data-stores/1/data", "scenarios"
        by_name = f"teamId=1&pg[sortBy]=name&pg[sortDir]=asc&{PAGE}"
        compared = [
            ("first page of records", records, PAGE, PAGE),
            ("page of records in the middle", records, f"{PAGE}&pg[offset]=25", f"{PAGE}&pg[offset]=50000"),
            ("page of scenarios by name", scenarios, by_name, f"{by_name}&pg[offset]=50000"),
        ]
        metrics = []
        for name, path, small_query, big_query in compared:
            comparison = measure_alternately(
                lambda path=path, query=big_query: _seconds_per_page(big, path, query, effort),  # type: ignore[misc]
                lambda path=path, query=small_query: _seconds_per_page(small, path, query, effort),  # type: ignore[misc]
                effort.rounds,
            )
            note = comparison.note("ms", "of 100", scale=1000)
            metrics.append(
                Metric(f"{name}, 100,000 rows, ratio to 100", comparison.ratios, "x", 1.3, note=note)
            )
        return metrics


def _seconds_per_page(server: ServerProcess, path: str, query: str, effort: Effort) -> float:
    """Seconds for one page."""
    request = request_bytes("GET", f"{server.url}/{path}?{query}", HEADERS)
    return 1 / load.run_in_subprocess(server.url, request, seconds=effort.seconds, connections=1).rate
