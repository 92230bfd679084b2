"""Repairs of the structure of a blueprint: missing parts, wrong types, ids, merges."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ...engine.blueprints.parser import IF_ELSE, MERGE, parse_blueprint
from ...engine.expressions.ast import DynamicReference, Reference
from ...json_patch import Patch, PatchError, Path, add, apply_patch, move, replace
from ...json_types import Json, as_array, as_mapping, as_mappings, is_integer
from ...world.exceptions import DomainError, InvalidParametersError
from ..document import LintDocument, LintModule

_MAX_ID_LENGTH = 9


def correct_structure(document: LintDocument) -> Patch:
    """Returns the first repair after which the parser of blueprints has no complaint, or another one."""
    complaint = _complaint(document.blueprint)
    for repair in _REPAIRS:
        for patch in repair(document):
            try:
                patched = as_mapping(apply_patch(document.blueprint, patch))
            except PatchError:
                continue
            if _complaint(patched) != complaint:
                return patch
    return ()


def _complaint(blueprint: Mapping[str, Json]) -> str:
    try:
        parse_blueprint(blueprint)
    except InvalidParametersError as error:
        return f"{'; '.join(error.issues)} {error.hint}"
    except DomainError as error:
        return f"{error.detail} {error.hint}"
    return ""


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
    _correct_versions,
)


def set_id(document: LintDocument, module: LintModule, free: int) -> Patch:
    """Returns the patch that gives a module without a valid id one: the number that its text has, or a free one."""
    given = module.node.get("id")
    if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) <= _MAX_ID_LENGTH:
        number = int(given)
        if number > 0 and number not in document.modules_by_id:
            free = number
    return ((replace if "id" in module.node else add)((*module.path, "id"), free),)


def renumber(document: LintDocument, module: LintModule) -> Patch:
    """Returns the patch that gives a module with a repeated id a free one, unless something behind it may mean it."""
    place = document.modules.index(module)
    behind = {id(each) for each in document.modules[place + 1 :]}
    for expression in document.expressions:
        if id(expression.module) in behind and any(
            isinstance(node, (Reference, DynamicReference)) and node.root == module.id
            for node in expression.iter_nodes()
        ):
            return ()
    if any(each.parameters.get("feeder") == module.id for each in document.modules[place + 1 :]):
        return ()
    ids = [each for each in (other.id for other in document.modules) if is_integer(each)]
    return (replace((*module.path, "id"), max(ids) + 1),)
