"""Rules on connections, hooks and other resources that modules require."""

from __future__ import annotations

from collections.abc import Iterator

from ...engine.apps.known_modules import find_known_module
from ...json_types import as_mapping, as_mappings
from ...world import blueprint_refs
from ..document import LintDocument, LintModule
from ..finding import Issue, rule
from ..repairs.connections import share_connection

#: Kind of field type -> kind of resource.
_REFERENCE_TYPES = {"account": "connection", "hook": "hook", "datastore": "data store", "keychain": "key"}


@rule("missing-connection", "error")
def check_connections(document: LintDocument) -> Iterator[Issue]:
    """A module that works with a connection, a hook or a data store names none, so the scenario is invalid."""
    for module in document.modules:
        for parameter, kind, types in _required_references(module):
            if module.parameters.get(parameter) in (None, "") and module.mapper.get(parameter) in (None, ""):
                wanted = f" of type {' or '.join(types)}" if types else ""
                yield Issue(
                    message=f"{_capitalize(module.label)} needs a {kind}{wanted} in parameters.{parameter}.",
                    path=(*module.path, "parameters"),
                    module_id=module.id,
                    patch=share_connection(document, module, parameter) if kind == "connection" else (),
                )


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
    known = find_known_module(module.name, module.version)
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


def _capitalize(text: str) -> str:
    return text[:1].upper() + text[1:]
