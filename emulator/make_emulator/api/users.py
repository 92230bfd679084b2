"""Users. Sources: API documentation, "Users", "Users > Me"; the vendor's OpenAPI document."""

from __future__ import annotations

from ..http.endpoint import ApiCall, EndpointGroup, NoPermissionRequired
from ..http.envelope import many, one, value
from ..http.errors import BadRequestError
from ..lazy_dataclasses import dataclass
from ..schemas.users import (
    NO_TFA,
    ApiTokenCreate,
    ApiTokenCreated,
    ApiTokenOut,
    AuthorizationOut,
    AuthUserOut,
    InvitedUser,
    ListedUser,
    MeQuery,
    OAuthConnectionOut,
    PermissionQuery,
    PermittedUserOut,
    UserListItem,
    UserOut,
    UsersQuery,
    UserUpdate,
)
from ..world import api_tokens, oauth, organizations
from ..world.exceptions import AccessDeniedError, MissingPermissionError, NotFoundError
from ..world.models import OAuthGrant, Organization, Team, Token, User
from ..world.roles import USERS_VIEW, organization_permissions, users_with_permission
from .ordering import by_id, by_name, make_paging, sort_by

group = EndpointGroup("users")


@dataclass(frozen=True, slots=True)
class Authorization:
    """Returns the permissions of the token in use."""

    auth_used: str
    scope: list[str]


@group.get(
    "/users",
    scopes=["user:read"],
    permission=("team view", "organization view"),
    query=UsersQuery,
    response=many("users", UserListItem),
    lists="id",
    paging=make_paging("id", {"id": by_id, "name": by_name, "email": sort_by("email")}, descending=True),
    cols=True,
    core=42,
)
def list_users(
    call: ApiCall, team: Team | None = None, organization: Organization | None = None
) -> list[ListedUser]:
    """List the users of a team or an organization, also by role."""
    name, email = call.query.get("name", "").casefold(), call.query.get("email", "").casefold()
    if team is not None and organization is not None:
        raise BadRequestError("teamId and organizationId cannot be used together", suberrors=[])
    if team is not None:
        members = {row.user_id: row.role_id for row in call.world.team_members.where(team=team.id)}
        role, other = call.query.get("team_role_id"), "organization_role_id"
    elif organization is not None:
        rows = call.world.organization_members.where(organization=organization.id)
        members = {row.user_id: row.role_id for row in rows}
        role, other = call.query.get("organization_role_id"), "team_role_id"
    else:
        raise BadRequestError("Missing required parameter teamId or organizationId", suberrors=[])
    if other in call.query:
        owner = "teamId" if other == "team_role_id" else "organizationId"
        raise BadRequestError(f"The role filter needs {owner}", suberrors=[])
    if "filter_by_team_id" in call.query:
        if organization is None:
            raise BadRequestError("The team filter needs organizationId", suberrors=[])
        in_team = _members_of_team(call, organization, call.query["filter_by_team_id"])
        members = {id: own_role for id, own_role in members.items() if id in in_team}
    if call.query.get("tfa_status", str(NO_TFA)) != str(NO_TFA):
        members = {}
    users = call.world.users.all().filter(
        lambda user: (
            user.id in members
            and role in (None, members[user.id])
            and name in user.name.casefold()
            and email in user.email.casefold()
        )
    )
    return [ListedUser.of(user, organization) for user in call.page_of(call.permitted(users))]


def _members_of_team(call: ApiCall, organization: Organization, team_id: int) -> set[int]:
    """Returns the ids of the users of a team of an organization; for 0, of those that belong to none of its teams."""
    world = call.world
    if team_id:
        team = call.visibility.find_owner("team", team_id, "filterByTeamId")
        if team.organization_id != organization.id:
            raise NotFoundError("team", team_id)
        return {row.user_id for row in world.team_members.where(team=team_id)}
    teams = world.teams.where(organization=organization.id)
    assigned = {row.user_id for team in teams for row in world.team_members.where(team=team.id)}
    return {user.id for user in world.users.all()} - assigned


