"""Repairs of the structure of a blueprint: missing parts, wrong types, ids, merges."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain

import orjson

from ...engine.apps import catalog
from ...engine.blueprints.parser import IF_ELSE, MERGE
from ...engine.expressions.ast import DynamicReference, Reference
from ...json_patch import Patch, PatchError, Path, add, apply_patch, move, replace
from ...json_types import Json, as_array, as_mapping, as_mappings, is_integer
from ..document import LintDocument, LintModule
from .expressions import first_step, known_outputs

_MAX_ID_LENGTH = 9
#: Parts of a module -> the type that each has.
_JSON_PARTS: dict[str, type] = {
    "parameters": dict,
    "mapper": dict,
    "metadata": dict,
    "filter": dict,
    "flags": dict,
    "routes": list,
    "branches": list,
    "onerror": list,
}


def correct_structure(
    document: LintDocument, path: Path, is_correct: Callable[[Mapping[str, Json]], bool]
) -> Patch:
    """Returns the first repair at a place after which a blueprint is correct there.

    Args:
        is_correct: returns true if a blueprint no longer has the fault.
    """
    for repair in _REPAIRS:
        patches = [
            patch
            for patch in repair(document)
            if any(_lie_together(path, operation.path) for operation in patch)
        ]
        # All of a kind at once, as the same may be said of each.
        for patch in (tuple(chain.from_iterable(patches)), *patches):
            try:
                patched = as_mapping(apply_patch(document.blueprint, patch))
            except PatchError:
                continue
            if is_correct(patched):
                return patch
    return ()


def _lie_together(one: Path, other: Path) -> bool:
    """Returns true if one of two paths lies in the other."""
    length = min(len(one), len(other))
    return one[:length] == other[:length]


def _add_missing_parts(document: LintDocument) -> Iterator[Patch]:
    blueprint = document.blueprint
    if "flow" not in blueprint:
        return
    patch = []
    if not isinstance(blueprint.get("name"), str):
        # The name that the editor gives a new scenario.
        patch.append((replace if "name" in blueprint else add)(("name",), "New scenario"))
    if not isinstance(blueprint.get("metadata"), Mapping):
        patch.append((replace if "metadata" in blueprint else add)(("metadata",), {}))
    if patch:
        yield tuple(patch)


def _correct_merges(document: LintDocument) -> Iterator[Patch]:
    """Yields repairs of merges with too few filters or mappings, or with empty ones too many."""
    for module in document.modules:
        *flow, place = module.path
        if module.name != MERGE or not isinstance(place, int):
            continue
        if_else = next((each for each in document.modules if each.path == (*flow, place - 1)), None)
        if if_else is None:
            continue
        count = sum(branch.get("merge") is True for branch in as_mappings(if_else.node.get("branches")))
        lists: list[tuple[Path, Json]] = [((*module.path, "filters"), module.node.get("filters"))]
        lists += [
            ((*module.path, "outputs", number, "mappings"), output.get("mappings"))
            for number, output in enumerate(as_array(module.node.get("outputs")))
            if isinstance(output, Mapping)
        ]
        for path, values in lists:
            if not isinstance(values, list) or len(values) == count:
                continue
            surplus = values[count:]
            if not any(surplus):
                yield (replace(path, [*values[:count], *[None] * (count - len(values))]),)


def _add_else(document: LintDocument) -> Iterator[Patch]:
    """Yields the repair of an if-else without an else: one that does nothing."""
    for module in document.modules:
        branches = as_mappings(module.node.get("branches"))
        if module.name == IF_ELSE and branches and all("conditions" in branch for branch in branches):
            otherwise: Json = {"type": "else", "merge": False, "flow": []}
            yield (add((*module.path, "branches", len(as_array(module.node["branches"]))), otherwise),)


def _move_route_filters(document: LintDocument) -> Iterator[Patch]:
    """Yields the repair of a route with a filter, which belongs to the first module of its flow."""
    for module in document.modules:
        for place, route in enumerate(as_array(module.node.get("routes"))):
            if isinstance(route, Mapping) and isinstance(route.get("filter"), Mapping):
                first = next(iter(as_array(route.get("flow"))), None)
                if isinstance(first, Mapping) and not first.get("filter"):
                    path = (*module.path, "routes", place)
                    yield (move((*path, "filter"), (*path, "flow", 0, "filter")),)


def _wrap_flows(document: LintDocument) -> Iterator[Patch]:
    """Yields the repair of a handler or a flow that is a module instead of a list of modules."""
    for module in document.modules:
        if isinstance(module.handler, Mapping) and "module" in module.handler:
            yield _wrap((*module.path, "onerror"), module.handler)
        for key in ("routes", "branches"):
            for place, arm in enumerate(as_array(module.node.get(key))):
                flow = as_mapping(arm).get("flow")
                if isinstance(flow, Mapping) and "module" in flow:
                    yield _wrap((*module.path, key, place, "flow"), flow)


def _parse_json_texts(document: LintDocument) -> Iterator[Patch]:
    """Yields the repair of a part of a module that is a text with the JSON that it should be."""
    for module in document.modules:
        for key, kinds in _JSON_PARTS.items():
            value = module.node.get(key)
            if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
                try:
                    held: Json = orjson.loads(value)
                except orjson.JSONDecodeError:
                    continue
                if isinstance(held, kinds):
                    yield (replace((*module.path, key), held),)


def _nest_conditions(document: LintDocument) -> Iterator[Patch]:
    """Yields the repair of conditions that are no list of groups: one group, or one condition."""
    for module in document.modules:
        places: list[tuple[Path, Json]] = [((*module.path, "filter"), module.node.get("filter"))]
        for key in ("filters", "branches"):
            places += [
                ((*module.path, key, place), arm) for place, arm in enumerate(as_array(module.node.get(key)))
            ]
        for path, gate in places:
            conditions = as_mapping(gate).get("conditions")
            if isinstance(conditions, Mapping) and "o" in conditions:
                yield (replace((*path, "conditions"), [[conditions]]),)
            elif (
                isinstance(conditions, list)
                and conditions
                and all(isinstance(each, Mapping) for each in conditions)
            ):
                yield (replace((*path, "conditions"), [conditions]),)


def _wrap(path: Path, value: Json) -> Patch:
    return (replace(path, [value]),)


def _correct_versions(document: LintDocument) -> Iterator[Patch]:
    """Yields the repair of a version that is a text with a whole number."""
    for module in document.modules:
        version = module.node.get("version")
        if isinstance(version, str) and version.isascii() and version.isdigit() and len(version) < 4:
            yield (replace((*module.path, "version"), int(version)),)


_REPAIRS: tuple[Callable[[LintDocument], Iterator[Patch]], ...] = (
    _add_missing_parts,
    _correct_merges,
    _add_else,
    _move_route_filters,
    _wrap_flows,
    _parse_json_texts,
    _nest_conditions,
    _correct_versions,
)


def set_id(document: LintDocument, module: LintModule, free: int) -> Patch:
    """Returns the patch that gives a module without a valid id one: that of its text, the one that others refer to, or a free one."""
    given = module.node.get("id")
    if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) <= _MAX_ID_LENGTH:
        number = int(given)
        if number > 0 and number not in document.modules_by_id:
            free = number
    elif (meant := _find_lost_id(document, module)) is not None:
        free = meant
    return ((replace if "id" in module.node else add)((*module.path, "id"), free),)


def _find_lost_id(document: LintDocument, module: LintModule) -> int | None:
    """Returns the only id that modules refer to and none has, if they all stand behind the only module that lacks its own."""
    if [each for each in document.modules if not _has_own_id(document, each)] != [module]:
        return None
    users: dict[int, list[LintModule]] = {}
    for expression in document.expressions:
        for node in expression.iter_nodes():
            if isinstance(node, (Reference, DynamicReference)) and isinstance(node.root, int):
                users.setdefault(node.root, []).append(expression.module)
    for each in document.modules:
        if is_integer(feeder := each.parameters.get("feeder")):
            users.setdefault(feeder, []).append(each)
    lost = [number for number in users if number not in document.modules_by_id and number > 0]
    if len(lost) != 1:
        return None
    place = document.modules.index(module)
    behind = {id(each) for each in document.modules[place + 1 :]}
    return lost[0] if all(id(each) in behind for each in users[lost[0]]) else None


def _has_own_id(document: LintDocument, module: LintModule) -> bool:
    return module.id is not None and module.id > 0 and document.modules_by_id[module.id] is module


def renumber(document: LintDocument, module: LintModule) -> Patch:
    """Returns the patch that gives a module with a repeated id another one: that which others refer to, or a free one.

    There is none if something behind it may mean it by the repeated id.
    """
    if (meant := _find_lost_id(document, module)) is not None:
        return (replace((*module.path, "id"), meant),)
    place = document.modules.index(module)
    behind = {id(each) for each in document.modules[place + 1 :]}
    for expression in document.expressions:
        if id(expression.module) in behind and any(
            isinstance(node, (Reference, DynamicReference))
            and node.root == module.id
            and _may_mean(document, module, first_step(node))
            for node in expression.iter_nodes()
        ):
            return ()
    if any(each.parameters.get("feeder") == module.id for each in document.modules[place + 1 :]):
        return ()
    ids = [each for each in (other.id for other in document.modules) if is_integer(each)]
    return (replace((*module.path, "id"), max(ids) + 1),)


def _may_mean(document: LintDocument, module: LintModule, field: Json) -> bool:
    """Returns true if a field may be one of a module with a repeated id, and not of the first one that has it."""
    if ":" in module.name and not catalog.has_output(module.name):
        return False
    assert module.id is not None
    first, second = known_outputs(document.modules_by_id[module.id]), known_outputs(module)
    return field not in first or field in second or not second
