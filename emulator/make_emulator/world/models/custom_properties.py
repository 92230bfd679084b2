"""Custom properties of scenarios: the structure of an organization, its items, and the values of a scenario."""

from __future__ import annotations

from collections.abc import Mapping

from ...lazy_dataclasses import dataclass
from .json_types import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomPropertyStructure:
    """Structure of the custom properties of an organization's scenarios."""

    id: int
    organization_id: int
    created: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomPropertyItem:
    """Custom property; ``options`` are the values of a dropdown or a multiselect, ``None`` of other types."""

    id: int
    structure_id: int
    organization_id: int
    name: str
    label: str
    description: str | None = None
    type: str
    options: tuple[str, ...] | None = None
    required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomProperties:
    """Values of the custom properties of a scenario, by their names."""

    scenario_id: int
    values: Mapping[str, Json]
