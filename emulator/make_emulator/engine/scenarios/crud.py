"""Creation, changes, clones and deletion of scenarios.

Errors have Make's texts where a source has them; the fidelity ledger marks those that are assumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypedDict, Unpack

from ...json_types import as_array
from ...world import blueprint_refs, hooks, scenarios
from ...world.consumption import organization_of
from ...world.exceptions import (
    HookTakenError,
    InvalidParametersError,
    NotConfirmedError,
    NotFoundError,
    OwnerNotVisibleError,
    ResourceInUseError,
    VersionConflictError,
)
from ...world.models import (
    BlueprintVersion,
    FieldSpecs,
    Folder,
    Json,
    Organization,
    Scenario,
    Team,
    User,
)
from ...world.settings import BLUEPRINT_CHANGE_STOPS
from ...world.world import World
from .. import custom_functions, inputs
from ..apps.catalog import BUILT_IN_APPS
from ..blueprints.completeness import is_complete
from ..blueprints.parser import parse_blueprint
from ..scheduling import schedule
from . import activation, module_checks

#: Name of a map of ids of a clone -> kind of resource in a blueprint.
CLONE_MAPS = {
    "account": "connection",
    "key": "key",
    "hook": "hook",
    "device": "device",
    "datastore": "dataStore",
    "udt": "dataStructure",
}


def create(
    world: World,
    user: User,
    team: Team,
    *,
    blueprint: Mapping[str, Json],
    scheduling: Mapping[str, Json],
    folder: Folder | None = None,
    input_spec: FieldSpecs | None = None,
    output_spec: FieldSpecs | None = None,
    based_on: str | None = None,
    concept: bool = False,
    confirmed: bool = False,
    id: int | None = None,
    is_tool: bool = False,
) -> Scenario:
    """Creates an inactive scenario with the name of its blueprint.

    Args:
        is_tool: true for a Tool, which has one module, and is on demand.

    Raises:
        InvalidParametersError: if the blueprint or the scheduling is malformed, or not that of a Tool.
        MalformedBlueprintError: if a module of the blueprint does not exist (Make's IM007).
        ConnectionNotFoundError: if it uses a connection that the team does not have (Make's IM304).
        ResourceInUseError: if it has inputs and is not on demand (Make's IM016).
        HookTakenError: if its hook triggers another scenario (Make's IM000).
        NotConfirmedError: if it uses an app for the first time in the organization (Make's IM004).
    """
    parse_blueprint(blueprint)
    module_checks.check_modules(world, blueprint)
    if is_tool and (len(as_array(blueprint["flow"])) != 1 or scheduling.get("type") != "on-demand"):
        raise InvalidParametersError("A Tool has one module, and is on demand.")
    _check_folder(team.id, folder)
    activation.check_connections(world, team, blueprint)
    schedule.validate_scheduling(scheduling, least_minutes=organization_of(world, team.id).license.interval)
    _check_inputs(scheduling, input_spec)
    inputs.validate_names(input_spec, output_spec)
    hook_id = _find_trigger_hook(world, team, blueprint)
    # The last check, as it installs the apps.
    _install_apps(world, team, blueprint, confirmed=confirmed)
    scenario = scenarios.insert(
        world,
        blueprint,
        team_id=team.id,
        author_id=user.id,
        scheduling=scheduling,
        folder_id=folder.id if folder else None,
        hook_id=hook_id,
        based_on=based_on,
        concept=concept,
        is_invalid=not is_complete(blueprint, world.custom_modules),
        input_spec=input_spec,
        output_spec=output_spec,
        id=id,
        type="tool" if is_tool else "scenario",
    )
    scenarios.record_event(world, scenario, user, "modify")
    return scenario


class ScenarioChanges(TypedDict, total=False):
    """Fields of a scenario that can be changed, besides its blueprint."""

    name: str
    description: str
    folder_id: int | None
    scheduling: Mapping[str, Json]
    based_on: str | None
    concept: bool


def update(
    world: World,
    user: User,
    scenario: Scenario,
    *,
    base_version: int | None = None,
    metadata: Mapping[str, FieldSpecs | None] | None = None,
    blueprint: Mapping[str, Json] | None = None,
    folder: Folder | None = None,
    confirmed: bool = False,
    **changes: Unpack[ScenarioChanges],
) -> Scenario:
    """Changes a scenario; a new blueprint is a new version.

    Args:
        base_version: the version that the change is based on.
        metadata: ``input_spec`` and ``output_spec``, which belong to a blueprint.

    Raises:
        VersionConflictError: if ``base_version`` is not the current one; nothing is changed.
        Invalid, BadBlueprint, ConnectionNotFound, Blocked, Unconfirmed: see `create`.
    """
    if base_version is not None and base_version != scenario.blueprint_version:
        raise VersionConflictError(scenario.blueprint_version, scenario.last_edit)
    team = world.teams[scenario.team_id]
    current = world.blueprints[scenario.id, scenario.blueprint_version]
    if blueprint is not None:
        parse_blueprint(blueprint)
        module_checks.check_modules(world, blueprint)
        activation.check_connections(world, team, blueprint)
    _check_folder(team.id, folder)
    scheduling = changes.get("scheduling", scenario.scheduling)
    if "scheduling" in changes:
        schedule.validate_scheduling(
            scheduling, least_minutes=organization_of(world, team.id).license.interval
        )
    # Without a blueprint the specs are ignored: the vendor's SDK sends empty ones with every change of a name.
    specs = metadata if metadata is not None and blueprint is not None else {}
    input_spec = specs.get("input_spec", current.input_spec)
    output_spec = specs.get("output_spec", current.output_spec)
    _check_inputs(scheduling, input_spec)
    inputs.validate_names(specs.get("input_spec"), specs.get("output_spec"))
    if scenario.is_active:
        activation.check_can_activate(world, blueprint or current.blueprint, scheduling)
    if blueprint is not None:
        hook_id = _find_trigger_hook(world, team, blueprint, scenario)
        _install_apps(world, team, blueprint, confirmed=confirmed)
        changes.setdefault("name", str(blueprint["name"]))
        if hook_id != scenario.hook_id:
            hooks.mark_unassigned(world, scenario.hook_id)
        scenario = replace(
            scenario,
            blueprint_version=scenario.blueprint_version + 1,
            hook_id=hook_id,
            used_packages=blueprint_refs.used_packages(blueprint),
            used_modules=blueprint_refs.used_modules(blueprint),
            is_invalid=not is_complete(blueprint, world.custom_modules),
            last_edit=world.now(),
            updated_by=user.id,
        )
        if BLUEPRINT_CHANGE_STOPS.of(world):
            scenario = replace(scenario, is_active=False, next_exec=None)
        scenarios.add_version(world, scenario, blueprint, input_spec=input_spec, output_spec=output_spec)
        scenarios.record_event(world, scenario, user, "modify")
    scenario = replace(scenario, **changes)
    moved = scenario.hook_id != world.scenarios[scenario.id].hook_id
    if scenario.is_active and ("scheduling" in changes or moved):
        scenario = replace(scenario, next_exec=activation.first_run(world, scenario))
    return world.scenarios.put(scenario)


def set_interface(
    world: World, scenario: Scenario, *, input_spec: FieldSpecs | None, output_spec: FieldSpecs | None
) -> BlueprintVersion:
    """Sets the inputs and outputs of a scenario.

    Raises:
        ResourceInUseError: if it would have inputs and is not on demand (Make's IM016).
        InvalidParametersError: if a name is not valid.
    """
    _check_inputs(scenario.scheduling, input_spec)
    inputs.validate_names(input_spec, output_spec)
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
    """Copies a scenario, perhaps to another team; the copy is inactive.

    Args:
        maps: kind of map (``account``, ``key``, ``hook``, ``datastore``, ``udt``) -> old id -> new id.
        analyze: check that the team of the copy has the resources that the blueprint uses.

    Raises:
        OwnerNotVisibleError: if the team is not one of the organization's.
        NotFoundError: if the team lacks a resource of a map.
        InvalidParametersError: if a resource that the blueprint uses is not mapped.
        NotConfirmedError: if the team lacks a custom function that the blueprint calls, and the caller did not confirm.
    """
    if team.organization_id != organization.id:
        raise OwnerNotVisibleError(hint=f"Team {team.id} is not one of organization {organization.id}.")
    version = world.blueprints[scenario.id, scenario.blueprint_version]
    exchanged: dict[str, dict[int, int | None]] = {}
    for map_name, kind in CLONE_MAPS.items():
        mapping = maps.get(map_name, {})
        exchanged[kind] = {}
        for old in blueprint_refs.find_references(version.blueprint, kind):
            if str(old) in mapping:
                exchanged[kind][old] = _resolve_mapped_id(
                    world, team, map_name, kind, mapping[str(old)], analyze=analyze
                )
            elif analyze and (kind == "hook" or team.id != scenario.team_id):
                raise InvalidParametersError(f"Missing mapping of {map_name} '{old}'.")
            elif kind == "hook":
                exchanged[kind][old] = None
    missing = custom_functions.find_missing(world, scenario, version.blueprint, team.id)
    if missing and not confirmed:
        raise NotConfirmedError(
            f"The team lacks custom functions: {', '.join(missing)}.", "createFunctions", [*missing]
        )
    copy = create(
        world,
        user,
        team,
        blueprint=blueprint_refs.remap_references({**version.blueprint, "name": name}, exchanged),
        scheduling=scenario.scheduling,
        input_spec=version.input_spec,
        output_spec=version.output_spec,
        based_on=scenario.based_on,
        confirmed=confirmed,
    )
    return world.scenarios.put(replace(copy, updated_by=None, description=scenario.description))


def delete(world: World, scenario: Scenario) -> int:
    """Deletes a scenario with its blueprints and logs, an active one too (as the vendor's own tests do)."""
    scenarios.remove(world, scenario)
    return scenario.id


def _check_inputs(scheduling: Mapping[str, Json], input_spec: FieldSpecs | None) -> None:
    if input_spec and not scenarios.is_on_demand(scheduling):
        raise ResourceInUseError("Scenario inputs need on-demand scheduling.")


def _install_apps(world: World, team: Team, blueprint: Mapping[str, Json], *, confirmed: bool) -> None:
    """Installs the apps of a blueprint; their first use in an organization must be confirmed."""
    installed = world.installed_apps.get(team.organization_id, frozenset())
    new = set(blueprint_refs.used_packages(blueprint)) - installed - BUILT_IN_APPS
    if new and not confirmed:
        raise NotConfirmedError(f"First use of: {', '.join(sorted(new))}.", "installApps")
    if new:
        world.installed_apps[team.organization_id] = installed | new


def _check_folder(team_id: int, folder: Folder | None) -> None:
    if folder is not None and folder.team_id != team_id:
        raise NotFoundError("folder", folder.id)


def _resolve_mapped_id(
    world: World, team: Team, map_name: str, kind: str, new: Json, *, analyze: bool
) -> int | None:
    """Returns the id that a map of a clone refers to, checked to be one of the team's."""
    if new is None and not analyze:
        return None
    is_id = isinstance(new, int) and not isinstance(new, bool)
    row = world.resource_table(kind).get(new) if is_id else None
    if row is None or row.team_id != team.id:
        raise InvalidParametersError(f"Invalid mapping of {map_name}: '{new}'.")
    return int(row.id)


def _find_trigger_hook(
    world: World, team: Team, blueprint: Mapping[str, Json], scenario: Scenario | None = None
) -> int | None:
    """Returns the id of the trigger's hook; a hook serves one scenario only."""
    id = blueprint_refs.find_trigger_hook_id(blueprint)
    hook = world.hooks.get(id) if id is not None else None
    if hook is None or hook.team_id != team.id:
        return None
    for other in world.scenarios.where(hook=hook.id):
        if scenario is None or other.id != scenario.id:
            raise HookTakenError(
                hint=f"Hook {hook.id} belongs to scenario {other.id}; each hook triggers one."
            )
    return hook.id
