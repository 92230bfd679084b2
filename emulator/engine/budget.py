"""What one run may use, so that no blueprint can hang or fill the server.

The figures are the emulator's own, far above what a scenario under test needs. Make has limits of the same
kind (operations, 40 minutes a run, size of data); their exact figures differ by plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import Exhausted

#: Operations that a run may use: a hundred thousand bundles through an iterator, a module and an aggregator fit in.
OPERATIONS = 250_000

#: What an operation costs besides what it does, in steps of work: to begin it and to write it down.
OPERATION = 5

#: Steps of work: about one for each part of an expression and for each hundred characters made.
WORK = 5_000_000

#: Characters in one text.
TEXT = 5_000_000

#: Items in one array, or bundles of one module.
ITEMS = 200_000

#: What one bundle may weigh: a character counts 1, an entry of a collection or an array 40.
WEIGHT = 25_000_000

#: How deep collections and arrays may lie within each other.
DEPTH = 64


class Budget:
    """Counts down what is left; every method raises `Exhausted` when there is nothing left."""

    __slots__ = ("operations", "work")

    def __init__(self, *, operations: int = OPERATIONS, work: int = WORK) -> None:
        self.operations = operations
        self.work = work

    def operation(self) -> None:
        self.operations -= 1
        if self.operations < 0:
            raise Exhausted("OperationsLimitExceededError", "The run uses too many operations.")
        self.step(OPERATION)

    def step(self, cost: int = 1) -> None:
        self.work -= cost
        if self.work < 0:
            raise Exhausted("ScenarioTimeoutError", "The run takes too long.")

    def text(self, length: int) -> None:
        """A text of this length is about to be made or read through."""
        if length > TEXT:
            raise oversized()
        self.step(1 + length // 100)

    def items(self, count: int) -> None:
        """An array of this length is about to be made or gone through."""
        if count > ITEMS:
            raise oversized()
        self.step(1 + count // 2)

    def weigh(self, value: Any) -> int:
        """What a value weighs, counting what is shared as often as it appears."""
        weight = weight_of(value, WEIGHT)
        self.step(1 + weight // 100)
        return weight


def oversized() -> Exhausted:
    return Exhausted("DataSizeLimitExceededError", "The data are too large.")


def weight_of(value: Any, limit: int) -> int:
    """What a value weighs; raises `Exhausted` as soon as it is more than the limit."""
    return limit - _weigh(value, limit, 0)


def _weigh(value: Any, left: int, depth: int) -> int:
    """What is left of a weight once a value is taken off it."""
    kind = type(value)
    # Mostly it is a text: asking whether something is a Mapping takes a while.
    if kind is str:
        left -= 1 + len(value)
    elif kind is dict or isinstance(value, Mapping):
        if depth == DEPTH:
            raise oversized()
        # Each entry weighs some 40 characters in memory, which also bounds how long a walk takes.
        left -= 40 * (1 + len(value))
        for name, item in value.items():
            if left < 0:
                break
            if type(item) is str:
                left -= 1 + len(item) + len(name)
            else:
                left = _weigh(item, left - len(name), depth + 1)
    elif kind is list or isinstance(value, (list, tuple)):
        if depth == DEPTH:
            raise oversized()
        left -= 40 * (1 + len(value))
        for item in value:
            if left < 0:
                break
            left = _weigh(item, left, depth + 1)
    elif isinstance(value, (str, bytes)):
        left -= 1 + len(value)
    else:
        left -= 1
    if left < 0:
        raise oversized()
    return left
