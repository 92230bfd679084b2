"""Rounds: two sides measured in turns, so that a noisy machine disturbs both alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

Measurement = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Effort:
    """Number and length of the rounds of a measurement."""

    rounds: int
    seconds: float

    @classmethod
    def full(cls) -> Effort:
        return cls(rounds=7, seconds=0.5)

    @classmethod
    def quick(cls) -> Effort:
        return cls(rounds=5, seconds=0.15)


@dataclass(frozen=True, slots=True)
class PairedMeasurements:
    """Measurements of two sides, a pair a round."""

    ours: list[float]
    theirs: list[float]

    @property
    def ratios(self) -> list[float]:
        return [our / their for our, their in zip(self.ours, self.theirs, strict=True)]

    def note(self, unit: str, theirs: str = "bare", scale: float = 1) -> str:
        ours, others = (scale * statistics.median(side) for side in (self.ours, self.theirs))
        return f"{ours:.4g} {unit}, {theirs} {others:.4g} {unit}"


def measure_alternately(ours: Measurement, theirs: Measurement, rounds: int) -> PairedMeasurements:
    """Measure both in turns; who goes first changes from round to round."""
    comparison = PairedMeasurements([], [])
    for number in range(rounds):
        sides = [(ours, comparison.ours), (theirs, comparison.theirs)]
        for measure, values in sides if number % 2 == 0 else reversed(sides):
            values.append(measure())
    return comparison


def seconds_per_call(call: Callable[[], object], seconds: float) -> float:
    """The seconds that one call takes, on average over about so many seconds."""
    call()
    count, started = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - started) < seconds:
        for _ in range(5):
            call()
        count += 5
    return elapsed / count


def percentile(times: list[float], share: float = 0.99) -> float:
    """The value that a share of the values does not exceed."""
    return sorted(times)[min(len(times) - 1, int(share * len(times)))]
