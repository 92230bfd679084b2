"""Aggregators: where the bundles of a feeder are gathered, and what has been gathered so far.

Sources: Help centre, "Aggregator"; the vendor's notes on aggregators (feeder, group by, empty aggregations).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from . import catalog
from .blueprint import Arm, Module, Route
from .iml.environment import Scope
from .iml.order import rank
from .iml.values import Value, as_text

Place: TypeAlias = tuple[Sequence[Module], int]
"""A position of a flow."""


@dataclass(frozen=True, slots=True)
class Junction:
    """Where a flow goes on once its last module is done: at the merge behind the if-else that it is a branch of."""

    flow: Sequence[Module]
    position: int
    #: The branch's place among those that merge.
    branch: int
    #: What was on the way before the branch.
    scope: Scope
    after: Junction | None


@dataclass(slots=True)
class Group:
    """The mapped bundles that share one value of "group by"."""

    key: Value
    items: list[Mapping[str, Value]] = field(default_factory=list)


class Gathering:
    """What one aggregator has gathered since its feeder put out its bundles."""

    __slots__ = ("_groups", "after")

    def __init__(self) -> None:
        #: Where the aggregator's flow goes on; known from the first bundle that reaches it.
        self.after: Junction | None = None
        self._groups: dict[object, Group] = {}

    def add(self, key: Value, item: Mapping[str, Value]) -> None:
        """Take a mapped bundle into the group of its key; a collection or an array counts by its text."""
        name: object = rank(key)
        if name == (4, 0):
            name = (4, _text(key))
        group = self._groups.get(name)
        if group is None:
            group = self._groups[name] = Group(key)
        group.items.append(item)

    @property
    def groups(self) -> Sequence[Group]:
        """The groups, in the order in which their first bundles came."""
        return list(self._groups.values())


def _text(value: Value) -> str:
    return repr(value) if isinstance(value, Mapping) else as_text(value)


def aggregators(flow: Sequence[Module], position: int) -> Iterator[Place]:
    """Every aggregator from a position of a flow on, those in routes and branches included, in order."""
    pending: list[Place] = [(flow, position)]
    while pending:
        flow, position = pending.pop()
        if position >= len(flow):
            continue
        module = flow[position]
        if catalog.aggregates(module.full_name):
            yield flow, position
        pending.append((flow, position + 1))
        arms: Sequence[Route | Arm] = (*module.routes, *module.branches)
        pending.extend((arm.flow, 0) for arm in reversed(arms))
