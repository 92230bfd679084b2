"""Management tools of teams and organizations, the user, and lists of constants."""

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
    flag,
    number,
    text,
)

tools = ToolGroup("teams")

_TEAM_ID = number("The team ID", required=True)
_ORGANIZATION_ID = number("The organization ID", required=True)

tools.rest(
    "list",
    "List teams",
    "Lists the teams of an organization.",
    RestCall(route="GET /teams", fixed_query=ALL_COLUMNS, answer="teams"),
    scopes=["teams:read"],
    annotations=READ_ONLY,
    inputs={
        "organizationId": _ORGANIZATION_ID,
        "includePrivateSpaces": flag("True to list private spaces, too"),
    },
)
tools.rest(
    "get",
    "Get team",
    "Returns a team.",
    RestCall(route="GET /teams/{teamId}", fixed_query=ALL_COLUMNS, answer="team"),
    scopes=["teams:read"],
    annotations=READ_ONLY,
    inputs={"teamId": _TEAM_ID},
)
tools.rest(
    "create",
    "Create team",
    "Creates a team.",
    RestCall(route="POST /teams", answer="team"),
    scopes=["teams:write"],
    annotations=WRITE,
    inputs={
        "name": text("The name", required=True),
        "organizationId": _ORGANIZATION_ID,
        "operationsLimit": number("The most operations in a billing period"),
        "transferLimit": number("The most bytes in a billing period"),
    },
)
tools.rest(
    "delete",
    "Delete team",
    "Deletes a team with all that it owns.",
    RestCall(route="DELETE /teams/{teamId}", fixed_query=CONFIRMED, sentence="Team has been deleted."),
    scopes=["teams:write"],
    annotations=DELETE,
    inputs={"teamId": _TEAM_ID},
)

organizations = ToolGroup("organizations")
organizations.rest(
    "list",
    "List organizations",
    "Lists the organizations of the user.",
    RestCall(route="GET /organizations", fixed_query=ALL_COLUMNS, answer="organizations"),
    scopes=["organizations:read"],
    annotations=READ_ONLY,
)
organizations.rest(
    "get",
    "Get organization",
    "Returns an organization.",
    RestCall(route="GET /organizations/{organizationId}", fixed_query=ALL_COLUMNS, answer="organization"),
    scopes=["organizations:read"],
    annotations=READ_ONLY,
    inputs={"organizationId": _ORGANIZATION_ID},
)
organizations.rest(
    "create",
    "Create organization",
    "Creates an organization.",
    RestCall(route="POST /organizations", answer="organization"),
    scopes=["organizations:write"],
    annotations=WRITE,
    inputs={
        "name": text("The name", required=True),
        "regionId": number("The region ID", required=True),
        "timezoneId": number("The time zone ID", required=True),
        "countryId": number("The country ID", required=True),
    },
)
organizations.rest(
    "update",
    "Update organization",
    "Changes an organization.",
    RestCall(route="PATCH /organizations/{organizationId}", answer="organization"),
    scopes=["organizations:write"],
    annotations=REPLACE,
    inputs={
        "organizationId": _ORGANIZATION_ID,
        "name": text("The new name"),
        "countryId": number("The country ID"),
        "timezoneId": number("The time zone ID"),
    },
)
organizations.rest(
    "delete",
    "Delete organization",
    "Deletes an organization with its teams.",
    RestCall(
        route="DELETE /organizations/{organizationId}",
        fixed_query=CONFIRMED,
        sentence="Organization has been deleted.",
    ),
    scopes=["organizations:write"],
    annotations=DELETE,
    inputs={"organizationId": _ORGANIZATION_ID},
)

users = ToolGroup("users")
users.rest(
    "me",
    "Get current user",
    "Returns the user of the token.",
    RestCall(route="GET /users/me", answer="authUser"),
    annotations=READ_ONLY,
)

enums = ToolGroup("enums")
for _name, _title, _route in (
    ("countries", "countries", "GET /enums/countries"),
    ("regions", "regions", "GET /enums/imt-regions"),
    ("timezones", "timezones", "GET /enums/timezones"),
):
    enums.rest(
        _name,
        f"List {_title}",
        f"Lists the {_title} with their IDs.",
        RestCall(route=_route, reduce=lambda response: next(iter(response.values()))),
        annotations=READ_ONLY,
    )
