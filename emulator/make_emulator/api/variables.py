"""Variables of organizations and teams. Source: API documentation, "Organizations" and "Teams"."""

from __future__ import annotations

from ..http.endpoint import ApiCall, ConfirmableQuery, EndpointGroup
from ..http.envelope import many, one, value
from ..schemas.variables import VariableChangeOut, VariableCreate, VariableOut, VariableUpdate
from ..world import variables
from ..world.models import Organization, Team, Variable, VariableChange

group = EndpointGroup("variables")


@group.get(
    "/organizations/{organizationId}/variables",
    scopes=["organization-variables:read"],
    permission="organization view",
    response=many("organizationVariables", VariableOut),
)
def list_organization_variables(call: ApiCall, organization: Organization) -> list[Variable]:
    """List the variables of an organization: Make's own, and the custom ones if the plan has them."""
    return variables.list_variables(call.world, organization)


@group.post(
    "/organizations/{organizationId}/variables",
    scopes=["organization-variables:write"],
    permission="organization edit",
    body=VariableCreate,
    response=one("organizationVariable", VariableOut),
)
def create_organization_variable(call: ApiCall, organization: Organization) -> Variable:
    """Create a custom variable of an organization."""
    return variables.create(call.world, call.user, organization, **call.body)


@group.patch(
    "/organizations/{organizationId}/variables/{variableName}",
    scopes=["organization-variables:write"],
    permission="organization edit",
    body=VariableUpdate,
    response=one("organizationVariable", VariableOut),
)
def update_organization_variable(call: ApiCall, organization: Organization, variable_name: str) -> Variable:
    """Change a custom variable of an organization."""
    return variables.update(call.world, call.user, organization, variable_name, **call.body)


@group.delete(
    "/organizations/{organizationId}/variables/{variableName}",
    scopes=["organization-variables:write"],
    permission="organization edit",
    query=ConfirmableQuery,
    response=value("ok"),
)
def delete_organization_variable(call: ApiCall, organization: Organization, variable_name: str) -> int:
    """Delete a custom variable of an organization; needs confirmation."""
    variables.delete(call.world, organization, variable_name, confirmed=call.confirmed)
    return 1


@group.get(
    "/organizations/{organizationId}/variables/{variableName}/history",
    scopes=["organization-variables:read"],
    permission="organization view",
    response=many("organizationVariableHistory", VariableChangeOut),
)
def get_organization_variable_history(
    call: ApiCall, organization: Organization, variable_name: str
) -> list[VariableChange]:
    """List the changes of a custom variable of an organization, newest first."""
    return variables.history(call.world, organization, variable_name)


@group.get(
    "/teams/{teamId}/variables",
    scopes=["team-variables:read"],
    permission="team variables get",
    response=many("teamVariables", VariableOut),
)
def list_team_variables(call: ApiCall, team: Team) -> list[Variable]:
    """List the variables of a team: Make's own, and the custom ones if the plan has them."""
    return variables.list_variables(call.world, team)


@group.post(
    "/teams/{teamId}/variables",
    scopes=["team-variables:write"],
    permission="team variable edit",
    body=VariableCreate,
    response=one("teamVariable", VariableOut),
)
def create_team_variable(call: ApiCall, team: Team) -> Variable:
    """Create a custom variable of a team."""
    return variables.create(call.world, call.user, team, **call.body)


@group.patch(
    "/teams/{teamId}/variables/{variableName}",
    scopes=["team-variables:write"],
    permission="team variable edit",
    body=VariableUpdate,
    response=one("teamVariable", VariableOut),
)
def update_team_variable(call: ApiCall, team: Team, variable_name: str) -> Variable:
    """Change a custom variable of a team."""
    return variables.update(call.world, call.user, team, variable_name, **call.body)


@group.delete(
    "/teams/{teamId}/variables/{variableName}",
    scopes=["team-variables:write"],
    permission="team variable edit",
    query=ConfirmableQuery,
    response=value("ok"),
)
def delete_team_variable(call: ApiCall, team: Team, variable_name: str) -> int:
    """Delete a custom variable of a team; needs confirmation."""
    variables.delete(call.world, team, variable_name, confirmed=call.confirmed)
    return 1


@group.get(
    "/teams/{teamId}/variables/{variableName}/history",
    scopes=["team-variables:read"],
    permission="team variables get",
    response=many("teamVariableHistory", VariableChangeOut),
)
def get_team_variable_history(call: ApiCall, team: Team, variable_name: str) -> list[VariableChange]:
    """List the changes of a custom variable of a team, newest first."""
    return variables.history(call.world, team, variable_name)
