"""Teams, as recorded in July 2026; the extra columns of ``cols[]`` are documented."""

from __future__ import annotations

from marshmallow import fields

from ..world.consumption import get_consumption
from ..world.models import Team
from ..world.world import World
from .base import BodySchema, Bool, Constant, Derived, Int, QuerySchema, ResourceId, ResponseSchema, Text

_nullable_integer = fields.Integer(allow_none=True)
_nullable_string = fields.String(allow_none=True)


def _transfer_limit(world: World, team: Team) -> str | None:
    return None if team.transfer_limit is None else str(team.transfer_limit)


class TeamOut(ResponseSchema):
    id = fields.Integer()
    name = fields.String()
    organization_id = fields.Integer()
    global_agents_enabled = Constant(False, fields.Boolean())
    active_scenarios = Derived(
        lambda world, row: sum(s.is_active for s in world.scenarios.where(team=row.id)),
        fields.Integer(),
        metadata={"extra": True},
    )
    active_apps = Constant(0, fields.Integer(), metadata={"extra": True})
    operations = Derived(
        lambda world, row: str(get_consumption(world, row).operations),
        fields.String(),
        metadata={"extra": True},
    )
    transfer = Derived(
        lambda world, row: str(get_consumption(world, row).transfer),
        fields.String(),
        metadata={"extra": True},
    )
    centicredits = Derived(
        lambda world, row: str(get_consumption(world, row).centicredits),
        fields.String(),
        metadata={"extra": True},
    )
    operations_limit = fields.Integer(allow_none=True, metadata={"extra": True})
    transfer_limit = Derived(_transfer_limit, _nullable_string, metadata={"extra": True})
    consumed_operations = Derived(
        lambda world, row: get_consumption(world, row).operations, fields.Integer(), metadata={"extra": True}
    )
    consumed_transfer = Derived(
        lambda world, row: str(get_consumption(world, row).transfer),
        fields.String(),
        metadata={"extra": True},
    )
    consumed_centicredits = Derived(
        lambda world, row: get_consumption(world, row).centicredits,
        fields.Integer(),
        metadata={"extra": True},
    )
    is_paused = fields.Boolean(metadata={"extra": True})
    type = Derived(
        lambda world, row: "standard" if row.owner_id is None else "personal",
        fields.String(),
        metadata={"extra": True},
    )


class TeamCreated(ResponseSchema):
    id = fields.Integer()
    name = fields.String()
    organization_id = fields.Integer()
    operations_limit = fields.Integer(allow_none=True)
    transfer_limit = Derived(_transfer_limit, _nullable_string)
    consumed_operations = Constant(0, fields.Integer())
    consumed_transfer = Constant("0", fields.String())
    is_paused = fields.Boolean()
    global_agents_enabled = Constant(False, fields.Boolean())


class UserTeamRoleOut(ResponseSchema):
    role_id = fields.Integer(data_key="usersRoleId")
    user_id = fields.Integer()
    team_id = fields.Integer()
    changeable = fields.Boolean()
    sso_pending = Constant(False, fields.Boolean())


class TeamsQuery(QuerySchema):
    organization_id = ResourceId("organization", required=True)
    include_private_spaces = Bool(load_default=False)


class TeamCreate(BodySchema):
    name = Text(128, required=True)
    organization_id = ResourceId("organization", required=True)
    operations_limit = Int(1)
    transfer_limit = Int(1)


class TeamUpdate(BodySchema):
    """Changes. ``scenarioDrafts`` is documented as ignored on the public cloud."""

    name = Text(128)
    operations_limit = Int(1)
    scenario_drafts = Bool()
