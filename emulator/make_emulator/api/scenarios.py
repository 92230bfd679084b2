"""Scenarios. Source: API documentation, "Scenarios", "Scenarios > Blueprints"; recorded exchanges."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter

from ..engine.scenarios import activation, crud, module_checks
from ..http.endpoint import ApiCall, ConfirmableQuery, EndpointGroup
from ..http.envelope import Envelope, EnvelopeField, many, one, value
from ..http.errors import BadRequestError
from ..http.paging import PageRequest
from ..json_types import Json, as_mapping
from ..policies.resources import APPS, RUN, WRITE, Access, Resource, run_access
from ..schemas.base import request_origin
from ..schemas.scenarios import (
    BlueprintQuery,
    BlueprintVersionOut,
    CloneQuery,
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
)
from ..world import blueprint_refs, templates
from ..world.clock import DAY, format_iso
from ..world.exceptions import NotFoundError
from ..world.models import BlueprintVersion, Execution, Folder, Organization, Scenario, Team
from ..world.tables import Selection
from . import access_rules
from .executions import describe_error
from .ordering import by_id, by_name, make_paging, sort_by

group = EndpointGroup("scenarios")

_by_version = attrgetter("version")

#: Age of the oldest version of a blueprint that is listed; Make archives older ones.
BLUEPRINT_RETENTION = 60 * DAY


class _ProprietalSortKey:
    """Key of the default order, recorded under this name and as ``desc``: active scenarios first, then by name."""

    __slots__ = ("place",)

    def __init__(self, row: Scenario) -> None:
        self.place = (not row.is_active, row.name.casefold(), row.id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ProprietalSortKey) and self.place == other.place

    def __lt__(self, other: _ProprietalSortKey) -> bool:
        return self.place > other.place

    __hash__ = None  # type: ignore[assignment]


_USER_COLUMNS = {"createdByUserName": "created_by", "updatedByUserName": "updated_by"}

_PAGING = make_paging(
    "proprietal",
    {
        "proprietal": _ProprietalSortKey,
        "id": by_id,
        "name": by_name,
        "teamId": sort_by("team_id"),
        "folderId": sort_by("folder_id"),
        "isActive": sort_by("is_active"),
        "islinked": sort_by("is_active"),
        "isinvalid": sort_by("is_invalid"),
        "islocked": sort_by("is_locked"),
        "lastEdit": sort_by("last_edit"),
        # Names are in other rows: see `_page_by_user_name`.
        "createdByUserName": by_id,
        "updatedByUserName": by_id,
        "created": sort_by("created"),
    },
    limit=500,
    descending=True,
)


@group.get(
    "/scenarios",
    scopes=["scenarios:read"],
    permission="scenarios get",
    query=ScenariosQuery,
    response=many("scenarios", ScenarioListItem),
    lists="id",
    paging=_PAGING,
    cols=True,
    core=1,
)
def list_scenarios(
    call: ApiCall,
    team: Team | None = None,
    organization: Organization | None = None,
    folder: Folder | None = None,
) -> Selection[Scenario] | list[Scenario]:
    """List the scenarios of a team or an organization."""
    if team is not None and organization is not None:
        raise BadRequestError("teamId and organizationId cannot be used together", suberrors=[])
    if team is not None:
        rows = call.world.scenarios.where(team=team.id)
    elif organization is not None:
        rows = call.world.scenarios.where(organization=organization.id).filter(
            lambda row: call.visibility.can_see_team(row.team_id)
        )
    else:
        raise BadRequestError("Missing required parameter teamId or organizationId", suberrors=[])
    for predicate in _filters(call, folder):
        rows = rows.filter(predicate)
    if call.page is not None and call.page.sort in _USER_COLUMNS:
        return _page_by_user_name(call, call.permitted(rows), call.page)
    return rows


def _page_by_user_name(call: ApiCall, rows: Selection[Scenario], page: PageRequest) -> list[Scenario]:
    """Returns a page in the order of a user's name, which the rows do not contain."""
    attribute, users = _USER_COLUMNS[page.sort or ""], call.world.users

    def key(row: Scenario) -> tuple[str, int]:
        user = users.get(getattr(row, attribute))
        return user.name.casefold() if user else "", row.id

    return sorted(rows, key=key, reverse=page.descending)[page.offset : page.offset + page.limit]


