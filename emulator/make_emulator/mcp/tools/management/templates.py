"""Management tools of public templates."""

from __future__ import annotations

from .group import ALL_COLUMNS, READ_ONLY, RestCall, ToolGroup, array, flag, text

tools = ToolGroup("public-templates")

_URL = text("The slug of the template, such as 12289-add-webhook-data-to-a-google-sheet", required=True)

tools.rest(
    "list",
    "List public templates",
    "Lists the approved public templates.",
    RestCall(route="GET /templates/public", fixed_query=ALL_COLUMNS, answer="templatesPublic"),
    scopes=["templates:read"],
    annotations=READ_ONLY,
    inputs={
        "name": text("A part of the name"),
        "usedApps": array("The apps that it uses", items={"type": "string"}),
        "includeEn": flag("True to list those in English, too"),
    },
)
tools.rest(
    "get",
    "Get public template",
    "Returns a public template.",
    RestCall(route="GET /templates/public/{templateUrl}", fixed_query=ALL_COLUMNS, answer="templatePublic"),
    scopes=["templates:read"],
    annotations=READ_ONLY,
    inputs={"templateUrl": _URL},
)
tools.rest(
    "get-blueprint",
    "Get public template blueprint",
    "Returns the blueprint of a public template.",
    RestCall(route="GET /templates/public/{templateUrl}/blueprint"),
    scopes=["templates:read"],
    annotations=READ_ONLY,
    inputs={"templateUrl": _URL},
)
