"""Blueprints, and files of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def exported_module(id: int, name: str, mapper: Any = None, **rest: Any) -> dict[str, Any]:
    """A module as an exported blueprint has it, without parameters unless they are given."""
    return {"id": id, "module": name, "version": 1, "mapper": mapper or {}, "metadata": {}, **rest}


def write_blueprint(path: Path, *flow: Any, **rest: Any) -> Path:
    """A file of a blueprint of these modules, named as the file; other fields replace or extend those of the blueprint."""
    path.parent.mkdir(parents=True, exist_ok=True)
    blueprint = {"name": path.stem, "flow": flow, "metadata": {}, **rest}
    path.write_text(json.dumps(blueprint), encoding="utf-8")
    return path