def _filters(call: ApiCall, folder: Folder | None) -> list[Callable[[Scenario], bool]]:
    query = call.query
    predicates: list[Callable[[Scenario], bool]] = []
    if "ids" in query:
        ids = set(query["ids"])
        predicates.append(lambda row: row.id in ids)
    if folder is not None:
        predicates.append(lambda row: row.folder_id == folder.id)
    for name in ("is_active", "is_linked"):
        if name in query:
            live = query[name]
            predicates.append(lambda row, live=live: row.is_active == live)  # type: ignore[misc]
    if "concept" in query:
        predicates.append(lambda row: row.concept == query["concept"])
    if "type" in query:
        predicates.append(lambda row: row.type == query["type"])
    return predicates


@group.get(
    "/scenarios/{scenarioId}",
    scopes=["scenarios:read"],
    permission="scenario view",
    response=one("scenario", ScenarioOut),
    cols=True,
    core=2,
)
def get_scenario(call: ApiCall, scenario: Scenario) -> Scenario:
    """Get a scenario."""
    return scenario


@group.post(
    "/scenarios",
    scopes=["scenarios:write"],
    permission="scenario add",
    query=ConfirmableQuery,
    body=ScenarioCreate,
    response=one("scenario", ScenarioOut),
    cols=True,
    accesses=lambda call: [
        Access(WRITE, Resource("scenarios")),
        *access_rules.uses_of(call, call.body["blueprint"]),
    ],
    core=3,
)
def create_scenario(call: ApiCall, team: Team, folder: Folder | None = None) -> Scenario:
    """Create a scenario from a blueprint; it is inactive."""
    metadata = call.body.get("metadata") or {}
    call.warnings += module_checks.find_warnings(call.world, call.body["blueprint"])
    return crud.create(
        call.world,
        call.user,
        team,
        blueprint=call.body["blueprint"],
        scheduling=call.body["scheduling"],
        folder=folder,
        input_spec=metadata.get("input_spec"),
        output_spec=metadata.get("output_spec"),
        based_on=_source_template(call),
        concept=call.body.get("concept", False),
        confirmed=call.confirmed,
    )


def _source_template(call: ApiCall) -> str | None:
    """Returns the id of the template that ``basedon`` of a body names."""
    based_on = call.body.get("basedon")
    if based_on is None:
        return None
    return str(templates.find_source_template(call.world, call.visibility, based_on).id)


def _changes(call: ApiCall, scenario: Scenario, blueprint: Mapping[str, Json] | None) -> Iterator[Access]:
    """Yields the accesses of a change of a scenario, perhaps of its blueprint."""
    yield Access(WRITE, Resource("scenarios", str(scenario.id)))
    if blueprint is not None:
        yield from access_rules.uses_of(call, blueprint, _current_blueprint(call, scenario))


def _starts(call: ApiCall, scenario: Scenario) -> Iterator[Access]:
    """Yields the accesses of a run; of an agent whose runs are checked, a callback is a call of any address."""
    yield run_access(scenario.id)
    if call.agent_run is not None and "callback_url" in call.body:
        yield Access(RUN, Resource(APPS, "http"))


