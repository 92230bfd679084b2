"""Rules on connections, hooks and other resources that modules require."""

from __future__ import annotations

from collections.abc import Iterator

from ...engine.apps.connection_types import accepted_types, is_compatible
from ...json_patch import Patch
from ...json_types import as_mapping, as_mappings
from ...world import blueprint_refs
from ..document import LintDocument, LintModule
from ..finding import Issue, rule
from ..repairs.connections import choose_resource, replace_resource

#: Kind of field type -> kind of resource.
_REFERENCE_TYPES = {"account": "connection", "hook": "hook", "datastore": "dataStore", "keychain": "key"}
#: Kind of resource -> what people call it.
_KIND_NAMES = {
    "connection": "connection",
    "hook": "hook",
    "dataStore": "data store",
    "dataStructure": "data structure",
    "device": "device",
    "key": "key",
}
#: Parameters that hold the id of a resource in every module that has them.
_REFERENCE_PARAMETERS = {"__IMTCONN__": "connection", "__IMTHOOK__": "hook"}


@rule("missing-connection", "error", repair="the only one that it can have")
def check_connections(document: LintDocument) -> Iterator[Issue]:
    """A module that works with a connection, a hook or a data store names none, so the scenario is invalid."""
    for module in document.modules:
        for parameter, kind, types in _required_references(module):
            if module.parameters.get(parameter) in (None, "") and module.mapper.get(parameter) in (None, ""):
                wanted = f" of type {' or '.join(types)}" if types else ""
                yield Issue(
                    message=f"{module.subject} needs a {_KIND_NAMES[kind]}{wanted} in parameters.{parameter}.",
                    path=(*module.path, "parameters"),
                    module_id=module.id,
                    patch=choose_resource(document, module, parameter, kind, types),
                )


@rule("invalid-reference", "error")
def check_references_to_resources(document: LintDocument) -> Iterator[Issue]:
    """A text stands in place of the id of a connection, a hook, a key or a data store, so Make cannot find it."""
    for module in document.modules:
        kinds = {parameter: kind for parameter, kind, _ in _required_references(module)}
        for parameter, kind in {**_REFERENCE_PARAMETERS, **kinds}.items():
            value = module.parameters.get(parameter)
            is_id = isinstance(value, str) and value.isascii() and value.isdigit()
            if (
                isinstance(value, str)
                and value
                and not is_id
                and not blueprint_refs.is_dynamic_connection(value)
            ):
                yield Issue(
                    message=f"{value[:60]!r} of {module.label} is not the id of a {_KIND_NAMES[kind]}, which is a number.",
                    path=(*module.path, "parameters", parameter),
                    module_id=module.id,
                    suggestion="Of expressions, only an input of the scenario, {{var.input.NAME}}, can stand there."
                    if "{{" in value
                    else "",
                )


@rule("wrong-connection-type", "error", repair="the only one of the team that it can have")
def check_types_of_connections(document: LintDocument) -> Iterator[Issue]:
    """A module has a connection of a type that it does not take: creation answers 400 IM007."""
    for module in document.modules:
        if not module.name:
            continue
        for parameter in blueprint_refs.reference_fields(module.node, "connection"):
            accepted = accepted_types(module.node, parameter, module.declared)
            type = _chosen_type(document, module, parameter)
            if type is not None and not is_compatible(type, accepted):
                yield Issue(
                    message=f"{module.subject} takes a connection of type {' or '.join(accepted)}, not of type {type}.",
                    path=(*module.path, "parameters", parameter),
                    module_id=module.id,
                    patch=replace_resource(
                        document, (*module.path, "parameters", parameter), "connection", accepted
                    ),
                )


def _chosen_type(document: LintDocument, module: LintModule, parameter: str) -> str | None:
    """Returns the type of a chosen connection, by the team that has it, or by what the editor has stored."""
    resources = document.options.resources
    id = blueprint_refs.parse_id(module.parameters.get(parameter))
    if resources is not None and id is not None and id in resources.get("connection", {}):
        return resources["connection"][id]
    restored = as_mapping(as_mapping(module.metadata.get("restore")).get("parameters"))
    type = as_mapping(as_mapping(restored.get(parameter)).get("data")).get("connection")
    return type if isinstance(type, str) else None


@rule("unknown-resource", "error", repair="the only one of the team that it can have")
def check_resources(document: LintDocument) -> Iterator[Issue]:
    """The team has no connection, hook, key, data store or data structure of an id; found in a world, whose teams are known."""
    resources = document.options.resources
    if resources is None:
        return
    for module in document.modules:
        if not module.name:
            continue
        for kind, name in _KIND_NAMES.items():
            known = resources.get(kind)
            if known is None:
                continue
            for id in sorted(blueprint_refs.find_module_references(module.node, kind)):
                if id not in known and id > 0:
                    listed = ", ".join(map(str, sorted(known)[:12])) + (" …" if len(known) > 12 else "")
                    place = _find_reference(module, kind, id)
                    yield Issue(
                        message=f"The team has no {name} {id}, which {module.label} uses.",
                        path=(*module.path, *place),
                        module_id=module.id,
                        suggestion=f"It has {listed}." if known else "It has none.",
                        patch=_replace_reference(document, module, kind, place),
                    )


def _replace_reference(
    document: LintDocument, module: LintModule, kind: str, place: tuple[str, ...]
) -> Patch:
    if len(place) < 2:
        return ()
    types = accepted_types(module.node, place[1], module.declared) if kind == "connection" else ()
    return replace_resource(document, (*module.path, *place), kind, types)


def _find_reference(module: LintModule, kind: str, id: int) -> tuple[str, ...]:
    for part, values in (("parameters", module.parameters), ("mapper", module.mapper)):
        for name in blueprint_refs.reference_fields(module.node, kind):
            if blueprint_refs.parse_id(values.get(name)) == id:
                return part, name
    return ("parameters",)


def _required_references(module: LintModule) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yields the parameter, the kind and the types of each resource that a module requires."""
    declared = [
        (str(field.get("name")), *str(field.get("type")).partition(":")[::2])
        for field in as_mappings(as_mapping(module.metadata).get("parameters"))
        if field.get("required") is True
    ]
    seen: set[str] = set()
    for name, type, details in declared:
        if type in _REFERENCE_TYPES:
            seen.add(name)
            yield name, _REFERENCE_TYPES[type], tuple(each for each in details.split(",") if each)
    interpreted = module.interpreted
    if module.app == "datastore" and interpreted is not None and "datastore" not in seen:
        yield "datastore", "dataStore", ()
    known = module.known
    if known is None:
        return
    parameter = known.connection_parameter
    has_connection = bool(blueprint_refs.find_module_references(module.node, "connection"))
    # Keys, unlike connections, sign in to services that may do without.
    is_key = any(type.startswith("keychain:") for type in known.connection_types)
    if parameter is not None and parameter not in seen and not has_connection and not is_key:
        yield parameter, "connection", known.connection_types
    hook = known.hook_parameter
    has_hook = bool(blueprint_refs.find_module_references(module.node, "hook"))
    if hook is not None and hook not in seen and module.is_first and not has_hook:
        yield hook, "hook", known.hook_types
