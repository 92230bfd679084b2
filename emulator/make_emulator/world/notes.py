"""Notes on the modules of scenarios. Source: the vendor's OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypedDict, Unpack

from . import blueprint_refs
from .exceptions import InvalidParametersError, NotFoundError
from .models import Json, Note, Scenario, User
from .world import World

#: The notes of a scenario. The emulator's own limit.
MAX_NOTES = 1_000


class NoteChanges(TypedDict, total=False):
    """Fields of a note that can be changed."""

    module_ids: tuple[int, ...]
    metadata: Mapping[str, Json]
    content: str
    is_filter_note: bool


def list_notes(world: World, scenario: Scenario) -> list[Note]:
    """The notes of a scenario by their modules, the newest of a module first."""
    return sorted(world.notes.where(scenario=scenario.id), key=lambda note: (note.module_ids, -note.id))


def find_note(scenario: Scenario, note: Note) -> Note:
    """The note, if it is one of the scenario.

    Raises:
        NotFoundError: if it is another one's.
    """
    if note.scenario_id != scenario.id:
        raise NotFoundError("note", note.id)
    return note


def create(world: World, user: User, scenario: Scenario, **fields: Unpack[NoteChanges]) -> Note:
    """Creates a note.

    Raises:
        InvalidParametersError: if the scenario has no such module, or too many notes.
    """
    _check_modules(world, scenario, fields)
    if len(world.notes.where(scenario=scenario.id)) >= MAX_NOTES:
        raise InvalidParametersError(f"A scenario has at most {MAX_NOTES} notes.")
    return world.notes.put(
        Note(
            id=world.ids.next("note"),
            scenario_id=scenario.id,
            team_id=scenario.team_id,
            module_ids=fields.get("module_ids", ()),
            metadata=fields.get("metadata", {}),
            content=fields.get("content", ""),
            is_filter_note=fields.get("is_filter_note", False),
            created=world.now(),
            created_by=user.id,
        )
    )


def update(world: World, user: User, scenario: Scenario, note: Note, **changes: Unpack[NoteChanges]) -> Note:
    """Changes a note: missing fields stay unchanged.

    Raises:
        InvalidParametersError: if the scenario has no such module.
    """
    _check_modules(world, scenario, changes)
    return world.notes.put(replace(note, updated=world.now(), updated_by=user.id, **changes))


def delete(world: World, note: Note) -> int:
    """Deletes a note."""
    return world.notes.remove(note.id).id


def _check_modules(world: World, scenario: Scenario, changes: NoteChanges) -> None:
    flow = world.blueprints[scenario.id, scenario.blueprint_version].blueprint["flow"]
    known = {node.get("id") for node in blueprint_refs.iter_modules(flow)}
    if unknown := [id for id in changes.get("module_ids", ()) if id not in known]:
        raise InvalidParametersError(*(f"The scenario has no module '{id}'." for id in unknown))
