"""Folders of scenarios, which may lie in one another. Source: the SDK's types and samples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from .exceptions import InvalidParametersError, NotFoundError, ResourceInUseError
from .models import Folder, Json, Team
from .world import World

#: How deep folders may lie in one another; no source names a limit.
MAX_DEPTH = 10


def create(
    world: World, team: Team, *, name: str, parent: Folder | None = None, id: int | None = None
) -> Folder:
    """Make a folder, at the top or in another one.

    Raises:
        NotFound: if the parent belongs to another team.
        Invalid: if it would lie too deep.
    """
    _check_parent(world, team.id, parent)
    id = world.ids.assign("folder", id)
    return world.folders.put(
        Folder(id=id, name=name, team_id=team.id, parent_id=parent.id if parent else None)
    )


def update(
    world: World, folder: Folder, *, parent: Folder | None = None, **changes: str | int | None
) -> Folder:
    """Rename a folder or move it.

    Raises:
        NotFound, Invalid: as `create`; also if it would lie in itself.
    """
    _check_parent(world, folder.team_id, parent)
    if parent is not None and folder.id in {ancestor.id for ancestor in ancestors(world, parent)}:
        raise InvalidParametersError("A folder cannot lie in itself.")
    return world.folders.put(replace(folder, **changes))  # type: ignore[arg-type]


def delete(world: World, folder: Folder) -> int:
    """Delete a folder; its scenarios stay, outside of any folder.

    Raises:
        Blocked: if other folders lie in it.
    """
    if len(world.folders.where(parent=folder.id)):
        raise ResourceInUseError(f"Other folders lie in folder '{folder.id}'.")
    for scenario in list(world.scenarios.where(folder=folder.id)):
        world.scenarios.put(replace(scenario, folder_id=None))
    return world.folders.remove(folder.id).id


def ancestors(world: World, folder: Folder) -> Iterator[Folder]:
    """The folder itself, the one in which it lies, and so on up to the top."""
    while True:
        yield folder
        if folder.parent_id is None:
            return
        folder = world.folders[folder.parent_id]


def path(world: World, folder: Folder) -> str:
    """``ALPHA/cleanup``"""
    return "/".join(reversed([ancestor.name for ancestor in ancestors(world, folder)]))


def scenarios_total(world: World, folder: Folder) -> int:
    """How many scenarios lie in the folder itself."""
    return len(world.scenarios.where(folder=folder.id))


def subtree_total(world: World, folder: Folder) -> int:
    """How many scenarios lie in the folder and in those below it."""
    below = sum(subtree_total(world, child) for child in world.folders.where(parent=folder.id))
    return scenarios_total(world, folder) + below


def tree(world: World, folder: Folder, levels: int) -> dict[str, Json]:
    """A folder as a list shows it, with as many levels of ``children`` as asked for."""
    children = sorted(world.folders.where(parent=folder.id), key=lambda row: (row.name.casefold(), row.id))
    shown: dict[str, Json] = {
        "id": folder.id,
        "name": folder.name,
        "path": path(world, folder),
        "parentId": folder.parent_id,
        "position": None,
        "scenariosTotal": scenarios_total(world, folder),
        "scenariosSubtreeTotal": subtree_total(world, folder),
        "hasChildren": bool(children),
    }
    if children and levels > 0:
        shown["children"] = [tree(world, child, levels - 1) for child in children]
    return shown


def _check_parent(world: World, team_id: int, parent: Folder | None) -> None:
    if parent is None:
        return
    if parent.team_id != team_id:
        raise NotFoundError("folder", parent.id)
    if sum(1 for _ in ancestors(world, parent)) >= MAX_DEPTH:
        raise InvalidParametersError(f"Folders lie at most {MAX_DEPTH} deep in one another.")
