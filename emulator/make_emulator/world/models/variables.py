"""Variables of organizations and teams, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .json_types import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A value that every scenario of an organization or a team can see.

    Args:
        owner: ``organization`` or ``team``.
        type_id: see `make_emulator.world.variables.TYPE_NAMES`.
        is_system: whether Make itself keeps it; such a variable is no row of a table.
    """

    owner: str
    owner_id: int
    name: str
    type_id: int
    value: Json
    is_system: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableChange:
    """That somebody made or changed a variable: what it was before, unless it was made, and what it was then."""

    id: int
    owner: str
    owner_id: int
    name: str
    before: Mapping[str, Json] | None
    after: Mapping[str, Json]
    changed: int
    author_id: int
