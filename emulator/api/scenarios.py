"""Scenarios. Source: API documentation, "Scenarios", "Scenarios > Blueprints"; recorded exchanges."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from ..endpoint import Call, Confirmable, Group
from ..engine import lifecycle, running
from ..envelope import Envelope, Part, many, one, value
from ..errors import BadRequest
from ..paging import PageRequest
from ..schemas.base import origin
from ..schemas.scenarios import (
    BlueprintQuery,
    BlueprintVersionOut,
    CloneQuery,
    DayOfUseOut,
    InterfaceUpdate,
    ScenarioClone,
    ScenarioCloned,
    ScenarioCreate,
    ScenarioListItem,
    ScenarioOut,
    ScenarioRun,
    ScenariosQuery,
    ScenarioState,
    ScenarioUpdate,
    UsageQuery,
)
from ..world import templates
from ..world.clock import iso
from ..world.enums import zone_of
from ..world.models import BlueprintVersion, Folder, Organization, Scenario, Team
from ..world.refusals import NotFound
from ..world.tables import Selection
from ..world.usage import DayOfUse, by_day
from .ordering import by, by_id, by_name, paging

group = Group("scenarios")

_by_version = attrgetter("version")


class _Proprietal:
    """The default order, recorded under this name and as ``desc``: live ones first, then by name."""

    __slots__ = ("place",)

    def __init__(self, row: Scenario) -> None:
        self.place = (not row.is_active, row.name.casefold(), row.id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Proprietal) and self.place == other.place

    def __lt__(self, other: _Proprietal) -> bool:
        return self.place > other.place

    __hash__ = None  # type: ignore[assignment]


_BY_USER = {"createdByUserName": "created_by", "updatedByUserName": "updated_by"}

_PAGING = paging(
    "proprietal",
    {
        "proprietal": _Proprietal,
        "id": by_id,
        "name": by_name,
        "teamId": by("team_id"),
        "folderId": by("folder_id"),
        "isActive": by("is_active"),
        "islinked": by("is_active"),
        "isinvalid": by("is_invalid"),
        "islocked": by("is_locked"),
        "lastEdit": by("last_edit"),
        # Names stand in other rows: see `_by_user_name`.
        "createdByUserName": by_id,
        "updatedByUserName": by_id,
        "created": by("created"),
    },
    limit=500,
    descending=True,
)


@group.get(
    "/scenarios",
    scopes=["scenarios:read"],
    permission="scenarios get",
    query=ScenariosQuery,
    answer=many("scenarios", ScenarioListItem),
    paging=_PAGING,
    cols=True,
    core=1,
)
def list_scenarios(
    call: Call,
    team: Team | None = None,
    organization: Organization | None = None,
    folder: Folder | None = None,
) -> Selection[Scenario] | list[Scenario]:
    """List the scenarios of a team or an organization."""
    if team is not None and organization is not None:
        raise BadRequest("teamId and organizationId cannot be used together", suberrors=[])
    if team is not None:
        rows = call.world.scenarios.where(team=team.id)
    elif organization is not None:
        rows = call.world.scenarios.where(organization=organization.id).only(
            lambda row: call.reach.sees_team(row.team_id)
        )
    else:
        raise BadRequest("Missing required parameter teamId or organizationId", suberrors=[])
    for wanted in _filters(call, folder):
        rows = rows.only(wanted)
    if call.page is not None and call.page.sort in _BY_USER:
        return _by_user_name(call, rows, call.page)
    return rows


def _by_user_name(call: Call, rows: Selection[Scenario], page: PageRequest) -> list[Scenario]:
    """A page in the order of a user's name, which the rows do not hold."""
    attribute, users = _BY_USER[page.sort or ""], call.world.users

    def key(row: Scenario) -> tuple[str, int]:
        user = users.get(getattr(row, attribute))
        return user.name.casefold() if user else "", row.id

    return sorted(rows, key=key, reverse=page.descending)[page.offset : page.offset + page.limit]


