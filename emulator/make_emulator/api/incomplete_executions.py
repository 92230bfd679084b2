"""Incomplete executions. Source: the vendor's SDK (``incomplete-executions.ts``); recorded exchanges of lists."""

from __future__ import annotations

from collections.abc import Sequence

from ..engine.scenarios import module_checks
from ..engine.scheduling import incomplete_retry
from ..http.endpoint import ApiCall, EndpointGroup
from ..http.envelope import Envelope, EnvelopeField, many, one, value
from ..http.paging import Paging
from ..json_types import Json
from ..policies.resources import Access, run_access
from ..schemas.incomplete_executions import (
    IncompleteExecutionChanged,
    IncompleteExecutionListItem,
    IncompleteExecutionOut,
    IncompleteExecutionsDelete,
    IncompleteExecutionsQuery,
    IncompleteExecutionsSelection,
    IncompleteExecutionUpdate,
    RetryListItem,
    RetryLogsQuery,
    RetryOut,
)
from ..world import incomplete_executions
from ..world.blueprint_refs import next_module_id
from ..world.exceptions import InvalidStateError, NotConfirmedError
from ..world.models import IncompleteExecution, RetryAttempt, Scenario
from ..world.tables import Selection
from . import access_rules
from .ordering import make_paging

group = EndpointGroup("incomplete executions")

#: The vendor's words for what cannot be deleted at the moment (API documentation).
_BEING_PROCESSED = "Some of the executions could not be deleted because they are being processed right now"


@group.get(
    "/dlqs",
    scopes=["dlqs:read"],
    permission="dlq view",
    query=IncompleteExecutionsQuery,
    response=many("dlqs", IncompleteExecutionListItem),
    lists="id",
    paging=Paging(sort_keys={"": incomplete_executions.newest_first}, sort="", limit=25),
    evidence="Recorded: 25 a page, sorted by nothing that has a name.",
)
def list_incomplete_executions(call: ApiCall, scenario: Scenario) -> Selection[IncompleteExecution]:
    """List the incomplete executions of a scenario, newest first."""
    return incomplete_executions.list_for_scenario(call.world, scenario)


@group.get(
    "/dlqs/{dlqId}",
    scopes=["dlqs:read"],
    permission="dlq view",
    response=one("dlq", IncompleteExecutionOut),
)
def get_incomplete_execution(call: ApiCall, dlq: IncompleteExecution) -> IncompleteExecution:
    """Get an incomplete execution."""
    return dlq


@group.patch(
    "/dlqs/{dlqId}",
    scopes=["dlqs:write"],
    permission="dlq edit",
    body=IncompleteExecutionUpdate,
    response=one("dlq", IncompleteExecutionChanged),
    accesses=lambda call: [
        *access_rules.writes("dlqs", [call.rows["dlq"]]),
        *access_rules.uses_of(
            call, call.body.get("blueprint", call.rows["dlq"].blueprint), call.rows["dlq"].blueprint
        ),
    ],
)
def update_incomplete_execution(call: ApiCall, dlq: IncompleteExecution) -> IncompleteExecution:
    """Change the blueprint of the retry, or its first module."""
    if "blueprint" in call.body:
        module_checks.check_modules(call.world, call.body["blueprint"])
        call.warnings += module_checks.find_warnings(call.world, call.body["blueprint"])
    return incomplete_retry.update(call.world, dlq, **call.body)


@group.delete(
    "/dlqs",
    scopes=["dlqs:write"],
    permission="dlq edit",
    query=IncompleteExecutionsDelete,
    body=IncompleteExecutionsSelection,
    response=Envelope({"dlqs": EnvelopeField(), "error": EnvelopeField(is_optional=True)}),
    accesses=lambda call: access_rules.writes("dlqs", _selected(call, call.rows["scenario"])),
    evidence="Recorded for a scenario that has none.",
)
def delete_incomplete_executions(call: ApiCall, scenario: Scenario) -> dict[str, Json]:
    """Delete some incomplete executions of a scenario, or all of them, which needs confirmation.

    Those that are being retried stay, which the response reports as an error beside the ids.
    """
    rows = _selected(call, scenario)
    if "ids" not in call.body and not call.confirmed:
        raise NotConfirmedError("Incomplete executions are deleted for good.", "deleteIncompleteExecutions")
    response: dict[str, Json] = {"dlqs": [row.id for row in rows]}
    if len(incomplete_retry.delete(call.world, rows)) < len(rows):
        response["error"] = {"name": "APIError", "message": _BEING_PROCESSED}
    return response


