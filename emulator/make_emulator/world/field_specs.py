"""Specification of fields: accessors that narrow what the API's schema, or a parser of blueprints, checked."""

from __future__ import annotations

from ..json_types import as_mappings
from .models import FieldSpec, FieldSpecs


def field_name(field: FieldSpec) -> str:
    """Returns the name of a field."""
    return str(field["name"])


def field_type(field: FieldSpec) -> str:
    """Returns the type of a field, by default ``any``."""
    return str(field.get("type", "any"))


def inner_fields(field: FieldSpec) -> FieldSpecs | None:
    """Returns the fields of a collection, or of the collections in an array; ``None`` unless they are specified."""
    spec = field.get("spec")
    return as_mappings(spec) if isinstance(spec, (list, tuple)) else None
