"""Connections. Source: API documentation, "Connections"; recorded exchanges; the vendor's SDK."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ..http.endpoint import ApiCall, ConfirmableQuery, EndpointGroup
from ..http.envelope import Envelope, EnvelopeField, many, one, value
from ..schemas.connections import (
    ConnectionCreate,
    ConnectionCreated,
    ConnectionDetail,
    ConnectionListItem,
    ConnectionOut,
    ConnectionRename,
    ConnectionsQuery,
    ConnectionTeamQuery,
    ConnectionTested,
    ScopesTest,
)
from ..world import connections
from ..world.connections import ListedConnection
from ..world.models import Connection, Team

group = EndpointGroup("connections")


@group.get(
    "/connections",
    scopes=["connections:read"],
    query=ConnectionsQuery,
    response=many("connections", ConnectionListItem),
    lists="id",
    cols=True,
    permission="accounts get",
    core=14,
)
def list_connections(call: ApiCall, team: Team) -> list[ListedConnection]:
    """List the connections of a team by name, all of them or those of some types."""
    return connections.list_with_usage(call.world, team, _requested_scopes(call))


def _requested_scopes(call: ApiCall) -> Mapping[str, Collection[str]] | None:
    """Returns the types of ``type[]``, each with the scopes of its own parameter, e.g. ``google[]``."""
    types = call.query.get("type")
    if types is None:
        return None
    return {type: call.parameters.arguments.getlist(f"{type}[]") for type in types}


@group.get(
    "/connections/{connectionId}",
    scopes=["connections:read"],
    response=one("connection", ConnectionDetail),
    cols=True,
    permission="accounts get",
    core=15,
)
def get_connection(call: ApiCall, connection: Connection) -> Connection:
    """Get a connection with its scopes."""
    return connection


@group.post(
    "/connections",
    scopes=["connections:write"],
    query=ConnectionTeamQuery,
    body=ConnectionCreate,
    secret_body=True,
    response=Envelope(
        {
            "connection": EnvelopeField(ConnectionCreated, is_optional=True),
            "formula": EnvelopeField(is_optional=True),
        }
    ),
    permission="account add",
    core=16,
)
def create_connection(call: ApiCall, team: Team) -> dict[str, object]:
    """Create a connection; the fields of its type are beside its name and type."""
    body = call.body
    connection = connections.create(
        call.world,
        team,
        call.user,
        name=body["account_name"],
        type=body["account_type"],
        scopes=body.get("scopes", ()),
        data=body["own"],
    )
    if call.query["inspector"]:
        return {"formula": {"success": [connection.id]}}
    return {"connection": connection}


@group.patch(
    "/connections/{connectionId}",
    scopes=["connections:write"],
    body=ConnectionRename,
    response=one("connection", ConnectionOut),
    cols=True,
    permission="account edit",
    core=17,
)
def rename_connection(call: ApiCall, connection: Connection) -> Connection:
    """Rename a connection, also one whose data cannot be edited."""
    return connections.rename(call.world, connection, call.body["name"])


@group.delete(
    "/connections/{connectionId}",
    scopes=["connections:write"],
    query=ConfirmableQuery,
    response=value("connection"),
    permission="account delete",
    core=18,
)
def delete_connection(call: ApiCall, connection: Connection) -> int:
    """Delete a connection; needs confirmation when scenarios use it, which then stop working."""
    return connections.delete(call.world, connection, confirmed=call.confirmed)


@group.post(
    "/connections/{connectionId}/test",
    scopes=["connections:write"],
    response=Envelope({"verified": EnvelopeField(), "connection": EnvelopeField(ConnectionTested)}),
    permission="account edit",
    core=19,
)
def verify_connection(call: ApiCall, connection: Connection) -> dict[str, object]:
    """Verify that a connection is still valid."""
    connections.verify(call.world, connection)
    return {"verified": True, "connection": connection}


@group.get(
    "/connections/{connectionId}/editable-data-schema",
    scopes=["connections:read"],
    response=value("editableParameters"),
    permission="accounts get",
)
def list_editable_parameters(call: ApiCall, connection: Connection) -> list[str]:
    """List the names of the editable data of a connection."""
    return connections.editable_parameters(connection)


@group.post(
    "/connections/{connectionId}/set-data",
    scopes=["connections:write"],
    raw_body=True,
    secret_body=True,
    response=value("changed"),
    permission="account edit",
)
def set_connection_data(call: ApiCall, connection: Connection) -> bool:
    """Replace all data of a connection: missing fields become empty."""
    connections.set_data(call.world, connection, call.body)
    return True


@group.post(
    "/connections/{connectionId}/scoped",
    scopes=["connections:write"],
    body=ScopesTest,
    response=value("connection"),
    permission="account edit",
)
def check_scopes(call: ApiCall, connection: Connection) -> dict[str, bool]:
    """Test a connection for scopes."""
    return {"scoped": connections.has_scopes(connection, call.body["scope"])}
