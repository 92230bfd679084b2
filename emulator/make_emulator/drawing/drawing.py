"""Drawing of a graph: circles, lines and texts with their places, which the SVG and the pages render alike."""

from __future__ import annotations

import textwrap
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..json_types import Json, JsonObject
from .graph import Graph, GraphEdge, GraphNode, build_graph
from .layout import place_nodes

Tone: TypeAlias = Literal["", "good", "warn", "bad", "off"]
"""Colour of a mark: succeeded, with a warning, failed, not reached; empty for none."""

RADIUS = 32.0
#: Room around the middle of a circle for its name.
_NODE_MARGIN = (84.0, 52.0, 84.0, 92.0)
#: The most lines and characters of a name, and of the label of an edge.
_TITLE_LINES, _TITLE_WIDTH, _LABEL_WIDTH = 2, 22, 20
#: Colours of apps, which white letters are legible on.
_APP_COLOURS = (
    "#5b4db7",
    "#8a3f9b",
    "#a93a6c",
    "#b04a2f",
    "#8b5a13",
    "#5c6b12",
    "#2f7a3d",
    "#0f766e",
    "#1f6f9c",
    "#3b5bb5",
)
#: Colour of modules that direct bundles, rather than work with an app.
_FLOW_COLOUR = "#56616f"
_FLOW_KINDS = frozenset({"router", "if-else", "merge", "directive"})
_INITIALS = {
    "router": "↱",
    "if-else": "?",
    "merge": "Y",
    "directive": "!",
    "aggregator": "Σ",
    "iterator": "⋮",
}


@dataclass(frozen=True, slots=True)
class Mark:
    """Mark of a module or an edge: a tone, a short text for a badge, and a longer one."""

    tone: Tone
    badge: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Circle:
    """A module as it is drawn."""

    node: GraphNode
    colour: str
    initials: str
    lines: tuple[str, ...]
    subtitle: str
    tooltip: str


@dataclass(frozen=True, slots=True)
class Line:
    """An edge as it is drawn: the path of an SVG, where that ends, and a label with its middle."""

    edge: GraphEdge
    path: str
    label: str
    label_x: float
    label_y: float
    end_x: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """A scenario as it is drawn; left, top, width and height are those of all parts together."""

    name: str
    circles: tuple[Circle, ...]
    lines: tuple[Line, ...]
    left: float
    top: float
    width: float
    height: float

    def to_json(self) -> JsonObject:
        """Returns the drawing as the control API has it."""
        return {
            "name": self.name,
            "left": self.left,
            "top": self.top,
            "width": self.width,
            "height": self.height,
            "radius": RADIUS,
            "nodes": [_circle_json(circle) for circle in self.circles],
            "edges": [_line_json(line) for line in self.lines],
        }


def draw_blueprint(blueprint: Mapping[str, Json]) -> Drawing:
    """Returns the drawing of a blueprint, valid or not: any mapping with a list ``flow``."""
    graph = build_graph(blueprint)
    place_nodes(graph, blueprint)
    return draw_graph(graph)


def draw_graph(graph: Graph) -> Drawing:
    """Returns the drawing of a graph whose modules have their places."""
    left, top, right, bottom = _NODE_MARGIN
    nodes = graph.nodes
    x_least, x_most = min((n.x for n in nodes), default=0), max((n.x for n in nodes), default=0)
    y_least, y_most = min((n.y for n in nodes), default=0), max((n.y for n in nodes), default=0)
    feeders = any(edge.kind == "feeder" for edge in graph.edges)
    headroom = top + (28 if feeders else 0)
    return Drawing(
        graph.name,
        tuple(map(_draw_node, nodes)),
        tuple(_draw_edge(edge, nodes) for edge in graph.edges),
        x_least - left,
        y_least - headroom,
        x_most - x_least + left + right,
        y_most - y_least + headroom + bottom,
    )


def _draw_node(node: GraphNode) -> Circle:
    wrapped = textwrap.wrap(node.title, _TITLE_WIDTH, max_lines=_TITLE_LINES, placeholder=" …")
    is_flow = node.kind in _FLOW_KINDS
    app = node.module.partition(":")[0]
    colour = (
        _FLOW_COLOUR
        if is_flow
        else _APP_COLOURS[zlib.crc32(app.encode(errors="replace")) % len(_APP_COLOURS)]
    )
    number = "no id" if node.id is None else str(node.id)
    # Modules that direct bundles bear the name of no app that a user knows.
    subtitle = number if app in ("builtin", "") else _shorten(f"{node.app} · {number}", _TITLE_WIDTH + 2)
    tooltip = f"{node.title} ({node.module}, module {number})"
    return Circle(
        node, colour, _INITIALS.get(node.kind) or _initials(node.app), tuple(wrapped), subtitle, tooltip
    )


def _initials(app: str) -> str:
    words = [word for word in app.replace("-", " ").split() if word[:1].isalnum()]
    if not words:
        return "·"
    return (words[0][0] + words[1][0] if len(words) > 1 else words[0][:2]).title()


def _draw_edge(edge: GraphEdge, nodes: list[GraphNode]) -> Line:
    source, target = nodes[edge.source], nodes[edge.target]
    label = edge.label or {"fallback": "fallback", "else": "else"}.get(edge.kind, "")
    if edge.kind == "feeder":
        path = _arc(source, target)
        return Line(edge, path, "", 0, 0, target.x)
    gap = target.x - source.x - 2 * RADIUS
    if gap >= RADIUS:
        x, end = source.x + RADIUS, target.x - RADIUS
        middle = (x + end) / 2
        path = f"M{x:g} {source.y:g}C{middle:g} {source.y:g} {middle:g} {target.y:g} {end:g} {target.y:g}"
        label_x, label_y = end - min(gap, 120) / 2, target.y - 10
    else:
        # A module below, or one that the designer put to the left: the line leaves around the name.
        x, y, end = source.x - RADIUS * 0.7, source.y + RADIUS * 0.7, target.x - RADIUS
        side = min(x, end) - 68
        path = f"M{x:g} {y:g}C{side:g} {y + 24:g} {side:g} {target.y:g} {end:g} {target.y:g}"
        label_x, label_y = end - 40, target.y - 10
    return Line(
        edge, path, _shorten(label, _LABEL_WIDTH), round(label_x, 1), round(label_y, 1), round(end, 1)
    )


def _arc(source: GraphNode, target: GraphNode) -> str:
    """Returns the path of an arc above both modules."""
    y, end = source.y - RADIUS, target.y - RADIUS
    height = min(y, end) - 44
    return f"M{source.x:g} {y:g}C{source.x:g} {height:g} {target.x:g} {height:g} {target.x:g} {end:g}"


def _shorten(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _circle_json(circle: Circle) -> JsonObject:
    node = circle.node
    return {
        "index": node.index,
        "id": node.id,
        "module": node.module,
        "app": node.app,
        "title": node.title,
        "kind": node.kind,
        "path": list(node.path),
        "disabled": node.disabled,
        "x": node.x,
        "y": node.y,
        "colour": circle.colour,
        "initials": circle.initials,
        "lines": list(circle.lines),
        "subtitle": circle.subtitle,
        "tooltip": circle.tooltip,
    }


def _line_json(line: Line) -> JsonObject:
    edge = line.edge
    return {
        "source": edge.source,
        "target": edge.target,
        "kind": edge.kind,
        "filtered": edge.filtered,
        "disabled": edge.disabled,
        "filter": edge.label,
        "d": line.path,
        "label": line.label,
        "labelX": line.label_x,
        "labelY": line.label_y,
        "endX": line.end_x,
    }
