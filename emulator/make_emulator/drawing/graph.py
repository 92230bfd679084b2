"""Graph of a blueprint: a node for each module, edges in the order of the flow, each with the filter that stands on it.

It is built from any JSON that has a flow, so that a blueprint that cannot run is drawn, too. Routes, branches, error handlers
and tools are edges of their own kind; a branch that merges leads to the merge that follows its if-else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ..engine.apps.catalog import is_aggregator
from ..engine.blueprints.parser import IF_ELSE, MERGE, ROUTER, fallback_route_index
from ..json_patch import Path
from ..json_types import Json, as_array, as_mapping, as_mappings, is_integer
from ..lint.document import LintDocument, LintModule, LintOptions
from ..module_catalogue import module_catalogue

EdgeKind: TypeAlias = Literal[
    "flow", "route", "fallback", "branch", "else", "merge", "error", "tool", "feeder"
]

#: Keys of a module that hold flows, with the kind of the edges to them.
_ARM_KINDS: tuple[tuple[str, EdgeKind], ...] = (
    ("routes", "route"),
    ("branches", "branch"),
    ("tools", "tool"),
)
#: Parts of a module name: ``GetUserInfo2`` has four.
_NAME_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")

#: Names of the modules that direct bundles, as the designer shows them.
_FLOW_MODULES = {
    ROUTER: "Router",
    IF_ELSE: "If-else",
    MERGE: "Merge",
    "builtin:BasicFeeder": "Iterator",
    "builtin:BasicAggregator": "Array aggregator",
    "builtin:BasicRepeater": "Repeater",
}


@dataclass(slots=True)
class GraphNode:
    """A module in a drawing.

    Attributes:
        index: its place in the order of the flow, from 0.
        id: ``None`` if it has no valid one.
        title: the name that it has in the designer, or one made of the module's name.
        kind: kind of module, such as ``action`` or ``router``; ``unknown`` if the catalogue does not have it.
        disabled: true on a disabled route or branch.
        x: middle of its circle.
        y: middle of its circle.
    """

    index: int
    id: int | None
    module: str
    app: str
    title: str
    kind: str
    path: Path
    disabled: bool = False
    handled: bool = False
    x: float = 0
    y: float = 0


@dataclass(slots=True)
class GraphEdge:
    """A connection of two modules.

    Attributes:
        label: name of the filter, or its first condition; empty if there is none.
        filtered: true if a filter or a condition stands on it.
    """

    source: int
    target: int
    kind: EdgeKind
    label: str = ""
    filtered: bool = False
    disabled: bool = False


@dataclass(slots=True)
class Arm:
    """A flow that begins at a module: the rest of its own, a route, a branch, an error handler or a tool."""

    kind: EdgeKind
    flow: list[FlowItem]
    label: str = ""
    filtered: bool = False
    disabled: bool = False
    merges: bool = False


@dataclass(slots=True)
class FlowItem:
    """A module of a flow with the flows that begin at it."""

    node: GraphNode
    arms: list[Arm] = field(default_factory=list)
    handler: Arm | None = None


@dataclass(slots=True)
class Graph:
    """The graph of a blueprint; `flow` is the same as a tree, for the layout."""

    name: str
    nodes: list[GraphNode]
    edges: list[GraphEdge]
    flow: list[FlowItem]

    def node_by_id(self, id: int) -> GraphNode | None:
        """Returns the first module with an id."""
        return next((node for node in self.nodes if node.id == id), None)


def build_graph(blueprint: Mapping[str, Json]) -> Graph:
    """Returns the graph of a blueprint, valid or not, without places."""
    document = LintDocument(blueprint, LintOptions())
    builder = _GraphBuilder({module.path: module for module in document.modules})
    flow = builder.build_flow(blueprint.get("flow"), ("flow",), disabled=False)
    builder.connect(flow)
    builder.connect_feeders()
    name = blueprint.get("name")
    builder.nodes.sort(key=lambda node: node.index)
    return Graph(name if isinstance(name, str) else "", builder.nodes, builder.edges, flow)


class _GraphBuilder:
    def __init__(self, modules: Mapping[Path, LintModule]) -> None:
        self._modules = modules
        self.nodes: list[GraphNode] = []
        self.edges: list[GraphEdge] = []

    def build_flow(self, flow: Json, path: Path, *, disabled: bool) -> list[FlowItem]:
        """Returns the modules of a flow as a tree, without placeholders and what is no module."""
        items = []
        for position, raw in enumerate(as_array(flow)):
            module = self._modules.get((*path, position))
            if module is None or not isinstance(raw, Mapping):
                continue
            node = _build_node(module, disabled=disabled)
            self.nodes.append(node)
            item = FlowItem(node)
            otherwise = fallback_route_index(module.parameters)
            for key, kind in _ARM_KINDS:
                for place, arm in enumerate(as_array(raw.get(key))):
                    if isinstance(arm, Mapping):
                        arm_path = (*module.path, key, place, "flow")
                        arm_kind = "fallback" if kind == "route" and place == otherwise else kind
                        item.arms.append(self._build_arm(arm, arm_path, arm_kind, disabled=disabled))
            if raw.get("onerror"):
                handler = self.build_flow(raw["onerror"], (*module.path, "onerror"), disabled=disabled)
                item.handler = Arm("error", handler) if handler else None
                node.handled = bool(handler)
            items.append(item)
        return items

    def _build_arm(self, arm: Mapping[str, Json], path: Path, kind: EdgeKind, *, disabled: bool) -> Arm:
        label, filtered = "", False
        if kind == "branch":
            if arm.get("type") == "else" or "conditions" not in arm:
                kind = "else"
            else:
                filtered = True
                label = (
                    _text(arm.get("label"))
                    or _text(arm.get("name"))
                    or describe_conditions(arm["conditions"])
                )
        disabled = disabled or arm.get("disabled") is True
        flow = self.build_flow(arm.get("flow"), path, disabled=disabled)
        return Arm(kind, flow, label, filtered, disabled, arm.get("merge") is True)

    def connect(self, flow: list[FlowItem]) -> None:
        """Adds the edges of a flow, and of the flows that begin in it."""
        for position, item in enumerate(flow):
            following = flow[position + 1] if position + 1 < len(flow) else None
            merge = following if following is not None and following.node.module == MERGE else None
            for arm in item.arms:
                self._connect_arm(item.node, arm, merge)
            if item.handler is not None:
                self._connect_arm(item.node, item.handler, None)
            if following is not None and not (
                merge is not None and item.node.module == IF_ELSE and item.arms
            ):
                self._add_edge(item.node, following.node, "flow")

    def _connect_arm(self, source: GraphNode, arm: Arm, merge: FlowItem | None) -> None:
        if arm.flow:
            first = self._add_edge(source, arm.flow[0].node, arm.kind)
            if arm.kind in ("branch", "else"):
                first.label, first.filtered = arm.label, arm.filtered
            first.disabled = arm.disabled
            self.connect(arm.flow)
        if merge is None or not arm.merges:
            return
        if arm.flow:
            self._add_edge(arm.flow[-1].node, merge.node, "merge").disabled = arm.disabled
        else:
            edge = self._add_edge(source, merge.node, arm.kind)
            edge.label, edge.filtered, edge.disabled = arm.label, arm.filtered, arm.disabled

    def _add_edge(self, source: GraphNode, target: GraphNode, kind: EdgeKind) -> GraphEdge:
        edge = GraphEdge(source.index, target.index, kind, disabled=target.disabled)
        if kind not in ("merge", "tool"):
            filter = as_mapping(self._modules[target.path].node.get("filter"))
            edge.filtered = bool(as_array(filter.get("conditions")))
            if edge.filtered:
                edge.label = _text(filter.get("name")) or describe_conditions(filter.get("conditions"))
        self.edges.append(edge)
        return edge

    def connect_feeders(self) -> None:
        """Adds an edge from each aggregator back to its source module."""
        by_id = {node.id: node for node in reversed(self.nodes) if node.id is not None}
        for node in self.nodes:
            feeder = self._modules[node.path].parameters.get("feeder")
            if isinstance(feeder, str) and feeder.isascii() and feeder.isdigit() and len(feeder) < 10:
                feeder = int(feeder)
            source = by_id.get(feeder) if is_integer(feeder) and is_aggregator(node.module) else None
            if source is not None and source is not node:
                self.edges.append(GraphEdge(source.index, node.index, "feeder"))


def _build_node(module: LintModule, *, disabled: bool) -> GraphNode:
    app = module_catalogue().find_app(module.app)
    designer = as_mapping(module.metadata.get("designer"))
    kind = module.known.kind if module.known is not None else "unknown"
    if module.is_first and kind == "action":
        kind = "trigger"
    return GraphNode(
        index=module.place,
        id=module.id,
        module=module.name,
        app=app.label if app is not None and app.label != app.name else _readable_app(module.app),
        title=_text(designer.get("name")) or readable_name(module.name),
        kind=kind,
        path=module.path,
        disabled=disabled,
    )


def readable_name(module: str) -> str:
    """Returns the name of a module in words: ``http:ActionSendData`` is ``Send data``."""
    if module in _FLOW_MODULES:
        return _FLOW_MODULES[module]
    words = _NAME_PARTS.findall(module.rpartition(":")[2])
    while len(words) > 1 and words[-1].isdigit():
        words.pop()
    if len(words) > 1 and words[0] == "Action":
        del words[0]
    return (
        " ".join(word.lower() if place and not word.isupper() else word for place, word in enumerate(words))
        or module
    )


def _readable_app(name: str) -> str:
    text = name.removeprefix("app#").replace("-", " ")
    return text[:1].upper() + text[1:]


def describe_conditions(conditions: Json) -> str:
    """Returns the first condition of a filter as its author wrote it, with the number of the others."""
    groups = [as_mappings(group) for group in as_array(conditions)]
    flat = [condition for group in groups for condition in group]
    if not flat:
        return ""
    first, rest = flat[0], len(flat) - 1
    sides = [
        _text(first.get("a")),
        _text(first.get("o")).partition(":")[2] or _text(first.get("o")),
        _text(first.get("b")),
    ]
    text = " ".join(side for side in sides if side)
    return text + (f" and {rest} more" if rest else "")


def _text(value: Json) -> str:
    if isinstance(value, str):
        return " ".join(value.split())
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else ""
