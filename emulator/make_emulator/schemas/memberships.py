"""Roles of users in organizations and teams. Source: the vendor's OpenAPI document."""

from __future__ import annotations

from marshmallow import fields

from ..world.memberships import OrganizationRole, joined_teams
from ..world.world import World
from .base import BodySchema, Bool, Constant, Derived, Int, QuerySchema, ResourceId, ResponseSchema


def _teams_count(world: World, row: OrganizationRole) -> int:
    return len(world.teams.where(organization=row.organization_id))


class OrganizationRoleOut(ResponseSchema):
    user_id = fields.Integer()
    organization_id = fields.Integer()
    role_id = fields.Integer(data_key="usersRoleId", allow_none=True)
    invitation = fields.String(allow_none=True)
    organization_teams_count = Derived(_teams_count, fields.Integer(), metadata={"extra": True})
    joined_teams_count = Derived(
        lambda world, row: sum(1 for _ in joined_teams(world, row)),
        fields.Integer(),
        metadata={"extra": True},
    )


class TeamRoleOut(ResponseSchema):
    role_id = fields.Integer(data_key="usersRoleId", allow_none=True)
    user_id = fields.Integer()
    team_id = fields.Integer()
    changeable = fields.Boolean()
    sso_pending = Constant(False, fields.Boolean(), metadata={"extra": True})


class RoleChange(BodySchema):
    """New role; an empty body removes the user."""

    users_role_id = Int(1)


class OrganizationRoleQuery(QuerySchema):
    confirmed = Bool(load_default=False)
    delete_connections = Bool(load_default=False)


class OwnershipTransfer(BodySchema):
    user_id = ResourceId("user", required=True)
