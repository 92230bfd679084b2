"""Rules on the structure of a blueprint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise

from ...engine.blueprints.parser import (
    MAX_DEPTH,
    MAX_NESTING,
    REFUSED_PROPERTIES,
    check_parts,
    is_too_deep,
    parse_blueprint,
    parse_flow,
)
from ...json_patch import Patch
from ...json_types import Json, is_integer
from ...plain_text import find_slip
from ...world.exceptions import DomainError, InvalidParametersError, MalformedBlueprintError
from ..document import LintDocument
from ..finding import RULES, Issue, rule
from ..repairs.structure import correct_structure, renumber, set_id

#: Issues that get a repair, each of which is tried.
_MAX_REPAIRED = 20
#: Stands for an id that is none.
_NO_ID = 999_999_999


@rule("invalid-structure", "error", repair="the missing part, the right type or place")
def check_structure(document: LintDocument) -> Iterator[Issue]:
    """The blueprint lacks a part, or has one of the wrong type or at the wrong place, so that Make rejects it.

    Missing and repeated ids, and modules that do not exist, have rules of their own.
    """
    for number, issue in enumerate(_find_issues(document)):
        yield replace(issue, patch=_find_repair(document, issue)) if number < _MAX_REPAIRED else issue


def _find_repair(document: LintDocument, issue: Issue) -> Patch:
    def is_gone(blueprint: Mapping[str, Json]) -> bool:
        patched = LintDocument(blueprint, document.options)
        return all((each.path, each.message) != (issue.path, issue.message) for each in _find_issues(patched))

    return correct_structure(document, issue.path, is_gone)


def _find_issues(document: LintDocument) -> Iterator[Issue]:
    blueprint = document.blueprint
    try:
        check_parts(blueprint)
    except InvalidParametersError as error:
        refused = [name for name in REFUSED_PROPERTIES if name in blueprint]
        for name in refused:
            yield Issue(
                message=f"A blueprint has no property '{name}' at its top, so Make rejects it.",
                path=(name,),
                suggestion=f"Leave it out: the {name} is no part of the blueprint, but stands beside it.",
            )
        for text in () if refused else error.issues:
            yield Issue(message=f"The blueprint {text.rstrip('.')}." if text.startswith("should") else text)
    if is_too_deep(blueprint, 4 * MAX_NESTING + MAX_DEPTH):
        yield Issue(message="The blueprint is nested too deep.", path=("flow",))
        return
    issues = [*_find_issues_of_modules(document), *_find_issues_of_flows(document)]
    yield from issues
    if not issues:
        yield from _find_other_issues(document)


def _find_issues_of_modules(document: LintDocument) -> Iterator[Issue]:
    """Yields the first issue of each module by itself."""
    for module in document.modules:
        text = _parsing_error([_without_flows(module.node)])
        if text:
            yield Issue(message=text, path=module.path, module_id=module.id)


def _find_issues_of_flows(document: LintDocument) -> Iterator[Issue]:
    """Yields what is no flow, what is no module, and modules that cannot follow each other."""
    for path, flow in document.flows:
        if flow is None or (path == ("flow",) and not isinstance(flow, list)):
            continue
        if not isinstance(flow, list):
            yield Issue(message="A flow is not an array.", path=path)
            continue
        for position, node in enumerate(flow):
            if not isinstance(node, Mapping):
                yield Issue(message="A module is not an object.", path=(*path, position))
        for position, (node, following) in enumerate(pairwise(flow)):
            if not isinstance(node, Mapping) or not isinstance(following, Mapping):
                continue
            if not any(node.get(key) for key in ("routes", "branches")):
                continue
            pair = [_without_flows(node), _without_flows(following, taken=node.get("id"))]
            text = "" if any(_parsing_error([each]) for each in pair) else _parsing_error(pair)
            if text:
                id = following.get("id")
                yield Issue(
                    message=text, path=(*path, position + 1), module_id=id if is_integer(id) else None
                )


def _find_other_issues(document: LintDocument) -> Iterator[Issue]:
    """Yields the first issue of the blueprint as a whole."""
    try:
        parse_blueprint(document.blueprint)
    except MalformedBlueprintError as error:
        if not error.detail.startswith("Module not found") and not _is_about_ids(document):
            yield Issue(message=error.detail, path=("flow",))
    except InvalidParametersError:
        return  # reported before
    except DomainError as error:
        yield Issue(message=error.detail)


def _without_flows(node: Mapping[str, Json], *, taken: Json = None) -> Json:
    """Returns a module with a valid id, which is not the one that is taken, and without the modules within it."""
    id = node.get("id")
    copy = {**node, "id": id if is_integer(id) and id > 0 and id != taken else _NO_ID}
    for key in ("routes", "branches", "tools"):
        arms = node.get(key)
        if isinstance(arms, list):
            copy[key] = [{**arm, "flow": []} if isinstance(arm, Mapping) else arm for arm in arms]
    copy.pop("onerror", None)
    return copy


def _parsing_error(flow: list[Json]) -> str:
    """Returns why a flow is refused, empty if it is not, or because a module does not exist."""
    try:
        parse_flow(flow)
    except MalformedBlueprintError as error:
        text = "" if error.detail.startswith("Module not found") else error.detail
    except InvalidParametersError as error:
        text = error.hint or " ".join(error.issues)
    else:
        return ""
    return text.replace(f"odule {_NO_ID}", "odule without a valid id")


def _is_about_ids(document: LintDocument) -> bool:
    ids = [module.id for module in document.modules]
    return any(id is None or id < 1 for id in ids) or len(set(ids)) < len(ids)


@rule("invalid-module-id", "error", repair="the id that others refer to, or a free one")
def check_ids(document: LintDocument) -> Iterator[Issue]:
    """A module has no id, or one that is not a whole number from 1 on."""
    free = max((module.id or 0 for module in document.modules), default=0) + 1
    for module in document.modules:
        if module.id is None or module.id < 1:
            given = module.node.get("id")
            text = "has no id" if given is None else f"has the id {str(given)[:50]!r}"
            yield Issue(
                message=f"The module {module.name or 'without a name'} {text}; an id is a whole number from 1 on.",
                path=module.path,
                suggestion=f"Give it the id {free}.",
                patch=set_id(document, module, free),
            )
            free += 1


@rule("duplicate-module-id", "error", repair="the id that others refer to, or a free one")
def check_unique_ids(document: LintDocument) -> Iterator[Issue]:
    """Two modules have the same id."""
    for module in document.modules:
        first = document.modules_by_id.get(module.id) if module.id is not None else None
        if first is not None and first is not module:
            yield Issue(
                message=f"The id {module.id} of {module.name} is used by {first.name} already.",
                path=(*module.path, "id"),
                module_id=module.id,
                patch=renumber(document, module),
            )


@rule("empty-scenario", "warning")
def check_flow(document: LintDocument) -> Iterator[Issue]:
    """The scenario has no module, so it cannot be started."""
    if not document.modules and isinstance(document.blueprint.get("flow"), list):
        yield Issue(message="The scenario has no module, so it cannot be started.", path=("flow",))


@rule("unknown-rule", "warning")
def check_notes(document: LintDocument) -> Iterator[Issue]:
    """A note on a module switches off a rule that lint does not have, so nothing is switched off."""
    for id, name in document.unknown_rules:
        module = document.modules_by_id.get(id) if id is not None else None
        meant = find_slip(name, RULES)
        yield Issue(
            message=f"A note on {module.label if module is not None else 'a module'} switches off '{name[:60]}', which is no rule.",
            path=module.path if module is not None else ("metadata", "notes"),
            module_id=id,
            suggestion=f"Did you mean '{meant}'?" if meant else "",
        )
