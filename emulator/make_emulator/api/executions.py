"""Executions and logs. Source: API documentation, "Scenarios > Logs"; recorded exchanges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from ..engine.runtime.executor import visible_status
from ..engine.scenarios import replay
from ..http.endpoint import ApiCall, EndpointGroup
from ..http.envelope import Envelope, mixed, one, value
from ..http.paging import PageRequest, Paging
from ..json_types import Json
from ..schemas.executions import (
    EventRow,
    LogDetail,
    LogDetailQuery,
    LogRow,
    LogsQuery,
    ReplayBody,
    StopExecution,
)
from ..world import executions
from ..world.exceptions import InvalidParametersError, NotFoundError, ResponseTooLargeError
from ..world.models import Execution, ExecutionError, Scenario, ScenarioEvent
from ..world.tables import Selection

group = EndpointGroup("executions")

LogItem = Execution | ScenarioEvent


def _occurred_at(entry: LogItem) -> int:
    return entry.started if isinstance(entry, Execution) else entry.at


def _by_imt_id(entry: LogItem) -> tuple[int, int]:
    return _occurred_at(entry), entry.sequence


#: Filter -> predicate of an execution.
_FILTERS: dict[str, Callable[[Execution, Any], bool]] = {
    "status": lambda run, status: run.status == int(status),
    "duration_from": lambda run, least: run.duration >= least,
    "duration_to": lambda run, most: run.duration <= most,
    "operations_from": lambda run, least: run.operations >= least,
    "operations_to": lambda run, most: run.operations <= most,
    "transfer_from": lambda run, least: run.transfer >= least,
    "transfer_to": lambda run, most: run.transfer <= most,
    "credits_from": lambda run, least: run.centicredits >= least,
    "credits_to": lambda run, most: run.centicredits <= most,
    "execution_name": lambda run, part: part.casefold() in (run.name or "").casefold(),
}


@group.get(
    "/scenarios/{scenarioId}/logs",
    scopes=["scenarios:read"],
    permission="scenario logs get",
    query=LogsQuery,
    response=mixed("scenarioLogs", {Execution: LogRow, ScenarioEvent: EventRow}),
    paging=Paging(sort_keys={"imtId": _by_imt_id}, sort="imtId", descending=True, limit=50),
    core=11,
    evidence="Recorded: finished runs only, among them what people did to the scenario.",
)
def list_logs(call: ApiCall, scenario: Scenario) -> tuple[Selection[LogItem], dict[str, Json]]:
    """List the log of a scenario, newest first: its finished runs, its starts, stops and changes.

    ``pg[last]`` goes on behind the entry with that imtId, or from it on with ``pg[showLast]``.
    """
    now = call.world.now()
    since, until = call.query.get("since", 0), call.query.get("until")
    filters = [(test, call.query[name]) for name, test in _FILTERS.items() if name in call.query]

    rows = call.world.logs.where(scenario=scenario.id)
    extra: dict[str, Json] = {}
    assert call.page is not None
    if (last := call.query.get("last")) is not None:
        rows = rows.filter(_after_imt_id(rows, last, call.page, show=call.query["show_last"]))
        extra["pg"] = {**call.page.to_json(), "last": last, "showLast": call.query["show_last"]}

    def matches(entry: LogItem) -> bool:
        if _occurred_at(entry) < since or (until is not None and _occurred_at(entry) > until):
            return False
        if isinstance(entry, ScenarioEvent):
            return not filters
        return entry.ends <= now and all(test(entry, bound) for test, bound in filters)

    return rows.filter(matches), extra


def _after_imt_id(
    rows: Selection[LogItem], imt_id: str, page: PageRequest, *, show: bool
) -> Callable[[LogItem], bool]:
    """Returns true if an entry follows the one with an imtId, in the order of the page."""
    last = next((row for row in rows if row.imt_id == imt_id), None)
    if last is None:
        raise InvalidParametersError("Invalid value of parameter 'pg[last]'.")
    place = _by_imt_id(last)

    def behind(entry: LogItem) -> bool:
        here = _by_imt_id(entry)
        return (show and here == place) or (here < place if page.descending else here > place)

    return behind


@group.get(
    "/scenarios/{scenarioId}/logs/{executionId}",
    scopes=["scenarios:read"],
    permission="scenario logs get",
    response=one("scenarioLog", LogDetail),
    core=12,
)
def get_log(call: ApiCall, scenario: Scenario, execution_id: str) -> Execution:
    """Get the log of one finished run."""
    execution = _find_execution(call, scenario, execution_id)
    if execution.ends > call.world.now():
        raise NotFoundError("execution", execution_id)
    return execution


@group.get(
    "/scenarios/{scenarioId}/executions/{executionId}",
    scopes=["scenarios:read"],
    permission="scenario logs get",
    query=LogDetailQuery,
    response=Envelope(),
    core=13,
)
def get_execution(call: ApiCall, scenario: Scenario, execution_id: str) -> dict[str, Json]:
    """Get the status of a run, and its outputs or error once it has ended."""
    execution = _find_execution(call, scenario, execution_id)
    status = visible_status(execution, call.world.now())
    response: dict[str, Json] = {"status": status}
    if status == "RUNNING":
        return response
    if execution.outputs is not None:
        limit = call.query.get("max_bytes")
        if limit is not None and len(orjson.dumps(execution.outputs)) > limit:
            raise ResponseTooLargeError(f"The outputs are larger than {limit} bytes.")
        response["outputs"] = execution.outputs
    if execution.error is not None:
        response["error"] = describe_error(execution.error)
    return response


def describe_error(error: ExecutionError) -> dict[str, Json]:
    """Returns the error of a run as responses show it, with the module that caused it."""
    response: dict[str, Json] = {"name": error.name, "message": error.message}
    # Recorded: a bundle that does not fit its module is reported without the module.
    if error.module_name is not None and error.name != "BundleValidationError":
        response["causeModule"] = {"name": error.module_name, "appName": error.app_name}
    return response


@group.post(
    "/scenarios/{scenarioId}/executions/{executionId}/stop",
    scopes=["scenarios:run"],
    permission="scenario stop",
    body=StopExecution,
    response=Envelope(),
)
def stop_execution(call: ApiCall, scenario: Scenario, execution_id: str) -> dict[str, Json]:
    """Stop a running execution, after its current module or at once."""
    executions.stop(call.world, _find_execution(call, scenario, execution_id), force=call.body["force"])
    return {}


@group.post(
    "/scenarios/{scenarioId}/replay",
    scopes=["scenarios:run"],
    permission="scenario start",
    body=ReplayBody,
    response=value("executionId"),
    status=202,
)
def replay_execution(call: ApiCall, scenario: Scenario) -> str:
    """Run a scenario again with the data that an earlier run received; of several ids only the first counts."""
    execution = _find_execution(call, scenario, call.body["execution_ids"][0])
    return replay.replay(call.world, call.user, scenario, execution, agent_run=call.agent_run).id


def _find_execution(call: ApiCall, scenario: Scenario, execution_id: str) -> Execution:
    entry = call.world.logs.get((scenario.id, execution_id))
    if not isinstance(entry, Execution):
        raise NotFoundError("execution", execution_id)
    return entry
