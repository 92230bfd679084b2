"""Hooks and their types: creation, settings, learned structures, deactivation.

Sources: API documentation, "Hooks"; help centre, "Webhooks"; recorded exchanges.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache

from ..lazy_dataclasses import dataclass
from ..resources import load_fixture
from .clock import MINUTE
from .connections import DEFAULT_THEME
from .consumption import organization_of
from .exceptions import IncompatibleInputError, InvalidParametersError, NotConfirmedError
from .field_specs import field_name, field_type
from .models import FieldSpecs, Hook, Json, Scenario, Team
from .world import World

#: Help centre, "Webhooks": one that is not connected to a scenario for longer than this is deactivated.
UNASSIGNED_TIMEOUT = 120 * 60 * MINUTE

#: The most fields of one collection, and the most levels, of a learned structure.
MAX_LEARNED_FIELDS = 200
MAX_LEARNED_DEPTH = 10


_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "text": (str,),
    "account": (int,),
    "udt": (int,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HookType:
    """Type of hook; ``type`` is ``web``, ``web-shared`` or ``mail``."""

    name: str
    type: str
    theme: str
    fields: FieldSpecs
    editable: bool = True


@lru_cache(maxsize=1)
def all_hook_types() -> Mapping[str, HookType]:
    """Every type by its name."""
    rows = load_fixture("hook-types.yaml")
    return {name: HookType(name=name, **row) for name, row in rows.items()}


def get_hook_type(name: str) -> HookType:
    """The type of a name.

    Raises:
        IncompatibleInputError: if there is none (Make's IM005, "Invalid hook type").
    """
    found = all_hook_types().get(name)
    if found is None:
        raise IncompatibleInputError("Invalid hook type")
    return found


def validate_hook_data(
    world: World,
    team_id: int,
    kind: HookType,
    values: Mapping[str, Json],
    *,
    use_defaults: bool,
    partial: bool = False,
) -> dict[str, Json]:
    """The validated data of a hook, in the order of its type's fields.

    Args:
        use_defaults: replace missing fields by their defaults.
        partial: accept missing required fields, as in an update.

    Raises:
        InvalidParametersError: with one text for each invalid parameter.
        NotFoundError: if the data name a connection or a data structure that the team does not have.
    """
    data = dict(values)
    if use_defaults:
        for field in kind.fields:
            if "default" in field:
                data.setdefault(field_name(field), field["default"])
    if issues := list(_find_issues(kind.fields, data, partial=partial)):
        raise InvalidParametersError(*issues)
    for field in kind.fields:
        _check_reference(world, team_id, field_type(field), data.get(field_name(field)))
    return {field_name(field): data[field_name(field)] for field in kind.fields if field_name(field) in data}


def _find_issues(fields: FieldSpecs, data: Mapping[str, Json], *, partial: bool) -> Iterator[str]:
    by_name = {field_name(field): field for field in fields}
    for name, field in by_name.items():
        value, kind = data.get(name), field_type(field)
        required = bool(field.get("required"))
        if value is None and (not required or (partial and name not in data)):
            continue
        if value is None or (value == "" and required):
            yield f"Missing value of required parameter '{name}'."
        elif not isinstance(value, _PYTHON_TYPES[kind]) or (kind != "boolean" and isinstance(value, bool)):
            yield f"Invalid {kind} in parameter '{name}'."
    yield from (f"Unknown parameter '{name}'." for name in data if name not in by_name)


def _check_reference(world: World, team_id: int, kind: str, id: Json) -> None:
    if id is None or kind not in ("account", "udt"):
        return
    key = id if isinstance(id, int) else 0
    row = world.connections.get(key) if kind == "account" else world.data_structures.get(key)
    if row is None or row.team_id != team_id:
        noun = "connection" if kind == "account" else "data structure"
        raise InvalidParametersError(f"There is no {noun} '{id}' in the team of the hook.")


def create_hook(
    world: World,
    team: Team,
    *,
    name: str,
    type_name: str,
    data: Mapping[str, Json],
    use_defaults: bool = False,
) -> Hook:
    """Creates a hook, enabled and learning (documented).

    Raises:
        IncompatibleInputError: if there is no such type (Make's IM005).
        InvalidParametersError: if a field of the type is missing, unknown or wrong.
    """
    kind = get_hook_type(type_name)
    own = validate_hook_data(world, team.id, kind, data, use_defaults=use_defaults)
    return insert(
        world, team.id, name=name, type_name=kind.name, data=own, learning=kind.name == "gateway-webhook"
    )


def insert(
    world: World,
    team_id: int,
    *,
    name: str,
    type_name: str,
    data: Mapping[str, Json],
    enabled: bool = True,
    learning: bool = False,
    alone_since: int | None = None,
    id: int | None = None,
) -> Hook:
    """Inserts a hook, unchecked; one of an unknown type is shown as a webhook.

    Args:
        alone_since: the time since which no scenario uses it, in milliseconds; now, by default.
        id: an explicit id; by default, the next one.
    """
    kind = all_hook_types().get(type_name)
    hook = world.hooks.put(
        Hook(
            id=world.ids.assign("hook", id),
            name=name,
            team_id=team_id,
            udid=world.ids.udid(),
            type=kind.type if kind else "web",
            type_name=type_name,
            theme=kind.theme if kind else DEFAULT_THEME,
            data={"teamId": team_id, **data},
            editable=kind is None or kind.editable,
            enabled=enabled,
            learning=learning,
            alone_since=world.now() if alone_since is None else alone_since,
        )
    )
    world.register_lookup_key(hook.udid)
    return hook


def rename_hook(world: World, hook: Hook, name: str) -> Hook:
    """Changes the name of a hook."""
    return world.hooks.put(replace(hook, name=name))


def set_data(world: World, hook: Hook, changes: Mapping[str, Json]) -> bool:
    """Changes some of the data of a hook; true if anything changed.

    Raises:
        InvalidParametersError: if a field is unknown to the type, or wrong.
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
    """Enables a hook; the timeout of one that was deactivated starts again."""
    world.hooks.put(replace(hook, enabled=True, alone_since=max(hook.alone_since, world.now())))


def disable(world: World, hook: Hook) -> None:
    """Disables a hook, which rejects data from then on (documented)."""
    world.hooks.put(replace(hook, enabled=False))


def set_learning(world: World, hook: Hook, learning: bool) -> None:
    """Starts or stops learning the structure of incoming data; starting discards what was learned before.

    Unlike the learning of a new hook, it takes the next delivery away from an active scenario (the vendor's notes on hooks).
    """
    structure: FieldSpecs = () if learning else hook.structure
    world.hooks.put(replace(hook, learning=learning, structure=structure, captures_next=learning))


def learn_structure(world: World, hook: Hook, data: Json) -> Hook:
    """Learns the structure of the data that a learning hook received, which ends its learning (documented)."""
    if not hook.learning:
        return hook
    bundle = data[0] if isinstance(data, list) and data else data
    structure = infer_structure(bundle) if isinstance(bundle, Mapping) else ()
    return world.hooks.put(replace(hook, learning=False, structure=structure, captures_next=False))


def delete_hook(world: World, hook: Hook, *, confirmed: bool) -> int:
    """Deletes a hook with its queue and its logs; its scenario loses its trigger.

    Raises:
        NotConfirmedError: if a scenario uses it and the caller did not confirm.
    """
    scenario = scenario_of(world, hook)
    if scenario is not None:
        if not confirmed:
            raise NotConfirmedError(f"Hook '{hook.id}' is used by scenario '{scenario.id}'.", "deleteHook")
        world.scenarios.put(replace(scenario, hook_id=None, is_active=False, is_invalid=True, next_exec=None))
    return world.hooks.remove(hook.id).id


def mark_unassigned(world: World, hook_id: int | None) -> None:
    """Starts the timeout of a hook that its scenario no longer uses."""
    hook = world.hooks.get(hook_id) if hook_id is not None else None
    if hook is not None:
        world.hooks.put(replace(hook, alone_since=world.now()))


def scenario_of(world: World, hook: Hook) -> Scenario | None:
    """The scenario that a hook triggers; there is at most one."""
    return next(iter(world.scenarios.where(hook=hook.id)), None)


def is_gone(world: World, hook: Hook) -> bool:
    """Returns True if the hook was deactivated, having had no scenario for more than five days (documented)."""
    return world.now() - hook.alone_since > UNASSIGNED_TIMEOUT and scenario_of(world, hook) is None


def queue_limit(world: World, hook: Hook) -> int:
    """The most entries of a hook's queue; recorded to be the plan's ``iolimit``."""
    return organization_of(world, hook.team_id).license.iolimit


def infer_structure(bundle: Mapping[str, Json], depth: int = MAX_LEARNED_DEPTH) -> FieldSpecs:
    """The fields of a bundle as the ping shows them: ``[{"name", "type", "spec"?}]`` (recorded for text and boolean).

    Headers and method are not included.
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
    """The specification of an array's items: a list of fields for collections, else the type."""
    if isinstance(first, Mapping):
        return list(infer_structure(first, depth - 1)) if depth else []
    return _infer_field(first, depth - 1) if depth else {"type": "any"}
