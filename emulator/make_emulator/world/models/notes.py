"""Notes on the modules of scenarios, and build-time variables."""

from __future__ import annotations

from collections.abc import Mapping

from ...lazy_dataclasses import dataclass
from .json_types import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Note on modules of a scenario, or on the filter before one; ``content`` is HTML."""

    id: int
    scenario_id: int
    team_id: int
    module_ids: tuple[int, ...]
    metadata: Mapping[str, Json]
    content: str
    is_filter_note: bool
    created: int
    created_by: int
    updated: int | None = None
    updated_by: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildVariable:
    """Value of an input of a scenario at build time: ``TAC_`` for the whole team, ``PAC_`` for the user who added it."""

    scenario_id: int
    name: str
    value: str
    user_id: int
