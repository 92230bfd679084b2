"""Completeness of a blueprint: a scenario whose modules lack a required resource is invalid, and cannot be active."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...json_types import as_mapping, as_mappings, is_integer
from ...world import blueprint_refs
from ...world.custom_modules import NO_MODULES, DeclaredModules
from ...world.models import Json
from ..apps import catalog, known_modules

#: Types of fields that hold ids: ``account:google`` that of a connection, ``hook:gateway-webhook`` that of a hook.
_REFERENCE_FIELD_TYPES = frozenset({"account", "hook", "datastore"})


def is_complete(blueprint: Mapping[str, Json], declared: DeclaredModules = NO_MODULES) -> bool:
    """Returns True if every module names the connection, hook and data store that it requires.

    The requirements are known for webhook triggers, for modules that declare them in ``metadata.parameters``, and for those
    that the module catalogue knows from exports, or the world declares.
    """
    return next(_iter_missing_references(blueprint, declared), None) is None


def find_blueprint_errors(
    blueprint: Mapping[str, Json], declared: DeclaredModules = NO_MODULES
) -> Iterator[str]:
    """Yields a sentence for each reason for which a scenario with the blueprint cannot be active."""
    if not blueprint.get("flow"):
        yield "The flow has no modules."
    for node, parameter in _iter_missing_references(blueprint, declared):
        yield f"Module {node.get('id')}, {node.get('module')}, needs the parameter '{parameter}'."


def _iter_missing_references(
    blueprint: Mapping[str, Json], custom: DeclaredModules
) -> Iterator[tuple[Mapping[str, Json], str]]:
    """Yields the modules that lack a required connection, hook or data store, with the names of the parameters."""
    for node in blueprint_refs.iter_modules(blueprint.get("flow")):
        definition = catalog.find_definition(*blueprint_refs.split_module_name(node))
        needs_hook = definition is not None and definition.trigger == "webhook"
        if needs_hook and not blueprint_refs.find_module_references(node, "hook"):
            yield node, "hook"
            continue
        values = as_mapping(node.get("parameters"))
        declared = as_mappings(as_mapping(node.get("metadata")).get("parameters"))
        for field in declared:
            if (
                field.get("required") is True
                and str(field.get("type")).partition(":")[0] in _REFERENCE_FIELD_TYPES
                and values.get(str(field.get("name"))) in (None, "")
            ):
                yield node, str(field.get("name"))
        known = _known_connection(node, custom)
        if known is not None and all(field.get("name") != known for field in declared):
            yield node, known


def _known_connection(node: Mapping[str, Json], custom: DeclaredModules) -> str | None:
    """Returns the parameter of the connection that a module lacks, by the catalogue or the world; ``None`` if it lacks none."""
    version = node.get("version")
    known = known_modules.find_known_module(
        str(node["module"]), version if is_integer(version) else None, declared=custom
    )
    if known is None or not known.is_described or not known.requires_connection:
        return None
    parameter = known.connection_parameter
    names = (*blueprint_refs.REFERENCE_FIELDS["connection"], str(parameter))
    values = [as_mapping(node.get(part)) for part in ("parameters", "mapper")]
    return None if any(part.get(name) not in (None, "") for part in values for name in names) else parameter
