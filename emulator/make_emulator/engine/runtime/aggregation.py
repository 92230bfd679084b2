"""State of aggregators: accumulated bundles, and the points at which branches merge.

Sources: Help centre, "Aggregator"; the vendor's notes on aggregators (feeder, group by, empty aggregations).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from ...lazy_dataclasses import dataclass
from ..apps import catalog
from ..apps.context import BundleGroup
from ..blueprints.model import IfElseBranch, Module, Route
from ..expressions.context import Scope
from ..expressions.ordering import sort_key
from ..expressions.values import Value, as_text

FlowPosition: TypeAlias = tuple[Sequence[Module], int]
"""Flow, and the index of a module in it."""


@dataclass(frozen=True, slots=True)
class MergePoint:
    """Continuation of a branch of an if-else: the merge behind it."""

    flow: Sequence[Module]
    position: int
    #: Index of the branch among those that merge.
    branch: int
    #: Scope before the branch.
    scope: Scope
    merge_point: MergePoint | None


class Accumulator:
    """Bundles that one aggregator has received since its feeder emitted them, by group."""

    __slots__ = ("_groups", "merge_point")

    def __init__(self) -> None:
        #: Continuation of the aggregator's flow; known from the first bundle that reaches it.
        self.merge_point: MergePoint | None = None
        self._groups: dict[object, BundleGroup] = {}

    def add(self, key: Value, item: Mapping[str, Value]) -> None:
        """Adds a mapped bundle to the group of its key; a collection or an array is identified by its text."""
        name: object = sort_key(key)
        if name == (4, 0):
            name = (4, _key_text(key))
        group = self._groups.get(name)
        if group is None:
            group = self._groups[name] = BundleGroup(key)
        group.items.append(item)

    @property
    def groups(self) -> Sequence[BundleGroup]:
        """Groups in the order of their first bundles."""
        return list(self._groups.values())


def _key_text(value: Value) -> str:
    return repr(value) if isinstance(value, Mapping) else as_text(value)


def iter_aggregators(flow: Sequence[Module], position: int) -> Iterator[FlowPosition]:
    """Yields every aggregator from a position of a flow on, in order, those in routes and branches included."""
    pending: list[FlowPosition] = [(flow, position)]
    while pending:
        flow, position = pending.pop()
        if position >= len(flow):
            continue
        module = flow[position]
        if catalog.is_aggregator(module.full_name):
            yield flow, position
        pending.append((flow, position + 1))
        branches: Sequence[Route | IfElseBranch] = (*module.routes, *module.branches)
        pending.extend((branch.flow, 0) for branch in reversed(branches))
