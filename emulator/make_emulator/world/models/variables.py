"""Variables of organizations and teams, and their history."""

from __future__ import annotations

from collections.abc import Mapping

from ...lazy_dataclasses import dataclass
from .json_types import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """Value that every scenario of an organization or a team can read.

    Args:
        owner: ``organization`` or ``team``.
        type_id: see `make_emulator.world.variables.TYPE_NAMES`.
        is_system: true for a variable of Make's own, which is no row of a table.
    """

    owner: str
    owner_id: int
    name: str
    type_id: int
    value: Json
    is_system: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableChange:
    """Creation or change of a variable; ``before`` is ``None`` for the creation."""

    id: int
    owner: str
    owner_id: int
    name: str
    before: Mapping[str, Json] | None
    after: Mapping[str, Json]
    changed: int
    author_id: int
