"""Aggregators: where the bundles of a feeder are gathered, and what has been gathered so far.

Sources: Help centre, "Aggregator"; the vendor's notes on aggregators (feeder, group by, empty aggregations).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ..apps import catalog
from ..apps.context import BundleGroup
from ..blueprints.model import IfElseBranch, Module, Route
from ..expressions.context import Scope
from ..expressions.ordering import sort_key
from ..expressions.values import Value, as_text

FlowPosition: TypeAlias = tuple[Sequence[Module], int]
"""A position of a flow."""


@dataclass(frozen=True, slots=True)
class MergePoint:
    """Where a flow goes on once its last module is done: at the merge behind the if-else that it is a branch of."""

    flow: Sequence[Module]
    position: int
    #: The branch's place among those that merge.
    branch: int
    #: What was on the way before the branch.
    scope: Scope
    merge_point: MergePoint | None


class Accumulator:
    """What one aggregator has gathered since its feeder put out its bundles."""

    __slots__ = ("_groups", "merge_point")

    def __init__(self) -> None:
        #: Where the aggregator's flow goes on; known from the first bundle that reaches it.
        self.merge_point: MergePoint | None = None
        self._groups: dict[object, BundleGroup] = {}

    def add(self, key: Value, item: Mapping[str, Value]) -> None:
        """Take a mapped bundle into the group of its key; a collection or an array counts by its text."""
        name: object = sort_key(key)
        if name == (4, 0):
            name = (4, _key_text(key))
        group = self._groups.get(name)
        if group is None:
            group = self._groups[name] = BundleGroup(key)
        group.items.append(item)

    @property
    def groups(self) -> Sequence[BundleGroup]:
        """The groups, in the order in which their first bundles came."""
        return list(self._groups.values())


def _key_text(value: Value) -> str:
    return repr(value) if isinstance(value, Mapping) else as_text(value)


def iter_aggregators(flow: Sequence[Module], position: int) -> Iterator[FlowPosition]:
    """Every aggregator from a position of a flow on, those in routes and branches included, in order."""
    pending: list[FlowPosition] = [(flow, position)]
    while pending:
        flow, position = pending.pop()
        if position >= len(flow):
            continue
        module = flow[position]
        if catalog.is_aggregator(module.full_name):
            yield flow, position
        pending.append((flow, position + 1))
        arms: Sequence[Route | IfElseBranch] = (*module.routes, *module.branches)
        pending.extend((arm.flow, 0) for arm in reversed(arms))
