"""Types of the values that rows hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from ...json_types import Json

__all__ = ["FieldSpec", "FieldSpecs", "Headers", "Json"]

FieldSpec: TypeAlias = Mapping[str, Json]
"""Specification of a field, as the API's schema accepted it: ``{"name", "type", "required"?, "default"?, …}``."""

FieldSpecs: TypeAlias = Sequence[FieldSpec]
"""Specification of the fields of a collection."""

Headers: TypeAlias = tuple[tuple[str, str], ...]
"""Headers of HTTP or of a mail: name and value, in their order."""
