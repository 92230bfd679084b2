"""A blueprint as the engine sees it: typed modules instead of JSON, checked to hang together.

Sources: exported blueprints, the vendor's validator of publishable blueprints, and the answers of the real API
to blueprints with parts missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from ..world import blueprints
from ..world.models import Fields, Json
from ..world.refusals import BadBlueprint, Invalid
from . import catalog
from .conditions import Condition, Filter, conditions, filter_of, filters_of

#: The emulator's own limits, far above real blueprints.
MAX_MODULES = 2_000
MAX_NESTING = 50
MAX_DEPTH = 64

#: What branches, and where its branches come together again.
IF_ELSE = "builtin:BasicIfElse"
MERGE = "builtin:BasicMerge"
ROUTER = "builtin:BasicRouter"


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
    branches: tuple[Arm, ...]
    onerror: tuple[Module, ...]
    interface: Fields | None
    expect: Fields | None
    label: str | None
    #: Of an aggregator: the module whose bundles it gathers, by what it groups, and whether it stops when nothing
    #: reached it.
    feeder: int | None = None
    group_by: Json = None
    stops_if_empty: bool = False
    #: Of a merge: a filter for each arm that merges, and what comes out: a name, and a mapping for each arm.
    filters: tuple[Filter | None, ...] = ()
    outputs: tuple[Output, ...] = ()

    @property
    def full_name(self) -> str:
        return f"{self.app}:{self.name}"


@dataclass(frozen=True, slots=True)
class Route:
    """One way that a router sends a bundle; the fallback only if no other way was open."""

    flow: tuple[Module, ...]
    is_fallback: bool = False
    is_disabled: bool = False


@dataclass(frozen=True, slots=True)
class Arm:
    """One branch of an if-else: the first one whose conditions hold is taken, and ``None`` always holds."""

    flow: tuple[Module, ...]
    groups: tuple[tuple[Condition, ...], ...] | None
    #: Its place among the branches that merge; ``None`` for a branch that ends by itself.
    merges_as: int | None


@dataclass(frozen=True, slots=True)
class Output:
    """What a merge puts out under a name: one mapping for each branch."""

    name: str
    mappings: tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class Blueprint:
    """A scenario's program and how it is to be run.

    A run of it has at most so many ``cycles``; ``max_errors`` failures in a row deactivate it; ``keeps_failures`` is
    whether what fails is stored as an incomplete execution, and ``may_lose_data`` whether it goes on when there is no room
    for it; unless it ``commits_at_once``, a rollback undoes what the cycle wrote, and else only what its first module did, if
    it ``commits_trigger_last``; of what is ``confidential`` no data are kept.
    """

    name: str
    flow: tuple[Module, ...]
    cycles: int
    max_errors: int
    keeps_failures: bool
    may_lose_data: bool
    commits_at_once: bool
    commits_trigger_last: bool
    confidential: bool
    #: The modules whose bundles some aggregator gathers.
    feeders: frozenset[int]


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
    if flow and flow[0].filter is not None:
        # Nothing comes to a trigger that could be held back: it always fires (the vendor's notes on filters).
        flow = (replace(flow[0], filter=None), *flow[1:])
    settings = blueprint["metadata"].get("scenario")
    settings = settings if isinstance(settings, Mapping) else {}
    parsed = Blueprint(
        blueprint["name"],
        flow,
        _figure(settings, "roundtrips", 1),
        _figure(settings, "maxErrors", 3),
        keeps_failures=settings.get("dlq") is True,
        may_lose_data=settings.get("dataloss") is True,
        commits_at_once=settings.get("autoCommit") is not False,
        commits_trigger_last=settings.get("autoCommitTriggerLast") is not False,
        confidential=settings.get("confidential") is True,
        feeders=frozenset(reader.feeders),
    )
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


def _figure(settings: Mapping[str, Json], name: str, usual: int) -> int:
    """A whole number among the settings, or what exports say unless somebody changed it."""
    value = settings.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 1 else usual


class _Reader:
    """Reads modules, and remembers the ids that it has seen, and those of feeders."""

    def __init__(self) -> None:
        self._seen: set[int] = set()
        self.feeders: set[int] = set()

    def flow(self, nodes: Json, nesting: int) -> tuple[Module, ...]:
        if nodes is None:
            return ()
        if not isinstance(nodes, list):
            raise BadBlueprint("A flow is not an array.")
        if nesting > MAX_NESTING:
            raise BadBlueprint("The blueprint is nested too deep.")
        nodes = [node for node in nodes if not _is_placeholder(node)]
        flow = tuple(self._module(node, nesting) for node in nodes)
        for (module, following), node in zip(pairwise(flow), nodes, strict=False):
            if module.routes:
                raise BadBlueprint(f"Module {module.id} has routes, so no module can follow it.")
            if module.branches:
                if following.full_name != MERGE:
                    raise BadBlueprint(f"Module {module.id} has branches, so only a merge can follow it.")
                if len(following.filters) not in _entries(node):
                    raise BadBlueprint(f"Module {following.id} needs a filter or null for each branch.")
        return flow

    def _module(self, node: Json, nesting: int) -> Module:
        if not isinstance(node, Mapping):
            raise BadBlueprint("A module is not an object.")
        id = self._id(node.get("id"))
        name = node.get("module")
        if not isinstance(name, str) or not _is_module_name(name):
            raise BadBlueprint(f"Module {id} has no valid module name.")
        version = node.get("version", 1)
        # The vendor's own samples have modules of version 0.
        if not _is_whole(version) or version < 0:
            raise BadBlueprint(f"Module {id} has no valid version.")
        app, module = blueprints.app_and_module(node)
        if not catalog.exists(app, module, version):
            raise BadBlueprint(f"Module not found '{name}' version '{version}'.")
        metadata, flags = _object(node, "metadata", id), _object(node, "flags", id)
        parameters = _object(node, "parameters", id)
        otherwise = fallback_of(parameters)
        feeder = _feeder(parameters) if catalog.aggregates(f"{app}:{module}") else None
        if feeder is not None:
            self.feeders.add(feeder)
        for tool in _objects(node, "tools", id):
            # An agent's tools are modules of the blueprint, but no part of its flow: nobody here decides to call one.
            self.flow(tool.get("flow"), nesting + 1)
        return Module(
            id=id,
            app=app,
            name=module,
            version=version,
            parameters=parameters,
            mapper=_object(node, "mapper", id),
            filter=filter_of(node.get("filter"), id),
            routes=tuple(
                self._route(route, nesting, is_fallback=place == otherwise)
                for place, route in enumerate(_objects(node, "routes", id))
            ),
            branches=self._arms(node, id, nesting),
            onerror=self.flow(node.get("onerror"), nesting + 1),
            interface=_fields(metadata.get("interface")),
            expect=_fields(metadata.get("expect")),
            label=label_of(metadata),
            feeder=feeder,
            group_by=flags.get("groupBy"),
            stops_if_empty=flags.get("stopIfEmpty") is True,
            filters=filters_of(node.get("filters"), id),
            outputs=tuple(_output(output, id) for output in _objects(node, "outputs", id)),
        )

    def _route(self, route: Mapping[str, Json], nesting: int, *, is_fallback: bool) -> Route:
        flow = self.flow(route.get("flow"), nesting + 1)
        return Route(flow, is_fallback, route.get("disabled") is True)

    def _arms(self, node: Mapping[str, Json], id: int, nesting: int) -> tuple[Arm, ...]:
        arms: list[Arm] = []
        merging = conditional = unconditional = 0
        for branch in _objects(node, "branches", id):
            merges = branch.get("merge") is True
            flow = self.flow(branch.get("flow"), nesting + 1)
            between = next((module.id for module in flow if module.full_name in (IF_ELSE, ROUTER)), None)
            if merges and between is not None:
                raise BadBlueprint(f"Module {between} cannot lie between an if-else and a merge.")
            otherwise = branch.get("type") == "else" or "conditions" not in branch
            unconditional += otherwise
            conditional += not otherwise
            groups = None if otherwise else conditions(branch["conditions"], f"module {id}")
            if branch.get("disabled") is not True:
                arms.append(Arm(flow, groups, merging if merges else None))
            merging += merges
        if node["module"] == IF_ELSE and (conditional < 1 or unconditional != 1):
            raise BadBlueprint(f"Module {id} needs a branch with a condition and one else.")
        return tuple(arms)

    def _id(self, id: Json) -> int:
        if not _is_whole(id) or id < 1:
            raise BadBlueprint(f"'{str(id)[:50]}' is not a valid module id.")
        if id in self._seen:
            raise BadBlueprint(f"The module id {id} is used twice.")
        self._seen.add(id)
        if len(self._seen) > MAX_MODULES:
            raise BadBlueprint(f"A blueprint has at most {MAX_MODULES} modules.")
        return int(id)


def _is_placeholder(node: Json) -> bool:
    """Whether nothing stands there yet: what comes so far goes no further."""
    return isinstance(node, Mapping) and node.get("module") == blueprints.PLACEHOLDER


def _is_module_name(name: str) -> bool:
    """What the real API asks, ``(app#)?.*:.*``, which as a pattern takes quadratic time on many colons."""
    return ":" in name and "\n" not in name


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _feeder(parameters: Mapping[str, Json]) -> int | None:
    """The id of the module whose bundles an aggregator gathers; clients write it as a number or as text."""
    feeder = parameters.get("feeder")
    if isinstance(feeder, str) and feeder.isascii() and feeder.isdigit() and len(feeder) < 10:
        return int(feeder)
    return feeder if _is_whole(feeder) else None


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


def _entries(node: Mapping[str, Json]) -> tuple[int, int]:
    """How many filters the merge behind an if-else has: one for each branch, or for each that comes to it."""
    branches = node["branches"]
    return len(branches), sum(branch.get("merge") is True for branch in branches)


def _output(value: Mapping[str, Json], id: int) -> Output:
    name, mappings = value.get("name"), value.get("mappings")
    if not isinstance(name, str) or not isinstance(mappings, list):
        raise BadBlueprint(f"An output of module {id} has no name or no mappings.")
    return Output(name, tuple(mappings))


def _fields(value: Json) -> Fields | None:
    """A specification of fields; entries that are none are passed over, as they only matter for made-up data."""
    if not isinstance(value, list):
        return None
    return tuple(item for item in value if isinstance(item, Mapping) and isinstance(item.get("name"), str))


def fallback_of(parameters: Json) -> int | None:
    """The place of a router's fallback among its routes, counted from 0 (exported blueprints); ``None`` for none."""
    place = parameters.get("else") if isinstance(parameters, Mapping) else None
    return place if _is_whole(place) else None


def label_of(metadata: Mapping[str, Json]) -> str | None:
    designer = metadata.get("designer")
    name = designer.get("name") if isinstance(designer, Mapping) else None
    return name if isinstance(name, str) and name else None
