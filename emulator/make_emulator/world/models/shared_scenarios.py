"""Shares of scenarios: public pages that show one to others."""

from __future__ import annotations

from ...lazy_dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedScenario:
    """Share of a scenario; ``title_original`` is the title that it was given first."""

    id: str
    #: Its place among the shares of the world.
    index: int
    scenario_id: int
    team_id: int
    author_id: int
    title_original: str
    title: str
    description_short: str | None = None
    description_long: str | None = None
    is_enabled: bool = False
    created: int
    updated: int
