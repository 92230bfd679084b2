"""Logs, operations and stored data of the modules of scenarios. Source: the vendor's OpenAPI document."""

from __future__ import annotations

from collections.abc import Sequence

from ..engine.scenarios import module_data
from ..http.endpoint import ApiCall, EndpointGroup
from ..http.envelope import many, value
from ..http.paging import Paging
from ..json_types import Json
from ..schemas.module_logs import ModuleLogOut, ModuleLogsQuery, ModuleOperationsOut, OperationsQuery
from ..world import module_logs
from ..world.exceptions import InvalidParametersError
from ..world.models import Scenario
from ..world.module_logs import ModuleLog, ModuleOperations
from .ordering import page_of

group = EndpointGroup("module logs")


def _by_imt_id(row: ModuleLog) -> tuple[int, int]:
    return row.execution.started, row.execution.sequence


@group.get(
    "/scenarios/{scenarioId}/modules/operations",
    scopes=["scenarios:read"],
    permission="scenario logs get",
    query=OperationsQuery,
    response=many("operations", ModuleOperationsOut),
)
def list_module_operations(call: ApiCall, scenario: Scenario) -> list[ModuleOperations]:
    """List the numbers of operations of each module of a scenario in the last days."""
    return module_logs.count_operations(call.world, scenario, call.query["days"])


@group.get(
    "/scenarios/{scenarioId}/modules/{moduleId}/logs",
    scopes=["scenarios:read"],
    permission="scenario logs get",
    query=ModuleLogsQuery,
    response=many("moduleLogs", ModuleLogOut),
    paging=Paging(sort_keys={"imtId": _by_imt_id}, sort="imtId", descending=True, limit=50),
)
def list_module_logs(
    call: ApiCall, scenario: Scenario, module_id: str
) -> tuple[Sequence[ModuleLog], dict[str, Json]]:
    """List the operations of a module by execution, newest first.

    ``pg[last]`` goes on behind the entry with that imtId, or from it on with ``pg[showLast]``.
    """
    id = module_data.find_module(call.world, scenario, module_id)
    rows = module_logs.list_logs(call.world, scenario, id)
    rows.sort(key=_by_imt_id, reverse=call.page is None or call.page.descending)
    extra: dict[str, Json] = {}
    if (last := call.query.get("last")) is not None:
        place = next((place for place, row in enumerate(rows) if row.execution.imt_id == last), None)
        if place is None:
            raise InvalidParametersError("Invalid value of parameter 'pg[last]'.")
        rows = rows[place if call.query["show_last"] else place + 1 :]
        assert call.page is not None
        extra["pg"] = {**call.page.to_json(), "last": last, "showLast": call.query["show_last"]}
    return page_of(call, rows), extra


@group.get(
    "/scenarios/{scenarioId}/data/{moduleId}",
    scopes=["scenarios:write"],
    permission="scenario view",
    response=value("exists"),
)
def has_module_data(call: ApiCall, scenario: Scenario, module_id: str) -> bool:
    """Return true if a module has stored data, such as the place up to which a trigger has read."""
    id = module_data.find_module(call.world, scenario, module_id)
    return module_data.has_data(call.world, scenario, id)
