"""Rules on the structure of a blueprint."""

from __future__ import annotations

from collections.abc import Iterator

from ...engine.blueprints.parser import parse_blueprint
from ...world.exceptions import DomainError, InvalidParametersError, MalformedBlueprintError
from ..document import LintDocument
from ..finding import Issue, rule
from ..repairs.structure import correct_structure, renumber, set_id


@rule("invalid-structure", "error")
def check_structure(document: LintDocument) -> Iterator[Issue]:
    """The blueprint lacks a part, or has one of the wrong type, so that Make rejects it.

    Missing and repeated ids, and modules that do not exist, have rules of their own.
    """
    try:
        parse_blueprint(document.blueprint)
    except MalformedBlueprintError as error:
        if not error.detail.startswith("Module not found") and not _is_about_ids(document):
            yield Issue(message=error.detail, path=("flow",), patch=correct_structure(document))
    except InvalidParametersError as error:
        patch = correct_structure(document)
        for text in error.issues:
            message = f"The blueprint {text.rstrip('.')}." if text.startswith("should") else text
            yield Issue(message=message, patch=patch)
    except DomainError as error:
        yield Issue(message=error.detail)


def _is_about_ids(document: LintDocument) -> bool:
    ids = [module.id for module in document.modules]
    return any(id is None or id < 1 for id in ids) or len(set(ids)) < len(ids)


@rule("invalid-module-id", "error")
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


@rule("duplicate-module-id", "error")
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
