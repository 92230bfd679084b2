"""View of the checkpoints of a world, and of the changes since one."""

from __future__ import annotations

from itertools import islice
from typing import Any

import orjson

from ..control import checkpoints
from ..json_types import Json
from ..registry import WorldHandle

#: The most changes on the page, and the most characters of a value.
MAX_CHANGES, MAX_VALUE_LENGTH = 200, 400

#: Change -> the style class of its label.
_TONES = {"created": "good", "changed": "warn", "deleted": "bad"}


def template_context(handle: WorldHandle, name: str) -> dict[str, Any]:
    """Returns the values of ``checkpoints.html``.

    Args:
        name: the checkpoint whose changes are shown; empty for the latest one.

    Raises:
        ResourceNotFoundError: if there is no such checkpoint.
    """
    with handle.locked():
        rows = [checkpoints.describe(each) for each in handle.checkpoints]
        chosen = name or (str(rows[-1]["name"]) if rows else "")
        report: dict[str, Any] = checkpoints.changes_since(handle, chosen) if chosen else {}
    changes = report.get("changes", [])
    return {
        "checkpoints": rows[::-1],
        "chosen": chosen,
        "changes": [_change_row(change) for change in islice(changes, MAX_CHANGES)],
        "change_count": len(changes),
        "counts": [
            (kind, ", ".join(f"{number} {change}" for change, number in numbers.items()))
            for kind, numbers in report.get("counts", {}).items()
        ],
    }


def _change_row(change: dict[str, Any]) -> dict[str, Any]:
    before, after = change.get("before", {}), change.get("after", {})
    return {
        "kind": change["kind"],
        "id": "/".join(map(str, change["id"])) if isinstance(change["id"], list) else change["id"],
        "name": change.get("name", ""),
        "change": change["change"],
        "tone": _TONES[change["change"]],
        "fields": [(name, _text(before, name), _text(after, name)) for name in {**before, **after}],
        "undo": orjson.dumps({"kind": change["kind"], "id": change["id"]}).decode(),
    }


def _text(values: dict[str, Json], name: str) -> str:
    """Returns a value as short JSON, empty if there is none."""
    if name not in values:
        return ""
    text = orjson.dumps(values[name]).decode()
    return text if len(text) <= MAX_VALUE_LENGTH else text[: MAX_VALUE_LENGTH - 1] + "…"
