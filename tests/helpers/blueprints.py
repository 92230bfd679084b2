"""Blueprints, and files of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

#: A scenario that prices an order and stores it. The mapping of module 2 lacks a brace, so that a run fails until it is
#: mended; module 3 wants the id of a data store.
BROKEN_BLUEPRINT: dict[str, Any] = {
    "name": "Price of an order",
    "flow": [
        {"id": 1, "module": "scenario-service:StartSubscenario", "version": 2, "mapper": {}},
        {
            "id": 2,
            "module": "json:ParseJSON",
            "version": 1,
            "parameters": {"type": ""},
            "mapper": {"json": "{{1.order}"},
        },
        {
            "id": 3,
            "module": "datastore:AddRecord",
            "version": 1,
            "parameters": {"datastore": 0},
            "mapper": {"key": "{{1.key}}", "data": {"total": "{{2.total}}"}, "overwrite": True},
        },
        {
            "id": 4,
            "module": "scenario-service:ReturnData",
            "version": 2,
            "mapper": {"total": "{{2.total}}"},
        },
    ],
    "metadata": {"version": 1},
}


def exported_module(id: int, name: str, mapper: Any = None, **rest: Any) -> dict[str, Any]:
    """A module as an exported blueprint has it, without parameters unless they are given."""
    return {"id": id, "module": name, "version": 1, "mapper": mapper or {}, "metadata": {}, **rest}


def write_blueprint(path: Path, *flow: Any, **rest: Any) -> Path:
    """A file of a blueprint of these modules, named as the file; other fields replace or extend those of the blueprint."""
    path.parent.mkdir(parents=True, exist_ok=True)
    blueprint = {"name": path.stem, "flow": flow, "metadata": {}, **rest}
    path.write_text(json.dumps(blueprint), encoding="utf-8")
    return path
