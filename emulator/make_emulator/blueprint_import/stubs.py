"""Stubs of the resources that a blueprint refers to, built from what it contains about them."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..engine.apps.scenarios import START_MODULE, find_called_scenario
from ..engine.scenarios import activation, crud
from ..json_types import as_mappings
from ..world import blueprint_refs, connections, data_stores, hooks
from ..world.exceptions import PlanLimitError
from ..world.models import ConnectionTestResult, DataStructure, Json, Team, User
from ..world.world import World
from .export import app_name


@dataclass(frozen=True, slots=True)
class Stub:
    """Stub of one resource: its kind, its id in the blueprint, and what is known of it."""

    kind: str
    id: int
    note: str = ""


def create_stubs(
    world: World,
    team: Team,
    user: User,
    nodes: Sequence[Mapping[str, Json]],
    *,
    excluded: Container[int] = (),
    calls: bool = True,
) -> tuple[Stub, ...]:
    """Creates what modules refer to and the world lacks.

    Args:
        excluded: ids of called scenarios that get no stub.
        calls: false to create no called scenario at all.
    """
    builder = _StubBuilder(world, team, user, nodes, excluded)
    return tuple(
        stub
        for build in (
            builder.connections,
            builder.hooks,
            builder.structures,
            builder.stores,
            *([builder.scenarios] if calls else ()),
        )
        for stub in build()
    )


class _StubBuilder:
    def __init__(
        self,
        world: World,
        team: Team,
        user: User,
        nodes: Sequence[Mapping[str, Json]],
        excluded: Container[int],
    ) -> None:
        self._world = world
        self._excluded = excluded
        self._team = team
        self._user = user
        self._nodes = nodes

    def connections(self) -> Iterator[Stub]:
        for id, nodes in self._nodes_by_id("connection"):
            if id in self._world.connections:
                continue
            name, label = _restored_type_and_label(nodes[0], "connection")
            kind = name or app_name(nodes[0])
            connections.insert(
                self._world,
                self._team.id,
                name=label or f"Stub of connection {id}",
                type_name=kind,
                account_label=kind,
                account_type=connections.OAUTH,
                theme=connections.DEFAULT_THEME,
                editable=True,
                author_id=self._user.id,
                verdict=ConnectionTestResult("ok"),
                id=id,
            )
            yield Stub("connection", id, label or kind)

    def hooks(self) -> Iterator[Stub]:
        for id, nodes in self._nodes_by_id("hook"):
            if id in self._world.hooks:
                continue
            _, label = _restored_type_and_label(nodes[0], "hook")
            mail = nodes[0]["module"] == "gateway:CustomMailHook"
            hooks.insert(
                self._world,
                self._team.id,
                name=label or f"Stub of hook {id}",
                type_name="gateway-mailhook" if mail else "gateway-webhook",
                data={},
                id=id,
            )
            yield Stub("hook", id, label or str(nodes[0]["module"]))

    def structures(self) -> Iterator[Stub]:
        for id, nodes in self._nodes_by_id("dataStructure"):
            if id in self._world.data_structures:
                continue
            spec = _merge_specs(_json_module_fields(node) for node in nodes)
            self._structure(f"Stub of data structure {id}", spec, id)
            yield Stub("data structure", id, _describe_fields(spec))

    def stores(self) -> Iterator[Stub]:
        """Creates empty stores whose records have the fields that some module writes or searches for."""
        for id, nodes in self._nodes_by_id("dataStore"):
            if id in self._world.data_stores:
                continue
            spec = _merge_specs(spec for node in nodes for spec in _record_fields(node))
            name = f"Stub of data store {id}"
            structure = self._structure(name, spec)
            data_stores.create_store(
                self._world, self._team, name=name, max_size_mb=1, structure=structure, id=id
            )
            yield Stub("data store", id, f"empty; {_describe_fields(spec)}")

    def scenarios(self) -> Iterator[Stub]:
        """Creates scenarios that accept any inputs and return nothing."""
        for node in self._nodes:
            id = find_called_scenario(node)
            if id is None or id in self._world.scenarios or id in self._excluded:
                continue
            first: dict[str, Json] = {
                "id": 1,
                "module": START_MODULE,
                "version": 2,
                "parameters": {},
                "mapper": {},
                "metadata": {},
            }
            scenario = crud.create(
                self._world,
                self._user,
                self._team,
                blueprint={"name": f"Stub of scenario {id}", "flow": [first], "metadata": {}},
                scheduling={"type": "on-demand"},
                confirmed=True,
                id=id,
            )
            note = f"returns nothing; {node['module']} can be scripted"
            try:
                activation.start(self._world, self._user, scenario)
            except PlanLimitError as error:
                note = f"inactive: {error.detail.rstrip('.')}"
            yield Stub("scenario", scenario.id, note)

    def _nodes_by_id(self, kind: str) -> Iterator[tuple[int, list[Mapping[str, Json]]]]:
        """Yields the ids of a kind of resource, with the modules that use each; skips numbers that are no ids."""
        users: dict[int, list[Mapping[str, Json]]] = {}
        for node in self._nodes:
            for id in sorted(blueprint_refs.find_module_references(node, kind)):
                users.setdefault(id, []).append(node)
        yield from ((id, nodes) for id, nodes in users.items() if 0 < id < 2**53)

    def _structure(self, name: str, spec: list[Mapping[str, Json]], id: int | None = None) -> DataStructure:
        return data_stores.create_structure(
            self._world, self._team, name=name, spec=spec, strict=False, id=id
        )


def _restored_type_and_label(node: Mapping[str, Json], kind: str) -> tuple[str | None, str | None]:
    """Returns the type and the label of a connection or hook, as the designer keeps them in exported blueprints."""
    found: Json = node.get("metadata")
    for name in ("restore", "parameters"):
        found = found.get(name) if isinstance(found, Mapping) else None
    for name in blueprint_refs.REFERENCE_FIELDS[kind]:
        entry = found.get(name) if isinstance(found, Mapping) else None
        if isinstance(entry, Mapping):
            data = entry.get("data")
            type = data.get("connection") if isinstance(data, Mapping) else None
            label = entry.get("label")
            return (type if isinstance(type, str) else None), (label if isinstance(label, str) else None)
    return None, None


def _declared_fields(node: Mapping[str, Json], part: str) -> list[Mapping[str, Json]]:
    metadata = node.get("metadata")
    fields = metadata.get(part) if isinstance(metadata, Mapping) else None
    if not isinstance(fields, list):
        return []
    return [field for field in fields if isinstance(field, Mapping) and isinstance(field.get("name"), str)]


def _json_module_fields(node: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    """Returns the fields of the structure that a module of the app JSON reads or writes."""
    if node["module"] == "json:ParseJSON":
        return _declared_fields(node, "interface")
    return _inferred_fields(node.get("mapper"))


def _record_fields(node: Mapping[str, Json]) -> Iterator[list[Mapping[str, Json]]]:
    """Yields the fields of a record in one module: the declared ones before the inferred ones."""
    for field in _declared_fields(node, "expect"):
        if field["name"] == "data" and isinstance(field.get("spec"), list):
            yield [item for item in as_mappings(field["spec"]) if "name" in item]
    for field in _declared_fields(node, "interface"):
        if field["name"] == "data" and isinstance(field.get("spec"), list):
            yield [item for item in as_mappings(field["spec"]) if "name" in item]
    mapper = node.get("mapper")
    if not isinstance(mapper, Mapping):
        return
    yield _inferred_fields(mapper.get("data"))
    groups = mapper.get("filter")
    for group in groups if isinstance(groups, list) else ():
        for part in group if isinstance(group, list) else ():
            name = part.get("a") if isinstance(part, Mapping) else None
            if isinstance(name, str) and name and "{{" not in name:
                yield [{"name": name.partition(".")[0], "type": "any"}]


def _inferred_fields(values: Json) -> list[Mapping[str, Json]]:
    """Returns fields with the types of literal values; the type of an expression is ``any``."""
    if not isinstance(values, Mapping):
        return []
    return [{"name": name, "type": _inferred_type(value)} for name, value in values.items()]


def _inferred_type(value: Json) -> str:
    match value:
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str() if "{{" not in value:
            return "text"
        case list():
            return "array"
        case Mapping():
            return "collection"
    return "any"


def _merge_specs(specs: Iterator[list[Mapping[str, Json]]]) -> list[Mapping[str, Json]]:
    """Returns the fields of several specifications; the first one that has a field determines its type."""
    fields: dict[str, Mapping[str, Json]] = {}
    for spec in specs:
        for field in spec:
            # Constraints are dropped: a record that violates an inferred one is no error of the blueprint.
            kind = field.get("type")
            kept = {"name": str(field["name"]), "type": kind if isinstance(kind, str) else "any"}
            fields.setdefault(str(field["name"]), kept)
    return list(fields.values())


def _describe_fields(spec: Sequence[Mapping[str, Json]]) -> str:
    names = [str(field["name"]) for field in spec]
    return f"fields {', '.join(names)}" if names else "no fields"
