"""Teams. Source: API documentation, "Teams"; recorded exchanges."""

from __future__ import annotations

from ..http.endpoint import ApiCall, ConfirmableQuery, EndpointGroup
from ..http.envelope import Envelope, EnvelopeField, many, one, value
from ..schemas.teams import TeamCreate, TeamCreated, TeamOut, TeamsQuery, TeamUpdate, UserTeamRoleOut
from ..world import organizations
from ..world.models import Organization, Team, TeamMember
from ..world.tables import Selection
from .ordering import NAME_PAGING

group = EndpointGroup("teams")


@group.get(
    "/teams",
    scopes=["teams:read"],
    permission="organization view",
    query=TeamsQuery,
    response=many("teams", TeamOut),
    lists="id",
    paging=NAME_PAGING,
    cols=True,
    core=36,
)
def list_teams(call: ApiCall, organization: Organization) -> Selection[Team]:
    """List the teams of an organization that the user belongs to."""
    teams = call.world.teams.where(organization=organization.id)
    with_private_spaces = call.query["include_private_spaces"]
    return teams.filter(
        lambda team: (with_private_spaces or team.owner_id is None) and call.visibility.can_see_team(team.id)
    )


@group.get(
    "/teams/{teamId}",
    scopes=["teams:read"],
    permission="team view",
    response=one("team", TeamOut),
    cols=True,
    core=37,
)
def get_team(call: ApiCall, team: Team) -> Team:
    """Get a team."""
    return team


@group.post(
    "/teams",
    scopes=["teams:write"],
    permission="team add",
    body=TeamCreate,
    response=Envelope({"userTeamRole": EnvelopeField(UserTeamRoleOut), "team": EnvelopeField(TeamCreated)}),
    core=38,
)
def create_team(call: ApiCall, organization: Organization) -> dict[str, Team | TeamMember]:
    """Create a team; the caller becomes its administrator."""
    team, member = organizations.create_team(
        call.world,
        call.user,
        organization,
        name=call.body["name"],
        operations_limit=call.body.get("operations_limit"),
        transfer_limit=call.body.get("transfer_limit"),
    )
    return {"userTeamRole": member, "team": team}


@group.patch(
    "/teams/{teamId}",
    scopes=["teams:write"],
    permission="team edit",
    body=TeamUpdate,
    response=one("team", TeamOut),
    cols=True,
)
def update_team(call: ApiCall, team: Team) -> Team:
    """Rename a team, or change its limit of operations."""
    changes = {name: value for name, value in call.body.items() if name != "scenario_drafts"}
    return organizations.update_team(call.world, team, **changes)


@group.delete(
    "/teams/{teamId}",
    scopes=["teams:write"],
    permission="team delete",
    query=ConfirmableQuery,
    response=value("team"),
)
def delete_team(call: ApiCall, team: Team) -> int:
    """Delete a team with all its resources; needs confirmation."""
    return organizations.delete_team(call.world, team, confirmed=call.confirmed)
