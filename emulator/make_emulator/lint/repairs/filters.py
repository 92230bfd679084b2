"""Repairs of the conditions of filters."""

from __future__ import annotations

import re

from ...engine.errors import ExpressionError
from ...engine.expressions.ast import DynamicReference, Reference
from ...engine.expressions.parser import parse_expression
from ...json_patch import Patch, Path, replace
from ...json_types import Json, as_array, as_mapping
from ..document import LintDocument, LintModule

#: A path into the bundle of a module, without braces.
_PATH = re.compile(r"[0-9]{1,9}\.\S.*")


def embrace_references(document: LintDocument, module: LintModule, path: Path, conditions: Json) -> Patch:
    """Returns the patch that puts braces around the left sides of conditions that are paths into bundles, not texts."""
    return tuple(
        replace((*path, group_place, place, "a"), f"{{{{{a}}}}}")
        for group_place, group in enumerate(as_array(conditions))
        for place, condition in enumerate(as_array(group))
        if isinstance(a := as_mapping(condition).get("a"), str) and _is_reference(document, module, a)
    )


def _is_reference(document: LintDocument, module: LintModule, text: str) -> bool:
    if not _PATH.fullmatch(text):
        return False
    try:
        tree = parse_expression(text)
    except ExpressionError:
        return False
    if not isinstance(tree, (Reference, DynamicReference)) or not tree.path or not isinstance(tree.root, int):
        return False
    return tree.root != module.id and tree.root in document.modules_by_id
