"""What one run may use, so that no blueprint can hang or fill the server.

The figures are the emulator's own, far above what a scenario under test needs. Make has limits of the same
kind (operations, 40 minutes a run, size of data); their exact figures differ by plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import BudgetExceededError
from ..expressions.values import MAX_DEPTH

#: Operations that a run may use: a hundred thousand bundles through an iterator, a module and an aggregator fit in.
MAX_OPERATIONS = 250_000

#: What an operation costs besides what it does, in steps of work: to begin it and to write it down.
OPERATION_COST = 5

#: Steps of work: about one for each part of an expression and for each hundred characters made.
MAX_WORK = 5_000_000

#: Characters in one text.
MAX_TEXT_LENGTH = 5_000_000

#: Items in one array, or bundles of one module.
MAX_ITEMS = 200_000

#: What one bundle may weigh: a character counts 1, an entry of a collection or an array 40.
MAX_WEIGHT = 25_000_000


class Budget:
    """Counts down what is left; every method raises `Exhausted` when there is nothing left."""

    __slots__ = ("operations", "work")

    def __init__(self, *, operations: int = MAX_OPERATIONS, work: int = MAX_WORK) -> None:
        self.operations = operations
        self.work = work

    def charge_operation(self) -> None:
        self.operations -= 1
        if self.operations < 0:
            raise BudgetExceededError("OperationsLimitExceededError", "The run uses too many operations.")
        self.charge(OPERATION_COST)

    def charge(self, cost: int = 1) -> None:
        self.work -= cost
        if self.work < 0:
            raise BudgetExceededError("ScenarioTimeoutError", "The run takes too long.")

    def charge_text(self, length: int) -> None:
        """A text of this length is about to be made or read through."""
        if length > MAX_TEXT_LENGTH:
            raise data_too_large_error()
        self.charge(1 + length // 100)

    def charge_items(self, count: int) -> None:
        """An array of this length is about to be made or gone through."""
        if count > MAX_ITEMS:
            raise data_too_large_error()
        self.charge(1 + count // 2)

    def charge_weight(self, value: Any) -> int:
        """What a value weighs, counting what is shared as often as it appears."""
        weight = measure_weight(value, MAX_WEIGHT)
        self.charge(1 + weight // 100)
        return weight


def data_too_large_error() -> BudgetExceededError:
    return BudgetExceededError("DataSizeLimitExceededError", "The data are too large.")


def measure_weight(value: Any, limit: int) -> int:
    """What a value weighs; raises `Exhausted` as soon as it is more than the limit."""
    return limit - _subtract_weight(value, limit, 0)


def _subtract_weight(value: Any, left: int, depth: int) -> int:
    """What is left of a weight once a value is taken off it."""
    kind = type(value)
    # Mostly it is a text: asking whether something is a Mapping takes a while.
    if kind is str:
        left -= 1 + len(value)
    elif kind is dict or isinstance(value, Mapping):
        if depth == MAX_DEPTH:
            raise data_too_large_error()
        # Each entry weighs some 40 characters in memory, which also bounds how long a walk takes.
        left -= 40 * (1 + len(value))
        for name, item in value.items():
            if left < 0:
                break
            if type(item) is str:
                left -= 1 + len(item) + len(name)
            else:
                left = _subtract_weight(item, left - len(name), depth + 1)
    elif kind is list or isinstance(value, (list, tuple)):
        if depth == MAX_DEPTH:
            raise data_too_large_error()
        left -= 40 * (1 + len(value))
        for item in value:
            if left < 0:
                break
            left = _subtract_weight(item, left, depth + 1)
    elif isinstance(value, (str, bytes)):
        left -= 1 + len(value)
    else:
        left -= 1
    if left < 0:
        raise data_too_large_error()
    return left