def _filters(call: Call, folder: Folder | None) -> list[Callable[[Scenario], bool]]:
    query: dict[str, Any] = call.query
    wanted: list[Callable[[Scenario], bool]] = []
    if "ids" in query:
        ids = set(query["ids"])
        wanted.append(lambda row: row.id in ids)
    if folder is not None:
        wanted.append(lambda row: row.folder_id == folder.id)
    for name in ("is_active", "is_linked"):
        if name in query:
            live = query[name]
            wanted.append(lambda row, live=live: row.is_active == live)  # type: ignore[misc]
    if "concept" in query:
        wanted.append(lambda row: row.concept == query["concept"])
    if query.get("type") == "tool":
        wanted.append(lambda row: False)
    return wanted


@group.get(
    "/scenarios/{scenarioId}",
    scopes=["scenarios:read"],
    permission="scenario view",
    answer=one("scenario", ScenarioOut),
    cols=True,
    core=2,
)
def get_scenario(call: Call, scenario: Scenario) -> Scenario:
    """Get a scenario."""
    return scenario


@group.post(
    "/scenarios",
    scopes=["scenarios:write"],
    permission="scenario add",
    query=Confirmable,
    body=ScenarioCreate,
    answer=one("scenario", ScenarioOut),
    cols=True,
    core=3,
)
def create_scenario(call: Call, team: Team, folder: Folder | None = None) -> Scenario:
    """Create a scenario from a blueprint; it is not live yet."""
    metadata = call.body.get("metadata") or {}
    based_on = call.body.get("basedon")
    if based_on is not None:
        based_on = str(templates.basis(call.world, call.reach, based_on).id)
    return lifecycle.create(
        call.world,
        call.user,
        team,
        blueprint=call.body["blueprint"],
        scheduling=call.body["scheduling"],
        folder=folder,
        input_spec=metadata.get("input_spec"),
        output_spec=metadata.get("output_spec"),
        based_on=based_on,
        confirmed=call.confirmed,
    )


@group.patch(
    "/scenarios/{scenarioId}",
    scopes=["scenarios:write"],
    permission="scenario edit",
    permission_of={"scheduling": "scenario scheduling"},
    query=Confirmable,
    body=ScenarioUpdate,
    answer=one("scenario", ScenarioOut),
    cols=True,
    core=4,
)
def update_scenario(call: Call, scenario: Scenario, folder: Folder | None = None) -> Scenario:
    """Change a scenario: what is not sent stays."""
    return lifecycle.update(
        call.world, call.user, scenario, folder=folder, confirmed=call.confirmed, **call.body
    )


@group.post(
    "/scenarios/{scenarioId}/clone",
    scopes=["scenarios:write"],
    permission="scenario add",
    query=CloneQuery,
    body=ScenarioClone,
    answer=one("scenario", ScenarioCloned),
    cols=True,
    core=5,
)
def clone_scenario(call: Call, scenario: Scenario, organization: Organization, team: Team) -> Scenario:
    """Copy a scenario, also to another team with maps from old ids to new ones."""
    return lifecycle.clone(
        call.world,
        call.user,
        scenario,
        organization,
        team,
        name=call.body["name"],
        maps={name: call.body[name] for name in lifecycle.CLONE_MAPS if name in call.body},
        analyze=not call.query["not_analyze"],
        confirmed=call.confirmed,
    )


@group.delete(
    "/scenarios/{scenarioId}",
    scopes=["scenarios:write"],
    permission="scenario delete",
    answer=value("scenario"),
    core=6,
)
def delete_scenario(call: Call, scenario: Scenario) -> int:
    """Delete a scenario with its logs."""
    return lifecycle.delete(call.world, scenario)


@group.post(
    "/scenarios/{scenarioId}/start",
    scopes=["scenarios:write"],
    permission="scenario start",
    answer=one("scenario", ScenarioState),
    core=7,
)
def start_scenario(call: Call, scenario: Scenario) -> Scenario:
    """Set a scenario live; on-demand scenarios wait to be run."""
    return running.start(call.world, call.user, scenario)


@group.post(
    "/scenarios/{scenarioId}/stop",
    scopes=["scenarios:write"],
    permission="scenario stop",
    answer=one("scenario", ScenarioState),
    core=8,
)
def stop_scenario(call: Call, scenario: Scenario) -> Scenario:
    """Take a scenario out of service."""
    return running.stop(call.world, call.user, scenario)


