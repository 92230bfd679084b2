"""Rules on the conditions of filters and branches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...engine.budget import Budget
from ...engine.errors import ModuleError
from ...engine.expressions.context import Environment
from ...engine.filters import OPERATORS, condition_holds, similar_operator
from ...json_patch import Path, replace
from ...json_types import Json, as_array, as_mapping, as_mappings
from ..document import LintDocument, LintModule
from ..finding import Issue, rule
from ..repairs.filters import embrace_references

#: Operators by which a value equals one constant.
_EQUALITIES = frozenset({"text:equal", "number:equal", "boolean:equal", "date:equal"})


@rule("unknown-operator", "error", repair="its real name")
def check_operators(document: LintDocument) -> Iterator[Issue]:
    """A condition has an operator that Make does not have, so it never holds."""
    for module, path, conditions in _conditions(document):
        for group_place, group in enumerate(as_array(conditions)):
            for place, condition in enumerate(as_mappings(group)):
                operator = condition.get("o", "")
                if isinstance(operator, str) and operator and operator not in OPERATORS:
                    meant = similar_operator(operator)
                    here = (*path, group_place, place, "o")
                    yield Issue(
                        message=f"Make has no operator '{operator[:60]}', so the condition never holds.",
                        path=here,
                        module_id=module.id,
                        suggestion=f"Did you mean '{meant}'?" if meant else "",
                        patch=(replace(here, meant),) if meant else (),
                    )


@rule("never-true", "warning", repair="braces around a path")
def check_constant_conditions(document: LintDocument) -> Iterator[Issue]:
    """A filter or branch can never be passed, so the modules behind it never run."""
    for module, path, conditions in _conditions(document):
        groups = [as_mappings(group) for group in as_array(conditions)]
        if groups and all(_reason(group) for group in groups):
            yield Issue(
                message=f"The conditions never hold: {_reason(groups[0])}.",
                path=path,
                module_id=module.id,
                patch=embrace_references(document, module, path, conditions),
            )


def _reason(group: list[Mapping[str, Json]] | tuple[Mapping[str, Json], ...] | object) -> str:
    """Returns why a group of conditions never holds, empty if it may."""
    constants: dict[tuple[str, str], str] = {}
    for condition in as_mappings(group):  # type: ignore[arg-type]
        a, b, operator = condition.get("a"), condition.get("b"), condition.get("o") or "exist"
        if not isinstance(operator, str) or operator not in OPERATORS:
            continue
        if _is_constant(a) and (_is_constant(b) or "exist" in operator):
            try:
                if not condition_holds(operator, a, b, Environment(Budget())):
                    return f"{a!r} {operator} {b!r} is false"
            except ModuleError:
                continue
        if operator in _EQUALITIES and isinstance(a, str) and isinstance(b, str) and _is_constant(b):
            other = constants.setdefault((a, operator), b)
            if other != b:
                return f"{a} cannot equal both {other!r} and {b!r}"
    return ""


def _is_constant(value: Json) -> bool:
    return (
        value is None
        or isinstance(value, (bool, int, float))
        or (isinstance(value, str) and "{{" not in value)
    )


def _conditions(document: LintDocument) -> Iterator[tuple[LintModule, Path, Json]]:
    """Yields the conditions of every filter and branch with their place."""
    for module in document.modules:
        if not module.is_first:
            conditions = as_mapping(module.node.get("filter")).get("conditions")
            yield module, (*module.path, "filter", "conditions"), conditions
        for place, gate in enumerate(as_array(module.node.get("filters"))):
            yield module, (*module.path, "filters", place, "conditions"), as_mapping(gate).get("conditions")
        for place, branch in enumerate(as_mappings(module.node.get("branches"))):
            yield module, (*module.path, "branches", place, "conditions"), branch.get("conditions")
