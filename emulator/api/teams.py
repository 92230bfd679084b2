"""Teams. Source: API documentation, "Teams"; recorded exchanges."""

from __future__ import annotations

from ..endpoint import Call, Confirmable, Group
from ..envelope import Envelope, Part, many, one, value
from ..schemas.teams import TeamCreate, TeamCreated, TeamOut, TeamsQuery, TeamUpdate, UserTeamRoleOut
from ..world import people
from ..world.models import Organization, Team, TeamMember
from ..world.tables import Selection
from .ordering import BY_NAME

group = Group("teams")


@group.get(
    "/teams",
    scopes=["teams:read"],
    permission="organization view",
    query=TeamsQuery,
    answer=many("teams", TeamOut),
    paging=BY_NAME,
    cols=True,
    core=36,
)
def list_teams(call: Call, organization: Organization) -> Selection[Team]:
    """List the teams of an organization that the user belongs to."""
    teams = call.world.teams.where(organization=organization.id)
    return teams.only(lambda team: call.reach.sees_team(team.id))


@group.get(
    "/teams/{teamId}",
    scopes=["teams:read"],
    permission="team view",
    answer=one("team", TeamOut),
    cols=True,
    core=37,
)
def get_team(call: Call, team: Team) -> Team:
    """Get a team."""
    return team


@group.post(
    "/teams",
    scopes=["teams:write"],
    permission="team add",
    body=TeamCreate,
    answer=Envelope({"userTeamRole": Part(UserTeamRoleOut), "team": Part(TeamCreated)}),
    core=38,
)
def create_team(call: Call, organization: Organization) -> dict[str, Team | TeamMember]:
    """Create a team; the caller becomes its administrator."""
    team, member = people.create_team(
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
    answer=one("team", TeamOut),
)
def update_team(call: Call, team: Team) -> Team:
    """Rename a team."""
    return people.update_team(call.world, team, **call.body)


@group.delete(
    "/teams/{teamId}",
    scopes=["teams:write"],
    permission="team delete",
    query=Confirmable,
    answer=value("team"),
)
def delete_team(call: Call, team: Team) -> int:
    """Delete a team with everything in it; needs confirmation."""
    return people.delete_team(call.world, team, confirmed=call.confirmed)
