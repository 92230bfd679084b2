"""Management tools of executions."""

from __future__ import annotations

from .group import READ_ONLY, RestCall, ToolGroup, number, text

tools = ToolGroup("executions")

_SCENARIO_ID = number("The scenario ID", required=True)
#: 32 hexadecimal digits.
_EXECUTION_ID = text("The execution ID, 32 hexadecimal digits", required=True, pattern="^[0-9a-f]{32}$")
_INCOMPLETE_ID = text("The incomplete execution ID", required=True)

tools.rest(
    "list",
    "List executions",
    "Lists the executions of a scenario.",
    RestCall(route="GET /scenarios/{scenarioId}/logs", answer="scenarioLogs"),
    scopes=["scenarios:read"],
    annotations=READ_ONLY,
    inputs={
        "scenarioId": _SCENARIO_ID,
        "status": text("The status: 1 for success, 2 for warning, 3 for error"),
        "from": number("The earliest time, in milliseconds since 1970"),
        "to": number("The latest time, in milliseconds since 1970"),
    },
)
tools.rest(
    "get-detail",
    "Get execution detail",
    "Returns status, outputs and error of an execution.",
    RestCall(route="GET /scenarios/{scenarioId}/executions/{executionId}"),
    scopes=["scenarios:read"],
    annotations=READ_ONLY,
    inputs={"scenarioId": _SCENARIO_ID, "executionId": _EXECUTION_ID},
)
tools.rest(
    "get",
    "Get execution",
    "Returns the log entry of an execution.",
    RestCall(route="GET /scenarios/{scenarioId}/logs/{executionId}", answer="scenarioLog"),
    scopes=["scenarios:read"],
    annotations=READ_ONLY,
    inputs={"scenarioId": _SCENARIO_ID, "executionId": _EXECUTION_ID},
)
tools.rest(
    "list-for-incomp-exec",
    "List executions for incomplete execution",
    "Lists the attempts to complete an incomplete execution.",
    RestCall(
        route="GET /dlqs/{dlqId}/logs",
        rename={"incompleteExecutionId": "dlqId", "limit": "pg[limit]"},
        answer="dlqLogs",
    ),
    scopes=["dlqs:read"],
    annotations=READ_ONLY,
    inputs={"incompleteExecutionId": _INCOMPLETE_ID, "limit": number("The most executions to list")},
)
tools.rest(
    "get-for-incomp-exec",
    "Get execution for incomplete execution",
    "Returns one attempt to complete an incomplete execution.",
    RestCall(
        route="GET /dlqs/{dlqId}/logs/{executionId}",
        rename={"incompleteExecutionId": "dlqId"},
        answer="dlqLog",
    ),
    scopes=["dlqs:read"],
    annotations=READ_ONLY,
    inputs={"incompleteExecutionId": _INCOMPLETE_ID, "executionId": _EXECUTION_ID},
)

incomplete_executions = ToolGroup("incomplete-executions")
incomplete_executions.rest(
    "list",
    "List incomplete executions",
    "Lists the incomplete executions of a scenario.",
    RestCall(route="GET /dlqs", answer="dlqs"),
    scopes=["dlqs:read"],
    annotations=READ_ONLY,
    inputs={"scenarioId": _SCENARIO_ID},
)
incomplete_executions.rest(
    "get",
    "Get incomplete execution",
    "Returns an incomplete execution.",
    RestCall(route="GET /dlqs/{dlqId}", rename={"incompleteExecutionId": "dlqId"}, answer="dlq"),
    scopes=["dlqs:read"],
    annotations=READ_ONLY,
    inputs={"incompleteExecutionId": _INCOMPLETE_ID},
)

#: The hosted server renders a widget for the answers of these tools.
shown = ToolGroup("show")
shown.rest(
    "executions_list",
    "Show executions",
    "Shows the executions of a scenario.",
    RestCall(route="GET /scenarios/{scenarioId}/logs", answer="scenarioLogs"),
    scopes=["scenarios:read"],
    annotations=READ_ONLY,
    inputs={"scenarioId": _SCENARIO_ID},
)
shown.rest(
    "execution_result",
    "Show execution result",
    "Shows status, outputs and error of an execution.",
    RestCall(route="GET /scenarios/{scenarioId}/executions/{executionId}"),
    scopes=["scenarios:read"],
    annotations=READ_ONLY,
    inputs={"scenarioId": _SCENARIO_ID, "executionId": _EXECUTION_ID},
)
