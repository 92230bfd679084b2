"""Static analysis of blueprints: their modules and apps, and the connections, hooks and data stores that they refer to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy

from ..json_types import as_mapping
from .models import Json, Scenario
from .world import World

#: Kind of resource -> the fields in which modules hold the ids of such resources.
REFERENCE_FIELDS: dict[str, tuple[str, ...]] = {
    # The last is that of AI modules, whose provider is a connection, too (the vendor's notes on connections); the third that of
    # a mailbox that keeps what a module sends.
    "connection": ("__IMTCONN__", "account", "accountImap", "oAuthAccount", "makeConnectionId"),
    "hook": ("__IMTHOOK__", "hook"),
    "dataStore": ("datastore",),
    "dataStructure": ("type",),
    "device": ("__IMTDEVICE__",),
    "key": ("apiKeyKeychain", "basicAuthKeychain", "proxyKeychain"),
}

#: Module -> the kinds that it refers to by fields which hold other values in other modules (exported blueprints).
_OWN_REFERENCE_FIELDS: dict[str, dict[str, tuple[str, ...]]] = {
    "http:ActionSendDataBasicAuth": {"key": ("key",)},
    "http:ActionSendDataAPIKeyAuth": {"key": ("auth",)},
}

#: Kind of resource -> the only app whose modules refer to it; other apps use the same field for other values.
_REFERENCING_APPS = {"dataStructure": "json"}

#: A connection that is an input of the scenario, as the editor writes it (an export).
_DYNAMIC_CONNECTION = re.compile(r"\{\{var\.input\.[^{}]+\}\}")

#: The module that the designer inserts while a route, or the scenario, has none (exported blueprints); mostly without an id.
PLACEHOLDER_MODULE = "placeholder:Placeholder"


def iter_modules(flow: Json) -> Iterator[Mapping[str, Json]]:
    """Every module of a flow, those of routes, branches, error handlers and an agent's tools included; a placeholder is none."""
    pending = [flow]
    while pending:
        nodes = pending.pop()
        if not isinstance(nodes, Sequence) or isinstance(nodes, str):
            continue
        for node in nodes:
            if not isinstance(node, Mapping):
                continue
            if isinstance(node.get("module"), str) and node["module"] != PLACEHOLDER_MODULE:
                yield node
            pending.append(node.get("onerror"))
            for branches in (node.get("routes"), node.get("branches"), node.get("tools")):
                if isinstance(branches, Sequence) and not isinstance(branches, str):
                    pending.extend(branch.get("flow") for branch in branches if isinstance(branch, Mapping))


def split_module_name(node: Mapping[str, Json]) -> tuple[str, str]:
    """``("http", "ActionSendData")`` for a module ``http:ActionSendData``."""
    app, _, module = str(node["module"]).partition(":")
    return app, module


def used_packages(blueprint: Mapping[str, Json]) -> tuple[str, ...]:
    """The apps of a blueprint, one entry a module as Make lists them; an empty flow counts as ``builtin``."""
    apps = tuple(split_module_name(node)[0] for node in iter_modules(blueprint.get("flow")))
    return apps or ("builtin",)


def used_modules(blueprint: Mapping[str, Json]) -> tuple[Mapping[str, str], ...]:
    """The distinct modules of a blueprint in order of appearance: ``{"moduleName", "packageName"}`` each."""
    pairs = dict.fromkeys(split_module_name(node) for node in iter_modules(blueprint.get("flow")))
    return tuple({"moduleName": module, "packageName": app} for app, module in pairs)


def next_module_id(blueprint: Mapping[str, Json]) -> int:
    """The id that the next module will get: the highest one plus 1 (recorded)."""
    ids = (node.get("id") for node in iter_modules(blueprint.get("flow")))
    return max((id for id in ids if isinstance(id, int) and not isinstance(id, bool)), default=0) + 1


def find_references(blueprint: Mapping[str, Json], kind: str) -> set[int]:
    """The ids of a kind of resource (``"connection"``, ``"hook"``, ``"dataStore"`` …) that the modules use."""
    return {id for node in iter_modules(blueprint.get("flow")) for id in find_module_references(node, kind)}


def scenarios_using(world: World, kind: str, id: int, team_id: int) -> list[Scenario]:
    """The team's scenarios whose blueprint uses a resource, oldest first."""
    return [
        scenario
        for scenario in world.scenarios.where(team=team_id)
        if id in find_references(world.blueprints[scenario.id, scenario.blueprint_version].blueprint, kind)
    ]


def find_trigger_hook_id(blueprint: Mapping[str, Json]) -> int | None:
    """The id of the hook that triggers the scenario, if its first module is an instant trigger."""
    parameters = as_mapping(first_module(blueprint.get("flow")).get("parameters"))
    return next((id for name in REFERENCE_FIELDS["hook"] if (id := parse_id(parameters.get(name)))), None)


def first_module(flow: Json) -> Mapping[str, Json]:
    """Returns the first module of a flow, an empty object if it has none."""
    first = flow[0] if isinstance(flow, (list, tuple)) and flow else None
    return as_mapping(first)


def reference_fields(node: Mapping[str, Json], kind: str) -> tuple[str, ...]:
    """The fields in which one module holds the ids of a kind of resource."""
    if (app := _REFERENCING_APPS.get(kind)) is not None and split_module_name(node)[0] != app:
        return ()
    return REFERENCE_FIELDS[kind] + _OWN_REFERENCE_FIELDS.get(str(node["module"]), {}).get(kind, ())


def find_module_references(node: Mapping[str, Json], kind: str) -> set[int]:
    """The ids of a kind of resource that one module uses."""
    return {id for _, id in iter_module_references(node, kind)}


def iter_module_references(node: Mapping[str, Json], kind: str) -> Iterator[tuple[str, int]]:
    """The fields in which one module refers to a kind of resource, each with the id that it holds."""
    names = reference_fields(node, kind)
    for part in ("parameters", "mapper"):
        values = node.get(part)
        if isinstance(values, Mapping):
            yield from ((name, id) for name in names if (id := parse_id(values.get(name))) is not None)


def remap_references(
    blueprint: Mapping[str, Json], maps: Mapping[str, Mapping[int, Json]]
) -> dict[str, Json]:
    """A copy in which the ids of each kind of resource are replaced: kind -> old id -> new value."""
    copy: dict[str, Json] = deepcopy(dict(blueprint))
    for node in iter_modules(copy.get("flow")):
        for kind, mapping in maps.items():
            for part in ("parameters", "mapper"):
                values = node.get(part)
                if not isinstance(values, dict):
                    continue
                for name in reference_fields(node, kind):
                    if (old := parse_id(values.get(name))) in mapping and old is not None:
                        values[name] = mapping[old]
    return copy


def is_dynamic_connection(value: Json) -> bool:
    """True for a connection that is an input of the scenario (Help centre, "Dynamic connections")."""
    return isinstance(value, str) and _DYNAMIC_CONNECTION.fullmatch(value) is not None


def parse_id(value: Json) -> int | None:
    """An id as blueprints write it: a number, or a string of digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        return int(value)
    return None