@group.post(
    "/scenarios/{scenarioId}/run",
    scopes=["scenarios:read", "scenarios:write", "scenarios:run"],
    permission="scenario start",
    body=ScenarioRun,
    answer=Envelope(),
    rate_limited=False,
    core=9,
    evidence="Documented and recorded to stand outside of the organization's rate limit.",
)
def run_scenario(call: Call, scenario: Scenario) -> dict[str, Any]:
    """Run a live scenario; a responsive call answers its status and outputs."""
    execution = running.run(
        call.world,
        call.user,
        scenario,
        data=call.body.get("data"),
        responsive=call.body["responsive"],
    )
    if not call.body["responsive"]:
        path = f"scenarios/{scenario.id}/executions/{execution.id}"
        return {"executionId": execution.id, "statusUrl": f"{origin.get()()}/api/v2/{path}"}
    answer = {"executionId": execution.id, "status": execution.status}
    return answer if execution.outputs is None else {**answer, "outputs": execution.outputs}


@group.get(
    "/scenarios/{scenarioId}/blueprint",
    scopes=["scenarios:read"],
    permission="scenario view",
    query=BlueprintQuery,
    answer=Envelope({"code": Part(), "response": Part()}),
    core=10,
)
def get_blueprint(call: Call, scenario: Scenario) -> dict[str, Any]:
    """Get the current blueprint of a scenario, or an earlier one by its version."""
    number = call.query.get("blueprint_id", scenario.blueprint_version)
    version = call.world.blueprints.get((scenario.id, number))
    if version is None:
        raise NotFound("blueprint", number)
    blueprint = {key: version.blueprint[key] for key in ("flow", "name", "metadata")}
    # Recorded: the one thing that the service adds.
    metadata = {"instant": scenario.hook_id is not None, **version.blueprint["metadata"]}
    return {
        "code": "OK",
        "response": {
            "blueprint": {**blueprint, **version.blueprint, "metadata": metadata},
            "scheduling": scenario.scheduling,
            "concept": scenario.concept,
            "created": iso(scenario.created),
            "last_edit": iso(scenario.last_edit),
            "metadata": {
                "input_spec": list(version.input_spec or ()),
                "output_spec": list(version.output_spec or ()),
            },
            "idSequence": version.id_sequence,
            "version": version.version,
        },
    }


@group.get(
    "/scenarios/{scenarioId}/blueprints",
    scopes=["scenarios:read"],
    permission="scenario view",
    answer=many("scenariosBlueprints", BlueprintVersionOut),
)
def list_blueprints(call: Call, scenario: Scenario) -> list[BlueprintVersion]:
    """List the versions of a scenario's blueprint, newest first."""
    return call.world.blueprints.where(scenario=scenario.id).page(_by_version, descending=True)


def _interface(version: BlueprintVersion) -> dict[str, Any]:
    return {
        "input": list(version.input_spec) if version.input_spec else None,
        "output": list(version.output_spec) if version.output_spec else None,
    }


@group.get(
    "/scenarios/{scenarioId}/interface",
    scopes=["scenarios:read"],
    permission="scenario view",
    answer=value("interface"),
)
def get_interface(call: Call, scenario: Scenario) -> dict[str, Any]:
    """Get the inputs and outputs of a scenario; null where none are declared."""
    return _interface(call.world.blueprints[scenario.id, scenario.blueprint_version])


@group.patch(
    "/scenarios/{scenarioId}/interface",
    scopes=["scenarios:write"],
    permission="scenario edit",
    body=InterfaceUpdate,
    answer=value("interface"),
)
def update_interface(call: Call, scenario: Scenario) -> dict[str, Any]:
    """Declare the inputs and outputs of a scenario."""
    interface = call.body["interface"]
    return _interface(
        lifecycle.set_interface(
            call.world,
            scenario,
            input_spec=interface.get("input"),
            output_spec=interface.get("output"),
        )
    )


@group.get(
    "/scenarios/{scenarioId}/usage",
    scopes=["scenarios:read"],
    permission="scenario view",
    query=UsageQuery,
    answer=many("data", DayOfUseOut),
)
def get_usage(call: Call, scenario: Scenario) -> list[DayOfUse]:
    """Tell what a scenario consumed on each of the last 30 days."""
    organization = call.reach.organization_of(scenario)
    zone = zone_of(organization.timezone_id) if call.query["organization_timezone"] else None
    return by_day(call.world, scenario, zone)
