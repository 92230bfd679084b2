"""Constraints declared by specifications of fields, as in ``metadata.interface`` and the inputs of a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from ...world.models import Json
from ..expressions.constraint import MAX_CHOICES, MAX_CONSTRAINT_DEPTH, Constraint

#: Types of fields that restrict the value; a text, for example, does not.
_INFORMATIVE_TYPES = frozenset(
    (
        "array",
        "boolean",
        "buffer",
        "collection",
        "date",
        "email",
        "filename",
        "integer",
        "number",
        "port",
        "time",
        "timestamp",
        "uinteger",
        "url",
        "uuid",
    )
)


def collection_constraint(fields: Json, depth: int = 0) -> Constraint:
    """Returns the constraint that a specification of fields puts on a collection."""
    constraint = Constraint(kind="collection")
    for spec in fields if isinstance(fields, (list, tuple)) and depth < MAX_CONSTRAINT_DEPTH else ():
        if isinstance(spec, Mapping) and isinstance(spec.get("name"), str):
            constraint.fields.setdefault(spec["name"], field_constraint(spec, depth + 1))
    return constraint


def field_constraint(spec: Mapping[str, Json], depth: int = 0) -> Constraint:
    """Returns the constraint that the specification of one field puts on its value."""
    kind, name = spec.get("type"), spec.get("name")
    constraint = Constraint(name=name if isinstance(name, str) else None)
    if isinstance(kind, str) and kind in _INFORMATIVE_TYPES:
        constraint.kind = kind
    inner = spec.get("spec")
    if kind == "collection":
        constraint.merge(collection_constraint(inner, depth))
    elif kind == "array" and isinstance(inner, Mapping) and depth < MAX_CONSTRAINT_DEPTH:
        constraint.item = field_constraint(inner, depth + 1)
    elif kind == "array" and isinstance(inner, list) and inner:
        constraint.item = collection_constraint(inner, depth)
    elif kind == "select":
        choices = (choice for choice in select_options(spec) if isinstance(choice, (str, int, float)))
        constraint.choices = list(islice(choices, MAX_CHOICES))
    return constraint


def select_options(spec: Mapping[str, Json]) -> list[Json]:
    """Returns the options of a field of type ``select``: ``validate.enum``, else ``options`` (exported blueprints have either)."""
    validate = spec.get("validate")
    enum = validate.get("enum") if isinstance(validate, Mapping) else None
    choices = enum if isinstance(enum, list) else spec.get("options")
    if not isinstance(choices, (list, tuple)):
        return []
    return [choice.get("value") if isinstance(choice, Mapping) else choice for choice in choices]
