"""Shares of scenarios. Source: the vendor's OpenAPI document."""

from __future__ import annotations

from ..http.endpoint import ApiCall, EndpointGroup
from ..http.envelope import many, one
from ..http.errors import BadRequestError
from ..http.paging import Paging
from ..json_types import Json
from ..schemas.shared_scenarios import (
    ShareCreate,
    SharedScenarioCreated,
    SharedScenarioId,
    SharedScenarioListItem,
    SharedScenarioOfScenario,
    SharedScenarioOut,
    SharedScenariosQuery,
    ShareUpdate,
)
from ..world import shared_scenarios
from ..world.models import Folder, Organization, Scenario, SharedScenario, Team
from ..world.tables import Selection
from .ordering import by_id, sort_by

group = EndpointGroup("shared scenarios")

_SHARE = "/scenarios-shared/{scenarioId}/{sharedScenarioId}"


@group.get(
    "/scenarios-shared",
    scopes=["scenarios-shared:read"],
    permission="scenarios get",
    query=SharedScenariosQuery,
    response=many("scenariosShared", SharedScenarioListItem),
    lists="id",
    paging=Paging(
        {
            "id": by_id,
            "title": sort_by("title"),
            "createdAt": sort_by("created"),
            "updated": sort_by("updated"),
        },
        "id",
        descending=True,
        limit=20,
        maximum=100,
    ),
    plain_errors=True,
)
def list_shared_scenarios(
    call: ApiCall,
    organization: Organization | None = None,
    team: Team | None = None,
    folder: Folder | None = None,
) -> tuple[Selection[SharedScenario], dict[str, Json]]:
    """List the shares of the scenarios of a team or an organization."""
    query = call.query
    if (team is None) == (organization is None):
        raise BadRequestError("Exactly one of organizationId and teamId is needed.")
    if team is not None:
        rows = call.world.shared_scenarios.where(team=team.id)
    else:
        assert organization is not None
        rows = call.world.shared_scenarios.where(organization=organization.id)
    rows = rows.filter(lambda row: call.visibility.can_see_team(row.team_id)).filter(
        shared_scenarios.matcher(
            call.world,
            title=query.get("title", ""),
            scenario_name=query.get("scenario_name", ""),
            folder_id=folder.id if folder is not None else None,
            scenario_ids=query.get("scenario_ids"),
        )
    )
    rows = call.permitted(rows)
    if not query["return_total_count"]:
        return rows, {}
    assert call.page is not None
    page: dict[str, Json] = {**call.page.to_json(), "returnTotalCount": True, "totalCount": len(rows)}
    return rows, {"pg": page}


@group.get(
    "/scenarios-shared/{scenarioId}",
    scopes=["scenarios-shared:read"],
    permission="scenario view",
    response=many("scenariosShared", SharedScenarioOfScenario),
    lists="id",
)
def list_shares_of_scenario(call: ApiCall, scenario: Scenario) -> list[SharedScenario]:
    """List the shares of a scenario, oldest first."""
    rows = call.world.shared_scenarios.where(scenario=scenario.id)
    return sorted(rows, key=lambda row: row.index)


@group.post(
    "/scenarios-shared/{scenarioId}",
    scopes=["scenarios-shared:write", "scenarios:read"],
    permission="scenario edit",
    body=ShareCreate,
    response=one("scenarioShared", SharedScenarioCreated),
)
def share_scenario(call: ApiCall, scenario: Scenario) -> SharedScenario:
    """Share a scenario."""
    return shared_scenarios.share(call.world, call.user, scenario, **call.body)


@group.get(
    _SHARE,
    scopes=["scenarios-shared:read"],
    permission="scenario view",
    response=one("scenarioShared", SharedScenarioOut),
)
def get_shared_scenario(call: ApiCall, scenario: Scenario, shared_scenario: SharedScenario) -> SharedScenario:
    """Get a share of a scenario."""
    return shared_scenarios.find_share(scenario, shared_scenario)


@group.patch(
    _SHARE,
    scopes=["scenarios-shared:write"],
    permission="scenario edit",
    body=ShareUpdate,
    response=one("scenarioShared", SharedScenarioOut),
)
def update_shared_scenario(
    call: ApiCall, scenario: Scenario, shared_scenario: SharedScenario
) -> SharedScenario:
    """Change the texts of a share, or switch it on or off."""
    row = shared_scenarios.find_share(scenario, shared_scenario)
    return shared_scenarios.update(call.world, row, **call.body)


@group.delete(
    _SHARE,
    scopes=["scenarios-shared:write"],
    permission="scenario edit",
    response=one("scenarioShared", SharedScenarioId),
)
def delete_shared_scenario(
    call: ApiCall, scenario: Scenario, shared_scenario: SharedScenario
) -> SharedScenario:
    """Delete a share of a scenario."""
    row = shared_scenarios.find_share(scenario, shared_scenario)
    return call.world.shared_scenarios.remove(row.id)
