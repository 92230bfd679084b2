"""The story of a run: operations, filters, branches and the fate of errors, in the order in which they happened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from ..engine.blueprint import Module, fallback_of
from ..engine.conditions import Filter
from ..world.models import Json, Step


@dataclass(frozen=True, slots=True)
class Way:
    """Where modules stand that are not in the main flow: a route, a branch or an error handler of a module."""

    owner: int
    kind: str
    number: int
    of: int
    name: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a module."""

    step: Step

    @property
    def module_id(self) -> int:
        return self.step.module_id


@dataclass(frozen=True, slots=True)
class Gate:
    """A bundle passed the filter of a module, or was stopped by it."""

    module_id: int
    name: str
    passed: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """A router took its fallback, or an if-else the branch of a number, counted from 0, or none."""

    module_id: int
    way: int | None


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a module's error: the name of a directive, or ``kept``."""

    module_id: int
    decision: str


Event: TypeAlias = Operation | Gate | Choice | Fate


@dataclass(slots=True)
class Watch:
    """Remembers what a run tells; see `emulator.engine.observing.Observer`."""

    told: list[tuple[int, Event]] = field(default_factory=list)

    def filtered(self, at: int, module: Module, gate: Filter, *, passed: bool) -> None:
        self.told.append((at, Gate(module.id, gate.name, passed)))

    def chose(self, at: int, module: Module, way: int | None) -> None:
        self.told.append((at, Choice(module.id, way)))

    def decided(self, at: int, module: Module, decision: str) -> None:
        self.told.append((at, Fate(module.id, decision)))

    def story(self, steps: Sequence[Step]) -> Iterator[Event]:
        """What was told, put between the steps that were written down."""
        pending = iter([*self.told, (len(steps) + 1, None)])
        at, event = next(pending)
        for place, step in enumerate(steps):
            while event is not None and at <= place:
                yield event
                at, event = next(pending)
            yield Operation(step)
        while event is not None:
            yield event
            at, event = next(pending)


def ways(flow: Json) -> dict[int, tuple[Way, ...]]:
    """Module id -> the ways that lead to it from the main flow, the outermost first."""
    found: dict[int, tuple[Way, ...]] = {}
    pending: list[tuple[Json, tuple[Way, ...]]] = [(flow, ())]
    while pending:
        nodes, path = pending.pop()
        for node in nodes or ():
            found[node["id"]] = path
            pending.extend((inner, (*path, way)) for way, inner in _ways_of(node))
    return found


def _ways_of(node: Mapping[str, Json]) -> Iterator[tuple[Way, Json]]:
    id, routes = node["id"], node.get("routes") or ()
    otherwise = fallback_of(node.get("parameters"))
    for place, route in enumerate(routes):
        name = "fallback" if place == otherwise else _name_of_route(route)
        yield Way(id, "route", place + 1, len(routes), name), route.get("flow")
    # A branch that is switched off does not count.
    branches = [branch for branch in node.get("branches") or () if branch.get("disabled") is not True]
    for number, branch in enumerate(branches, 1):
        label = branch.get("label")
        name = label if isinstance(label, str) and label else "else" if branch.get("type") == "else" else ""
        yield Way(id, "branch", number, len(branches), name), branch.get("flow")
    if node.get("onerror"):
        yield Way(id, "error handler", 1, 1, ""), node["onerror"]


def _name_of_route(route: Mapping[str, Json]) -> str:
    flow = route.get("flow")
    name = (flow[0].get("filter") or {}).get("name") if flow else None
    return name if isinstance(name, str) else ""
