"""Types of the values in rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Json = Any
"""Any JSON value; immutable once it is part of a row."""

FieldSpecs = Sequence[Mapping[str, Json]]
"""A specification of fields: ``[{"name", "type", "required"?, "default"?, …}]``."""

Headers = tuple[tuple[str, str], ...]
"""Headers of HTTP or of a mail: name and value, in their order."""
