"""Rows of scenarios, of the versions of their blueprints, and of the events in their logs; `make_emulator.engine.scenarios` has the rules."""

from __future__ import annotations

from collections.abc import Mapping

from . import blueprint_refs, hook_queues, hooks
from .models import BlueprintVersion, FieldSpecs, Json, Scenario, ScenarioEvent, User
from .world import World

#: Ids of events are decimal strings of eight digits (recorded), so that they sort as text, too.
FIRST_EVENT_ID = 50_000_000


def is_on_demand(scheduling: Mapping[str, Json]) -> bool:
    """Returns True for the scheduling of a scenario that runs only on request."""
    return scheduling.get("type") == "on-demand"


def insert(
    world: World,
    blueprint: Mapping[str, Json],
    *,
    team_id: int,
    author_id: int,
    scheduling: Mapping[str, Json],
    folder_id: int | None = None,
    hook_id: int | None = None,
    description: str = "",
    based_on: str | None = None,
    concept: bool = False,
    is_active: bool = False,
    is_invalid: bool = False,
    created: int | None = None,
    last_edit: int | None = None,
    input_spec: FieldSpecs | None = None,
    output_spec: FieldSpecs | None = None,
    id: int | None = None,
    type: str = "scenario",
) -> Scenario:
    """Inserts a scenario with the first version of its blueprint, unchecked; its name is that of the blueprint.

    Args:
        created: the time of creation in milliseconds, by default now; also the default of ``last_edit``.
        id: an explicit id; by default, the next one.
    """
    created = world.now() if created is None else created
    scenario = world.scenarios.put(
        Scenario(
            id=world.ids.assign("scenario", id),
            name=str(blueprint["name"]),
            type=type,
            team_id=team_id,
            folder_id=folder_id,
            description=description,
            is_active=is_active,
            is_invalid=is_invalid,
            scheduling=scheduling,
            blueprint_version=1,
            hook_id=hook_id,
            used_packages=blueprint_refs.used_packages(blueprint),
            used_modules=blueprint_refs.used_modules(blueprint),
            based_on=based_on,
            concept=concept,
            created=created,
            last_edit=created if last_edit is None else last_edit,
            created_by=author_id,
            updated_by=author_id,
        )
    )
    add_version(world, scenario, blueprint, created=created, input_spec=input_spec, output_spec=output_spec)
    return scenario


def add_version(
    world: World,
    scenario: Scenario,
    blueprint: Mapping[str, Json],
    *,
    created: int | None = None,
    input_spec: FieldSpecs | None = None,
    output_spec: FieldSpecs | None = None,
) -> BlueprintVersion:
    """Inserts the version of a blueprint that the scenario names as its current one."""
    return world.blueprints.put(
        BlueprintVersion(
            scenario_id=scenario.id,
            version=scenario.blueprint_version,
            created=world.now() if created is None else created,
            blueprint=blueprint,
            id_sequence=blueprint_refs.next_module_id(blueprint),
            input_spec=input_spec or (),
            output_spec=output_spec or (),
        )
    )


def record_event(world: World, scenario: Scenario, author: User, kind: str) -> ScenarioEvent:
    """Logs a user's action on a scenario: ``start``, ``stop`` or ``modify``."""
    event = ScenarioEvent(
        id=str(FIRST_EVENT_ID + world.ids.next("event")),
        scenario_id=scenario.id,
        type=kind,
        author_id=author.id,
        at=world.now(),
        sequence=world.ids.next("log"),
    )
    world.logs.put(event)
    return event


def remove(world: World, scenario: Scenario) -> None:
    """Removes a scenario with its blueprints, logs and incomplete executions.

    What an instant retry had taken off the queue of the hook returns there.
    """
    for rerun in list(world.reruns.where(scenario=scenario.id)):
        hook_queues.requeue(world, rerun.taken)
    for key in [key for key in world.increments if key[0] == scenario.id]:
        del world.increments[key]
    removed = world.scenarios.remove(scenario.id)
    hooks.mark_unassigned(world, removed.hook_id)
