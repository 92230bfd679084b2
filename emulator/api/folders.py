"""Folders of scenarios. Source: API documentation, "Scenarios folders"; the SDK's types."""

from __future__ import annotations

from dataclasses import replace

from ..endpoint import Call, Group, many, one, value
from ..engine import lifecycle
from ..schemas.folders import FolderCreate, FolderOut, FoldersQuery, FolderUpdate
from ..world.models import Folder, Team
from .ordering import by_name

group = Group("scenario folders")


@group.get(
    "/scenarios-folders",
    scopes=["scenarios:read"],
    query=FoldersQuery,
    answer=many("scenariosFolders", FolderOut),
    cols=True,
)
def list_folders(call: Call, team: Team) -> list[Folder]:
    """List the folders of a team by name."""
    return call.world.folders.where(team=team.id).page(by_name)


@group.post(
    "/scenarios-folders",
    scopes=["scenarios:write"],
    body=FolderCreate,
    answer=one("scenarioFolder", FolderOut),
    cols=True,
)
def create_folder(call: Call, team: Team) -> Folder:
    """Create a folder."""
    return call.world.folders.put(
        Folder(id=call.world.ids.next("folder"), name=call.body["name"], team_id=team.id)
    )


@group.patch(
    "/scenarios-folders/{folderId}",
    scopes=["scenarios:write"],
    body=FolderUpdate,
    answer=one("scenarioFolder", FolderOut),
    cols=True,
)
def update_folder(call: Call, folder: Folder) -> Folder:
    """Rename a folder."""
    return call.world.folders.put(replace(folder, name=call.body["name"]))


@group.delete("/scenarios-folders/{folderId}", scopes=["scenarios:write"], answer=value("scenarioFolder"))
def delete_folder(call: Call, folder: Folder) -> int:
    """Delete a folder; its scenarios stay, outside of any folder."""
    return lifecycle.delete_folder(call.world, folder)
