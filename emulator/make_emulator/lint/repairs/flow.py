"""Repairs of the order of modules: sources of aggregators, and directives of error handling."""

from __future__ import annotations

from ...engine.apps import catalog
from ...engine.apps.known_modules import find_known_module
from ...json_patch import END_OF_ARRAY, Patch, add, move, replace
from ...json_types import as_array, is_integer
from ..document import LintDocument, LintModule

#: Kinds of modules that output several bundles.
_SOURCES = frozenset({"iterator", "repeater", "search"})
_ITERATORS = frozenset({"builtin:BasicFeeder", "builtin:BasicRepeater"})


def set_feeder(document: LintDocument, module: LintModule) -> Patch:
    """Returns the patch that gives an aggregator the nearest module before it whose bundles nothing combines yet."""
    feeder = _find_feeder(document, module)
    if feeder is None:
        return ()
    if "parameters" not in module.node:
        return (add((*module.path, "parameters"), {"feeder": feeder}),)
    operation = replace if "feeder" in module.parameters else add
    return (operation((*module.path, "parameters", "feeder"), feeder),)


def _find_feeder(document: LintDocument, module: LintModule) -> int | None:
    before = [each for each in document.modules if each.id in module.before and each is not module]
    combined = {
        feeder
        for each in before
        if catalog.is_aggregator(each.name) and is_integer(feeder := each.parameters.get("feeder"))
    }
    # A bundle passes from module to module: what an earlier aggregator has combined begins before it.
    sources = [each.id for each in before if each.id not in combined and (each.is_first or _is_source(each))]
    if len(before) == 1:
        return before[0].id
    return sources[-1] if sources and not _is_ambiguous(before, sources) else None


def _is_ambiguous(before: list[LintModule], sources: list[int | None]) -> bool:
    """Returns True if the nearest source is the trigger, though other modules stand between."""
    return len(sources) == 1 and before[0].id == sources[0] and not _is_source(before[0]) and len(before) > 2


def _is_source(module: LintModule) -> bool:
    known = find_known_module(module.name, module.version)
    return module.name in _ITERATORS or (known is not None and known.kind in _SOURCES)


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
