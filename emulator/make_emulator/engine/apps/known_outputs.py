"""Outputs of modules as the module catalogue knows them: fields of interfaces, and paths that exports read.

The types of fields are facts, those of paths are suggested by the names in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from ...json_types import Json
from ...module_catalogue import CatalogueField, CatalogueModule
from ...world.models import FieldSpecs
from ..expressions.constraint import Constraint
from ..mock_data.name_types import suggested_type

_Tree: TypeAlias = dict[str, "_Tree"]
#: Nested levels of declared fields, and the most values of them in a bundle: deeper levels are left out of large outputs.
_MAX_DEPTH, _MAX_FIELDS = 6, 40
#: Name of the items of an array in a tree of paths.
_ITEM = "[]"
#: Fields that hold people of a mail, and fields beside which a name is that of a file.
_PEOPLE = frozenset({"bcc", "cc", "creator", "from", "organizer", "replyTo", "sender", "to"})
_OF_FILES = frozenset({"data", "fileExtension", "mimeType", "size", "webContentLink"})


def output_fields(module: CatalogueModule, constraint: Constraint | None = None) -> FieldSpecs:
    """Returns the known fields of the output of a module; empty if none is known.

    Args:
        constraint: what later modules expect of the output, which takes precedence over a suggested type.
    """
    depth = next(
        (depth for depth in range(_MAX_DEPTH, 1, -1) if _count(module.output, depth) <= _MAX_FIELDS), 1
    )
    return _merge(_declared_fields(module.output, depth), _read_fields(module, constraint or Constraint()))


def _count(fields: Iterable[CatalogueField], depth: int) -> int:
    """Returns the number of values that fields have down to a depth, two items in each array."""
    return sum(
        1 + (2 if field.type == "array" else 1) * _count(_inner_fields(field), depth - 1)
        for field in fields
        if depth
    )


def _inner_fields(field: CatalogueField) -> tuple[CatalogueField, ...]:
    return (*field.fields, *field.choice_fields)


def _declared_fields(fields: Iterable[CatalogueField], depth: int) -> list[Mapping[str, Json]]:
    specs: list[Mapping[str, Json]] = []
    for field in fields:
        spec: dict[str, Json] = {"name": field.name, "type": field.type or "any"}
        inner = _declared_fields(_inner_fields(field), depth - 1) if depth > 1 else []
        if inner:
            spec["spec"] = list(inner)
        elif field.item_type not in ("", "any", "collection"):
            spec["spec"] = {"type": field.item_type}
        if field.choices:
            spec["options"] = list(field.choices)
        specs.append(spec)
    return specs


def _read_fields(module: CatalogueModule, constraint: Constraint) -> list[Mapping[str, Json]]:
    """Returns the fields that exports read by paths."""
    tree: _Tree = {}
    for path in module.output_paths:
        branch = tree
        for step in path.replace(_ITEM, f".{_ITEM}").split("."):
            branch = branch.setdefault(step, {})
    return _specs(_nested_fields(tree, constraint))


def _read_field(name: str, branch: _Tree, constraint: Constraint | None) -> Mapping[str, Json]:
    spec: dict[str, Json] = {"name": name}
    if _ITEM in branch:
        item = branch[_ITEM]
        expected = constraint.item if constraint is not None else None
        inner = _nested_fields(item, expected)
        return spec | {"type": "array", "spec": inner or {"type": "text"}}
    if branch:
        inner = _nested_fields(branch, constraint)
        if name in _PEOPLE:
            inner = [
                {**field, "type": "email"} if field == {"name": "address"} else field
                for field in _specs(inner)
            ]
        return spec | {"type": "collection", "spec": inner}
    if constraint is not None and constraint.is_informative:
        # The generator takes the type from the constraint.
        return spec
    type = suggested_type(name)
    if type == "array":
        return spec | {"type": type, "spec": {"type": "text"}}
    return spec | {"type": type} if type is not None else spec


def _nested_fields(tree: _Tree, constraint: Constraint | None) -> list[Json]:
    expected = constraint.fields if constraint is not None else {}
    fields = [dict(_read_field(name, branch, expected.get(name))) for name, branch in tree.items()]
    if not _OF_FILES.isdisjoint(tree):
        return [field | {"type": "filename"} if field == {"name": "name"} else field for field in fields]
    return [*fields]


def _merge(
    fields: Sequence[Mapping[str, Json]], others: Sequence[Mapping[str, Json]]
) -> list[Mapping[str, Json]]:
    """Returns fields with those of others that they lack, nested ones included."""
    merged = {str(field["name"]): dict(field) for field in fields}
    for other in others:
        known = merged.setdefault(str(other["name"]), dict(other))
        mine, theirs = known.get("spec"), other.get("spec")
        if known["name"] == other["name"] and isinstance(mine, list) and isinstance(theirs, list):
            known["spec"] = [*_merge(_specs(mine), _specs(theirs))]
        elif "spec" not in known and isinstance(theirs, list) and known.get("type") == other.get("type"):
            known["spec"] = theirs
    return list(merged.values())


def _specs(fields: Iterable[Json]) -> list[Mapping[str, Json]]:
    return [field for field in fields if isinstance(field, Mapping)]
