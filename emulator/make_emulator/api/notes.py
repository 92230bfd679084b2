"""Notes on the modules of scenarios. Source: the vendor's OpenAPI document."""

from __future__ import annotations

from ..http.endpoint import ApiCall, EndpointGroup
from ..http.envelope import many, one, value
from ..schemas.notes import NoteBody, NoteOut, NotesQuery
from ..world import notes
from ..world.exceptions import NotFoundError
from ..world.models import Note, Organization, Scenario, Team
from ..world.notes import NoteChanges

group = EndpointGroup("scenario notes")


def _check_owner(scenario: Scenario, team: Team, organization: Organization | None) -> None:
    """Raises NotFoundError unless a scenario is the team's, and the team the organization's."""
    owner_id = team.organization_id if organization is None else organization.id
    if scenario.team_id != team.id or team.organization_id != owner_id:
        raise NotFoundError("scenario", scenario.id)


@group.get(
    "/scenarios/{scenarioId}/notes",
    scopes=["scenarios:read"],
    permission="scenario view",
    query=NotesQuery,
    response=many("notes", NoteOut),
)
def list_notes(
    call: ApiCall, scenario: Scenario, team: Team, organization: Organization | None = None
) -> list[Note]:
    """List the notes of a scenario by their modules, the newest first."""
    _check_owner(scenario, team, organization)
    return notes.list_notes(call.world, scenario)


@group.post(
    "/scenarios/{scenarioId}/notes",
    scopes=["scenarios:write"],
    permission="scenario edit",
    body=NoteBody,
    response=one("note", NoteOut),
)
def create_note(call: ApiCall, scenario: Scenario) -> Note:
    """Create a note on modules of a scenario."""
    return notes.create(call.world, call.user, scenario, **_changes(call))


@group.get(
    "/scenarios/{scenarioId}/notes/{noteId}",
    scopes=["scenarios:read"],
    permission="scenario view",
    query=NotesQuery,
    response=one("note", NoteOut),
)
def get_note(
    call: ApiCall, scenario: Scenario, note: Note, team: Team, organization: Organization | None = None
) -> Note:
    """Get a note."""
    _check_owner(scenario, team, organization)
    return notes.find_note(scenario, note)


@group.patch(
    "/scenarios/{scenarioId}/notes/{noteId}",
    scopes=["scenarios:write"],
    permission="scenario edit",
    query=NotesQuery,
    body=NoteBody,
    response=one("note", NoteOut),
)
def update_note(
    call: ApiCall, scenario: Scenario, note: Note, team: Team, organization: Organization | None = None
) -> Note:
    """Change a note: missing fields stay unchanged."""
    _check_owner(scenario, team, organization)
    return notes.update(call.world, call.user, scenario, notes.find_note(scenario, note), **_changes(call))


def _changes(call: ApiCall) -> NoteChanges:
    changes: NoteChanges = {**call.body}  # type: ignore[typeddict-item]
    if "module_ids" in call.body:
        changes["module_ids"] = tuple(call.body["module_ids"])
    return changes


@group.delete(
    "/scenarios/{scenarioId}/notes/{noteId}",
    scopes=["scenarios:write"],
    permission="scenario edit",
    query=NotesQuery,
    response=value("id"),
)
def delete_note(
    call: ApiCall, scenario: Scenario, note: Note, team: Team, organization: Organization | None = None
) -> int:
    """Delete a note."""
    _check_owner(scenario, team, organization)
    return notes.delete(call.world, notes.find_note(scenario, note))
