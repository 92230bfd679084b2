"""Marks of a run on the drawing of its scenario: operations and errors of modules, bundles that passed filters, parts not reached."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ..json_types import JsonObject
from ..plain_text import pluralize
from ..reports.trace_view import Decision, Step, TraceView
from .drawing import Drawing, Mark

#: Decisions of a module that directs bundles, or whose error was handled: it was reached without an operation of its own.
_REACHING_EVENTS = frozenset({"route", "branch"})


@dataclass(slots=True)
class _ModuleRecord:
    operations: int = 0
    errors: list[str] = field(default_factory=list)
    handled: list[str] = field(default_factory=list)
    reached: bool = False


@dataclass(frozen=True, slots=True)
class RunMarks:
    """Marks of modules by their index in the drawing, and of edges by the indexes of both modules."""

    nodes: dict[int, Mark]
    edges: dict[tuple[int, int], Mark]

    def to_json(self) -> JsonObject:
        """Returns the marks as the control API has them, each with its place among the nodes or the edges."""
        return {
            "nodes": [{"index": index, **_mark_json(mark)} for index, mark in self.nodes.items()],
            "edges": [
                {"source": source, "target": target, **_mark_json(mark)}
                for (source, target), mark in self.edges.items()
            ],
        }


def _mark_json(mark: Mark) -> JsonObject:
    return {"tone": mark.tone, "badge": mark.badge, "title": mark.title}


def marks_of_run(drawing: Drawing, view: TraceView) -> RunMarks:
    """Returns the marks of a run; a drawing of another blueprint has marks where it has the same ids."""
    records: dict[int, _ModuleRecord] = {}
    passed: Counter[int] = Counter()
    filtered: Counter[int] = Counter()
    for event in view.events():
        record = records.setdefault(event.module_id, _ModuleRecord())
        if isinstance(event, Step):
            _add_step(record, event)
        elif event.event == "filter":
            filtered[event.module_id] += 1
            passed[event.module_id] += bool(event.passed)
        else:
            _add_decision(record, event)
    nodes = {}
    for circle in drawing.circles:
        id = circle.node.id
        nodes[circle.node.index] = _node_mark(records.get(id) if id is not None else None)
    edges = {}
    ids = {circle.node.index: circle.node.id for circle in drawing.circles}
    for line in drawing.lines:
        source, target = line.edge.source, line.edge.target
        if line.edge.kind == "feeder":
            continue
        id = ids[target]
        if id is not None and filtered[id] and line.edge.kind != "merge":
            text = f"{passed[id]} of {pluralize(filtered[id], 'bundle')} passed"
            edges[source, target] = Mark("good" if passed[id] else "off", title=text)
        elif "off" in (nodes[source].tone, nodes[target].tone):
            edges[source, target] = Mark("off")
        else:
            edges[source, target] = Mark("bad" if line.edge.kind == "error" else "good")
    return RunMarks(nodes, edges)


def _add_step(record: _ModuleRecord, step: Step) -> None:
    record.reached = True
    record.operations += step.operations
    if step.error is not None:
        record.errors.append(f"{step.error['name']}: {step.error['message']}")


def _add_decision(record: _ModuleRecord, decision: Decision) -> None:
    if decision.event in _REACHING_EVENTS:
        record.reached = True
    elif decision.event == "error handled":
        record.handled.append(decision.sentence)


def _node_mark(record: _ModuleRecord | None) -> Mark:
    if record is None or not record.reached:
        return Mark("off", title="not reached")
    operations = pluralize(record.operations, "operation")
    badge = str(record.operations) if record.operations else ""
    if not record.errors:
        return Mark("good", badge, operations)
    if len(record.handled) >= len(record.errors):
        return Mark("warn", badge, f"{operations}, {record.errors[0]}, handled")
    return Mark("bad", badge, f"{operations}, {record.errors[0]}")
