"""Management tools of data structures."""

from __future__ import annotations

import orjson

from ....json_types import Json
from ....world.hooks import infer_structure
from ..definition import ToolCall, ToolError
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
    flag,
    number,
    text,
)

tools = ToolGroup("data-structures")

_ID = number("The data structure ID", required=True)
_TEAM_ID = number("The team ID", required=True)

tools.rest(
    "list",
    "List data structures",
    "Lists the data structures of a team.",
    RestCall(route="GET /data-structures", fixed_query=ALL_COLUMNS, answer="dataStructures"),
    scopes=["udts:read"],
    annotations=READ_ONLY,
    inputs={"teamId": _TEAM_ID},
)
tools.rest(
    "get",
    "Get data structure",
    "Returns a data structure with its specification.",
    RestCall(route="GET /data-structures/{dataStructureId}", answer="dataStructure"),
    scopes=["udts:read"],
    annotations=READ_ONLY,
    inputs={"dataStructureId": _ID},
)
tools.rest(
    "create",
    "Create data structure",
    "Creates a data structure.",
    RestCall(route="POST /data-structures", answer="dataStructure"),
    scopes=["udts:write"],
    annotations=WRITE,
    inputs={
        "teamId": _TEAM_ID,
        "name": text("The name", required=True),
        "strict": flag("True to reject fields that are not specified", required=True),
        "spec": array("The fields", required=True, items={"type": "object"}),
    },
)
tools.rest(
    "update",
    "Update data structure",
    "Changes a data structure.",
    RestCall(route="PATCH /data-structures/{dataStructureId}", answer="dataStructure"),
    scopes=["udts:write"],
    annotations=REPLACE,
    inputs={
        "dataStructureId": _ID,
        "name": text("The new name"),
        "strict": flag("True to reject fields that are not specified"),
        "spec": array("The fields; they replace the old ones", items={"type": "object"}),
    },
)
tools.rest(
    "delete",
    "Delete data structure",
    "Deletes a data structure.",
    RestCall(
        route="DELETE /data-structures/{dataStructureId}",
        fixed_query=CONFIRMED,
        sentence="Data structure has been deleted.",
    ),
    scopes=["udts:write"],
    annotations=DELETE,
    inputs={"dataStructureId": _ID},
)


@tools.tool(
    "generate",
    "Generate data structure",
    scopes=["udts:read"],
    annotations=READ_ONLY,
    inputs={
        "data": text("A sample of the data, as JSON", required=True),
        "type": text("The format; only json is supported"),
    },
)
def generate_structure(call: ToolCall) -> Json:
    """Returns the specification of a data structure for a sample of data."""
    if call.argument("type") not in (None, "json"):
        raise ToolError(
            "MakeError: Only samples of the type 'json' are supported.", decision="refused: parameters"
        )
    try:
        sample = orjson.loads(str(call.argument("data")))
    except orjson.JSONDecodeError as error:
        raise ToolError(
            f"MakeError: The sample is not JSON: {error}", decision="refused: parameters"
        ) from None
    if not isinstance(sample, dict):
        raise ToolError("MakeError: The sample is not a JSON object.", decision="refused: parameters")
    return {"spec": list(infer_structure(sample))}
