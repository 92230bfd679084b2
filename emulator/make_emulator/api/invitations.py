"""Invitations to organizations. Source: the vendor's OpenAPI document."""

from __future__ import annotations

from collections.abc import Sequence

from ..http.endpoint import ApiCall, EndpointGroup, NoPermissionRequired
from ..http.envelope import Envelope, EnvelopeField, many
from ..schemas.invitations import (
    InvitationAccept,
    InvitationCreate,
    InvitationOut,
    InvitationQuery,
    InvitingOrganizationOut,
)
from ..schemas.memberships import OrganizationRoleOut
from ..schemas.users import UserOut
from ..world import invitations
from ..world.models import Invitation, Organization, Team

group = EndpointGroup("invitations")

_OF_THE_CALLER = NoPermissionRequired("it is about the caller")
_USER_AND_ROLE = {
    "user": EnvelopeField(UserOut),
    "userOrganizationRole": EnvelopeField(OrganizationRoleOut),
}


@group.post(
    "/organizations/{organizationId}/invite",
    scopes=["organizations:write"],
    permission="organization user add",
    body=InvitationCreate,
    response=Envelope(_USER_AND_ROLE),
)
def invite_user(call: ApiCall, organization: Organization, teams: Sequence[Team] = ()) -> dict[str, object]:
    """Invite a user to an organization; the invitation shows among those of the user, as no mail is sent."""
    user, invitation = invitations.invite(
        call.world,
        organization,
        name=call.body["name"],
        email=call.body["email"],
        role_id=call.body["users_role_id"],
        teams=teams,
        note=call.body.get("note"),
    )
    return {"user": user, "userOrganizationRole": invitations.role_of(call.world, invitation)}


@group.get(
    "/organizations/invitation",
    scopes=["organizations:read"],
    permission=_OF_THE_CALLER,
    spans_organizations=True,
    query=InvitationQuery,
    response=Envelope({"organization": EnvelopeField(InvitingOrganizationOut), **_USER_AND_ROLE}),
)
def get_invitation(call: ApiCall) -> dict[str, object]:
    """Get an invitation of the caller by its hash."""
    invitation = invitations.find(call.world, call.user, call.query["hash"])
    return {
        "organization": call.world.organizations[invitation.organization_id],
        "user": call.user,
        "userOrganizationRole": invitations.role_of(call.world, invitation),
    }


@group.post(
    "/organizations/accept-invitation",
    scopes=["organizations:write"],
    permission=_OF_THE_CALLER,
    spans_organizations=True,
    body=InvitationAccept,
    response=Envelope(_USER_AND_ROLE),
)
def accept_invitation(call: ApiCall) -> dict[str, object]:
    """Accept an invitation of the caller: become a member of its organization and teams."""
    role = invitations.accept(call.world, call.user, call.body["hash"])
    return {"user": call.user, "userOrganizationRole": role}


@group.get(
    "/users/me/organization-invitations",
    scopes=["user:read"],
    permission=_OF_THE_CALLER,
    response=many("userOrganizationInvitations", InvitationOut),
)
def list_invitations(call: ApiCall) -> list[Invitation]:
    """List the invitations of the caller to organizations."""
    return invitations.invitations_of(call.world, call.user)
