"""Private spaces of organizations. Source: the vendor's SDK; the personal spaces of its OpenAPI document."""

from __future__ import annotations

from ..http.endpoint import ApiCall, EndpointGroup, NoPermissionRequired
from ..http.envelope import many, one
from ..schemas.private_spaces import (
    PrivateSpaceListItem,
    PrivateSpaceOut,
    PrivateSpaceQuery,
    PrivateSpacesQuery,
    PrivateSpaceUpdate,
    PrivateSpaceUpdated,
)
from ..world import private_spaces
from ..world.exceptions import MissingPermissionError
from ..world.models import Organization, Team
from ..world.roles import PRIVATE_SPACE_VIEW, PRIVATE_SPACES_MANAGE, organization_permissions
from ..world.tables import Selection
from .ordering import by_name, make_paging

group = EndpointGroup("private spaces")

_EVIDENCE = "In the SDK; the document has the same as personal spaces, marked as internal."
_IN_ORGANIZATION = NoPermissionRequired("the permission in the organization of the space is checked")


@group.get(
    "/private-spaces",
    scopes=["private-spaces:read"],
    permission=PRIVATE_SPACES_MANAGE,
    query=PrivateSpacesQuery,
    response=many("privateSpaces", PrivateSpaceListItem),
    lists="id",
    paging=make_paging("name", {"name": by_name}),
    cols=True,
    evidence=_EVIDENCE,
)
def list_private_spaces(call: ApiCall, organization: Organization) -> Selection[Team]:
    """List the private spaces of an organization."""
    spaces = private_spaces.list_spaces(call.world, organization)
    return spaces.filter(lambda row: "external_id" not in call.query)


@group.get(
    "/private-spaces/{privateSpaceId}",
    scopes=["private-spaces:read"],
    permission=_IN_ORGANIZATION,
    response=one("privateSpace", PrivateSpaceOut),
    cols=True,
    evidence=_EVIDENCE,
)
def get_private_space(call: ApiCall, private_space: Team) -> Team:
    """Get a private space that the caller is a member of."""
    return _check(call, private_space, PRIVATE_SPACE_VIEW)


@group.patch(
    "/private-spaces/{privateSpaceId}",
    scopes=["private-spaces:write"],
    permission=_IN_ORGANIZATION,
    query=PrivateSpaceQuery,
    body=PrivateSpaceUpdate,
    response=one("privateSpace", PrivateSpaceUpdated),
    evidence=_EVIDENCE,
)
def update_private_space(call: ApiCall, private_space: Team) -> Team:
    """Limit the operations of a private space; needs confirmation below what it has consumed."""
    space = _check(call, private_space, PRIVATE_SPACES_MANAGE)
    if "operations_limit" not in call.body:
        return space
    limit = call.body["operations_limit"]
    return private_spaces.limit_operations(call.world, space, limit, confirmed=call.confirmed)


def _check(call: ApiCall, team: Team, permission: str) -> Team:
    """Returns the private space, after checks of the caller's permission in its organization and of the plan."""
    space = private_spaces.require_space(team)
    if permission not in organization_permissions(call.world, call.user, space.organization_id):
        raise MissingPermissionError(permission)
    private_spaces.require_feature(call.world.organizations[space.organization_id])
    return space
