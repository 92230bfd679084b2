"""Scenarios with their blueprints, folders and templates."""

from __future__ import annotations

from collections.abc import Mapping

from ...lazy_dataclasses import dataclass
from .json_types import FieldSpecs, Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """Folder of scenarios; ``parent_id`` is ``None`` at the top level."""

    id: int
    name: str
    team_id: int
    parent_id: int | None = None


#: Types of scenarios: the ordinary one, and a Tool, which has one module and is called by agents.
SCENARIO_TYPES = ("scenario", "tool")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Scenario without its blueprint, which is a `BlueprintVersion`; for ``type`` see `SCENARIO_TYPES`."""

    id: int
    name: str
    type: str = "scenario"
    team_id: int
    folder_id: int | None = None
    description: str = ""
    concept: bool = False
    is_active: bool = False
    is_invalid: bool = False
    is_locked: bool = False
    is_paused: bool = False
    scheduling: Mapping[str, Json]
    blueprint_version: int
    hook_id: int | None = None
    used_packages: tuple[str, ...]
    used_modules: tuple[Mapping[str, str], ...]
    based_on: str | None = None
    created: int
    last_edit: int
    created_by: int
    updated_by: int | None
    next_exec: int | None = None
    errors_in_a_row: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BlueprintVersion:
    """Version of a scenario's blueprint, with the inputs and outputs of the scenario."""

    scenario_id: int
    version: int
    created: int
    draft: bool = False
    blueprint: Mapping[str, Json]
    id_sequence: int
    input_spec: FieldSpecs = ()
    output_spec: FieldSpecs = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """Template of a team; ``published_id`` and ``approved_id`` name its public versions."""

    id: int
    name: str
    team_id: int
    description: str | None
    language: str
    used_apps: tuple[str, ...]
    blueprint: Mapping[str, Json]
    scheduling: Mapping[str, Json]
    controller: Mapping[str, Json]
    created: int
    published_id: int | None = None
    approved_id: int | None = None
    requested_approval: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicTemplate:
    """Published version of a template, visible to all users once it is approved."""

    id: int
    template_id: int | None
    name: str
    description: str | None
    language: str
    used_apps: tuple[str, ...]
    blueprint: Mapping[str, Json]
    scheduling: Mapping[str, Json]
    controller: Mapping[str, Json]
    published: int
    approved: int | None = None
    usage: int = 0
