"""Where the modules of a blueprint stand: the routes, branches and error handlers that lead to each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..engine.blueprint import fallback_of
from ..world.models import Json


@dataclass(frozen=True, slots=True)
class Way:
    """Where modules stand that are not in the main flow: a route, a branch or an error handler of a module."""

    owner: int
    kind: str
    number: int
    of: int
    name: str


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
