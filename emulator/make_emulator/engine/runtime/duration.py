"""How long a run takes: milliseconds that nobody waits for, the same ones for the same run.

Recorded runs of a single module took 80 to 130 ms.
"""

from __future__ import annotations

import random

#: Starting a run, an operation that stays within Make, and one that calls another service: least and most.
START_RANGE = (75, 110)
INTERNAL_RANGE = (3, 15)
EXTERNAL_RANGE = (60, 250)


class Stopwatch:
    """Adds up a run's milliseconds. A script may replace `draw` to make runs shorter or longer."""

    __slots__ = ("_random", "elapsed")

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)
        self.elapsed = 0

    def draw(self, span: tuple[int, int]) -> int:
        """How long something takes that lasts within a span of milliseconds."""
        return self._random.randint(*span)

    def begin(self) -> None:
        self.elapsed += self.draw(START_RANGE)

    def add_operation(self, *, external: bool) -> None:
        self.elapsed += self.draw(EXTERNAL_RANGE if external else INTERNAL_RANGE)

    def sleep(self, milliseconds: int) -> None:
        self.elapsed += milliseconds
