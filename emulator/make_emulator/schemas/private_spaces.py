"""Private spaces. Source: the vendor's SDK; the personal spaces of its OpenAPI document."""

from __future__ import annotations

from marshmallow import fields

from ..world.consumption import get_consumption
from ..world.models import Team, User
from ..world.world import World
from .base import (
    BodySchema,
    Bool,
    Constant,
    Derived,
    Int,
    QuerySchema,
    ResourceId,
    ResponseSchema,
    Text,
)


def _owner(world: World, row: Team) -> User | None:
    return None if row.owner_id is None else world.users[row.owner_id]


def _owner_name(world: World, row: Team) -> str | None:
    owner = _owner(world, row)
    return owner.name if owner else None


def _owner_email(world: World, row: Team) -> str | None:
    owner = _owner(world, row)
    return owner.email if owner else None


_name = fields.String(allow_none=True)
_count = fields.String()
_extra = {"extra": True}


class _PrivateSpaceColumns(ResponseSchema):
    """Columns by default, followed by those that ``cols[]`` adds."""

    id = fields.Integer()
    name = fields.String()
    organization_id = fields.Integer()
    global_agents_enabled = Constant(False, fields.Boolean())
    type = Constant("personal", fields.String())
    private_space_owner_name = Derived(_owner_name, _name)
    private_space_owner_email = Derived(_owner_email, _name)
    private_space_owner_id = fields.Integer(attribute="owner_id", allow_none=True)


class PrivateSpaceListItem(_PrivateSpaceColumns):
    operations_limit = fields.Integer(allow_none=True, metadata=_extra)
    transfer_limit = Derived(
        lambda world, row: None if row.transfer_limit is None else str(row.transfer_limit),
        _name,
        metadata=_extra,
    )
    consumed_operations = Derived(
        lambda world, row: get_consumption(world, row).operations, fields.Integer(), metadata=_extra
    )
    consumed_transfer = Derived(
        lambda world, row: str(get_consumption(world, row).transfer), _count, metadata=_extra
    )
    is_paused = fields.Boolean(metadata=_extra)
    consumed_centicredits = Derived(
        lambda world, row: str(get_consumption(world, row).centicredits), _count, metadata=_extra
    )


class PrivateSpaceOut(PrivateSpaceListItem):
    """One private space, with its totals since the last reset."""

    operations = Derived(
        lambda world, row: str(get_consumption(world, row).operations), _count, metadata=_extra
    )
    transfer = Derived(lambda world, row: str(get_consumption(world, row).transfer), _count, metadata=_extra)
    centicredits = Derived(
        lambda world, row: str(get_consumption(world, row).centicredits), _count, metadata=_extra
    )


class PrivateSpaceUpdated(_PrivateSpaceColumns):
    """Response to a change, in which the limit of transfer is a number."""

    operations_limit = fields.Integer(allow_none=True)
    transfer_limit = fields.Integer(allow_none=True)
    consumed_operations = Derived(lambda world, row: get_consumption(world, row).operations, fields.Integer())
    consumed_transfer = Derived(lambda world, row: str(get_consumption(world, row).transfer), _count)
    is_paused = fields.Boolean()
    consumed_centicredits = Derived(lambda world, row: str(get_consumption(world, row).centicredits), _count)
    deleted = Constant(False, fields.Boolean())
    external_id = Constant(None, _name)


class PrivateSpacesQuery(QuerySchema):
    organization_id = ResourceId("organization", required=True)
    external_id = Text(128)


class PrivateSpaceUpdate(BodySchema):
    operations_limit = Int(0, allow_none=True)


class PrivateSpaceQuery(QuerySchema):
    confirmed = Bool(load_default=False)
