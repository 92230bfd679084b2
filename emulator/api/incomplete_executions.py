"""Incomplete executions. Source: the vendor's SDK (``incomplete-executions.ts``); recorded exchanges of lists."""

from __future__ import annotations

from typing import Any

from ..endpoint import Call, Group
from ..engine import retrying
from ..envelope import Envelope, Part, many, one, value
from ..paging import Paging
from ..schemas.incomplete_executions import (
    IncompleteExecutionChanged,
    IncompleteExecutionListItem,
    IncompleteExecutionOut,
    IncompleteExecutionsChoice,
    IncompleteExecutionsDelete,
    IncompleteExecutionsQuery,
    IncompleteExecutionUpdate,
    RetryListItem,
    RetryOut,
)
from ..world import incompletes
from ..world.models import IncompleteExecution, Retry, Scenario
from ..world.tables import Selection
from .ordering import paging

group = Group("incomplete executions")


@group.get(
    "/dlqs",
    scopes=["dlqs:read"],
    permission="dlq view",
    query=IncompleteExecutionsQuery,
    answer=many("dlqs", IncompleteExecutionListItem),
    paging=Paging(by={"": incompletes.newest_first}, sort="", limit=25),
    evidence="Recorded: 25 a page, sorted by nothing that has a name.",
)
def list_incomplete_executions(call: Call, scenario: Scenario) -> Selection[IncompleteExecution]:
    """List the incomplete executions of a scenario, newest first."""
    return incompletes.of_scenario(call.world, scenario)


@group.get(
    "/dlqs/{dlqId}",
    scopes=["dlqs:read"],
    permission="dlq view",
    answer=one("dlq", IncompleteExecutionOut),
)
def get_incomplete_execution(call: Call, dlq: IncompleteExecution) -> IncompleteExecution:
    """Get an incomplete execution."""
    return dlq


@group.patch(
    "/dlqs/{dlqId}",
    scopes=["dlqs:write"],
    permission="dlq edit",
    body=IncompleteExecutionUpdate,
    answer=one("dlq", IncompleteExecutionChanged),
)
def update_incomplete_execution(call: Call, dlq: IncompleteExecution) -> IncompleteExecution:
    """Change the blueprint that is run when it is tried again, or the module where that begins."""
    return retrying.change(call.world, dlq, **call.body)


@group.delete(
    "/dlqs",
    scopes=["dlqs:write"],
    permission="dlq edit",
    query=IncompleteExecutionsDelete,
    body=IncompleteExecutionsChoice,
    answer=value("dlqs"),
    evidence="Recorded for a scenario that has none.",
)
def delete_incomplete_executions(call: Call, scenario: Scenario) -> list[str]:
    """Delete some incomplete executions of a scenario, or all of them; needs confirmation."""
    return retrying.delete(call.world, _chosen(call, scenario), confirmed=call.confirmed)


@group.get(
    "/dlqs/{dlqId}/bundle",
    scopes=["dlqs:read"],
    permission="dlq view",
    answer=Envelope({"code": Part(), "response": Part()}),
)
def get_incomplete_execution_bundle(call: Call, dlq: IncompleteExecution) -> dict[str, Any]:
    """Get what the modules had put out by their ids, and the error of the one that failed."""
    return {"code": "OK", "response": dlq.bundles}


@group.get(
    "/dlqs/{dlqId}/logs",
    scopes=["dlqs:read"],
    permission="dlq view",
    answer=many("dlqLogs", RetryListItem),
    paging=paging("imtId", {"imtId": incompletes.by_time}, limit=50, descending=True),
)
def list_incomplete_execution_logs(call: Call, dlq: IncompleteExecution) -> Selection[Retry]:
    """List the finished attempts to complete an incomplete execution, newest first."""
    return incompletes.logs(call.world, dlq)


@group.get(
    "/dlqs/{dlqId}/logs/{executionId}",
    scopes=["dlqs:read"],
    permission="dlq view",
    answer=one("dlqLog", RetryOut),
)
def get_incomplete_execution_log(call: Call, dlq: IncompleteExecution, execution_id: str) -> Retry:
    """Get one attempt to complete an incomplete execution."""
    return incompletes.find_log(call.world, dlq, execution_id)


@group.post(
    "/dlqs/{dlqId}/retry",
    scopes=["dlqs:write"],
    permission="dlq edit",
    answer=value("dlq"),
)
def retry_incomplete_execution(call: Call, dlq: IncompleteExecution) -> str:
    """Try an incomplete execution again."""
    retrying.retry(call.world, dlq, author_id=call.user.id)
    return dlq.id


@group.post(
    "/dlqs/retry",
    scopes=["dlqs:write"],
    permission="dlq edit",
    query=IncompleteExecutionsQuery,
    body=IncompleteExecutionsChoice,
    answer=value("dlqs"),
)
def retry_incomplete_executions(call: Call, scenario: Scenario) -> list[str]:
    """Try some incomplete executions of a scenario again, or all of them, oldest first; resolved ones are passed over."""
    tried = retrying.retry_all(call.world, _chosen(call, scenario), author_id=call.user.id)
    return [row.id for row in tried]


def _chosen(call: Call, scenario: Scenario) -> list[IncompleteExecution]:
    body = call.body
    return incompletes.chosen(call.world, scenario, body.get("ids"), body.get("except_ids", ()))
