"""Repairs of the names and versions of modules."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from ...engine.apps.known_modules import find_interpreted, find_known_module, module_names, versions_of
from ...json_patch import Operation, Patch, add, replace
from ...module_catalogue import Judgement
from ..document import LintModule

#: The most slips of the keyboard in a name.
_MAX_SLIPS = 2
#: The lead in similarity by which the closest of several names is meant.
_LEAD = 0.1


def correct_module(module: LintModule, judgement: Judgement) -> Patch:
    """Returns the repair of a module that does not exist: its real name, or its newest version."""
    if judgement.versions:
        return set_version(module, judgement.versions[-1])
    name = _choose_name(module, judgement.suggestions)
    if name is None:
        return ()
    versions = versions_of(name)
    wants_version = bool(versions) and ("version" not in module.node or module.version not in versions)
    return (
        replace((*module.path, "module"), name),
        *(set_version(module, versions[-1]) if wants_version else ()),
    )


def set_version(module: LintModule, version: int) -> Patch:
    """Returns the patch that gives a module a version."""
    operation: Operation = (replace if "version" in module.node else add)((*module.path, "version"), version)
    return (operation,)


def _choose_name(module: LintModule, names: Sequence[str]) -> str | None:
    """Returns the name that is meant: the only one, one with a slip, the only one that has all given fields, or by far the closest."""
    app, own_name = names[0].partition(":")[0] if names else "", module.name.partition(":")[2]
    if f"{app}:{own_name}" in module_names(app):
        return f"{app}:{own_name}"
    if len(names) < 2:
        return names[0] if names else None
    distances = sorted((_count_slips(module.name.lower(), name.lower()), name) for name in names)
    if distances[0][0] <= _MAX_SLIPS and distances[0][0] < distances[1][0]:
        return distances[0][1]
    given = {*module.parameters, *module.mapper} - {"__IMTCONN__", "__IMTHOOK__"}
    fitting = [name for name in names if given and given <= _field_names(name)]
    if len(fitting) == 1:
        return fitting[0]
    ranked = sorted(
        ((difflib.SequenceMatcher(None, module.name.lower(), name.lower()).ratio(), name) for name in names),
        reverse=True,
    )
    return ranked[0][1] if ranked[0][0] >= ranked[1][0] + _LEAD else None


def _count_slips(one: str, other: str) -> int:
    """Returns the number of characters that are missing, too many, wrong or swapped."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        earlier, before, row = before, row, [i]
        for j, right in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (left != right))
            if i > 1 and j > 1 and left == other[j - 2] and one[i - 2] == right:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
    return row[-1]


def _field_names(name: str) -> frozenset[str]:
    versions = versions_of(name)
    interpreted = find_interpreted(name, versions[-1] if versions else 1)
    known = find_known_module(name)
    declared = {field.name for field in interpreted.fields} if interpreted is not None else set[str]()
    if known is not None:
        for field in (*known.parameters, *known.mapper):
            declared |= {field.name, *(nested.name for nested in field.choice_fields)}
    return frozenset(declared)
