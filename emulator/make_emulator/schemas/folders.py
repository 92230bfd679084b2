"""Folders of scenarios. Source: the SDK's types and samples."""

from __future__ import annotations

from marshmallow import fields

from ..json_types import Json
from ..lazy_dataclasses import dataclass
from ..world import folders
from ..world.models import Folder
from ..world.world import World
from .base import BodySchema, Choice, Constant, Derived, QuerySchema, ResourceId, ResponseSchema, Text
from .serialize import serialize_rows


class FolderOut(ResponseSchema):
    """One folder."""

    id = fields.Integer()
    name = fields.String()
    path = Derived(folders.path, fields.String())
    parent_id = fields.Integer(allow_none=True)
    position = Constant(None, fields.Integer(allow_none=True))
    scenarios_total = Derived(folders.scenarios_total, fields.Integer())
    scenarios_subtree_total = Derived(folders.subtree_total, fields.Integer())
    has_children = Derived(lambda world, row: len(world.folders.where(parent=row.id)) > 0, fields.Boolean())
    team_id = fields.Integer(metadata={"extra": True})


@dataclass(frozen=True, slots=True)
class FolderNode:
    """Folder of a list: the levels of children to show, and the columns of each; ``None`` for the default ones."""

    folder: Folder
    levels: int
    columns: tuple[str, ...] | None


def _children(world: World, row: FolderNode) -> list[Json] | None:
    """Folders in a folder by name; nothing where there are none, unless the column was requested."""
    if row.levels == 0:
        return None
    nodes = [FolderNode(child, row.levels - 1, row.columns) for child in folders.children(world, row.folder)]
    if not nodes and row.columns is None:
        return None
    return list(serialize_rows(world, FolderListItem, row.columns, nodes))


class FolderListItem(ResponseSchema):
    """Folder of a list; `cols[]` selects the columns of its children, too."""

    omit_none = ("children",)

    id = fields.Integer(attribute="folder.id")
    name = fields.String(attribute="folder.name")
    path = Derived(lambda world, row: folders.path(world, row.folder), fields.String())
    parent_id = fields.Integer(attribute="folder.parent_id", allow_none=True)
    position = Constant(None, fields.Integer(allow_none=True))
    scenarios_total = Derived(lambda world, row: folders.scenarios_total(world, row.folder), fields.Integer())
    scenarios_subtree_total = Derived(
        lambda world, row: folders.subtree_total(world, row.folder), fields.Integer()
    )
    has_children = Derived(
        lambda world, row: len(world.folders.where(parent=row.folder.id)) > 0, fields.Boolean()
    )
    children = Derived(_children, fields.List(fields.Dict()))
    team_id = fields.Integer(attribute="folder.team_id", metadata={"extra": True})


class FoldersQuery(QuerySchema):
    team_id = ResourceId("team", required=True)
    parent_id = ResourceId("folder")
    children_depth = Choice("all")


class FolderCreate(BodySchema):
    name = Text(100, required=True)
    team_id = ResourceId("team", required=True)
    parent_id = ResourceId("folder", allow_none=True)


class FolderUpdate(BodySchema):
    name = Text(100)
    parent_id = ResourceId("folder", allow_none=True)
