"""Parser for blueprints: from JSON to the typed model, checked for consistency.

Sources: exported blueprints, the vendor's validator of publishable blueprints, and the responses of the real API
to incomplete blueprints.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from ...json_types import as_mapping, as_mappings, is_integer
from ...world import blueprint_refs
from ...world.exceptions import InvalidParametersError, MalformedBlueprintError
from ...world.models import FieldSpecs, Json
from ..apps import catalog, known_modules
from .conditions import parse_conditions, parse_filter, parse_filters
from .model import Blueprint, IfElseBranch, MergeOutput, Module, Route, module_label

#: The emulator's own limits, far above real blueprints.
MAX_MODULES = 2_000
MAX_NESTING = 50
MAX_DEPTH = 64

#: Top-level properties with which Make refuses a blueprint (independent clients). Others, such as `io`, are in exports.
REFUSED_PROPERTIES = ("interface", "scheduling")

#: Properties of a route.
ROUTE_PROPERTIES = frozenset({"flow", "disabled"})

#: Text for a property that a JSON schema does not have, in the words of the validator whose other texts were measured.
ADDITIONAL_PROPERTY = "should NOT have additional properties"

#: Modules with branches, the merge of these, and modules with routes.
IF_ELSE = "builtin:BasicIfElse"
MERGE = "builtin:BasicMerge"
ROUTER = "builtin:BasicRouter"

#: Cache of parsed blueprints by the identity of the JSON, which is never changed in place.
_CACHE_SIZE = 256
_cache: dict[int, tuple[Mapping[str, Json], Blueprint]] = {}


def parse_blueprint(blueprint: Mapping[str, Json]) -> Blueprint:
    """Parses a blueprint.

    Raises:
        InvalidParametersError: if a part is missing or of the wrong type.
        MalformedBlueprintError: if its modules are inconsistent, or one does not exist.
    """
    known = _cache.get(id(blueprint))
    if known is not None and known[0] is blueprint:
        return known[1]
    check_parts(blueprint)
    # A nested route is four levels deeper.
    if is_too_deep(blueprint, 4 * MAX_NESTING + MAX_DEPTH):
        raise MalformedBlueprintError("The blueprint is nested too deep.")
    reader = _FlowParser()
    # A trigger receives no bundles, so its filter has no effect (the vendor's notes on filters).
    flow = _without_first_filter(reader.parse_flow(blueprint["flow"], 0))
    settings = as_mapping(as_mapping(blueprint["metadata"]).get("scenario"))
    parsed = Blueprint(
        str(blueprint["name"]),
        flow,
        _positive_setting(settings, "roundtrips", 1),
        _positive_setting(settings, "maxErrors", 3),
        stores_incomplete_executions=settings.get("dlq") is True,
        allows_data_loss=settings.get("dataloss") is True,
        auto_commit=settings.get("autoCommit") is not False,
        auto_commit_trigger_last=settings.get("autoCommitTriggerLast") is not False,
        confidential=settings.get("confidential") is True,
        feeders=frozenset(reader.feeders),
    )
    if len(_cache) >= _CACHE_SIZE:
        _cache.clear()
    _cache[id(blueprint)] = blueprint, parsed
    return parsed


def parse_flow(nodes: Json) -> tuple[Module, ...]:
    """Parses a flow by itself.

    Raises:
        InvalidParametersError: if a route has a part that it cannot have.
        MalformedBlueprintError: if its modules are inconsistent, or one does not exist.
    """
    return _FlowParser().parse_flow(nodes, 0)


def check_parts(blueprint: Mapping[str, Json]) -> None:
    """Checks the parts at the top of a blueprint.

    Raises:
        InvalidParametersError: if one is missing, of the wrong type, or none of a blueprint.
    """
    if not isinstance(blueprint, Mapping):
        raise InvalidParametersError("Blueprint should be object")
    missing = [name for name in ("name", "flow", "metadata") if name not in blueprint]
    if missing:
        raise InvalidParametersError(*(f"should have required property '{name}'" for name in missing))
    issues = [
        f"'{name}' should be {kind}"
        for name, kind, types in (
            ("name", "string", str),
            ("flow", "array", list),
            ("metadata", "object", dict),
        )
        if not isinstance(blueprint[name], types)
    ]
    if issues:
        raise InvalidParametersError(*issues)
    if refused := [name for name in REFUSED_PROPERTIES if name in blueprint]:
        raise InvalidParametersError(
            *(ADDITIONAL_PROPERTY for _ in refused),
            hint=f"A blueprint has no property {' or '.join(map(repr, refused))} at its top: scheduling and interface "
            "are not part of it.",
        )


def is_too_deep(value: Json, levels: int) -> bool:
    """Returns True if collections and arrays are nested deeper than the levels."""
    layer: Sequence[Json] = (value,)
    for _ in range(levels):
        inner: list[Json] = []
        for item in layer:
            # The most frequent first, as a check against an abstract class is slow.
            if isinstance(item, (str, int, float)) or item is None:
                continue
            if isinstance(item, Mapping):
                inner.extend(item.values())
            elif isinstance(item, list):
                inner.extend(item)
        if not inner:
            return False
        layer = inner
    return any(isinstance(item, (Mapping, list)) for item in layer)


def _positive_setting(settings: Mapping[str, Json], name: str, default: int) -> int:
    """Returns a positive integer of the settings, else the default in exports."""
    value = settings.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 1 else default


class _FlowParser:
    """Parser for flows, which collects the ids of modules and of feeders."""

    def __init__(self) -> None:
        self._seen: set[int] = set()
        self.feeders: set[int] = set()

    def parse_flow(self, nodes: Json, nesting: int) -> tuple[Module, ...]:
        if nodes is None:
            return ()
        if not isinstance(nodes, list):
            raise MalformedBlueprintError("A flow is not an array.")
        if nesting > MAX_NESTING:
            raise MalformedBlueprintError("The blueprint is nested too deep.")
        nodes = [node for node in nodes if not _is_placeholder(node)]
        flow = tuple(self._parse_module(node, nesting) for node in nodes)
        for (module, following), (node, next_node) in zip(pairwise(flow), pairwise(nodes), strict=True):
            if module.routes:
                raise MalformedBlueprintError(f"Module {module.id} has routes, so no module can follow it.")
            if module.branches:
                if following.full_name != MERGE:
                    raise MalformedBlueprintError(
                        f"Module {module.id} has branches, so only a merge can follow it."
                    )
                _check_merge(following, as_mapping(node), as_mapping(next_node))
        return flow

    def _parse_module(self, node: Json, nesting: int) -> Module:
        if not isinstance(node, Mapping):
            raise MalformedBlueprintError("A module is not an object.")
        name = node.get("module")
        id = self._parse_id(node.get("id"), name)
        if not isinstance(name, str) or not _is_module_name(name):
            raise MalformedBlueprintError(f"Module {id} has no valid module name.")
        app, module = blueprint_refs.split_module_name(node)
        version = node["version"] if "version" in node else _newest_version(app, module)
        # The vendor's own samples have modules of version 0.
        if not is_integer(version) or version < 0:
            raise MalformedBlueprintError(f"Module {id} has no valid version.")
        if not catalog.has_module(app, module, version):
            known = known_modules.judge_module(name, version).describe()
            raise MalformedBlueprintError(
                f"Module not found '{name}' version '{version}'.",
                hint=f"Module {id}: {known}{'' if known.endswith('?') else '.'}" if known else None,
            )
        metadata, flags = _get_object(node, "metadata", id), _get_object(node, "flags", id)
        parameters = _get_object(node, "parameters", id)
        otherwise = fallback_route_index(parameters)
        feeder = _feeder_id(parameters) if catalog.is_aggregator(f"{app}:{module}") else None
        if feeder is not None:
            self.feeders.add(feeder)
        for tool in _iter_objects(node, "tools", id):
            # An agent's tools are modules of the blueprint, but not of its flow: they are never called here.
            self.parse_flow(tool.get("flow"), nesting + 1)
        return Module(
            id=id,
            app=app,
            name=module,
            version=version,
            parameters=parameters,
            mapper=_get_object(node, "mapper", id),
            filter=parse_filter(node.get("filter"), id),
            routes=tuple(
                self._parse_route(route, id, nesting, is_fallback=place == otherwise)
                for place, route in enumerate(_iter_objects(node, "routes", id))
            ),
            branches=self._parse_branches(node, id, nesting),
            onerror=self.parse_flow(node.get("onerror"), nesting + 1),
            interface=_parse_fields(metadata.get("interface")),
            expect=_parse_fields(metadata.get("expect")),
            label=module_label(metadata),
            feeder=feeder,
            group_by=flags.get("groupBy"),
            stops_if_empty=flags.get("stopIfEmpty") is True,
            filters=parse_filters(node.get("filters"), id),
            outputs=tuple(_parse_output(output, id) for output in _iter_objects(node, "outputs", id)),
        )

    def _parse_route(self, route: Mapping[str, Json], id: int, nesting: int, *, is_fallback: bool) -> Route:
        if others := sorted(route.keys() - ROUTE_PROPERTIES):
            where = (
                "; the filter of a route stands on the first module of its flow" if "filter" in others else ""
            )
            raise InvalidParametersError(
                ADDITIONAL_PROPERTY,
                hint=f"A route of module {id} has no property '{others[0][:50]}', only flow{where}.",
            )
        flow = self.parse_flow(route.get("flow"), nesting + 1)
        return Route(flow, is_fallback, route.get("disabled") is True)

    def _parse_branches(self, node: Mapping[str, Json], id: int, nesting: int) -> tuple[IfElseBranch, ...]:
        arms: list[IfElseBranch] = []
        merging = conditional = unconditional = 0
        for branch in _iter_objects(node, "branches", id):
            merges = branch.get("merge") is True
            flow = _without_first_filter(self.parse_flow(branch.get("flow"), nesting + 1))
            between = next((module.id for module in flow if module.full_name in (IF_ELSE, ROUTER)), None)
            if merges and between is not None:
                raise MalformedBlueprintError(f"Module {between} cannot lie between an if-else and a merge.")
            otherwise = branch.get("type") == "else" or "conditions" not in branch
            unconditional += otherwise
            conditional += not otherwise
            groups = None if otherwise else parse_conditions(branch["conditions"], f"module {id}")
            if branch.get("disabled") is not True:
                arms.append(IfElseBranch(flow, groups, merging if merges else None))
            merging += merges
        if node["module"] == IF_ELSE and (conditional < 1 or unconditional != 1):
            raise MalformedBlueprintError(f"Module {id} needs a branch with a condition and one else.")
        return tuple(arms)

    def _parse_id(self, id: Json, name: Json) -> int:
        if not is_integer(id) or id < 1:
            raise MalformedBlueprintError(
                f"'{str(id)[:50]}' is not a valid module id.",
                hint=f"The module {str(name)[:100]} has {'no id' if id is None else f'the id {str(id)[:50]}'}: each module needs a whole number "
                f"from 1 of its own, e.g. {max(self._seen, default=0) + 1}.",
            )
        if id in self._seen:
            raise MalformedBlueprintError(
                f"The module id {id} is used twice.",
                hint=f"A second module, {str(name)[:100]}, has the id {id}; modules of routes and error handlers count, too.",
            )
        self._seen.add(id)
        if len(self._seen) > MAX_MODULES:
            raise MalformedBlueprintError(f"A blueprint has at most {MAX_MODULES} modules.")
        return id


def _without_first_filter(flow: tuple[Module, ...]) -> tuple[Module, ...]:
    """Returns a flow without the filter of its first module, as a scenario and a branch of an if-else run it."""
    return (replace(flow[0], filter=None), *flow[1:]) if flow and flow[0].filter is not None else flow


def _newest_version(app: str, module: str) -> int:
    """Returns the newest known version of a module, which one without a version has (a client relies on it)."""
    definition = catalog.find_definition(app, module)
    if definition is not None and definition.versions:
        return max(definition.versions)
    return max(known_modules.versions_of(f"{app}:{module}"), default=1)


def _is_placeholder(node: Json) -> bool:
    """Returns True for a placeholder, which ends a flow."""
    return isinstance(node, Mapping) and node.get("module") == blueprint_refs.PLACEHOLDER_MODULE


def _is_module_name(name: str) -> bool:
    """Returns True for the pattern of the real API, ``(app#)?.*:.*``, which takes quadratic time on many colons."""
    return ":" in name and "\n" not in name


def _feeder_id(parameters: Mapping[str, Json]) -> int | None:
    """Returns the id of the source module of an aggregator; clients write it as a number or as text."""
    feeder = parameters.get("feeder")
    if isinstance(feeder, str) and feeder.isascii() and feeder.isdigit() and len(feeder) < 10:
        return int(feeder)
    return feeder if is_integer(feeder) else None


def _get_object(node: Mapping[str, Json], name: str, id: int) -> Mapping[str, Json]:
    value = node.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise MalformedBlueprintError(f"'{name}' of module {id} is not an object.")
    if name != "metadata" and is_too_deep(value, MAX_DEPTH):
        raise MalformedBlueprintError(f"'{name}' of module {id} is nested too deep.")
    return value


def _iter_objects(node: Mapping[str, Json], name: str, id: int) -> Iterator[Mapping[str, Json]]:
    values = node.get(name)
    if values is None:
        return
    if not isinstance(values, list):
        raise MalformedBlueprintError(f"'{name}' of module {id} is not an array.")
    for value in values:
        if not isinstance(value, Mapping):
            raise MalformedBlueprintError(f"'{name}' of module {id} holds something that is not an object.")
        yield value


def _check_merge(merge: Module, if_else: Mapping[str, Json], node: Mapping[str, Json]) -> None:
    """Checks that a merge has filters, if any, and mappings for each branch that merges (the vendor's validator).

    Args:
        if_else: the node of the if-else before it.
        node: its own node.

    Raises:
        MalformedBlueprintError: if their number is another.
    """
    merging = sum(branch.get("merge") is True for branch in as_mappings(if_else.get("branches")))
    if node.get("filters") is not None and len(merge.filters) != merging:
        raise MalformedBlueprintError(
            f"Module {merge.id} needs a filter or null for each branch that merges."
        )
    for output in merge.outputs:
        if len(output.mappings) != merging:
            raise MalformedBlueprintError(
                f"Output '{output.name[:50]}' of module {merge.id} needs a mapping for each branch that merges."
            )


def _parse_output(value: Mapping[str, Json], id: int) -> MergeOutput:
    name, mappings = value.get("name"), value.get("mappings")
    if not isinstance(name, str) or not isinstance(mappings, list):
        raise MalformedBlueprintError(f"An output of module {id} has no name or no mappings.")
    return MergeOutput(name, tuple(mappings))


def _parse_fields(value: Json) -> FieldSpecs | None:
    """Parses a specification of fields; entries that are not valid are skipped, as they only affect mock data."""
    if not isinstance(value, list):
        return None
    return tuple(item for item in value if isinstance(item, Mapping) and isinstance(item.get("name"), str))


def fallback_route_index(parameters: Json) -> int | None:
    """Returns the index of a router's fallback route, counted from 0 (exported blueprints); ``None`` for none."""
    place = parameters.get("else") if isinstance(parameters, Mapping) else None
    return place if is_integer(place) else None
