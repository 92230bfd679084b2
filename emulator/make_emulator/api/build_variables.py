"""Build-time variables of scenarios. Source: the vendor's OpenAPI document."""

from __future__ import annotations

from ..http.endpoint import ApiCall, EndpointGroup
from ..http.envelope import value
from ..json_types import Json
from ..schemas.notes import BuildVariableQuery, BuildVariablesBody
from ..world import build_variables
from ..world.exceptions import InvalidParametersError
from ..world.models import Scenario

group = EndpointGroup("build variables")


@group.get(
    "/scenarios/{scenarioId}/build-variables",
    scopes=["scenarios:read"],
    permission="scenario view",
    response=value("variables"),
)
def get_build_variables(call: ApiCall, scenario: Scenario) -> dict[str, Json]:
    """Get the build-time variables of a scenario that the caller can use, by name."""
    rows = build_variables.list_visible(call.world, call.user, scenario)
    return {"input": {row.name: row.value for row in rows}}


@group.post(
    "/scenarios/{scenarioId}/build-variables",
    scopes=["scenarios:write"],
    permission="scenario edit",
    body=BuildVariablesBody,
    response=value("ok"),
)
def add_build_variables(call: ApiCall, scenario: Scenario) -> int:
    """Add build-time variables to a scenario."""
    build_variables.add(call.world, call.user, scenario, _values(call))
    return 1


@group.put(
    "/scenarios/{scenarioId}/build-variables",
    scopes=["scenarios:write"],
    permission="scenario edit",
    body=BuildVariablesBody,
    response=value("ok"),
)
def replace_build_variables(call: ApiCall, scenario: Scenario) -> int:
    """Replace the build-time variables of a scenario."""
    build_variables.replace_all(call.world, call.user, scenario, _values(call))
    return 1


@group.delete(
    "/scenarios/{scenarioId}/build-variables",
    scopes=["scenarios:write"],
    permission="scenario edit",
    query=BuildVariableQuery,
    response=value("ok"),
)
def delete_build_variable(call: ApiCall, scenario: Scenario) -> int:
    """Delete the build-time variable with a value."""
    build_variables.delete(call.world, call.user, scenario, call.query["value"])
    return 1


def _values(call: ApiCall) -> dict[str, str]:
    rows = call.body["input"]
    values: dict[str, str] = {row["name"]: row["value"] for row in rows}
    if len(values) < len(rows):
        raise InvalidParametersError("A variable is given more than once.")
    return values
