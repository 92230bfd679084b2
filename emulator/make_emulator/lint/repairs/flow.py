"""Repairs of the order of modules: sources of aggregators, and directives of error handling."""

from __future__ import annotations

from ...engine.apps import catalog
from ...json_patch import END_OF_ARRAY, Patch, add, move, replace
from ...json_types import as_array, is_integer
from ..document import LintDocument, LintModule

#: Kinds of modules that output several bundles, and modules that the catalogue calls actions, though they do.
_SOURCES = frozenset({"iterator", "repeater", "search"})
_OTHER_SOURCES = frozenset({"builtin:BasicFeeder", "builtin:BasicRepeater", "csv:ParseCSV"})
_TRIGGERS = frozenset({"trigger", "trigger-polling"})


def set_feeder(document: LintDocument, module: LintModule) -> Patch:
    """Returns the patch that gives an aggregator the only module before it that outputs bundles which nothing combines."""
    feeder = _find_feeder(document, module)
    if feeder is None:
        return ()
    if "parameters" not in module.node:
        return (add((*module.path, "parameters"), {"feeder": feeder}),)
    operation = replace if "feeder" in module.parameters else add
    return (operation((*module.path, "parameters", "feeder"), feeder),)


def _find_feeder(document: LintDocument, module: LintModule) -> int | None:
    before = document.modules_before(module)
    if len(before) == 1:
        return before[0].id
    combined = {
        feeder
        for each in before
        if catalog.is_aggregator(each.name) and is_integer(feeder := each.parameters.get("feeder"))
    }
    free = [each for each in before if each.id not in combined]
    # Of a trigger that polls, several bundles come; a source behind it is the nearer one.
    sources = [each for each in free if _has_kind(each, _SOURCES) or each.name in _OTHER_SOURCES] or [
        each for each in free if each.is_first and _has_kind(each, _TRIGGERS)
    ]
    return sources[0].id if len(sources) == 1 else None


def _has_kind(module: LintModule, kinds: frozenset[str]) -> bool:
    known = module.known
    return known is not None and known.kind in kinds


def move_into_handler(document: LintDocument, module: LintModule) -> Patch:
    """Returns the patch that makes a directive the error handler of the module before it, which has none."""
    *flow, place = module.path
    if not isinstance(place, int) or place == 0:
        return ()
    owner = (*flow, place - 1)
    before = next((each for each in document.modules if each.path == owner), None)
    if before is None or as_array(before.handler):
        return ()
    handler = (*owner, "onerror")
    return (add(handler, []), move(module.path, (*handler, END_OF_ARRAY)))


def move_to_end(module: LintModule) -> Patch:
    """Returns the patch that makes a directive the last module of its error handler."""
    return (move(module.path, (*module.path[:-1], END_OF_ARRAY)),)
