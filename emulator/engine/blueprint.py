"""A blueprint as the engine sees it: typed modules instead of JSON, checked to hang together.

Sources: exported blueprints, the vendor's validator of publishable blueprints, and the answers of the real API
to blueprints with parts missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emulator.world import blueprints
from emulator.world.models import Fields, Json
from emulator.world.refusals import BadBlueprint, Invalid

from . import catalog

#: The emulator's own limits, far above real blueprints.
MAX_MODULES = 2_000
MAX_NESTING = 50
MAX_DEPTH = 64


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of a filter: ``a`` and ``b`` are mapped, ``operator`` is e.g. ``text:equal:ci``."""

    a: Json
    operator: str
    b: Json = None


@dataclass(frozen=True, slots=True)
class Filter:
    """Passes a bundle if all conditions of any group hold."""

    name: str
    groups: tuple[tuple[Condition, ...], ...]


@dataclass(frozen=True, slots=True)
class Module:
    """One module. ``parameters`` are fixed, ``mapper`` is computed for each bundle."""

    id: int
    app: str
    name: str
    version: int
    parameters: Mapping[str, Json]
    mapper: Mapping[str, Json]
    filter: Filter | None
    routes: tuple[Route, ...]
    branches: tuple[Route, ...]
    onerror: tuple[Module, ...]
    interface: Fields | None
    expect: Fields | None
    label: str | None

    @property
    def full_name(self) -> str:
        return f"{self.app}:{self.name}"


@dataclass(frozen=True, slots=True)
class Route:
    flow: tuple[Module, ...]


@dataclass(frozen=True, slots=True)
class Blueprint:
    """A scenario's program; ``max_errors`` is how many failures in a row deactivate it."""

    name: str
    flow: tuple[Module, ...]
    max_errors: int


#: The typed forms of the blueprints parsed last, by the identity of the blueprint, which nobody changes in place.
_KEPT = 256
_parsed: dict[int, tuple[Mapping[str, Json], Blueprint]] = {}


def parse(blueprint: Mapping[str, Json]) -> Blueprint:
    """The typed form of a blueprint.

    Raises:
        Invalid: if a part of the whole is missing or of the wrong type.
        BadBlueprint: if the modules do not hang together, or one is not known.
    """
    known = _parsed.get(id(blueprint))
    if known is not None and known[0] is blueprint:
        return known[1]
    _check_whole(blueprint)
    # A route within a route lies four levels deeper.
    if _too_deep(blueprint, 4 * MAX_NESTING + MAX_DEPTH):
        raise BadBlueprint("The blueprint is nested too deep.")
    reader = _Reader()
    flow = reader.flow(blueprint["flow"], 0)
    parsed = Blueprint(blueprint["name"], flow, _max_errors(blueprint["metadata"]))
    if len(_parsed) >= _KEPT:
        _parsed.clear()
    _parsed[id(blueprint)] = blueprint, parsed
    return parsed


def id_sequence(blueprint: Mapping[str, Json]) -> int:
    """The id that the next module will get: the highest one and 1 more (recorded)."""
    ids = (node.get("id") for node in blueprints.modules(blueprint.get("flow")))
    return max((id for id in ids if isinstance(id, int) and not isinstance(id, bool)), default=0) + 1


def _check_whole(blueprint: Mapping[str, Json]) -> None:
    if not isinstance(blueprint, Mapping):
        raise Invalid("Blueprint should be object")
    missing = [name for name in ("name", "flow", "metadata") if name not in blueprint]
    if missing:
        raise Invalid(*(f"should have required property '{name}'" for name in missing))
    faults = [
        f"'{name}' should be {kind}"
        for name, kind, types in (
            ("name", "string", str),
            ("flow", "array", list),
            ("metadata", "object", dict),
        )
        if not isinstance(blueprint[name], types)
    ]
    if faults:
        raise Invalid(*faults)


def _too_deep(value: Json, levels: int) -> bool:
    """Whether collections and arrays lie deeper within each other than so many levels."""
    if isinstance(value, Mapping):
        return levels == 0 or any(_too_deep(item, levels - 1) for item in value.values())
    if isinstance(value, list):
        return levels == 0 or any(_too_deep(item, levels - 1) for item in value)
    return False


def _max_errors(metadata: Mapping[str, Json]) -> int:
    """Exports say 3 unless somebody changed it."""
    settings = metadata.get("scenario")
    value = settings.get("maxErrors") if isinstance(settings, Mapping) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 1 else 3


