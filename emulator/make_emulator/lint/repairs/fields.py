"""Repairs of fields: their names, places and values."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from ...json_patch import Patch, Path, move, replace
from ...json_types import Json, as_array
from ...plain_text import find_slip
from ..document import LintModule
from ..module_facts import FieldSpec

#: Parts of a module that stand beside its mapper.
_PARTS = frozenset({"branches", "filter", "onerror", "routes"})
#: Names of the first member of a pair; the other one is ``value``.
_KEYS = ("name", "key")


def correct_field(module: LintModule, part: str, name: str, meant: str | None) -> Patch:
    """Returns the repair of a field that a module does not have: its real name, or its place beside the mapper."""
    if meant is not None:
        return (move((*module.path, part, name), (*module.path, part, meant)),)
    if name in _PARTS and not module.node.get(name):
        return (move((*module.path, part, name), (*module.path, name)),)
    return ()


def correct_value(spec: FieldSpec, path: Path, below: Path, value: Json) -> Patch:
    """Returns the repair of a value: a slip of a choice, JSON in place of an object, an object in place of JSON or of pairs.

    Args:
        path: of the value.
        below: of the item of the value that is wrong, empty for the value itself.
    """
    if below:
        return _rename_member(spec, path, below, value)
    if isinstance(value, Mapping):
        if spec.type in ("text", "buffer"):
            return (replace(path, orjson.dumps(value).decode()),)
        key = next((key for key in _KEYS if spec.members.issuperset((key, "value"))), None)
        if (
            key is None
            or spec.type != "array"
            or any(isinstance(each, (Mapping, list)) for each in value.values())
        ):
            return ()
        return (replace(path, [{key: name, "value": each} for name, each in value.items()]),)
    if not isinstance(value, str):
        return ()
    if spec.type == "collection":
        try:
            held: Json = orjson.loads(value)
        except orjson.JSONDecodeError:
            return ()
        return (replace(path, held),) if isinstance(held, Mapping) else ()
    choices = {str(choice): choice for choice in spec.choices}
    meant = find_slip(value, choices)
    return (replace(path, choices[meant]),) if meant is not None else ()


def _rename_member(spec: FieldSpec, path: Path, below: Path, value: Json) -> Patch:
    """Returns the patch that gives the only unknown member of an item the name of the only missing one."""
    items = as_array(value)
    item = items[below[0]] if isinstance(below[0], int) and below[0] < len(items) else None
    if not isinstance(item, Mapping):
        return ()
    missing = [name for name in spec.required_members if name not in item]
    others = [name for name in item if name not in spec.members]
    if len(missing) != 1 or len(others) != 1:
        return ()
    return (move((*path, *below, others[0]), (*path, *below, missing[0])),)
