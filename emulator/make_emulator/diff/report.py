"""Renderers of a comparison: text and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ..json_types import Json
from .compare import SeedDiff
from .json_diff import MISSING, Change, Side
from .resources import Resource

#: The most characters of a value in a line.
_MAX_VALUE_LENGTH = 80


def render_text(comparison: SeedDiff) -> str:
    """Renders a line for each resource, and below it one for each field; nothing if both sides are equal."""
    return "".join(f"{line}\n" for line in _text_lines(comparison))


def _text_lines(comparison: SeedDiff) -> Iterator[str]:
    if comparison.is_equal:
        return
    yield f"--- {comparison.a}"
    yield f"+++ {comparison.b}"
    yield from (f"- {resource}" for resource in comparison.removed)
    yield from (f"+ {resource}" for resource in comparison.added)
    for difference in comparison.changed:
        yield f"~ {difference.a}"
        yield from (f"    {_format_change(change)}" for change in difference.changes)
    added, removed, changed = len(comparison.added), len(comparison.removed), len(comparison.changed)
    yield f"{added} added, {removed} removed, {changed} changed"


def _format_change(change: Change) -> str:
    if change.a is MISSING:
        return f"+ {change.path}: {_format_value(change.b)}"
    if change.b is MISSING:
        return f"- {change.path}: {_format_value(change.a)}"
    return f"{change.path}: {_format_value(change.a)} -> {_format_value(change.b)}"


def _format_value(value: Side) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MAX_VALUE_LENGTH else f"{text[:_MAX_VALUE_LENGTH]}…"


def render_json(comparison: SeedDiff) -> str:
    """Renders ``{"equal", "a", "b", "added", "removed", "changed": [{…, "fields": [{"path", "a"?, "b"?}]}]}``."""
    document = {
        "equal": comparison.is_equal,
        "a": comparison.a,
        "b": comparison.b,
        "added": [_resource_json(resource) for resource in comparison.added],
        "removed": [_resource_json(resource) for resource in comparison.removed],
        "changed": [
            {
                **_resource_json(difference.a),
                "fields": [_change_json(change) for change in difference.changes],
            }
            for difference in comparison.changed
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _resource_json(resource: Resource) -> dict[str, Json]:
    return {"kind": resource.kind, "id": resource.id, "name": resource.name}


def _change_json(change: Change) -> dict[str, Json]:
    values = {name: value for name, value in (("a", change.a), ("b", change.b)) if value is not MISSING}
    return {"path": change.path, **values}
