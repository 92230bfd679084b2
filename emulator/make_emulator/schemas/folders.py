"""Folders of scenarios. Source: the SDK's types and samples."""

from __future__ import annotations

from marshmallow import fields

from ..world import folders
from .base import BodySchema, Choice, Constant, Derived, QuerySchema, ResourceId, ResponseSchema, Text


class FolderOut(ResponseSchema):
    """One folder. In a list, ``children`` follow where there are some: see `make_emulator.world.folders.tree`."""

    id = fields.Integer()
    name = fields.String()
    path = Derived(folders.path, fields.String())
    parent_id = fields.Integer(allow_none=True)
    position = Constant(None, fields.Integer(allow_none=True))
    scenarios_total = Derived(folders.scenarios_total, fields.Integer())
    scenarios_subtree_total = Derived(folders.subtree_total, fields.Integer())
    has_children = Derived(lambda world, row: len(world.folders.where(parent=row.id)) > 0, fields.Boolean())
    team_id = fields.Integer(metadata={"extra": True})


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
