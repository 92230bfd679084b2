"""Layout of a graph: the places of the designer, or columns by the order of the flow and rows by its routes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ..engine.blueprints.parser import MERGE
from ..json_types import Json, as_mapping
from .graph import Arm, FlowItem, Graph, GraphNode

#: Distances of the middles of neighbouring modules.
COLUMN, ROW = 184.0, 150.0
#: Half of the drawing's unit to one of the designer, in which neighbours are 300 apart.
_DESIGNER_SCALE = COLUMN / 300
#: Modules of a designer that are closer than this overlap with their names, so that its places are of no use.
_MIN_X, _MIN_Y = 120.0, 96.0
_MAX_PLACE = 1e6


def place_nodes(graph: Graph, blueprint: Mapping[str, Json]) -> None:
    """Gives each module its place: that of the designer if all have one and none overlap, else one by the flow."""
    places = _designer_places(graph, blueprint)
    if places is None:
        _assign_columns(graph.flow, 0)
        rows = _Rows()
        rows.place_flow(graph.flow)
    else:
        for node, (x, y) in zip(graph.nodes, places, strict=True):
            node.x, node.y = x, y
    if graph.nodes:
        left, top = min(node.x for node in graph.nodes), min(node.y for node in graph.nodes)
        for node in graph.nodes:
            node.x, node.y = round(node.x - left, 1), round(node.y - top, 1)


def _designer_places(graph: Graph, blueprint: Mapping[str, Json]) -> list[tuple[float, float]] | None:
    places = []
    for node in graph.nodes:
        raw: Json = blueprint
        for step in node.path:
            raw = raw[step]  # type: ignore[index]  # a path of the same blueprint
        designer = as_mapping(as_mapping(as_mapping(raw).get("metadata")).get("designer"))
        x, y = designer.get("x"), designer.get("y")
        if not (_is_place(x) and _is_place(y)):
            return None
        places.append((float(x) * _DESIGNER_SCALE, float(y) * _DESIGNER_SCALE))  # type: ignore[arg-type]  # numbers
    return None if _overlap(places) else places


def _is_place(value: Json) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and abs(value) <= _MAX_PLACE  # type: ignore[arg-type]


def _overlap(places: Sequence[tuple[float, float]]) -> bool:
    """Returns True if two places are too close; only those in neighbouring cells of a grid are compared."""
    cells: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for x, y in places:
        column, row = math.floor(x / _MIN_X), math.floor(y / _MIN_Y)
        for near_column in (column - 1, column, column + 1):
            for near_row in (row - 1, row, row + 1):
                for other_x, other_y in cells.get((near_column, near_row), ()):
                    if abs(x - other_x) < _MIN_X and abs(y - other_y) < _MIN_Y:
                        return True
        cells.setdefault((column, row), []).append((x, y))
    return False


def _assign_columns(flow: Sequence[FlowItem], column: int) -> int:
    """Gives the modules of a flow their columns; returns the last one used."""
    last = column
    for position, item in enumerate(flow):
        item.node.x = column * COLUMN
        last = max(last, column)
        end = max((_assign_columns(arm.flow, column + 1) for arm in item.arms if arm.flow), default=column)
        if item.handler is not None:
            last = max(last, _assign_columns(item.handler.flow, column))
        last = max(last, end)
        following = flow[position + 1] if position + 1 < len(flow) else None
        column = end + 1 if following is not None and following.node.module == MERGE else column + 1
    return last


class _Block:
    """Modules that keep their distances, with the topmost and the lowest row in each column."""

    def __init__(self) -> None:
        self.nodes: list[GraphNode] = []
        self.bounds: dict[float, tuple[float, float]] = {}

    def add(self, node: GraphNode, row: float) -> None:
        node.y = row * ROW
        self.nodes.append(node)
        self._widen(node.x, row, row)

    def shift(self, rows: float) -> None:
        if not rows:
            return
        for node in self.nodes:
            node.y += rows * ROW
        self.bounds = {x: (top + rows, bottom + rows) for x, (top, bottom) in self.bounds.items()}

    def put_below(self, other: _Block) -> None:
        """Moves another block down until it is below this one in every column that both have, and takes it in."""
        gaps = [self.bounds[x][1] + 1 - top for x, (top, _) in other.bounds.items() if x in self.bounds]
        other.shift(max([0.0, *gaps]))
        self.take(other)

    def take(self, other: _Block) -> None:
        self.nodes += other.nodes
        for x, (top, bottom) in other.bounds.items():
            self._widen(x, top, bottom)

    def _widen(self, x: float, top: float, bottom: float) -> None:
        known = self.bounds.get(x)
        self.bounds[x] = (top, bottom) if known is None else (min(known[0], top), max(known[1], bottom))


class _Rows:
    """Rows of the modules of a flow: a flow is a line, its routes are stacked around it, what handles errors is below."""

    def place_flow(self, flow: Sequence[FlowItem]) -> _Block:
        """Returns the block of a flow, whose first module is in row 0."""
        block = _Block()
        for item in reversed(flow):
            self._place_item(item, block)
        return block

    def _place_item(self, item: FlowItem, block: _Block) -> None:
        """Adds a module, in row 0, and the flows that begin at it to the block of the rest of its flow."""
        beside = [arm for arm in item.arms if arm.kind != "tool" and arm.flow]
        if beside:
            self._stack(beside, block)
        block.add(item.node, 0)
        for arm in (*(arm for arm in item.arms if arm.kind == "tool"), item.handler):
            if arm is not None and arm.flow:
                below = self.place_flow(arm.flow)
                below.shift(1)
                block.put_below(below)

    def _stack(self, arms: Sequence[Arm], block: _Block) -> None:
        stacked, anchors = _Block(), []
        for arm in arms:
            placed = self.place_flow(arm.flow)
            # A flow that reaches above its first module must not reach into the one before.
            stacked.put_below(placed)
            anchors.append(arm.flow[0].node.y / ROW)
        stacked.shift(-(anchors[0] + anchors[-1]) / 2)
        rest_is_free = not (stacked.bounds.keys() & block.bounds.keys())
        if rest_is_free:
            block.take(stacked)
        else:
            block.put_below(stacked)
