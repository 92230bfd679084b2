"""Repairs of missing connections."""

from __future__ import annotations

from ...json_patch import Patch, add, replace
from ...json_types import Json
from ..document import LintDocument, LintModule


def share_connection(document: LintDocument, module: LintModule, parameter: str) -> Patch:
    """Returns the patch that gives a module the connection of the other modules of its app, if they all have the same."""
    used: list[Json] = []
    for each in document.modules:
        value = each.parameters.get(parameter) or each.mapper.get(parameter)
        if each.app == module.app and isinstance(value, int) and value not in used:
            used.append(value)
    if len(used) != 1:
        return ()
    if "parameters" not in module.node:
        return (add((*module.path, "parameters"), {parameter: used[0]}),)
    operation = replace if parameter in module.parameters else add
    return (operation((*module.path, "parameters", parameter), used[0]),)