def _copies(call: ApiCall, scenario: Scenario) -> Iterator[Access]:
    """Yields the accesses of a copy of a scenario, in which other resources may take the place of those that it uses."""
    yield from access_rules.copies("scenarios", "scenario")(call)
    current = _current_blueprint(call, scenario)
    exchanged = {
        kind: {
            int(old): new
            for old, new in call.body.get(name, {}).items()
            if old.isascii() and old.isdigit() and len(old) < 19
        }
        for name, kind in crud.CLONE_MAPS.items()
    }
    yield from access_rules.uses_of(call, blueprint_refs.remap_references(current, exchanged), current)


def _current_blueprint(call: ApiCall, scenario: Scenario) -> Mapping[str, Json]:
    return call.world.blueprints[scenario.id, scenario.blueprint_version].blueprint


@group.patch(
    "/scenarios/{scenarioId}",
    scopes=["scenarios:write"],
    permission="scenario edit",
    permission_of={"scheduling": "scenario scheduling"},
    query=ConfirmableQuery,
    body=ScenarioUpdate,
    response=one("scenario", ScenarioOut),
    cols=True,
    accesses=lambda call: _changes(call, call.rows["scenario"], call.body.get("blueprint")),
    core=4,
)
def update_scenario(call: ApiCall, scenario: Scenario, folder: Folder | None = None) -> Scenario:
    """Change a scenario: missing fields stay unchanged."""
    if "blueprint" in call.body:
        call.warnings += module_checks.find_warnings(call.world, call.body["blueprint"])
    changes = dict(call.body)
    if changes.pop("basedon", None) is not None:
        changes["based_on"] = _source_template(call)
    return crud.update(call.world, call.user, scenario, folder=folder, confirmed=call.confirmed, **changes)


@group.post(
    "/scenarios/{scenarioId}/clone",
    scopes=["scenarios:write"],
    permission="scenario add",
    query=CloneQuery,
    body=ScenarioClone,
    response=one("scenario", ScenarioCloned),
    cols=True,
    accesses=lambda call: _copies(call, call.rows["scenario"]),
    core=5,
)
def clone_scenario(call: ApiCall, scenario: Scenario, organization: Organization, team: Team) -> Scenario:
    """Copy a scenario, also to another team with maps from old ids to new ones."""
    copy = crud.clone(
        call.world,
        call.user,
        scenario,
        organization,
        team,
        name=call.body["name"],
        maps={name: call.body[name] for name in crud.CLONE_MAPS if name in call.body},
        analyze=not call.query["not_analyze"],
        confirmed=call.confirmed,
    )
    blueprint = call.world.blueprints[copy.id, copy.blueprint_version].blueprint
    call.warnings += module_checks.find_warnings(call.world, blueprint)
    return copy


@group.delete(
    "/scenarios/{scenarioId}",
    scopes=["scenarios:write"],
    permission="scenario delete",
    response=value("scenario"),
    core=6,
)
def delete_scenario(call: ApiCall, scenario: Scenario) -> int:
    """Delete a scenario with its logs."""
    return crud.delete(call.world, scenario)


@group.post(
    "/scenarios/{scenarioId}/start",
    scopes=["scenarios:write"],
    permission="scenario start",
    response=one("scenario", ScenarioState),
    core=7,
)
def start_scenario(call: ApiCall, scenario: Scenario) -> Scenario:
    """Activate a scenario; on-demand scenarios run when they are called."""
    return activation.start(call.world, call.user, scenario)


@group.post(
    "/scenarios/{scenarioId}/stop",
    scopes=["scenarios:write"],
    permission="scenario stop",
    response=one("scenario", ScenarioState),
    core=8,
)
def stop_scenario(call: ApiCall, scenario: Scenario) -> Scenario:
    """Deactivate a scenario."""
    return activation.stop(call.world, call.user, scenario)


