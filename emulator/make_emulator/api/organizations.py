"""Organizations. Source: API documentation, "Organizations"; recorded exchanges."""

from __future__ import annotations

from ..http.endpoint import ApiCall, ConfirmableQuery, EndpointGroup, NoPermissionRequired
from ..http.envelope import Envelope, EnvelopeField, many, one, value
from ..http.errors import BadRequestError, PlanUpgradeError
from ..json_types import Json
from ..schemas.organizations import (
    OrganizationBrief,
    OrganizationCreate,
    OrganizationListItem,
    OrganizationOut,
    OrganizationQuery,
    OrganizationsQuery,
    OrganizationUpdate,
    TeamPermissionQuery,
    TfaEnforcement,
    TfaEnforcementOut,
    UserOrganizationRoleOut,
)
from ..world import organizations
from ..world.models import Organization, OrganizationMember
from ..world.roles import PERMISSION_CATEGORIES, team_permissions
from ..world.tables import Selection
from .ordering import NAME_PAGING

group = EndpointGroup("organizations")


@group.get(
    "/organizations",
    scopes=["organizations:read"],
    permission=NoPermissionRequired("it shows what the user belongs to"),
    query=OrganizationsQuery,
    response=many("organizations", OrganizationListItem),
    lists="id",
    paging=NAME_PAGING,
    cols=True,
    core=39,
)
def list_organizations(call: ApiCall) -> Selection[Organization]:
    """List the organizations that the user belongs to."""
    zone = call.query.get("zone")
    mine = {organization.id for organization in call.visibility.organizations()}
    return call.world.organizations.all().filter(
        lambda row: row.id in mine and zone in (None, row.zone) and "external_id" not in call.query
    )


@group.get(
    "/organizations/{organizationId}",
    scopes=["organizations:read"],
    permission="organization view",
    query=OrganizationQuery,
    response=one("organization", OrganizationOut),
    cols=True,
    core=40,
)
def get_organization(call: ApiCall, organization: Organization) -> Organization:
    """Get an organization with its license and consumption."""
    return organization


@group.post(
    "/organizations",
    scopes=["organizations:write", "admin:write"],
    permission=NoPermissionRequired("it takes an administrator of the zone instead"),
    spans_organizations=True,
    body=OrganizationCreate,
    response=Envelope(
        {
            "organization": EnvelopeField(OrganizationBrief),
            "userOrganizationRole": EnvelopeField(UserOrganizationRoleOut),
        }
    ),
    core=41,
)
def create_organization(call: ApiCall) -> dict[str, Organization | OrganizationMember]:
    """Create an organization with a first team; the caller becomes its owner."""
    organization, member = organizations.create_organization_with_team(call.world, call.user, **call.body)
    return {"organization": organization, "userOrganizationRole": member}


@group.patch(
    "/organizations/{organizationId}",
    scopes=["organizations:write"],
    permission="organization edit",
    body=OrganizationUpdate,
    response=one("organization", OrganizationBrief),
)
def update_organization(call: ApiCall, organization: Organization) -> Organization:
    """Change an organization's name, country or time zone."""
    return organizations.update_organization_settings(call.world, organization, **call.body)


@group.delete(
    "/organizations/{organizationId}",
    scopes=["organizations:write"],
    permission="organization delete",
    query=ConfirmableQuery,
    response=value("organization"),
)
def delete_organization(call: ApiCall, organization: Organization) -> int:
    """Delete an organization with its teams; needs confirmation when scenarios are active."""
    return organizations.delete_organization(call.world, organization, confirmed=call.confirmed)


@group.get(
    "/organizations/{organizationId}/apps",
    scopes=["organizations:read"],
    permission="organization view",
    response=value("installedApps"),
)
def list_custom_apps(call: ApiCall, organization: Organization) -> list[Json]:
    """List the custom apps of an organization: there are none."""
    return []


@group.patch(
    "/organizations/{organizationId}/tfa-enforcement",
    scopes=["organizations:write"],
    permission="organization edit",
    body=TfaEnforcement,
    response=one("organization", TfaEnforcementOut),
)
def enforce_tfa(call: ApiCall, organization: Organization) -> Organization:
    """Require two-factor authentication of the users of an organization, or no longer."""
    if not organization.license.tfa_enforcement:
        raise PlanUpgradeError("The plan of the organization does not include the enforcement.")
    return organizations.update_organization(call.world, organization, tfa_enforced=call.body["enable"])


@group.get(
    "/organizations/{organizationId}/check-team-permission",
    scopes=["organizations:read"],
    permission="organization view",
    query=TeamPermissionQuery,
    response=value("hasPermission"),
    evidence="The document declares no scope; that of organizations is required.",
)
def check_team_permission(call: ApiCall, organization: Organization) -> bool:
    """Check that the caller has a permission in a team of an organization."""
    permission = call.query["team_permission"]
    if PERMISSION_CATEGORIES.get(permission) != "team":
        raise BadRequestError("Bad Request", suberrors=[])
    teams = call.world.teams.where(organization=organization.id)
    return any(permission in team_permissions(call.world, call.user, team) for team in teams)
