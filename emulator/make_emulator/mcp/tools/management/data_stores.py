"""Management tools of data stores and their records."""

from __future__ import annotations

from ....json_types import Json
from ..definition import ToolCall
from .group import (
    ALL_COLUMNS,
    CONFIRMED,
    DELETE,
    READ_ONLY,
    REPLACE,
    WRITE,
    RestCall,
    ToolGroup,
    array,
    collection,
    number,
    text,
)

tools = ToolGroup("data-stores")

_ID = number("The data store ID", required=True)
_TEAM_ID = number("The team ID", required=True)
_KEY = text("The key of the record", required=True)
_DATA = collection("The record", required=True)

tools.rest(
    "list",
    "List data stores",
    "Lists the data stores of a team.",
    RestCall(route="GET /data-stores", fixed_query=ALL_COLUMNS, answer="dataStores"),
    scopes=["datastores:read"],
    annotations=READ_ONLY,
    inputs={"teamId": _TEAM_ID},
)
tools.rest(
    "get",
    "Get data store",
    "Returns a data store.",
    RestCall(route="GET /data-stores/{dataStoreId}", answer="dataStore"),
    scopes=["datastores:read"],
    annotations=READ_ONLY,
    inputs={"dataStoreId": _ID},
)
tools.rest(
    "create",
    "Create data store",
    "Creates a data store.",
    RestCall(route="POST /data-stores", answer="dataStore"),
    scopes=["datastores:write"],
    annotations=WRITE,
    inputs={
        "name": text("The name", required=True),
        "teamId": _TEAM_ID,
        "maxSizeMB": number("The size in megabytes", required=True),
        "datastructureId": number("The data structure of its records"),
    },
)
tools.rest(
    "update",
    "Update data store",
    "Changes a data store.",
    RestCall(route="PATCH /data-stores/{dataStoreId}", answer="dataStore"),
    scopes=["datastores:write"],
    annotations=REPLACE,
    inputs={
        "dataStoreId": _ID,
        "name": text("The new name"),
        "maxSizeMB": number("The new size in megabytes"),
        "datastructureId": number("The new data structure"),
    },
)
tools.rest(
    "delete",
    "Delete data store",
    "Deletes a data store with its records.",
    RestCall(
        route="DELETE /data-stores/{dataStoreId}",
        fixed_query=CONFIRMED,
        sentence="Data store has been deleted.",
    ),
    scopes=["datastores:write"],
    annotations=DELETE,
    inputs={"dataStoreId": _ID},
)

records = ToolGroup("data-store-records")
records.rest(
    "list",
    "List data store records",
    "Lists the records of a data store.",
    RestCall(route="GET /data-stores/{dataStoreId}/data", rename={"limit": "pg[limit]"}, answer="records"),
    scopes=["datastores:read"],
    annotations=READ_ONLY,
    inputs={"dataStoreId": _ID, "limit": number("The most records to list")},
)
records.rest(
    "create",
    "Create data store record",
    "Adds a record; without a key it gets one.",
    RestCall(route="POST /data-stores/{dataStoreId}/data"),
    scopes=["datastores:write"],
    annotations=WRITE,
    inputs={"dataStoreId": _ID, "key": text("The key of the record"), "data": _DATA},
)


@records.tool(
    "update",
    "Update data store record",
    scopes=["datastores:write"],
    annotations=REPLACE,
    inputs={"dataStoreId": _ID, "key": _KEY, "data": _DATA},
)
def update_record(call: ToolCall) -> Json:
    """Changes fields of a record; the others stay."""
    return _write(call, "PATCH /data-stores/{dataStoreId}/data/{key}")


@records.tool(
    "replace",
    "Replace data store record",
    scopes=["datastores:write"],
    annotations=REPLACE,
    inputs={"dataStoreId": _ID, "key": _KEY, "data": _DATA},
)
def replace_record(call: ToolCall) -> Json:
    """Replaces a record, or adds it."""
    return _write(call, "PUT /data-stores/{dataStoreId}/data/{key}")


def _write(call: ToolCall, route: str) -> Json:
    path = {"dataStoreId": call.argument("dataStoreId"), "key": call.argument("key")}
    record: Json = call.api(route, path=path, body=call.argument("data"))
    return record


records.rest(
    "delete",
    "Delete data store records",
    "Deletes records by their keys.",
    RestCall(
        route="DELETE /data-stores/{dataStoreId}/data",
        fixed_query=CONFIRMED,
        body=("keys",),
        sentence="Records have been deleted.",
    ),
    scopes=["datastores:write"],
    annotations=DELETE,
    inputs={"dataStoreId": _ID, "keys": array("The keys", required=True, items={"type": "string"})},
)
