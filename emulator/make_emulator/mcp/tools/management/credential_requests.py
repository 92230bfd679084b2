"""Management tools of credential requests, by which a person authorizes connections and keys that an agent needs."""

from __future__ import annotations

from .group import (
    ALL_COLUMNS,
    CONFIRMED,
    DELETE,
    READ_ONLY,
    REPLACE,
    WRITE,
    RestCall,
    ToolGroup,
    anything,
    array,
    number,
    text,
)

tools = ToolGroup("credential-requests")

_TEAM_ID = number("The team ID", required=True)
_REQUEST_ID = text("The ID of the credential request", required=True)
_CREDENTIAL_ID = text("The ID of the credential", required=True)
_READ, _WRITE = ["credential-requests:read"], ["credential-requests:write"]

_NAME = text("The name, which the person sees who authorizes the credentials")
_DESCRIPTION = text("The description, which the person sees")
_TYPED_ITEM = {"type": "object", "properties": {"type": {"type": "string"}}, "required": ["type"]}
_APP_ITEM = {"type": "object", "properties": {"appName": {"type": "string"}}, "required": ["appName"]}

tools.rest(
    "list",
    "List credential requests",
    "Lists the credential requests of a team.",
    RestCall(route="GET /credential-requests/requests", fixed_query=ALL_COLUMNS, answer="requests"),
    scopes=_READ,
    annotations=READ_ONLY,
    inputs={
        "teamId": _TEAM_ID,
        "userId": number("The user who created them"),
        "makeProviderId": anything("The user who is to authorize them"),
        "status": text("The status"),
        "name": text("The name"),
    },
)
tools.rest(
    "get",
    "Get credential request details",
    "Returns a credential request with the state of each credential.",
    RestCall(route="GET /credential-requests/requests/{requestId}/detail", answer="requestDetail"),
    scopes=_READ,
    annotations=READ_ONLY,
    inputs={"requestId": _REQUEST_ID},
)
tools.rest(
    "delete",
    "Delete credential request",
    "Deletes a credential request with its connections and keys, which scenarios then lack.",
    RestCall(
        route="DELETE /credential-requests/requests/{requestId}",
        fixed_query=CONFIRMED,
        sentence="Credential request and associated credentials have been deleted.",
    ),
    scopes=_WRITE,
    annotations=DELETE,
    inputs={"requestId": _REQUEST_ID},
)
tools.rest(
    "credential-decline",
    "Decline credential",
    "Declines a credential, which then cannot be authorized.",
    RestCall(route="POST /credential-requests/credentials/{credentialId}/decline", answer="credential"),
    scopes=_WRITE,
    annotations=REPLACE,
    inputs={"credentialId": _CREDENTIAL_ID, "reason": text("The reason")},
)
tools.rest(
    "credential-delete",
    "Delete credential",
    "Deletes what was authorized; the credential is pending again.",
    RestCall(route="POST /credential-requests/credentials/{credentialId}/delete-remote", answer="credential"),
    scopes=_WRITE,
    annotations=REPLACE,
    inputs={"credentialId": _CREDENTIAL_ID},
)
tools.rest(
    "create",
    "Create credential request",
    "Creates a credential request from modules of apps; the answer has the public URI at which the user authorizes the credentials.",
    RestCall(route="POST /credential-requests/actions/create"),
    scopes=_WRITE,
    annotations=WRITE,
    inputs={
        "name": _NAME,
        "description": _DESCRIPTION,
        "teamId": _TEAM_ID,
        "credentials": array("The apps, with their modules or endpoints", required=True, items=_APP_ITEM),
    },
)
tools.rest(
    "create-by-credentials",
    "Create credential request by connection/key types",
    "Creates a credential request from types of connections and keys; the answer has the public URI at which the user authorizes them.",
    RestCall(route="POST /credential-requests/actions/create-by-credentials"),
    scopes=_WRITE,
    annotations=WRITE,
    inputs={
        "name": _NAME,
        "description": _DESCRIPTION,
        "teamId": _TEAM_ID,
        "connections": array("The connections, each with its type", items=_TYPED_ITEM),
        "keys": array("The keys, each with its type", items=_TYPED_ITEM),
    },
    has_secrets=True,
)
tools.rest(
    "extend-connection",
    "Extend connection OAuth scopes",
    "Requests more scopes for an OAuth connection; the answer has the public URI at which the user grants them.",
    RestCall(route="POST /credential-requests/actions/extend"),
    scopes=_WRITE,
    annotations=WRITE,
    inputs={
        "connectionId": number("The connection ID", required=True),
        "scopes": array("The scopes", required=True, items={"type": "string"}),
    },
)
tools.rest(
    "list-app-modules-with-creds",
    "List app modules with credentials",
    "Lists the modules of an app that need a credential, with its type and scopes.",
    RestCall(
        route="GET /credential-requests/apps/{name}/{version}/modules-with-credentials",
        rename={"appName": "name", "appVersion": "version"},
        answer="appModules",
    ),
    scopes=["apps:read"],
    annotations=READ_ONLY,
    inputs={
        "appName": text("The name of the app", required=True),
        "appVersion": anything("The version of the app", required=True),
    },
)
