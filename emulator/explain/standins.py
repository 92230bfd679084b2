"""What a blueprint refers to and a fresh world does not have: stand-ins, made from what the blueprint tells of them."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..engine import lifecycle, running
from ..world import blueprints, connections, datastores
from ..world.models import Connection, DataStructure, Hook, Json, Team, User, Verdict
from ..world.world import World
from .reading import START, app_of

#: The colour of what nobody knows the colour of.
_THEME = "#c73a63"

_CALLS = ("scenario-service:CallSubscenario", "scenario-service:RunScenario")


@dataclass(frozen=True, slots=True)
class StandIn:
    """One thing that was made up: its kind, the id by which the blueprint calls it, and what is known of it."""

    kind: str
    id: int
    note: str = ""


def furnish(
    world: World,
    team: Team,
    user: User,
    nodes: Sequence[Mapping[str, Json]],
    *,
    spared: Container[int] = (),
) -> tuple[StandIn, ...]:
    """Make what modules refer to and the world lacks; of scenarios not those that are spared."""
    maker = _Maker(world, team, user, nodes, spared)
    return tuple(
        stand_in
        for make in (maker.connections, maker.hooks, maker.structures, maker.stores, maker.scenarios)
        for stand_in in make()
    )


class _Maker:
    def __init__(
        self,
        world: World,
        team: Team,
        user: User,
        nodes: Sequence[Mapping[str, Json]],
        spared: Container[int],
    ) -> None:
        self._world = world
        self._spared = spared
        self._team = team
        self._user = user
        self._nodes = nodes

    def connections(self) -> Iterator[StandIn]:
        for id, nodes in self._users("connection"):
            if id in self._world.connections:
                continue
            name, label = _restored(nodes[0], "connection")
            kind = name or app_of(nodes[0])
            self._world.ids.claim("connection", id)
            self._world.connections.put(
                Connection(
                    id=id,
                    name=label or f"Stand-in for connection {id}",
                    team_id=self._team.id,
                    account_name=kind,
                    account_label=kind,
                    account_type="oauth",
                    theme=_THEME,
                    author_id=self._user.id,
                )
            )
            connections.script(self._world, self._world.connections[id], Verdict("ok"))
            yield StandIn("connection", id, label or kind)

    def hooks(self) -> Iterator[StandIn]:
        for id, nodes in self._users("hook"):
            if id in self._world.hooks:
                continue
            _, label = _restored(nodes[0], "hook")
            mail = nodes[0]["module"] == "gateway:CustomMailHook"
            self._world.ids.claim("hook", id)
            self._world.hooks.put(
                Hook(
                    id=id,
                    name=label or f"Stand-in for hook {id}",
                    team_id=self._team.id,
                    udid=self._world.ids.udid(),
                    type="mail" if mail else "web",
                    type_name="gateway-mailhook" if mail else "gateway-webhook",
                    theme=_THEME,
                    data={"teamId": self._team.id},
                    alone_since=self._world.now(),
                )
            )
            yield StandIn("hook", id, label or nodes[0]["module"])

    def structures(self) -> Iterator[StandIn]:
        for id, nodes in self._users("dataStructure"):
            if id in self._world.data_structures:
                continue
            spec = _united(_shaped(node) for node in nodes)
            self._structure(f"Stand-in for data structure {id}", spec, id)
            yield StandIn("data structure", id, _names(spec))

    def stores(self) -> Iterator[StandIn]:
        """An empty store whose records have the fields that some module writes or searches for."""
        for id, nodes in self._users("dataStore"):
            if id in self._world.data_stores:
                continue
            spec = _united(spec for node in nodes for spec in _stored(node))
            name = f"Stand-in for data store {id}"
            structure = self._structure(name, spec)
            datastores.create_store(
                self._world, self._team, name=name, max_size_mb=1, structure=structure, id=id
            )
            yield StandIn("data store", id, f"empty; {_names(spec)}")

    def scenarios(self) -> Iterator[StandIn]:
        """A scenario that takes anything and gives nothing back."""
        for node in self._nodes:
            if node["module"] not in _CALLS:
                continue
            text = str((node.get("parameters") or {}).get("scenario")).removeprefix("SCN_")
            if (
                not (text.isascii() and text.isdigit() and len(text) < 16)
                or int(text) in self._world.scenarios
                or int(text) in self._spared
            ):
                continue
            first = {"id": 1, "module": START, "version": 2, "parameters": {}, "mapper": {}, "metadata": {}}
            scenario = lifecycle.create(
                self._world,
                self._user,
                self._team,
                blueprint={"name": f"Stand-in for scenario {text}", "flow": [first], "metadata": {}},
                scheduling={"type": "on-demand"},
                confirmed=True,
                id=int(text),
            )
            running.start(self._world, self._user, scenario)
            yield StandIn("scenario", scenario.id, f"gives nothing back; {node['module']} can be scripted")

    def _users(self, kind: str) -> Iterator[tuple[int, list[Mapping[str, Json]]]]:
        """The ids of a kind of thing, with the modules that use each; numbers that are no ids stay dangling."""
        users: dict[int, list[Mapping[str, Json]]] = {}
        for node in self._nodes:
            for id in sorted(blueprints.node_references(node, kind)):
                users.setdefault(id, []).append(node)
        yield from ((id, nodes) for id, nodes in users.items() if 0 < id < 2**53)

    def _structure(self, name: str, spec: list[Mapping[str, Json]], id: int | None = None) -> DataStructure:
        return datastores.create_structure(self._world, self._team, name=name, spec=spec, strict=False, id=id)


def _restored(node: Mapping[str, Json], kind: str) -> tuple[str | None, str | None]:
    """The type and the label of a connection or hook, as the designer remembers them (exported blueprints)."""
    found: Json = node.get("metadata")
    for name in ("restore", "parameters"):
        found = found.get(name) if isinstance(found, Mapping) else None
    for name in blueprints.REFERENCES[kind]:
        entry = found.get(name) if isinstance(found, Mapping) else None
        if isinstance(entry, Mapping):
            data = entry.get("data")
            type = data.get("connection") if isinstance(data, Mapping) else None
            label = entry.get("label")
            return (type if isinstance(type, str) else None), (label if isinstance(label, str) else None)
    return None, None


def _declared(node: Mapping[str, Json], part: str) -> list[Mapping[str, Json]]:
    metadata = node.get("metadata")
    fields = metadata.get(part) if isinstance(metadata, Mapping) else None
    if not isinstance(fields, list):
        return []
    return [field for field in fields if isinstance(field, Mapping) and isinstance(field.get("name"), str)]


def _shaped(node: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    """The fields of what a module of the app JSON reads or writes."""
    if node["module"] == "json:ParseJSON":
        return _declared(node, "interface")
    return _guessed(node.get("mapper"))


def _stored(node: Mapping[str, Json]) -> Iterator[list[Mapping[str, Json]]]:
    """The fields of a record that one module knows of: what it declares goes before what can be guessed."""
    for field in _declared(node, "expect"):
        if field["name"] == "data" and isinstance(field.get("spec"), list):
            yield [item for item in field["spec"] if isinstance(item, Mapping) and "name" in item]
    for field in _declared(node, "interface"):
        if field["name"] == "data" and isinstance(field.get("spec"), list):
            yield [item for item in field["spec"] if isinstance(item, Mapping) and "name" in item]
    mapper = node.get("mapper")
    if not isinstance(mapper, Mapping):
        return
    yield _guessed(mapper.get("data"))
    groups = mapper.get("filter")
    for group in groups if isinstance(groups, list) else ():
        for part in group if isinstance(group, list) else ():
            name = part.get("a") if isinstance(part, Mapping) else None
            if isinstance(name, str) and name and "{{" not in name:
                yield [{"name": name.partition(".")[0], "type": "any"}]


def _guessed(values: Json) -> list[Mapping[str, Json]]:
    """Fields of the types that values which are written down have; of what is computed, any type."""
    if not isinstance(values, Mapping):
        return []
    return [{"name": name, "type": _type_of(value)} for name, value in values.items()]


def _type_of(value: Json) -> str:
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


def _united(specs: Iterator[list[Mapping[str, Json]]]) -> list[Mapping[str, Json]]:
    """The fields of several specifications; the first one to name a field says what it is."""
    fields: dict[str, Mapping[str, Json]] = {}
    for spec in specs:
        for field in spec:
            # A record that breaks a rule which was only guessed would be no fault of the blueprint.
            kind = field.get("type")
            kept = {"name": str(field["name"]), "type": kind if isinstance(kind, str) else "any"}
            fields.setdefault(str(field["name"]), kept)
    return list(fields.values())


def _names(spec: Sequence[Mapping[str, Json]]) -> str:
    names = [str(field["name"]) for field in spec]
    return f"fields {', '.join(names)}" if names else "no fields"
