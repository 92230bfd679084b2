"""Hooks: their life, what they learn, and when they are gone.

Sources: API documentation, "Hooks"; help centre, "Webhooks"; recorded exchanges.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .clock import MINUTE
from .consumption import organization_of
from .exceptions import NotConfirmedError
from .hook_types import get_hook_type, validate_hook_data
from .models import FieldSpecs, Hook, Json, Scenario, Team
from .world import World

#: Help centre, "Webhooks": one that is not connected to a scenario for longer than this is deactivated.
UNASSIGNED_TIMEOUT = 120 * 60 * MINUTE

#: How many fields of one collection, and how many levels, a learned structure has at most.
MAX_LEARNED_FIELDS = 200
MAX_LEARNED_DEPTH = 10


def create_hook(
    world: World,
    team: Team,
    *,
    name: str,
    type_name: str,
    data: Mapping[str, Json],
    use_defaults: bool = False,
) -> Hook:
    """Make a hook, enabled and learning (documented).

    Raises:
        UnfitInput: if there is no such type (Make's IM005).
        Invalid: if a field of the type is missing, unknown or wrong.
    """
    kind = get_hook_type(type_name)
    own = validate_hook_data(world, team.id, kind, data, use_defaults=use_defaults)
    hook = world.hooks.put(
        Hook(
            id=world.ids.next("hook"),
            name=name,
            team_id=team.id,
            udid=world.ids.udid(),
            type=kind.type,
            type_name=kind.name,
            theme=kind.theme,
            data={"teamId": team.id, **own},
            editable=kind.editable,
            learning=kind.name == "gateway-webhook",
            alone_since=world.now(),
        )
    )
    world.register_name(hook.udid)
    return hook


def rename_hook(world: World, hook: Hook, name: str) -> Hook:
    return world.hooks.put(replace(hook, name=name))


def set_data(world: World, hook: Hook, changes: Mapping[str, Json]) -> bool:
    """Change the data of a hook; what is not sent stays. Tells whether anything changed.

    Raises:
        Invalid: if a field is unknown to the type, or wrong.
    """
    kind = get_hook_type(hook.type_name)
    data = {
        **hook.data,
        **validate_hook_data(world, hook.team_id, kind, changes, use_defaults=False, partial=True),
    }
    if data == hook.data:
        return False
    world.hooks.put(replace(hook, data=data))
    return True


def enable(world: World, hook: Hook) -> None:
    """Let a hook take data; one that was gone gets its days anew."""
    world.hooks.put(replace(hook, enabled=True, alone_since=max(hook.alone_since, world.now())))


def disable(world: World, hook: Hook) -> None:
    """Let a hook take no more data (documented)."""
    world.hooks.put(replace(hook, enabled=False))


def set_learning(world: World, hook: Hook, learning: bool) -> None:
    """Start or stop to look for the structure of what comes in; starting forgets what was learned before."""
    structure: FieldSpecs = () if learning else hook.structure
    world.hooks.put(replace(hook, learning=learning, structure=structure))


def learn_structure(world: World, hook: Hook, data: Json) -> Hook:
    """Take the structure of what a learning hook received, which ends its learning (documented)."""
    if not hook.learning:
        return hook
    bundle = data[0] if isinstance(data, list) and data else data
    structure = infer_structure(bundle) if isinstance(bundle, Mapping) else ()
    return world.hooks.put(replace(hook, learning=False, structure=structure))


def delete_hook(world: World, hook: Hook, *, confirmed: bool) -> int:
    """Delete a hook with its queue and its logs; its scenario loses its trigger.

    Raises:
        Unconfirmed: if a scenario uses it and the caller did not confirm.
    """
    scenario = scenario_of(world, hook)
    if scenario is not None:
        if not confirmed:
            raise NotConfirmedError(f"Hook '{hook.id}' is used by scenario '{scenario.id}'.")
        world.scenarios.put(replace(scenario, hook_id=None, is_active=False, is_invalid=True, next_exec=None))
    clear_queue_and_logs(world, hook)
    return world.hooks.remove(hook.id).id


def clear_queue_and_logs(world: World, hook: Hook) -> None:
    """Drop what a hook received and its logs."""
    for incoming in list(world.incomings.where(hook=hook.id)):
        world.incomings.remove((hook.id, incoming.id))
    for entry in list(world.hook_logs.where(hook=hook.id)):
        world.hook_logs.remove((hook.id, entry.id))


def mark_unassigned(world: World, hook_id: int | None) -> None:
    """A scenario no longer listens at a hook: from now on it is alone."""
    hook = world.hooks.get(hook_id) if hook_id is not None else None
    if hook is not None:
        world.hooks.put(replace(hook, alone_since=world.now()))


def scenario_of(world: World, hook: Hook) -> Scenario | None:
    """The scenario that listens at a hook; there is at most one."""
    return next(iter(world.scenarios.where(hook=hook.id)), None)


def is_gone(world: World, hook: Hook) -> bool:
    """Whether the hook was deactivated, having had no scenario for more than five days (documented)."""
    return world.now() - hook.alone_since > UNASSIGNED_TIMEOUT and scenario_of(world, hook) is None


def queue_limit(world: World, hook: Hook) -> int:
    """How much a hook keeps for its scenario; recorded to be the plan's ``iolimit``."""
    return organization_of(world, hook.team_id).license.iolimit


def infer_structure(bundle: Mapping[str, Json], depth: int = MAX_LEARNED_DEPTH) -> FieldSpecs:
    """The fields of a bundle as the ping shows them: ``[{"name", "type", "spec"?}]`` (recorded for text and boolean).

    Headers and method are no part of it.
    """
    names = [name for name in bundle if not str(name).startswith("__IMT")][:MAX_LEARNED_FIELDS]
    return tuple({"name": name, **_infer_field(bundle[name], depth)} for name in names)


def _infer_field(value: Json, depth: int) -> dict[str, Json]:
    match value:
        case bool():
            return {"type": "boolean"}
        case int() | float():
            return {"type": "number"}
        case Mapping():
            return {"type": "collection", "spec": list(infer_structure(value, depth - 1)) if depth else []}
        case list():
            return {"type": "array", **({"spec": _infer_item_spec(value[0], depth)} if value else {})}
    return {"type": "text"}


def _infer_item_spec(first: Json, depth: int) -> Json:
    """An array of collections has the list of their fields, any other the type of its items."""
    if isinstance(first, Mapping):
        return list(infer_structure(first, depth - 1)) if depth else []
    return _infer_field(first, depth - 1) if depth else {"type": "any"}
