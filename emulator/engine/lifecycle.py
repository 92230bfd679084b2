"""The life of a scenario: create, change, clone, start, run, stop, delete.

What refuses is said in the words of Make where a source has them; the fidelity ledger tells which are assumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..world import blueprints, hooks, people
from ..world.clock import SECOND
from ..world.enums import zone_of
from ..world.models import (
    BlueprintVersion,
    Execution,
    Fields,
    Folder,
    Json,
    Organization,
    Scenario,
    ScenarioEvent,
    Team,
    User,
)
from ..world.refusals import (
    Blocked,
    ConnectionNotFound,
    Exhausted,
    Invalid,
    LimitReached,
    NotFound,
    Stale,
    TimedOut,
    Unconfirmed,
    WrongState,
)
from ..world.tables import Table
from ..world.world import World
from . import executor, inputs, listening, schedule
from .blueprint import id_sequence, parse

#: API documentation, "Run a scenario": a responsive call waits this long for its run.
RESPONSIVE_LIMIT = 40 * SECOND

#: Apps that Make itself brings along; no organization has to install them.
BUILT_IN_APPS = frozenset(
    [
        "archive",
        "builtin",
        "code",
        "csv",
        "datastore",
        "datetime",
        "email",
        "encryptor",
        "flow",
        "gateway",
        "html-to-text",
        "http",
        "image",
        "json",
        "make",
        "markdown",
        "math",
        "math-parser",
        "regexp",
        "rss",
        "scenario-service",
        "tools",
        "util",
        "xml",
    ]
)

#: Ids of events are decimal strings of eight digits (recorded), so that they sort as text, too.
FIRST_EVENT = 50_000_000

#: Clone: name of a map of ids -> kind of thing in a blueprint.
CLONE_MAPS = {"account": "connection", "hook": "hook", "datastore": "dataStore", "udt": "dataStructure"}


def create(
    world: World,
    user: User,
    team: Team,
    *,
    blueprint: Mapping[str, Json],
    scheduling: Mapping[str, Json],
    folder: Folder | None = None,
    input_spec: Fields | None = None,
    output_spec: Fields | None = None,
    based_on: str | None = None,
    confirmed: bool = False,
    id: int | None = None,
) -> Scenario:
    """Create an inactive scenario, named as its blueprint says.

    Raises:
        Invalid: if the blueprint or the scheduling is malformed.
        BadBlueprint: if the blueprint names what does not exist (Make's IM007).
        ConnectionNotFound: if it uses a connection that the team does not have (Make's IM304).
        Blocked: if it takes inputs without being on demand (Make's IM016).
        Unconfirmed: if it uses an app for the first time in the organization (Make's IM004).
    """
    parse(blueprint)
    _check_folder(team.id, folder)
    _check_connections(world, team, blueprint)
    schedule.check(scheduling, least_minutes=_organization(world, team.id).license.interval)
    _check_inputs(scheduling, input_spec)
    _install_apps(world, team, blueprint, confirmed=confirmed)
    if id is None:
        id = world.ids.next("scenario")
    world.ids.claim("scenario", id)
    now = world.now()
    scenario = world.scenarios.put(
        Scenario(
            id=id,
            name=blueprint["name"],
            team_id=team.id,
            folder_id=folder.id if folder else None,
            scheduling=scheduling,
            blueprint_version=1,
            hook_id=_hook(world, team, blueprint),
            used_packages=blueprints.used_packages(blueprint),
            used_modules=blueprints.used_modules(blueprint),
            based_on=based_on,
            created=now,
            last_edit=now,
            created_by=user.id,
            updated_by=user.id,
        )
    )
    _write_version(world, scenario, blueprint, input_spec, output_spec)
    note(world, scenario, user, "modify")
    return scenario


def update(
    world: World,
    user: User,
    scenario: Scenario,
    *,
    base_version: int | None = None,
    metadata: Mapping[str, Fields | None] | None = None,
    blueprint: Mapping[str, Json] | None = None,
    folder: Folder | None = None,
    confirmed: bool = False,
    **changes: Any,
) -> Scenario:
    """Change what is given; the rest stays. A new blueprint becomes a new version.

    Args:
        base_version: the version that the change builds on.
        metadata: ``input_spec`` and ``output_spec``, which come with a blueprint.
        changes: ``name``, ``description``, ``folder_id``, ``scheduling``.

    Raises:
        Stale: if ``base_version`` is not the current one; nothing is changed.
        Invalid, BadBlueprint, ConnectionNotFound, Blocked, Unconfirmed: as `create`.
    """
    if base_version is not None and base_version != scenario.blueprint_version:
        raise Stale(scenario.blueprint_version, scenario.last_edit)
    team = world.teams[scenario.team_id]
    current = world.blueprints[scenario.id, scenario.blueprint_version]
    if blueprint is not None:
        parse(blueprint)
        _check_connections(world, team, blueprint)
    _check_folder(team.id, folder)
    scheduling = changes.get("scheduling", scenario.scheduling)
    if "scheduling" in changes:
        schedule.check(scheduling, least_minutes=_organization(world, team.id).license.interval)
    # Without a blueprint the specs are passed over: the vendor's SDK sends empty ones with every change of a name.
    given = metadata if metadata is not None and blueprint is not None else {}
    input_spec = given.get("input_spec", current.input_spec)
    output_spec = given.get("output_spec", current.output_spec)
    _check_inputs(scheduling, input_spec)
    if blueprint is not None:
        _install_apps(world, team, blueprint, confirmed=confirmed)
        changes.setdefault("name", blueprint["name"])
        hook_id = _hook(world, team, blueprint, scenario)
        if hook_id != scenario.hook_id:
            hooks.let_go(world, scenario.hook_id)
        scenario = replace(
            scenario,
            blueprint_version=scenario.blueprint_version + 1,
            hook_id=hook_id,
            used_packages=blueprints.used_packages(blueprint),
            used_modules=blueprints.used_modules(blueprint),
            is_invalid=False,
            last_edit=world.now(),
            updated_by=user.id,
        )
        _write_version(world, scenario, blueprint, input_spec, output_spec)
        note(world, scenario, user, "modify")
    scenario = replace(scenario, **changes)
    if scenario.is_active and "scheduling" in changes:
        scenario = replace(scenario, next_exec=_first_run(world, scenario))
    return world.scenarios.put(scenario)


def set_interface(
    world: World, scenario: Scenario, *, input_spec: Fields | None, output_spec: Fields | None
) -> BlueprintVersion:
    """Declare what the scenario takes and gives.

    Raises:
        Blocked: if it would take inputs without being on demand (Make's IM016).
    """
    _check_inputs(scenario.scheduling, input_spec)
    current = world.blueprints[scenario.id, scenario.blueprint_version]
    return world.blueprints.put(replace(current, input_spec=input_spec or (), output_spec=output_spec or ()))


def clone(
    world: World,
    user: User,
    scenario: Scenario,
    organization: Organization,
    team: Team,
    *,
    name: str,
    maps: Mapping[str, Mapping[str, Json]],
    analyze: bool = True,
    confirmed: bool = False,
) -> Scenario:
    """Copy a scenario, inactive, also to another team.

    Args:
        maps: kind of map (``account``, ``hook``, ``datastore``, ``udt``) -> old id -> new id.
        analyze: refuse a copy whose team lacks what the blueprint uses.

    Raises:
        NotFound: if the team is not one of the organization's, or lacks what a map points to.
        Invalid: if something that the blueprint uses is not mapped.
    """
    if team.organization_id != organization.id:
        raise NotFound("team", team.id)
    version = world.blueprints[scenario.id, scenario.blueprint_version]
    exchanged: dict[str, dict[int, int | None]] = {}
    for map_name, kind in CLONE_MAPS.items():
        mapping = maps.get(map_name, {})
        exchanged[kind] = {}
        for old in blueprints.references(version.blueprint, kind):
            if str(old) in mapping:
                exchanged[kind][old] = _mapped(
                    world, team, map_name, kind, mapping[str(old)], analyze=analyze
                )
            elif analyze and (kind == "hook" or team.id != scenario.team_id):
                raise Invalid(f"Missing mapping of {map_name} '{old}'.")
            elif kind == "hook":
                exchanged[kind][old] = None
    copy = create(
        world,
        user,
        team,
        blueprint=blueprints.remapped({**version.blueprint, "name": name}, exchanged),
        scheduling=scenario.scheduling,
        input_spec=version.input_spec,
        output_spec=version.output_spec,
        based_on=scenario.based_on,
        confirmed=confirmed,
    )
    return world.scenarios.put(replace(copy, updated_by=None, description=scenario.description))


def start(world: World, user: User, scenario: Scenario) -> Scenario:
    """Set a scenario live. It does not run at once, but when it is due.

    Raises:
        WrongState: if it is live already, or contains errors.
        LimitReached: if the plan allows no more live scenarios.
        Invalid: if it is to run at intervals and has no interval.
    """
    if scenario.is_active:
        raise WrongState("The scenario is already active.")
    blueprint = world.blueprints[scenario.id, scenario.blueprint_version].blueprint
    if scenario.is_invalid or not blueprint["flow"]:
        raise WrongState("Scenario contains errors.")
    organization = _organization(world, scenario.team_id)
    active = sum(row.is_active for row in world.scenarios.where(organization=organization.id))
    if active >= organization.license.scenarios:
        raise LimitReached(f"The plan allows {organization.license.scenarios} active scenarios.")
    _check_connections(world, world.teams[scenario.team_id], blueprint)
    if scenario.scheduling.get("type") == "indefinitely" and scenario.scheduling.get("interval") is None:
        raise Invalid("Invalid interval.")
    note(world, scenario, user, "start")
    return world.scenarios.put(
        replace(scenario, is_active=True, errors_in_a_row=0, next_exec=_first_run(world, scenario))
    )


def stop(world: World, user: User, scenario: Scenario) -> Scenario:
    """Take a scenario out of service.

    Raises:
        WrongState: if it is not live.
    """
    if not scenario.is_active:
        raise WrongState("The scenario is not active.")
    note(world, scenario, user, "stop")
    return world.scenarios.put(replace(scenario, is_active=False, next_exec=None))


def run(
    world: World,
    user: User,
    scenario: Scenario,
    *,
    data: Mapping[str, Json] | None,
    responsive: bool,
) -> Execution:
    """Run a live scenario now. A responsive call takes as long as its run: the clock moves to its end.

    Raises:
        WrongState: if the scenario is not live.
        Invalid: if the data do not fit the scenario's inputs.
        Exhausted: if the organization has no operations left (Make's IM310).
        TimedOut: if a responsive run takes longer than 40 seconds; it goes on.
    """
    if not scenario.is_active:
        raise WrongState("The scenario is not active.")
    if listening.is_exhausted(world, _organization(world, scenario.team_id)):
        raise Exhausted("The organization has no operations left.")
    version = world.blueprints[scenario.id, scenario.blueprint_version]
    # At a hook the data are put out by the trigger; without any, what waits in the queue is.
    at_hook = scenario.hook_id is not None
    execution = executor.run(
        world,
        scenario,
        inputs=None if at_hook else inputs.checked_inputs(version.input_spec or (), data),
        kind="auto",
        author_id=user.id,
        trigger_bundle=(listening.take(world, scenario) if data is None else data) if at_hook else None,
    )
    if responsive:
        world.clock.set(min(execution.ends, execution.started + RESPONSIVE_LIMIT))
        if execution.duration > RESPONSIVE_LIMIT:
            raise TimedOut("The scenario is still running.")
    return execution


def await_next(world: World, scenario: Scenario) -> None:
    """Let a live scenario wait for its first turn from now on, whatever it missed."""
    if scenario.is_active:
        world.scenarios.put(replace(scenario, next_exec=_first_run(world, scenario)))


def delete(world: World, scenario: Scenario) -> int:
    """Delete a scenario with its blueprints and logs; a live one too (the vendor's own tests do it)."""
    people.remove_scenario(world, scenario.id)
    return scenario.id


def note(world: World, scenario: Scenario, user: User, kind: str) -> None:
    """Write down in the scenario's logs what a person did to it."""
    world.logs.put(
        ScenarioEvent(
            id=str(FIRST_EVENT + world.ids.next("event")),
            scenario_id=scenario.id,
            type=kind,
            author_id=user.id,
            at=world.now(),
            sequence=world.ids.next("log"),
        )
    )


def _organization(world: World, team_id: int) -> Organization:
    return world.organizations[world.teams[team_id].organization_id]


def _first_run(world: World, scenario: Scenario) -> int | None:
    if listening.is_waiting(world, replace(scenario, is_active=True)):
        return world.now()
    zone = zone_of(_organization(world, scenario.team_id).timezone_id)
    return schedule.first_run(scenario.scheduling, world.now(), zone)


def _write_version(
    world: World,
    scenario: Scenario,
    blueprint: Mapping[str, Json],
    input_spec: Fields | None,
    output_spec: Fields | None,
) -> None:
    world.blueprints.put(
        BlueprintVersion(
            scenario_id=scenario.id,
            version=scenario.blueprint_version,
            created=world.now(),
            blueprint=blueprint,
            id_sequence=id_sequence(blueprint),
            input_spec=input_spec or (),
            output_spec=output_spec or (),
        )
    )


def _check_inputs(scheduling: Mapping[str, Json], input_spec: Fields | None) -> None:
    if input_spec and not schedule.is_on_demand(scheduling):
        raise Blocked("Scenario inputs need on-demand scheduling.")


def _install_apps(world: World, team: Team, blueprint: Mapping[str, Json], *, confirmed: bool) -> None:
    """Take note of the apps of a blueprint; their first use in an organization must be confirmed."""
    installed = world.installed_apps.setdefault(team.organization_id, set())
    new = set(blueprints.used_packages(blueprint)) - installed - BUILT_IN_APPS
    if new and not confirmed:
        raise Unconfirmed(f"First use of: {', '.join(sorted(new))}.")
    installed |= new


def _check_folder(team_id: int, folder: Folder | None) -> None:
    if folder is not None and folder.team_id != team_id:
        raise NotFound("folder", folder.id)


def _check_connections(world: World, team: Team, blueprint: Mapping[str, Json]) -> None:
    for node in blueprints.modules(blueprint["flow"]):
        for id in blueprints.node_references(node, "connection"):
            connection = world.connections.get(id)
            if connection is None or connection.team_id != team.id:
                app, _ = blueprints.app_and_module(node)
                raise ConnectionNotFound(f"Connection not found '{app}:{id}'.")


def _mapped(world: World, team: Team, map_name: str, kind: str, new: Json, *, analyze: bool) -> int | None:
    """The id that a map of a clone points to, checked to be one of the team's."""
    if new is None and not analyze:
        return None
    tables: dict[str, Table[int, Any]] = {
        "connection": world.connections,
        "hook": world.hooks,
        "dataStore": world.data_stores,
        "dataStructure": world.data_structures,
    }
    row = tables[kind].get(new) if isinstance(new, int) and not isinstance(new, bool) else None
    if row is None or row.team_id != team.id:
        raise Invalid(f"Invalid mapping of {map_name}: '{new}'.")
    return int(row.id)


def _hook(
    world: World, team: Team, blueprint: Mapping[str, Json], scenario: Scenario | None = None
) -> int | None:
    """The hook that the blueprint listens at; a hook serves one scenario only."""
    id = blueprints.trigger_hook(blueprint)
    hook = world.hooks.get(id) if id is not None else None
    if hook is None or hook.team_id != team.id:
        return None
    for other in world.scenarios.where(hook=hook.id):
        if scenario is None or other.id != scenario.id:
            raise Blocked(f"Hook '{hook.id}' is used by scenario '{other.id}'.")
    return hook.id
