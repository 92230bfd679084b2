"""Connections, as recorded in July 2026 (order of keys included) and in the samples of the vendor's SDK."""

from __future__ import annotations

from marshmallow import fields

from ..json_types import Json
from ..world.models import Connection
from ..world.world import World
from .base import (
    BodySchema,
    Constant,
    Derived,
    Int,
    ListField,
    OpenBodySchema,
    QuerySchema,
    ResourceId,
    ResponseSchema,
    Text,
)

_nullable_string = fields.String(allow_none=True)


def _organization(world: World, row: Connection) -> int:
    return world.teams[row.team_id].organization_id


def _scopes(world: World, row: Connection) -> list[dict[str, Json]]:
    return [{"id": scope, "account": row.account_name} for scope in row.scopes]


class ConnectionOut(ResponseSchema):
    """Common fields of connections, without credentials."""

    id = fields.Integer()
    name = fields.String()
    account_name = fields.String()
    account_label = fields.String()
    package_name = Constant(None, _nullable_string)
    expire = Constant(None, _nullable_string)
    metadata = fields.Dict(allow_none=True)
    team_id = fields.Integer()
    theme = fields.String()
    upgradeable = Constant(False, fields.Boolean())
    scopes_cnt = Derived(lambda world, row: len(row.scopes), fields.Integer())
    scoped = Constant(True, fields.Boolean())
    account_type = fields.String()
    editable = fields.Boolean()
    uid = Constant(None, fields.Integer(allow_none=True))
    connected_system_id = Constant(None, _nullable_string)
    author_id = fields.Integer(allow_none=True)
    organization_id = Derived(_organization, fields.Integer(), metadata={"extra": True})


class ConnectionListItem(ConnectionOut):
    """Row of the list: ``scoped`` is true if it has the requested scopes."""

    scoped = fields.Boolean()  # type: ignore[assignment]
    scenario_usages = fields.List(fields.Dict())


class ConnectionDetail(ConnectionOut):
    """One connection, with the scopes that it has."""

    scopes = Derived(_scopes, fields.List(fields.Dict()))


class ConnectionCreated(ConnectionOut):
    """A new connection: here, and only here, ``scopes`` is their number (vendor's sample)."""

    scopes_cnt = Derived(lambda world, row: len(row.scopes), fields.Integer(), data_key="scopes")


class ConnectionTested(ResponseSchema):
    """Result of a test of a connection."""

    id = fields.Integer()
    name = fields.String()
    account_name = fields.String()
    account_type = fields.String()


class ConnectionsQuery(QuerySchema):
    team_id = ResourceId("team", required=True)
    type = ListField(Text(128))


class ConnectionTeamQuery(QuerySchema):
    # In no document; a partner's SDK sends it, and reads the other form of the response.
    inspector = Int(0, 1, load_default=0)
    team_id = ResourceId("team", required=True)


class ConnectionCreate(OpenBodySchema):
    """The names are the service's own: ``accountName`` is the display name, ``accountType`` the id of the type."""

    account_name = Text(128, required=True)
    account_type = Text(128, required=True)
    scopes = ListField(Text(1024))


class ConnectionRename(BodySchema):
    name = Text(128, required=True)


class ScopesTest(BodySchema):
    scope = ListField(Text(1024), required=True)
