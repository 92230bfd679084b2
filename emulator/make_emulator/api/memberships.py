"""Roles of users in organizations and teams. Source: the vendor's OpenAPI document."""

from __future__ import annotations

from ..http.endpoint import ApiCall, EndpointGroup, NoPermissionRequired
from ..http.envelope import many, one
from ..schemas.memberships import (
    OrganizationRoleOut,
    OrganizationRoleQuery,
    OwnershipTransfer,
    RoleChange,
    TeamRoleOut,
)
from ..world import invitations, memberships
from ..world.memberships import OrganizationRole, TeamRole
from ..world.models import Organization, Team, User
from ..world.roles import ACCESS_ALL_TEAMS

group = EndpointGroup("user roles")

_OF_VISIBLE_OWNERS = NoPermissionRequired("it shows what the caller belongs to, too")


@group.get(
    "/teams/{teamId}/user-team-roles",
    scopes=["teams:read"],
    permission="team view",
    response=many("userTeamRoles", TeamRoleOut),
    cols=True,
)
def list_roles_in_team(call: ApiCall, team: Team) -> list[TeamRole]:
    """List the members of a team with their roles."""
    return memberships.team_roles_of(call.world, team)


@group.get(
    "/teams/{teamId}/user-team-roles/{userId}",
    scopes=["teams:read"],
    permission="team view",
    response=one("userTeamRole", TeamRoleOut),
    cols=True,
)
def get_role_in_team(call: ApiCall, team: Team, user: User) -> TeamRole:
    """Get the role of a user in a team."""
    return memberships.find_team_role(call.world, team, user)


@group.get(
    "/users/{userId}/user-team-roles",
    scopes=["user:read"],
    permission=_OF_VISIBLE_OWNERS,
    response=many("userTeamRoles", TeamRoleOut),
)
def list_team_roles_of_user(call: ApiCall, user: User) -> list[TeamRole]:
    """List the roles of a user in the teams that the caller can see."""
    rows = memberships.team_roles_of(call.world, user)
    return [row for row in rows if call.visibility.can_see_team(row.team_id)]


@group.get(
    "/users/{userId}/user-team-roles/{teamId}",
    scopes=["user:read"],
    permission="team view",
    response=one("userTeamRole", TeamRoleOut),
)
def get_team_role_of_user(call: ApiCall, user: User, team: Team) -> TeamRole:
    """Get the role of a user in a team."""
    return memberships.find_team_role(call.world, team, user)


@group.post(
    "/users/{userId}/user-team-roles/{teamId}",
    scopes=["user:write"],
    permission="team user add and edit",
    body=RoleChange,
    response=one("userTeamRole", TeamRoleOut),
)
def set_team_role_of_user(call: ApiCall, user: User, team: Team) -> TeamRole:
    """Set the role of a user in a team; without a role, take the user out of it."""
    if "users_role_id" not in call.body:
        return memberships.remove_from_team(call.world, team, user)
    return memberships.set_team_role(call.world, team, user, call.body["users_role_id"])


@group.get(
    "/organizations/{organizationId}/user-organization-roles",
    scopes=["organizations:read"],
    permission="organization view",
    response=many("userOrganizationRoles", OrganizationRoleOut),
    cols=True,
)
def list_roles_in_organization(call: ApiCall, organization: Organization) -> list[OrganizationRole]:
    """List the members of an organization, and those who are invited, with their roles."""
    invited = call.world.invitations.where(organization=organization.id)
    return [
        *memberships.organization_roles_of(call.world, organization),
        *(invitations.role_of(call.world, row) for row in sorted(invited, key=lambda row: row.user_id)),
    ]


@group.get(
    "/organizations/{organizationId}/user-organization-roles/{userId}",
    scopes=["organizations:read"],
    permission="organization view",
    response=one("userOrganizationRole", OrganizationRoleOut),
    cols=True,
)
def get_role_in_organization(call: ApiCall, organization: Organization, user: User) -> OrganizationRole:
    """Get the role of a user in an organization."""
    return memberships.find_organization_role(call.world, organization, user)


@group.post(
    "/organizations/{organizationId}/user-organization-roles/transfer",
    scopes=["organizations:write"],
    permission=ACCESS_ALL_TEAMS,
    body=OwnershipTransfer,
    response=many("userOrganizationRoles", OrganizationRoleOut),
    evidence="The document declares no scope; that of other changes of organizations is required.",
)
def transfer_organization(call: ApiCall, organization: Organization, user: User) -> list[OrganizationRole]:
    """Hand an organization over to a user whom the body names; for its owner."""
    return memberships.transfer_ownership(call.world, organization, call.user, user)


@group.get(
    "/users/{userId}/user-organization-roles",
    scopes=["user:read"],
    permission=_OF_VISIBLE_OWNERS,
    response=many("userOrganizationRoles", OrganizationRoleOut),
    cols=True,
)
def list_organization_roles_of_user(call: ApiCall, user: User) -> list[OrganizationRole]:
    """List the roles of a user in the organizations that the caller belongs to."""
    visible = {organization.id for organization in call.visibility.organizations()}
    rows = memberships.organization_roles_of(call.world, user)
    return [row for row in rows if row.organization_id in visible]


@group.get(
    "/users/{userId}/user-organization-roles/{organizationId}",
    scopes=["user:read"],
    permission="organization view",
    response=one("userOrganizationRole", OrganizationRoleOut),
    cols=True,
)
def get_organization_role_of_user(call: ApiCall, user: User, organization: Organization) -> OrganizationRole:
    """Get the role of a user in an organization."""
    return memberships.find_organization_role(call.world, organization, user)


@group.post(
    "/users/{userId}/user-organization-roles/{organizationId}",
    scopes=["user:write"],
    permission="organization user edit",
    query=OrganizationRoleQuery,
    body=RoleChange,
    response=one("userOrganizationRole", OrganizationRoleOut),
    cols=True,
)
def set_organization_role_of_user(call: ApiCall, user: User, organization: Organization) -> OrganizationRole:
    """Set the role of a user in an organization; without a role, take the user out of it."""
    if "users_role_id" in call.body:
        role_id = call.body["users_role_id"]
        return memberships.set_organization_role(call.world, organization, user, role_id)
    return memberships.remove_from_organization(
        call.world,
        organization,
        user,
        delete_connections=call.query["delete_connections"],
        confirmed=call.confirmed,
    )


@group.post(
    "/users/{userId}/user-organization-roles/{organizationId}/transfer",
    scopes=["user:write"],
    permission=ACCESS_ALL_TEAMS,
    response=many("userOrganizationRoles", OrganizationRoleOut),
)
def transfer_organization_to_user(
    call: ApiCall, user: User, organization: Organization
) -> list[OrganizationRole]:
    """Hand an organization over to a user; for its owner."""
    return memberships.transfer_ownership(call.world, organization, call.user, user)
