"""Repairs of missing and wrong connections and other resources."""

from __future__ import annotations

from collections.abc import Sequence

from ...engine.apps.connection_types import is_compatible
from ...json_patch import Patch, Path, add, replace
from ...json_types import Json
from ...world.connections import is_known_type
from ..document import LintDocument, LintModule

#: Kinds of resources that modules share; a hook starts one scenario only.
_SHARED = frozenset({"connection", "dataStore", "dataStructure", "key"})


def choose_resource(
    document: LintDocument, module: LintModule, parameter: str, kind: str, types: Sequence[str]
) -> Patch:
    """Returns the patch that gives a module the only resource that it may have.

    Of connections it is that of the other modules of the app, if they all have the same; else it is the only one of the team
    that has one of the types.
    """
    id = _find_shared(document, module, parameter) if kind == "connection" else None
    if id is None:
        id = _find_owned(document, kind, types)
    if id is None:
        return ()
    if "parameters" not in module.node:
        return (add((*module.path, "parameters"), {parameter: id}),)
    operation = replace if parameter in module.parameters else add
    return (operation((*module.path, "parameters", parameter), id),)


def replace_resource(document: LintDocument, path: Path, kind: str, types: Sequence[str]) -> Patch:
    """Returns the patch that replaces the id of a resource by that of the only one of the team that has one of the types."""
    id = _find_owned(document, kind, types)
    return (replace(path, id),) if id is not None else ()


def _find_shared(document: LintDocument, module: LintModule, parameter: str) -> int | None:
    used: list[int] = []
    for each in document.modules:
        value: Json = each.parameters.get(parameter) or each.mapper.get(parameter)
        if each.app == module.app and isinstance(value, int) and value not in used:
            used.append(value)
    known = (document.options.resources or {}).get("connection")
    if len(used) != 1 or (known is not None and used[0] not in known):
        return None
    return used[0]


def _find_owned(document: LintDocument, kind: str, types: Sequence[str]) -> int | None:
    """Returns the only resource of the team of a kind; of connections, one of a type that is certain to be taken."""
    if kind not in _SHARED or (kind in ("connection", "key") and not types):
        return None
    owned = (document.options.resources or {}).get(kind, {})
    found = [
        id for id, type in owned.items() if not types or (is_known_type(type) and is_compatible(type, types))
    ]
    return found[0] if len(found) == 1 else None
