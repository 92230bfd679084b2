"""Paths of the modules of a blueprint: the routes, branches and error handlers that lead to each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..engine.blueprints.parser import fallback_route_index
from ..json_types import as_mapping, as_mappings
from ..world.blueprint_refs import first_module
from ..world.models import Json


@dataclass(frozen=True, slots=True)
class PathSegment:
    """One part of a path: a route, a branch or an error handler of module ``owner``; ``number`` counts from 1."""

    owner: int
    kind: str
    number: int
    of: int
    name: str


def module_paths(flow: Json) -> dict[int, tuple[PathSegment, ...]]:
    """Returns module id -> the path that leads to it from the main flow, the outermost segment first."""
    found: dict[int, tuple[PathSegment, ...]] = {}
    pending: list[tuple[Json, tuple[PathSegment, ...]]] = [(flow, ())]
    while pending:
        nodes, path = pending.pop()
        for node in as_mappings(nodes):
            found[_module_id(node)] = path
            pending.extend((inner, (*path, segment)) for segment, inner in _child_segments(node))
    return found


def _child_segments(node: Mapping[str, Json]) -> Iterator[tuple[PathSegment, Json]]:
    id, routes = _module_id(node), as_mappings(node.get("routes"))
    fallback = fallback_route_index(node.get("parameters"))
    for index, route in enumerate(routes):
        name = "fallback" if index == fallback else _route_name(route)
        yield PathSegment(id, "route", index + 1, len(routes), name), route.get("flow")
    # A disabled branch does not count.
    branches = [branch for branch in as_mappings(node.get("branches")) if branch.get("disabled") is not True]
    for number, branch in enumerate(branches, 1):
        label = branch.get("label")
        name = label if isinstance(label, str) and label else "else" if branch.get("type") == "else" else ""
        yield PathSegment(id, "branch", number, len(branches), name), branch.get("flow")
    if node.get("onerror"):
        yield PathSegment(id, "error handler", 1, 1, ""), node["onerror"]


def _route_name(route: Mapping[str, Json]) -> str:
    name = as_mapping(first_module(route.get("flow")).get("filter")).get("name")
    return name if isinstance(name, str) else ""


def _module_id(node: Mapping[str, Json]) -> int:
    id = node["id"]
    assert isinstance(id, int), "a parsed blueprint has numbers as ids"
    return id
