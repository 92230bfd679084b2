"""Virtual duration of a run: milliseconds that never really pass, the same ones for the same run.

Recorded runs of a single module took 80 to 130 ms.
"""

from __future__ import annotations

import random

#: Minimal and maximal milliseconds of the start of a run, an operation within Make, and one that calls another service.
START_RANGE = (75, 110)
INTERNAL_RANGE = (3, 15)
EXTERNAL_RANGE = (60, 250)


class Stopwatch:
    """Sum of the milliseconds of one run."""

    __slots__ = ("_random", "elapsed")

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)
        self.elapsed = 0

    def draw(self, span: tuple[int, int]) -> int:
        """Returns a duration within a span of milliseconds, both ends included."""
        return self._random.randint(*span)

    def begin(self) -> None:
        """Adds the start of the run."""
        self.elapsed += self.draw(START_RANGE)

    def add_operation(self, *, external: bool) -> None:
        """Adds one operation."""
        self.elapsed += self.draw(EXTERNAL_RANGE if external else INTERNAL_RANGE)

    def sleep(self, milliseconds: int) -> None:
        """Adds a pause."""
        self.elapsed += milliseconds
