"""Custom functions of teams, for plans that include them. Source: API documentation, "Custom functions"."""

from __future__ import annotations

from ..engine import custom_functions
from ..http.endpoint import ApiCall, ConfirmableQuery, EndpointGroup
from ..http.envelope import Envelope, many, one
from ..json_types import Json
from ..schemas.functions import (
    FunctionChangeOut,
    FunctionCode,
    FunctionCreate,
    FunctionDetail,
    FunctionListItem,
    FunctionsQuery,
    FunctionUpdate,
    FunctionWritten,
)
from ..world import functions
from ..world.exceptions import NotFoundError
from ..world.models import CustomFunction, FunctionChange, Team

group = EndpointGroup("custom functions")

_PLAN_FEATURE = "custom_functions"


@group.get(
    "/functions",
    scopes=["functions:read"],
    permission="functions get",
    plan=_PLAN_FEATURE,
    query=FunctionsQuery,
    response=many("functions", FunctionListItem),
    lists="id",
    cols=True,
)
def list_functions(call: ApiCall, team: Team) -> list[CustomFunction]:
    """List the custom functions of a team."""
    return list(call.world.functions.where(team=team.id))


@group.post(
    "/functions",
    scopes=["functions:write"],
    permission="function add",
    plan=_PLAN_FEATURE,
    query=FunctionsQuery,
    body=FunctionCreate,
    response=one("function", FunctionWritten),
)
def create_function(call: ApiCall, team: Team) -> CustomFunction:
    """Create a custom function after checking its code."""
    call.body.pop("args", None)
    custom_functions.check_name(call.body["name"])
    custom_functions.check_code(call.body["code"])
    return functions.create(call.world, call.user, team, **call.body)


@group.post(
    "/functions/eval",
    scopes=["functions:write"],
    permission="functions get",
    plan=_PLAN_FEATURE,
    query=FunctionsQuery,
    body=FunctionCode,
    response=Envelope(),
)
def check_function(call: ApiCall, team: Team) -> dict[str, Json]:
    """Check the code of a custom function without saving it."""
    error = custom_functions.find_code_error(call.body["code"])
    return {"success": error is None, "error": error}


@group.get(
    "/functions/{functionId}",
    scopes=["functions:read"],
    permission="functions get",
    plan=_PLAN_FEATURE,
    response=one("function", FunctionDetail),
    cols=True,
)
def get_function(call: ApiCall, function: CustomFunction) -> CustomFunction:
    """Get a custom function, with the scenarios that use it."""
    return function


@group.patch(
    "/functions/{functionId}",
    scopes=["functions:write"],
    permission="function add",
    plan=_PLAN_FEATURE,
    body=FunctionUpdate,
    response=one("function", FunctionWritten),
)
def update_function(call: ApiCall, function: CustomFunction) -> CustomFunction:
    """Change description or code of a custom function."""
    call.body.pop("args", None)
    if "code" in call.body:
        custom_functions.check_code(call.body["code"])
    return functions.update(call.world, call.user, function, **call.body)


@group.delete(
    "/functions/{functionId}",
    scopes=["functions:write"],
    permission="function delete",
    plan=_PLAN_FEATURE,
    query=ConfirmableQuery,
    response=Envelope(),
)
def delete_function(call: ApiCall, function: CustomFunction) -> dict[str, Json]:
    """Delete a custom function; needs confirmation when scenarios use it, which then fail."""
    users = custom_functions.find_callers(call.world, function)
    functions.delete(call.world, function, users, confirmed=call.confirmed)
    return {"success": True}


@group.get(
    "/functions/{functionId}/history",
    scopes=["functions:read"],
    permission="functions get",
    plan=_PLAN_FEATURE,
    query=FunctionsQuery,
    response=many("functionHistory", FunctionChangeOut),
)
def get_function_history(call: ApiCall, function: CustomFunction, team: Team) -> list[FunctionChange]:
    """List the changes of the code of a custom function, newest first."""
    if function.team_id != team.id:
        raise NotFoundError("function", function.id)
    return functions.history(call.world, function)
