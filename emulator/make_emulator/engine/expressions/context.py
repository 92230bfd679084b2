"""Environment of an expression: bundles, variables, time and budget, all passed in by the caller."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Protocol

from ...lazy_dataclasses import dataclass
from .values import TimeZoneProvider, Value, as_text, is_array, is_equal, utc

if TYPE_CHECKING:
    from .functions.registry import Function


class EvaluationBudget(Protocol):
    """Limits of an evaluation; every method raises an error of the caller's once a limit is exceeded."""

    def charge(self, cost: int = 1) -> None:
        """Subtracts steps of work: about one for each node of an expression and for each hundred characters built."""

    def charge_text(self, length: int) -> None:
        """Subtracts the cost of a text of ``length`` characters that is about to be built or scanned."""

    def charge_items(self, count: int) -> None:
        """Subtracts the cost of an array of ``count`` items that is about to be built or iterated."""

    def charge_weight(self, value: Value) -> int:
        """Subtracts the cost of a whole value; returns its weight, shared parts counted as often as they appear."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Bundle that a module emitted: its data, its index among the module's bundles from 1, and their number."""

    data: Mapping[str, Value]
    index: int = 1
    length: int = 1


class Scope:
    """Bundles on the path from the trigger to a module: a linked list, so that an extended scope costs nothing."""

    __slots__ = ("_bundle", "_module_id", "_parent")

    def __init__(self, parent: Scope | None = None, module_id: int = 0, bundle: Bundle | None = None) -> None:
        self._parent = parent
        self._module_id = module_id
        self._bundle = bundle

    @property
    def is_empty(self) -> bool:
        """True for the first module of a flow."""
        return self._parent is None

    @property
    def latest_data(self) -> Mapping[str, Value]:
        """Data of the last bundle on the path."""
        return self._bundle.data if self._bundle is not None else {}

    def bundles(self) -> dict[int, Bundle]:
        """Returns every bundle on the path by the id of its module, the oldest first."""
        found: dict[int, Bundle] = {}
        scope: Scope | None = self
        while scope is not None:
            if scope._bundle is not None:
                found.setdefault(scope._module_id, scope._bundle)
            scope = scope._parent
        return dict(reversed(found.items()))

    def bundle_number(self) -> tuple[int, int, int] | None:
        """Returns the bundle that distinguishes this path: the last one of several, else the last.

        The position is (id of the module, index of the bundle from 1, number of bundles).
        """
        scope: Scope | None = self
        while scope is not None:
            bundle = scope._bundle
            if bundle is not None and bundle.length > 1:
                return scope._module_id, bundle.index, bundle.length
            scope = scope._parent
        return None if self._bundle is None else (self._module_id, 1, 1)

    def with_bundle(self, module_id: int, bundle: Bundle) -> Scope:
        return Scope(self, module_id, bundle)

    def find(self, module_id: int, budget: EvaluationBudget) -> Bundle | None:
        """Returns the bundle of a module, ``None`` if the module is not on the path."""
        scope: Scope | None = self
        steps = 0
        while scope is not None and scope._module_id != module_id:
            scope = scope._parent
            steps += 1
        budget.charge(1 + steps // 16)
        return scope._bundle if scope is not None else None


def no_custom_functions(_name: str) -> None:
    """Lookup of custom functions for a team without any."""


@dataclass(slots=True)
class Environment:
    """Everything that an expression can refer to.

    Attributes:
        now: the time in milliseconds since the epoch.
        zone: provider of the time zone in which dates are formatted and parsed unless an expression names one.
        functions: lookup of custom functions by name.
    """

    budget: EvaluationBudget
    scope: Scope = field(default_factory=Scope)
    variables: Mapping[str, Value] = field(default_factory=dict)
    random: random.Random = field(default_factory=lambda: random.Random(0))
    now: int = 0
    zone: TimeZoneProvider = utc
    functions: Callable[[str], Function | None] = no_custom_functions


def resolve_path(value: Value, path: Sequence[str | int]) -> Value:
    """Follows a path into a value; a missing step gives ``None``, not an error."""
    for step in path:
        if isinstance(step, int):
            value = value[step - 1] if is_array(value) and 1 <= step <= len(value) else None
        else:
            value = value.get(step) if isinstance(value, Mapping) else None
        if value is None:
            return None
    return value


def text_within_budget(value: Value, budget: EvaluationBudget, *, collections_as_json: bool = False) -> str:
    """Returns a value as text, charged before it is built: an array may hold the same items many times over.

    Raises:
        ConversionError: for a collection, alone or in an array, unless it is to become JSON.
    """
    if isinstance(value, str):
        budget.charge_text(len(value))
        return value
    if isinstance(value, (Mapping, list, tuple)):
        budget.charge_weight(value)
    text = as_text(value, collections_as_json=collections_as_json)
    budget.charge_text(len(text))
    return text


def is_equal_within_budget(left: Value, right: Value, budget: EvaluationBudget) -> bool:
    """Compares two values, charged by their size."""
    if isinstance(left, (Mapping, list, tuple)) and isinstance(right, (Mapping, list, tuple)):
        budget.charge_weight(left)
    return is_equal(left, right)
