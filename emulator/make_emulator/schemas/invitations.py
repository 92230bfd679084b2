"""Invitations to organizations. Source: the vendor's OpenAPI document."""

from __future__ import annotations

from marshmallow import fields, validate

from ..world import invitations
from ..world.roles import ORGANIZATION_MEMBER
from .base import BodySchema, Derived, Int, ListField, QuerySchema, ResourceId, ResponseSchema, Text
from .organizations import NAME_PATTERN


class InvitationOut(ResponseSchema):
    hash = fields.String()
    invitation = Derived(lambda world, row: invitations.status(world, row), fields.String())
    role_id = fields.Integer(data_key="usersRoleId")
    organization_id = fields.Integer()
    organization_name = Derived(
        lambda world, row: world.organizations[row.organization_id].name, fields.String()
    )
    zone = Derived(lambda world, row: world.organizations[row.organization_id].zone, fields.String())


class InvitingOrganizationOut(ResponseSchema):
    id = fields.Integer()
    name = fields.String()


class InvitationQuery(QuerySchema):
    hash = Text(64, required=True)


class InvitationCreate(BodySchema):
    """Invited user; the document requires a role under a name that it does not describe: without one it is Member."""

    users_role_id = Int(1, load_default=ORGANIZATION_MEMBER)
    email = fields.String(
        required=True,
        validate=[
            validate.Length(max=254, error="Parameter '{{path}}' has a wrong length."),
            validate.Regexp(
                r"[^@\s<>\"]+@[^@\s<>\"]+\Z", error="Parameter '{{path}}' must be an e-mail address."
            ),
        ],
    )
    name = fields.String(required=True, validate=[validate.Length(1, 250), NAME_PATTERN])
    note = Text(1024, minimum=0, allow_none=True)
    team_ids = ListField(ResourceId("team"), data_key="teamsId")


class InvitationAccept(BodySchema):
    hash = Text(64, required=True)