@group.delete(
    "/dlqs/{dlqId}",
    scopes=["dlqs:write"],
    permission="dlq edit",
    response=value("dlq"),
    evidence="Deprecated, and served nevertheless.",
)
def delete_incomplete_execution(call: ApiCall, dlq: IncompleteExecution) -> str:
    """Delete an incomplete execution."""
    if not incomplete_retry.delete(call.world, [dlq]):
        raise InvalidStateError(_BEING_PROCESSED)
    return dlq.id


@group.get(
    "/dlqs/{dlqId}/blueprint",
    scopes=["dlqs:read"],
    permission="dlq view",
    response=Envelope({"code": EnvelopeField(), "response": EnvelopeField()}),
)
def get_incomplete_execution_blueprint(call: ApiCall, dlq: IncompleteExecution) -> dict[str, Json]:
    """Get the blueprint of the retry, and the reason of the failure."""
    response: dict[str, Json] = {
        "blueprint": dict(dlq.blueprint),
        "company": dlq.team_id,
        "idSequence": next_module_id(dlq.blueprint),
        "reason": dlq.reason,
    }
    return {"code": "OK", "response": response}


@group.get(
    "/dlqs/{dlqId}/bundle",
    scopes=["dlqs:read"],
    permission="dlq view",
    response=Envelope({"code": EnvelopeField(), "response": EnvelopeField()}),
)
def get_incomplete_execution_bundle(call: ApiCall, dlq: IncompleteExecution) -> dict[str, Json]:
    """Get the output bundles of the modules by their ids, and the error of the one that failed."""
    return {"code": "OK", "response": dlq.bundles}


@group.get(
    "/dlqs/{dlqId}/logs",
    scopes=["dlqs:read"],
    permission="dlq view",
    query=RetryLogsQuery,
    response=many("dlqLogs", RetryListItem),
    paging=make_paging("imtId", {"imtId": incomplete_executions.by_time}, limit=50, descending=True),
)
def list_incomplete_execution_logs(call: ApiCall, dlq: IncompleteExecution) -> Selection[RetryAttempt]:
    """List the finished retries of an incomplete execution, newest first."""
    query = call.query
    return incomplete_executions.logs(
        call.world,
        dlq,
        status=int(query["status"]) if "status" in query else None,
        since=query.get("since", 0),
        until=query.get("until"),
    )


@group.get(
    "/dlqs/{dlqId}/logs/{executionId}",
    scopes=["dlqs:read"],
    permission="dlq view",
    response=one("dlqLog", RetryOut),
)
def get_incomplete_execution_log(call: ApiCall, dlq: IncompleteExecution, execution_id: str) -> RetryAttempt:
    """Get one retry of an incomplete execution."""
    return incomplete_executions.find_log(call.world, dlq, execution_id)


@group.post(
    "/dlqs/{dlqId}/retry",
    scopes=["dlqs:write"],
    permission="dlq edit",
    response=value("dlq"),
    accesses=lambda call: _retries(call, [call.rows["dlq"]]),
)
def retry_incomplete_execution(call: ApiCall, dlq: IncompleteExecution) -> str:
    """Retry an incomplete execution."""
    incomplete_retry.retry(call.world, dlq, author_id=call.user.id, agent_run=call.agent_run)
    return dlq.id


@group.post(
    "/dlqs/retry",
    scopes=["dlqs:write"],
    permission="dlq edit",
    query=IncompleteExecutionsQuery,
    body=IncompleteExecutionsSelection,
    response=value("dlqs"),
    accesses=lambda call: _retries(call, _selected(call, call.rows["scenario"])),
)
def retry_incomplete_executions(call: ApiCall, scenario: Scenario) -> list[str]:
    """Retry some incomplete executions of a scenario, or all of them, oldest first; resolved ones are skipped."""
    tried = incomplete_retry.retry_all(
        call.world, _selected(call, scenario), author_id=call.user.id, agent_run=call.agent_run
    )
    return [row.id for row in tried]


def _retries(call: ApiCall, rows: Sequence[IncompleteExecution]) -> list[Access]:
    """Returns the accesses of retries, each of which runs a part of its scenario."""
    return [*access_rules.writes("dlqs", rows), *map(run_access, {row.scenario_id for row in rows})]


def _selected(call: ApiCall, scenario: Scenario) -> list[IncompleteExecution]:
    body = call.body
    return incomplete_executions.select(call.world, scenario, body.get("ids"), body.get("except_ids", ()))