class _Reader:
    """Reads modules, and remembers the ids that it has seen."""

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def flow(self, nodes: Json, nesting: int) -> tuple[Module, ...]:
        if nodes is None:
            return ()
        if not isinstance(nodes, list):
            raise BadBlueprint("A flow is not an array.")
        if nesting > MAX_NESTING:
            raise BadBlueprint("The blueprint is nested too deep.")
        flow = tuple(self._module(node, nesting) for node in nodes)
        for module in flow[:-1]:
            if module.routes:
                raise BadBlueprint(f"Module {module.id} has routes, so no module can follow it.")
        return flow

    def _module(self, node: Json, nesting: int) -> Module:
        if not isinstance(node, Mapping):
            raise BadBlueprint("A module is not an object.")
        id = self._id(node.get("id"))
        name = node.get("module")
        if not isinstance(name, str) or not _is_module_name(name):
            raise BadBlueprint(f"Module {id} has no valid module name.")
        version = node.get("version", 1)
        if not _is_whole(version) or version < 1:
            raise BadBlueprint(f"Module {id} has no valid version.")
        app, module = blueprints.app_and_module(node)
        if not catalog.exists(app, module, version):
            raise BadBlueprint(f"Module not found '{name}' version '{version}'.")
        metadata = _object(node, "metadata", id)
        return Module(
            id=id,
            app=app,
            name=module,
            version=version,
            parameters=_object(node, "parameters", id),
            mapper=_object(node, "mapper", id),
            filter=_filter(node.get("filter"), id),
            routes=self._routes(node, "routes", id, nesting),
            branches=self._routes(node, "branches", id, nesting),
            onerror=self.flow(node.get("onerror"), nesting + 1),
            interface=_fields(metadata.get("interface")),
            expect=_fields(metadata.get("expect")),
            label=label_of(metadata),
        )

    def _routes(self, node: Mapping[str, Json], name: str, id: int, nesting: int) -> tuple[Route, ...]:
        return tuple(Route(self.flow(route.get("flow"), nesting + 1)) for route in _objects(node, name, id))

    def _id(self, id: Json) -> int:
        if not _is_whole(id) or id < 1:
            raise BadBlueprint(f"'{str(id)[:50]}' is not a valid module id.")
        if id in self._seen:
            raise BadBlueprint(f"The module id {id} is used twice.")
        self._seen.add(id)
        if len(self._seen) > MAX_MODULES:
            raise BadBlueprint(f"A blueprint has at most {MAX_MODULES} modules.")
        return int(id)


def _is_module_name(name: str) -> bool:
    """What the real API asks, ``(app#)?.*:.*``, which as a pattern takes quadratic time on many colons."""
    return ":" in name and "\n" not in name


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _object(node: Mapping[str, Json], name: str, id: int) -> Mapping[str, Json]:
    value = node.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise BadBlueprint(f"'{name}' of module {id} is not an object.")
    if name != "metadata" and _too_deep(value, MAX_DEPTH):
        raise BadBlueprint(f"'{name}' of module {id} is nested too deep.")
    return value


def _objects(node: Mapping[str, Json], name: str, id: int) -> Iterator[Mapping[str, Json]]:
    values = node.get(name)
    if values is None:
        return
    if not isinstance(values, list):
        raise BadBlueprint(f"'{name}' of module {id} is not an array.")
    for value in values:
        if not isinstance(value, Mapping):
            raise BadBlueprint(f"'{name}' of module {id} holds something that is not an object.")
        yield value


def _filter(value: Json, id: int) -> Filter | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise BadBlueprint(f"The filter of module {id} is not an object.")
    name = value.get("name")
    return Filter(name if isinstance(name, str) else "", conditions(value.get("conditions"), f"module {id}"))


def conditions(value: Json, owner: str) -> tuple[tuple[Condition, ...], ...]:
    """Groups of conditions; a condition without an operator asks whether there is a value.

    Raises:
        BadBlueprint: if they are not arrays of arrays of objects.
    """
    if value is None:
        return ()
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise BadBlueprint(f"The conditions of {owner} are not an array.")
    groups: list[tuple[Condition, ...]] = []
    for group in value:
        if not isinstance(group, Sequence) or isinstance(group, str):
            raise BadBlueprint(f"The conditions of {owner} are not arrays of arrays.")
        if not all(isinstance(part, Mapping) and isinstance(part.get("o", ""), str) for part in group):
            raise BadBlueprint(f"A condition of {owner} is not an object with an operator.")
        groups.append(
            tuple(Condition(part.get("a"), part.get("o") or "exist", part.get("b")) for part in group)
        )
    return tuple(groups)


def _fields(value: Json) -> Fields | None:
    """A specification of fields; entries that are none are passed over, as they only matter for made-up data."""
    if not isinstance(value, list):
        return None
    return tuple(item for item in value if isinstance(item, Mapping) and isinstance(item.get("name"), str))


def label_of(metadata: Mapping[str, Json]) -> str | None:
    designer = metadata.get("designer")
    name = designer.get("name") if isinstance(designer, Mapping) else None
    return name if isinstance(name, str) and name else None
