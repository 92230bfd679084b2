"""Management tools of connections and keys."""

from __future__ import annotations

from ....json_types import Json, as_mapping
from ....schemas.connections import ConnectionRename
from ..definition import ToolCall
from .group import (
    ALL_COLUMNS,
    CONFIRMED,
    DELETE,
    READ_ONLY,
    REPLACE,
    VERIFY,
    WRITE,
    RestCall,
    ToolGroup,
    array,
    check_fields,
    collection,
    number,
    text,
)

tools = ToolGroup("connections")

_CONNECTION_ID = number("The connection ID", required=True)
_KEY_ID = number("The key ID", required=True)
_TEAM_ID = number("The team ID", required=True)


@tools.tool(
    "list",
    "List connections",
    scopes=["connections:read"],
    annotations=READ_ONLY,
    inputs={
        "teamId": _TEAM_ID,
        "type": array("The types of connections", items={"type": "string"}),
        "scopes": collection("Scopes that the connections must have, by type"),
    },
)
def list_connections(call: ToolCall) -> Json:
    """Lists the connections of a team."""
    scopes = as_mapping(call.argument("scopes"))
    connections: Json = call.api(
        "GET /connections",
        query={
            "teamId": call.argument("teamId"),
            "type[]": call.argument("type"),
            **ALL_COLUMNS,
            **{f"{name}[]": list(values) for name, values in scopes.items() if isinstance(values, list)},
        },
    )["connections"]
    return connections


tools.rest(
    "get",
    "Get connection",
    "Returns a connection without its credentials.",
    RestCall(route="GET /connections/{connectionId}", fixed_query=ALL_COLUMNS, answer="connection"),
    scopes=["connections:read"],
    annotations=READ_ONLY,
    inputs={"connectionId": _CONNECTION_ID},
)


@tools.tool(
    "create",
    "Create connection",
    scopes=["connections:write"],
    annotations=WRITE,
    inputs={
        "name": text("The name", required=True),
        "accountName": text("The type, e.g. slack3", required=True),
        "teamId": _TEAM_ID,
        "data": collection("The credentials of that type"),
        "scope": array("The scopes", items={"type": "string"}),
    },
    has_secrets=True,
)
def create_connection(call: ToolCall) -> Json:
    """Creates a connection."""
    body = {
        **as_mapping(call.argument("data")),
        "accountName": call.argument("name"),
        "accountType": call.argument("accountName"),
    }
    if call.argument("scope"):
        body["scopes"] = call.argument("scope")
    connection: Json = call.api("POST /connections", query={"teamId": call.argument("teamId")}, body=body)[
        "connection"
    ]
    return connection


@tools.tool(
    "update",
    "Update connection",
    scopes=["connections:write"],
    annotations=REPLACE,
    inputs={
        "connectionId": _CONNECTION_ID,
        "name": text("The new name"),
        "data": collection("The new credentials"),
    },
    has_secrets=True,
)
def update_connection(call: ToolCall) -> Json:
    """Renames a connection, replaces its credentials, or both."""
    path, name = {"connectionId": call.argument("connectionId")}, call.argument("name")
    if name is not None:
        # Before the data are replaced: a wrong name leaves nothing half-changed.
        check_fields(ConnectionRename(), {"name": name})
    if call.argument("data") is not None:
        call.api("POST /connections/{connectionId}/set-data", path=path, body=call.argument("data"))
    if name is not None:
        call.api("PATCH /connections/{connectionId}", path=path, body={"name": name})
    return "Connection has been updated."


tools.rest(
    "verify",
    "Verify connection",
    "Verifies a connection with its service.",
    RestCall(
        route="POST /connections/{connectionId}/test",
        reduce=lambda tested: "Connection is valid." if tested["verified"] else "Connection is not valid.",
    ),
    scopes=["connections:write"],
    annotations=VERIFY,
    inputs={"connectionId": _CONNECTION_ID},
)
tools.rest(
    "delete",
    "Delete connection",
    "Deletes a connection.",
    RestCall(
        route="DELETE /connections/{connectionId}",
        fixed_query=CONFIRMED,
        sentence="Connection has been deleted.",
    ),
    scopes=["connections:write"],
    annotations=DELETE,
    inputs={"connectionId": _CONNECTION_ID},
)

keys = ToolGroup("keys")
keys.rest(
    "list",
    "List keys",
    "Lists the keys of a team.",
    RestCall(route="GET /keys", fixed_query=ALL_COLUMNS, answer="keys"),
    scopes=["keys:read"],
    annotations=READ_ONLY,
    inputs={"teamId": _TEAM_ID},
)
keys.rest(
    "get",
    "Get key",
    "Returns a key without its data.",
    RestCall(route="GET /keys/{keyId}", fixed_query=ALL_COLUMNS, answer="key"),
    scopes=["keys:read"],
    annotations=READ_ONLY,
    inputs={"keyId": _KEY_ID},
)
keys.rest(
    "create",
    "Create key",
    "Creates a key.",
    RestCall(route="POST /keys", answer="key"),
    scopes=["keys:write"],
    annotations=WRITE,
    inputs={
        "teamId": _TEAM_ID,
        "name": text("The name", required=True),
        "typeName": text("The type, e.g. apikeyauth or basicauth", required=True),
        "parameters": collection("The data of that type", required=True),
    },
    has_secrets=True,
)
keys.rest(
    "update",
    "Update key",
    "Renames a key, replaces its data, or both.",
    RestCall(route="PATCH /keys/{keyId}", sentence="Key has been updated."),
    scopes=["keys:write"],
    annotations=REPLACE,
    inputs={"keyId": _KEY_ID, "name": text("The new name"), "parameters": collection("The new data")},
    has_secrets=True,
)
keys.rest(
    "delete",
    "Delete key",
    "Deletes a key.",
    RestCall(route="DELETE /keys/{keyId}", fixed_query=CONFIRMED, sentence="Key has been deleted."),
    scopes=["keys:write"],
    annotations=DELETE,
    inputs={"keyId": _KEY_ID},
)