@group.post(
    "/scenarios/{scenarioId}/run",
    scopes=["scenarios:read", "scenarios:write", "scenarios:run"],
    permission="scenario start",
    body=ScenarioRun,
    response=Envelope(),
    rate_limited=False,
    accesses=lambda call: _starts(call, call.rows["scenario"]),
    core=9,
    evidence="Documented and recorded to stand outside of the organization's rate limit.",
)
def run_scenario(call: ApiCall, scenario: Scenario) -> dict[str, Json]:
    """Run an active scenario; a responsive call returns its status, with the outputs or the error."""
    execution = activation.run_now(
        call.world,
        call.user,
        scenario,
        data=call.body.get("data"),
        responsive=call.body["responsive"],
        callback_url=call.body.get("callback_url"),
        status_url=_status_url,
        agent_run=call.agent_run,
    )
    if not call.body["responsive"]:
        return {"executionId": execution.id, "statusUrl": _status_url(execution)}
    response: dict[str, Json] = {"executionId": execution.id, "status": execution.status}
    if execution.outputs is not None:
        response["outputs"] = execution.outputs
    if execution.error is not None:
        response["error"] = describe_error(execution.error)
    return response


def _status_url(execution: Execution) -> str:
    path = f"scenarios/{execution.scenario_id}/executions/{execution.id}"
    return f"{request_origin.get()()}/api/v2/{path}"


@group.get(
    "/scenarios/{scenarioId}/blueprint",
    scopes=["scenarios:read"],
    permission="scenario view",
    query=BlueprintQuery,
    response=Envelope({"code": EnvelopeField(), "response": EnvelopeField()}),
    core=10,
)
def get_blueprint(call: ApiCall, scenario: Scenario) -> dict[str, Json]:
    """Get the current blueprint of a scenario, or an earlier one by its version."""
    number = call.query.get("blueprint_id", scenario.blueprint_version)
    version = call.world.blueprints.get((scenario.id, number))
    if version is None:
        raise NotFoundError("blueprint", number)
    blueprint = {key: version.blueprint[key] for key in ("flow", "name", "metadata")}
    # Recorded: the only field that the service adds.
    metadata = {"instant": scenario.hook_id is not None, **as_mapping(version.blueprint["metadata"])}
    return {
        "code": "OK",
        "response": {
            "blueprint": {**blueprint, **version.blueprint, "metadata": metadata},
            "scheduling": scenario.scheduling,
            "concept": scenario.concept,
            "created": format_iso(scenario.created),
            "last_edit": format_iso(scenario.last_edit),
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
    response=many("scenariosBlueprints", BlueprintVersionOut),
)
def list_blueprints(call: ApiCall, scenario: Scenario) -> list[BlueprintVersion]:
    """List the versions of a scenario's blueprint of the last 60 days, and the current one, newest first."""
    oldest = call.world.now() - BLUEPRINT_RETENTION
    versions = call.world.blueprints.where(scenario=scenario.id).filter(
        lambda row: row.created >= oldest or row.version == scenario.blueprint_version
    )
    return versions.page(_by_version, descending=True)


def _interface(version: BlueprintVersion) -> dict[str, Json]:
    return {
        "input": list(version.input_spec) if version.input_spec else None,
        "output": list(version.output_spec) if version.output_spec else None,
    }


@group.get(
    "/scenarios/{scenarioId}/interface",
    scopes=["scenarios:read"],
    permission="scenario view",
    response=value("interface"),
)
def get_interface(call: ApiCall, scenario: Scenario) -> dict[str, Json]:
    """Get the inputs and outputs of a scenario; null where none are declared."""
    return _interface(call.world.blueprints[scenario.id, scenario.blueprint_version])


@group.patch(
    "/scenarios/{scenarioId}/interface",
    scopes=["scenarios:write"],
    permission="scenario edit",
    body=InterfaceUpdate,
    response=value("interface"),
)
def update_interface(call: ApiCall, scenario: Scenario) -> dict[str, Json]:
    """Declare the inputs and outputs of a scenario."""
    interface = call.body["interface"]
    return _interface(
        crud.set_interface(
            call.world,
            scenario,
            input_spec=interface.get("input"),
            output_spec=interface.get("output"),
        )
    )
