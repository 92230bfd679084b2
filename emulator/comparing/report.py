"""Tells the result of a comparison: as text for people, as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .comparison import Comparison
from .things import Thing
from .values import NOTHING, Change

#: How much of a value a line shows.
_SHOWN = 80


def as_text(comparison: Comparison) -> str:
    """Nothing if the two are equal; else a line a thing, and below it one a field."""
    return "".join(f"{line}\n" for line in _lines(comparison))


def _lines(comparison: Comparison) -> Iterator[str]:
    if comparison.is_equal:
        return
    yield f"--- {comparison.a}"
    yield f"+++ {comparison.b}"
    yield from (f"- {thing}" for thing in comparison.removed)
    yield from (f"+ {thing}" for thing in comparison.added)
    for difference in comparison.changed:
        yield f"~ {difference.a}"
        yield from (f"    {_change(change)}" for change in difference.changes)
    added, removed, changed = len(comparison.added), len(comparison.removed), len(comparison.changed)
    yield f"{added} added, {removed} removed, {changed} changed"


def _change(change: Change) -> str:
    if change.a is NOTHING:
        return f"+ {change.path}: {_shown(change.b)}"
    if change.b is NOTHING:
        return f"- {change.path}: {_shown(change.a)}"
    return f"{change.path}: {_shown(change.a)} -> {_shown(change.b)}"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def as_json(comparison: Comparison) -> str:
    """``{"equal", "a", "b", "added", "removed", "changed": [{…, "fields": [{"path", "a"?, "b"?}]}]}``"""
    document = {
        "equal": comparison.is_equal,
        "a": comparison.a,
        "b": comparison.b,
        "added": [_thing(thing) for thing in comparison.added],
        "removed": [_thing(thing) for thing in comparison.removed],
        "changed": [
            {**_thing(difference.a), "fields": [_field(change) for change in difference.changes]}
            for difference in comparison.changed
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _thing(thing: Thing) -> dict[str, Any]:
    return {"kind": thing.kind, "id": thing.id, "name": thing.name}


def _field(change: Change) -> dict[str, Any]:
    values = {name: value for name, value in (("a", change.a), ("b", change.b)) if value is not NOTHING}
    return {"path": change.path, **values}
