"""Management tools of folders."""

from __future__ import annotations

from .group import ALL_COLUMNS, DELETE, READ_ONLY, REPLACE, WRITE, RestCall, ToolGroup, anything, number, text

tools = ToolGroup("folders")

_FOLDER_ID = number("The folder ID", required=True)
_TEAM_ID = number("The team ID", required=True)
_PARENT_ID = anything("The parent folder ID; null for the top level")

tools.rest(
    "list",
    "List folders",
    "Lists the folders of a team.",
    RestCall(route="GET /scenarios-folders", answer="scenariosFolders"),
    scopes=["scenarios:read"],
    annotations=READ_ONLY,
    inputs={
        "teamId": _TEAM_ID,
        "parentId": number("The folder whose children are listed"),
        "childrenDepth": text("'all' to list all descendants"),
    },
)
tools.rest(
    "create",
    "Create folder",
    "Creates a folder.",
    RestCall(route="POST /scenarios-folders", answer="scenarioFolder"),
    scopes=["scenarios:write"],
    annotations=WRITE,
    inputs={"teamId": _TEAM_ID, "name": text("The name", required=True), "parentId": _PARENT_ID},
)
tools.rest(
    "update",
    "Update folder",
    "Renames or moves a folder.",
    RestCall(route="PATCH /scenarios-folders/{folderId}", fixed_query=ALL_COLUMNS, answer="scenarioFolder"),
    scopes=["scenarios:write"],
    annotations=REPLACE,
    inputs={"folderId": _FOLDER_ID, "name": text("The new name"), "parentId": _PARENT_ID},
)
tools.rest(
    "delete",
    "Delete folder",
    "Deletes a folder; its scenarios stay.",
    RestCall(route="DELETE /scenarios-folders/{folderId}", sentence="Folder has been deleted."),
    scopes=["scenarios:write"],
    annotations=DELETE,
    inputs={"folderId": _FOLDER_ID},
)
