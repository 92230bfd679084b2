"""Folders of scenarios. Source: API documentation, "Scenarios folders"; the SDK's types."""

from __future__ import annotations

from ..http.endpoint import ApiCall, EndpointGroup
from ..http.envelope import many, one, value
from ..schemas.folders import (
    FolderCreate,
    FolderListItem,
    FolderNode,
    FolderOut,
    FoldersQuery,
    FolderUpdate,
)
from ..world import folders
from ..world.exceptions import NotFoundError
from ..world.models import Folder, Team
from .ordering import by_name

group = EndpointGroup("scenario folders")


@group.get(
    "/scenarios-folders",
    scopes=["scenarios:read"],
    permission="scenarios get",
    query=FoldersQuery,
    response=many("scenariosFolders", FolderListItem),
    cols=True,
)
def list_folders(call: ApiCall, team: Team, parent: Folder | None = None) -> list[FolderNode]:
    """List the folders at the top, or in another one, by name; with one level of children, or all."""
    if parent is not None and parent.team_id != team.id:
        raise NotFoundError("folder", parent.id)
    levels = folders.MAX_DEPTH if call.query.get("children_depth") == "all" else 1
    parent_id = parent.id if parent else None
    rows = call.world.folders.where(team=team.id).filter(lambda row: row.parent_id == parent_id)
    return [FolderNode(row, levels, call.parameters.columns) for row in rows.page(by_name)]


@group.post(
    "/scenarios-folders",
    scopes=["scenarios:write"],
    permission="scenario edit",
    body=FolderCreate,
    response=one("scenarioFolder", FolderOut),
    cols=True,
)
def create_folder(call: ApiCall, team: Team, parent: Folder | None = None) -> Folder:
    """Create a folder."""
    return folders.create(call.world, team, name=call.body["name"], parent=parent)


@group.patch(
    "/scenarios-folders/{folderId}",
    scopes=["scenarios:write"],
    permission="scenario edit",
    body=FolderUpdate,
    response=one("scenarioFolder", FolderOut),
    cols=True,
)
def update_folder(call: ApiCall, folder: Folder, parent: Folder | None = None) -> Folder:
    """Rename a folder, or move it."""
    return folders.update(call.world, folder, parent=parent, **call.body)


@group.delete(
    "/scenarios-folders/{folderId}",
    scopes=["scenarios:write"],
    permission="scenario edit",
    response=value("scenarioFolder"),
)
def delete_folder(call: ApiCall, folder: Folder) -> int:
    """Delete a folder; its scenarios stay, outside of any folder."""
    return folders.delete(call.world, folder)
