"""Organizations. Source: API documentation, "Organizations"; recorded exchanges."""

from __future__ import annotations

from ..endpoint import Call, Confirmable, Group, NoPermission
from ..envelope import Envelope, Part, many, one, value
from ..schemas.organizations import (
    OrganizationBrief,
    OrganizationCreate,
    OrganizationListItem,
    OrganizationOut,
    OrganizationQuery,
    OrganizationsQuery,
    OrganizationUpdate,
    UserOrganizationRoleOut,
)
from ..world import people
from ..world.models import Organization, OrganizationMember
from ..world.tables import Selection
from .ordering import BY_NAME

group = Group("organizations")


@group.get(
    "/organizations",
    scopes=["organizations:read"],
    permission=NoPermission("it shows what the user belongs to"),
    query=OrganizationsQuery,
    answer=many("organizations", OrganizationListItem),
    paging=BY_NAME,
    cols=True,
    core=39,
)
def list_organizations(call: Call) -> Selection[Organization]:
    """List the organizations that the user belongs to."""
    zone = call.query.get("zone")
    mine = {organization.id for organization in call.reach.organizations()}
    return call.world.organizations.all().only(
        lambda row: row.id in mine and zone in (None, row.zone) and "external_id" not in call.query
    )


@group.get(
    "/organizations/{organizationId}",
    scopes=["organizations:read"],
    permission="organization view",
    query=OrganizationQuery,
    answer=one("organization", OrganizationOut),
    cols=True,
    core=40,
)
def get_organization(call: Call, organization: Organization) -> Organization:
    """Get an organization with its license and what it consumed."""
    return organization


@group.post(
    "/organizations",
    scopes=["organizations:write", "admin:write"],
    permission=NoPermission("it takes an administrator of the zone instead"),
    body=OrganizationCreate,
    answer=Envelope(
        {"organization": Part(OrganizationBrief), "userOrganizationRole": Part(UserOrganizationRoleOut)}
    ),
    core=41,
)
def create_organization(call: Call) -> dict[str, Organization | OrganizationMember]:
    """Create an organization with a first team; the caller becomes its owner."""
    organization, member = people.found_organization(call.world, call.user, **call.body)
    return {"organization": organization, "userOrganizationRole": member}


@group.patch(
    "/organizations/{organizationId}",
    scopes=["organizations:write"],
    permission="organization edit",
    body=OrganizationUpdate,
    answer=one("organization", OrganizationBrief),
)
def update_organization(call: Call, organization: Organization) -> Organization:
    """Change an organization's name, country or time zone."""
    return people.settle_organization(call.world, organization, **call.body)


@group.delete(
    "/organizations/{organizationId}",
    scopes=["organizations:write"],
    permission="organization delete",
    query=Confirmable,
    answer=value("organization"),
)
def delete_organization(call: Call, organization: Organization) -> int:
    """Delete an organization with its teams; needs confirmation when scenarios are active."""
    return people.delete_organization(call.world, organization, confirmed=call.confirmed)
