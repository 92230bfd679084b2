"""Budget of a run: limits of work, time and memory, so that no blueprint can hang or fill the server.

The figures are the emulator's own, far above what a scenario under test needs. Make has limits of the same
kind (operations, 40 minutes a run, size of data); their exact figures differ by plan.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

from ..world.world import DEFAULT_RUN_TIME_LIMIT
from .errors import BudgetExceededError, ExecutionInterruptedError
from .expressions.values import MAX_DEPTH, Value

#: Operations that a run may use: a hundred thousand bundles through an iterator, a module and an aggregator fit in.
MAX_OPERATIONS = 250_000

#: Fixed cost of an operation, in steps of work: to begin it and to record it.
OPERATION_COST = 5

#: Steps of work: about one for each node of an expression and for each hundred characters built.
MAX_WORK = 5_000_000

#: Steps of work between two looks at the time, and at an interruption.
CHECK_INTERVAL = 10_000

#: Characters in one text.
MAX_TEXT_LENGTH = 5_000_000

#: Items in one array, or bundles of one module.
MAX_ITEMS = 200_000

#: Weight of one bundle: a character counts 1, an entry of a collection or an array 40.
MAX_WEIGHT = 25_000_000


_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


class Budget:
    """Remaining operations, steps of work and time; every method raises `BudgetExceededError` once they are used up.

    Args:
        seconds: the limit of the system's time from now on, without pauses. Make's limit of a run is virtual and does not protect the
            emulator.
        interruption: event that ends a run with an `ExecutionInterruptedError`.
        timer: the system's time in seconds, for tests.
    """

    __slots__ = (
        "_check_at",
        "_deadline",
        "_is_evaluating",
        "_timer",
        "give_way",
        "interruption",
        "operations",
        "work",
    )

    def __init__(
        self,
        *,
        operations: int = MAX_OPERATIONS,
        work: int = MAX_WORK,
        seconds: float = DEFAULT_RUN_TIME_LIMIT,
        interruption: threading.Event | None = None,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self.operations = operations
        self.work = work
        self.interruption = interruption
        #: Lets other threads have the lock of the world; called in `evaluate`.
        self.give_way: Callable[[], None] | None = None
        self._is_evaluating = False
        self._timer = timer
        self._deadline = timer() + seconds
        self._check_at = max(0, work - CHECK_INTERVAL)

    @property
    def is_exhausted(self) -> bool:
        """True once nothing is left of any part."""
        return self.operations < 0 or self.work < 0 or self._timer() > self._deadline

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Context whose time is not subtracted."""
        began = self._timer()
        try:
            yield
        finally:
            self._deadline += self._timer() - began

    def charge_operation(self) -> None:
        """Subtracts one operation and its fixed cost."""
        self.operations -= 1
        if self.operations < 0:
            raise BudgetExceededError("OperationsLimitExceededError", "The run uses too many operations.")
        self.charge(OPERATION_COST)

    def charge(self, cost: int = 1) -> None:
        """Subtracts steps of work."""
        self.work -= cost
        if self.work < self._check_at:
            self._check()

    def _check(self) -> None:
        self._check_at = max(0, self.work - CHECK_INTERVAL)
        if self.interruption is not None and self.interruption.is_set():
            raise ExecutionInterruptedError("The run was interrupted.")
        if self.work < 0 or self._timer() > self._deadline:
            raise BudgetExceededError("ScenarioTimeoutError", "The run takes too long.")
        if self._is_evaluating and self.give_way is not None:
            self.give_way()

    def evaluate(
        self,
        function: Callable[_Arguments, _Result],
        *args: _Arguments.args,
        **kwargs: _Arguments.kwargs,
    ) -> _Result:
        """Calls a function that changes nothing and may take long; others may have the world meanwhile."""
        before, self._is_evaluating = self._is_evaluating, True
        try:
            return function(*args, **kwargs)
        finally:
            self._is_evaluating = before

    def charge_text(self, length: int) -> None:
        """Subtracts the cost of a text of this length that is about to be built or scanned."""
        if length > MAX_TEXT_LENGTH:
            raise data_too_large_error()
        self.charge(1 + length // 100)

    def charge_items(self, count: int) -> None:
        """Subtracts the cost of an array of this length that is about to be built or iterated."""
        if count > MAX_ITEMS:
            raise data_too_large_error()
        self.charge(1 + count // 2)

    def charge_weight(self, value: Value) -> int:
        """Subtracts the cost of a whole value; returns its weight, shared parts counted as often as they appear."""
        weight = measure_weight(value, MAX_WEIGHT)
        self.charge(1 + weight // 100)
        return weight


def data_too_large_error() -> BudgetExceededError:
    """Returns the error of data beyond a limit of size or depth."""
    return BudgetExceededError("DataSizeLimitExceededError", "The data are too large.")


def measure_weight(value: Value, limit: int) -> int:
    """Returns the weight of a value.

    Raises:
        BudgetExceededError: as soon as it exceeds the limit.
    """
    return limit - _subtract_weight(value, limit, 0)


def weighs_more_than(value: Value, limit: int) -> bool:
    """Returns True if the weight of a value exceeds a limit; looks at no more of it than that."""
    try:
        measure_weight(value, limit)
    except BudgetExceededError:
        return True
    return False


# The value is not typed: type checkers do not narrow by `kind`, which is faster than isinstance.
def _subtract_weight(value: Any, left: int, depth: int) -> int:
    """Returns the rest of a weight after subtracting a value."""
    kind = type(value)
    # Most values are texts: the check for a Mapping is slow.
    if kind is str:
        left -= 1 + len(value)
    elif kind is dict or isinstance(value, Mapping):
        if depth == MAX_DEPTH:
            raise data_too_large_error()
        # Each entry weighs some 40 characters in memory, which also bounds the time of the walk.
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
