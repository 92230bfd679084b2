"""Folders of scenarios, which may be nested. Source: the SDK's types and samples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from .exceptions import InvalidParametersError, NotFoundError, ResourceInUseError
from .models import Folder, Team
from .world import World

#: The depth to which folders may be nested; no source names a limit.
MAX_DEPTH = 10


def create(
    world: World, team: Team, *, name: str, parent: Folder | None = None, id: int | None = None
) -> Folder:
    """Creates a folder, at the top level or in another one.

    Raises:
        NotFoundError: if the parent belongs to another team.
        InvalidParametersError: if it would be nested too deep.
    """
    _check_parent(world, team.id, parent)
    id = world.ids.assign("folder", id)
    return world.folders.put(
        Folder(id=id, name=name, team_id=team.id, parent_id=parent.id if parent else None)
    )


def update(
    world: World, folder: Folder, *, parent: Folder | None = None, **changes: str | int | None
) -> Folder:
    """Renames a folder or moves it.

    Raises:
        NotFoundError, InvalidParametersError: as `create`; also if it would be its own ancestor.
    """
    _check_parent(world, folder.team_id, parent)
    if parent is not None and folder.id in {ancestor.id for ancestor in ancestors(world, parent)}:
        raise InvalidParametersError("A folder cannot lie in itself.")
    return world.folders.put(replace(folder, **changes))  # type: ignore[arg-type]


def delete(world: World, folder: Folder) -> int:
    """Deletes a folder; its scenarios stay, in no folder.

    Raises:
        ResourceInUseError: if it contains other folders.
    """
    if len(world.folders.where(parent=folder.id)):
        raise ResourceInUseError(f"Other folders lie in folder '{folder.id}'.")
    for scenario in list(world.scenarios.where(folder=folder.id)):
        world.scenarios.put(replace(scenario, folder_id=None))
    return world.folders.remove(folder.id).id


def ancestors(world: World, folder: Folder) -> Iterator[Folder]:
    """The folder itself, its parent, and so on up to the top level."""
    while True:
        yield folder
        if folder.parent_id is None:
            return
        folder = world.folders[folder.parent_id]


def path(world: World, folder: Folder) -> str:
    """The names from the top level to the folder, e.g. ``ALPHA/cleanup``."""
    return "/".join(reversed([ancestor.name for ancestor in ancestors(world, folder)]))


def scenarios_total(world: World, folder: Folder) -> int:
    """The number of scenarios in the folder itself."""
    return len(world.scenarios.where(folder=folder.id))


def subtree_total(world: World, folder: Folder) -> int:
    """The number of scenarios in the folder and in its descendants."""
    below = sum(subtree_total(world, child) for child in world.folders.where(parent=folder.id))
    return scenarios_total(world, folder) + below


def children(world: World, folder: Folder) -> list[Folder]:
    """The folders in a folder, by name."""
    return sorted(world.folders.where(parent=folder.id), key=lambda row: (row.name.casefold(), row.id))


def _check_parent(world: World, team_id: int, parent: Folder | None) -> None:
    if parent is None:
        return
    if parent.team_id != team_id:
        raise NotFoundError("folder", parent.id)
    if sum(1 for _ in ancestors(world, parent)) >= MAX_DEPTH:
        raise InvalidParametersError(f"Folders lie at most {MAX_DEPTH} deep in one another.")