@group.get(
    "/users/by-permission",
    scopes=["user:read"],
    permission=("team view", USERS_VIEW),
    query=PermissionQuery,
    response=many("users", PermittedUserOut),
    lists="id",
    cols=True,
    core=43,
)
def find_users_by_permission(
    call: ApiCall, team: Team | None = None, organization: Organization | None = None
) -> list[User]:
    """List the users that have a permission in a team or an organization."""
    if team is not None:
        if organization is not None and organization.id != team.organization_id:
            raise BadRequestError("The team belongs to another organization", suberrors=[])
        if USERS_VIEW not in organization_permissions(call.world, call.user, team.organization_id):
            raise MissingPermissionError(USERS_VIEW)
    owner = team if call.query["type"] == "company" else organization
    assert owner is not None, "the query was checked to name it"
    return users_with_permission(call.world, call.query["permission"], owner)


@group.get(
    "/users/me",
    scopes=[],
    permission=NoPermissionRequired("it is about the caller"),
    query=MeQuery,
    response=one("authUser", AuthUserOut),
    cols=True,
)
def get_me(call: ApiCall) -> User:
    """Get the user of the token."""
    return InvitedUser.of(call.user) if call.query["include_invited_org"] else call.user


@group.patch(
    "/users/{userId}",
    scopes=["user:write"],
    permission=NoPermissionRequired("it is about the caller"),
    body=UserUpdate,
    response=one("user", UserOut),
)
def update_user(call: ApiCall, user: User) -> User:
    """Change the profile of the caller."""
    if user.id != call.user.id:
        raise AccessDeniedError("Access denied.")
    return organizations.update_user(call.world, user, **call.body)


@group.get(
    "/users/me/api-tokens",
    scopes=["user:read"],
    permission=NoPermissionRequired("it is about the caller"),
    response=many("apiTokens", ApiTokenOut),
)
def list_api_tokens(call: ApiCall) -> list[Token]:
    """List the API tokens of the caller, masked, newest first."""
    return api_tokens.tokens_of(call.world, call.user)


@group.post(
    "/users/me/api-tokens",
    scopes=["user:write"],
    permission=NoPermissionRequired("it is about the caller"),
    spans_organizations=True,
    body=ApiTokenCreate,
    response=one("apiToken", ApiTokenCreated),
)
def create_api_token(call: ApiCall) -> Token:
    """Create an API token of the caller; only this answer shows it in full."""
    return api_tokens.create(
        call.world,
        call.user,
        call.token.scopes,
        label=call.body["label"],
        scopes=call.body["scope"],
        agent=call.agent.name if call.agent is not None else None,
    )


@group.delete(
    "/users/me/api-tokens/{timestamp}",
    scopes=["user:write"],
    permission=NoPermissionRequired("it is about the caller"),
    spans_organizations=True,
    response=value("apiToken"),
)
def delete_api_token(call: ApiCall, timestamp: str) -> str:
    """Delete the API token of the caller that was created at a time."""
    return api_tokens.delete(call.world, call.user, timestamp)


@group.get(
    "/users/me/oauth-connections",
    scopes=["user:read"],
    permission=NoPermissionRequired("it is about the caller"),
    response=many("connections", OAuthConnectionOut),
    evidence="The document declares no scope; that of users is required.",
)
def list_oauth_connections(call: ApiCall) -> list[OAuthGrant]:
    """List the OAuth clients that act for the caller."""
    return oauth.grants_of(call.world, call.user)


@group.delete(
    "/users/me/oauth-connections/{clientId}",
    scopes=["user:write"],
    permission=NoPermissionRequired("it is about the caller"),
    response=value("client"),
    evidence="The document declares no scope; that of users is required.",
)
def revoke_oauth_connection(call: ApiCall, client_id: str) -> int:
    """Withdraw what an OAuth client may do for the caller."""
    for grant in oauth.grants_of(call.world, call.user):
        if str(grant.id) == client_id:
            oauth.revoke_grant(call.world, grant.id)
            return grant.id
    raise NotFoundError("OAuth client", client_id)


@group.get(
    "/users/me/current-authorization",
    scopes=[],
    permission=NoPermissionRequired("it is about the caller"),
    response=one("authorization", AuthorizationOut),
)
def get_current_authorization(call: ApiCall) -> Authorization:
    """Get the authentication of the caller and the scopes of the token."""
    return Authorization(call.token.auth_used, sorted(call.token.scopes))
