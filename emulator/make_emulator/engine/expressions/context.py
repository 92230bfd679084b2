"""What an expression can see: the bundles on its way, the variables, the time, and what it may still use."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...world.models import BundlePosition
from ..runtime.budget import Budget
from .values import TimeZoneProvider, Value, as_text, is_array, is_equal, utc

if TYPE_CHECKING:
    from .functions.registry import Function


@dataclass(frozen=True, slots=True)
class Bundle:
    """One of the bundles that a module put out: its data, its place among them, and how many there were."""

    data: Mapping[str, Value]
    index: int = 1
    length: int = 1


class Scope:
    """The bundles on the way from the trigger to a module: a chain, so that a new one costs nothing."""

    __slots__ = ("_bundle", "_module_id", "_parent")

    def __init__(self, parent: Scope | None = None, module_id: int = 0, bundle: Bundle | None = None) -> None:
        self._parent = parent
        self._module_id = module_id
        self._bundle = bundle

    @property
    def is_empty(self) -> bool:
        """Whether nothing came before, which is so for the first module."""
        return self._parent is None

    @property
    def latest_data(self) -> Mapping[str, Value]:
        """The bundle that came last."""
        return self._bundle.data if self._bundle is not None else {}

    def bundles(self) -> dict[int, Bundle]:
        """Every bundle on the way by the id of its module, the oldest first."""
        found: dict[int, Bundle] = {}
        scope: Scope | None = self
        while scope is not None:
            if scope._bundle is not None:
                found.setdefault(scope._module_id, scope._bundle)
            scope = scope._parent
        return dict(reversed(found.items()))

    def bundle_number(self) -> BundlePosition | None:
        """The bundle that tells this way from others: the last one that was not alone, else the last."""
        scope: Scope | None = self
        while scope is not None:
            bundle = scope._bundle
            if bundle is not None and bundle.length > 1:
                return scope._module_id, bundle.index, bundle.length
            scope = scope._parent
        return None if self._bundle is None else (self._module_id, 1, 1)

    def with_bundle(self, module_id: int, bundle: Bundle) -> Scope:
        return Scope(self, module_id, bundle)

    def find(self, module_id: int, budget: Budget) -> Bundle | None:
        """The bundle of a module, or ``None`` if it does not lie on the way."""
        scope: Scope | None = self
        steps = 0
        while scope is not None and scope._module_id != module_id:
            scope = scope._parent
            steps += 1
        budget.charge(1 + steps // 16)
        return scope._bundle if scope is not None else None


def no_custom_functions(_name: str) -> None:
    """Of a team that wrote none."""


@dataclass(slots=True)
class Environment:
    """All that an expression can see."""

    budget: Budget
    scope: Scope = field(default_factory=Scope)
    variables: Mapping[str, Value] = field(default_factory=dict)
    random: random.Random = field(default_factory=lambda: random.Random(0))
    now: int = 0
    #: The time zone in which dates are written and read unless an expression names one.
    zone: TimeZoneProvider = utc
    #: Finds the functions that the team wrote itself.
    functions: Callable[[str], Function | None] = no_custom_functions


def resolve_path(value: Value, path: Sequence[str | int]) -> Value:
    """Go into a value step by step; what is missing is nothing, and no error."""
    for step in path:
        if isinstance(step, int):
            value = value[step - 1] if is_array(value) and 1 <= step <= len(value) else None
        else:
            value = value.get(step) if isinstance(value, Mapping) else None
        if value is None:
            return None
    return value


def text_within_budget(value: Value, budget: Budget) -> str:
    """A value as text, paid for before it is made: an array may hold the same things many times over.

    Raises:
        Misfit: for a collection, alone or in an array.
    """
    if isinstance(value, str):
        budget.charge_text(len(value))
        return value
    if is_array(value):
        budget.charge_weight(value)
    text = as_text(value)
    budget.charge_text(len(text))
    return text


def is_equal_within_budget(left: Value, right: Value, budget: Budget) -> bool:
    """Equality, paid for by the size of what is compared."""
    if isinstance(left, (Mapping, list, tuple)) and isinstance(right, (Mapping, list, tuple)):
        budget.charge_weight(left)
    return is_equal(left, right)
