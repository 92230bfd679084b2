"""Folders of scenarios. Source: the SDK's types and samples."""

from __future__ import annotations

from marshmallow import fields

from .base import Answer, Body, Derived, Query, Ref, Text


class FolderOut(Answer):
    id = fields.Integer()
    name = fields.String()
    scenarios_total = Derived(lambda world, row: len(world.scenarios.where(folder=row.id)), fields.Integer())


class FoldersQuery(Query):
    team_id = Ref("team", required=True)


class FolderCreate(Body):
    name = Text(100, required=True)
    team_id = Ref("team", required=True)


class FolderUpdate(Body):
    name = Text(100, required=True)
