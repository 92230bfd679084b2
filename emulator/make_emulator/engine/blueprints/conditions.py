"""Conditions of filters and branches: a disjunction of groups, each a conjunction of conditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Generic, TypeAlias, TypeVar, overload

from ...lazy_dataclasses import dataclass
from ...world.exceptions import MalformedBlueprintError
from ...world.models import Json
from ..expressions.values import Value

Operand = TypeVar("Operand", bound=Value, covariant=True)


@dataclass(frozen=True, slots=True)
class Condition(Generic[Operand]):
    """One comparison, whose ``operator`` is e.g. ``text:equal:ci``.

    Its operands are mapped values of a blueprint in a filter, and evaluated values in a search.
    """

    a: Operand | None
    operator: str
    b: Operand | None = None


ConditionGroups: TypeAlias = tuple[tuple[Condition[Operand], ...], ...]
"""Groups of conditions, of which all of one group must hold."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Filter of a module, which a bundle passes if all conditions of any group hold."""

    name: str
    groups: ConditionGroups[Json]


def parse_filter(value: Json, id: int) -> Filter | None:
    """Parses the filter of a module, if it has one."""
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise MalformedBlueprintError(f"The filter of module {id} is not an object.")
    name = value.get("name")
    return Filter(
        name if isinstance(name, str) else "", parse_conditions(value.get("conditions"), f"module {id}")
    )


def parse_filters(values: Json, id: int) -> tuple[Filter | None, ...]:
    """Parses the filters of a merge, one for each branch."""
    if values is None:
        return ()
    if not isinstance(values, list):
        raise MalformedBlueprintError(f"'filters' of module {id} is not an array.")
    return tuple(parse_filter(value, id) for value in values)


@overload
def parse_conditions(value: Json, owner: str) -> ConditionGroups[Json]: ...


@overload
def parse_conditions(value: Value, owner: str) -> ConditionGroups[Value]: ...


def parse_conditions(value: Value, owner: str) -> ConditionGroups[Value]:
    """Parses groups of conditions; the default operator is ``exist``.

    Raises:
        MalformedBlueprintError: if they are not arrays of arrays of objects.
    """
    if value is None:
        return ()
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise MalformedBlueprintError(f"The conditions of {owner} are not an array.")
    groups: list[tuple[Condition[Value], ...]] = []
    for group in value:
        if not isinstance(group, Sequence) or isinstance(group, str):
            raise MalformedBlueprintError(f"The conditions of {owner} are not arrays of arrays.")
        groups.append(tuple(_parse_condition(part, owner) for part in group))
    return tuple(groups)


def _parse_condition(value: Value, owner: str) -> Condition[Value]:
    operator = value.get("o", "") if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping) or not isinstance(operator, str):
        raise MalformedBlueprintError(f"A condition of {owner} is not an object with an operator.")
    return Condition(value.get("a"), operator or "exist", value.get("b"))
