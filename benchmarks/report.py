"""Metrics, their targets, and how they are shown."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Metric:
    """One measured metric.

    Args:
        values: one value a round; the median is the metric.
        target: the bound of the median; ``None`` when there is no target.
        at_least: whether the median must be at least the target, rather than at most.
        unit: what stands behind the numbers, e.g. ``ms``; ``x`` for a ratio.
        note: absolute values.
    """

    name: str
    values: Sequence[float]
    unit: str
    target: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def value_text(self) -> str:
        text = f"{self.median:.4g} {self.unit}"
        if len(self.values) > 1:
            text += f" ({min(self.values):.4g} to {max(self.values):.4g})"
        return text

    @property
    def target_text(self) -> str:
        if self.target is None:
            return ""
        return f"{'>=' if self.at_least else '<='} {self.target:g} {self.unit}"

    @property
    def is_met(self) -> bool | None:
        if self.target is None:
            return None
        return self.median >= self.target if self.at_least else self.median <= self.target

    @property
    def result(self) -> str:
        if self.target is None or self.is_met is None:
            return ""
        if self.is_met:
            return "met"
        return (
            f"missed by {100 * abs(self.median - self.target) / self.target:.0f} %"
            if self.target
            else "missed"
        )

    def describe(self) -> dict[str, Any]:
        return {
            "metric": self.name,
            "median": self.median,
            "values": list(self.values),
            "unit": self.unit,
            "target": self.target,
            "atLeast": self.at_least,
            "met": self.is_met,
            "note": self.note,
        }


@dataclass(slots=True)
class Report:
    """All metrics of a run."""

    metrics: list[Metric] = field(default_factory=list)

    def table(self) -> str:
        rows = [("metric", "median (min to max)", "target", "result", "absolute values")]
        rows += [(row.name, row.value_text, row.target_text, row.result, row.note) for row in self.metrics]
        return render_table(rows)

    def write(self, path: Path) -> None:
        data = {"metrics": [metric.describe() for metric in self.metrics]}
        path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


def render_table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as a table with a line under the first."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)
