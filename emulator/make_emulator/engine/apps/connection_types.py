"""Types of connections that modules take, from the blueprint's own metadata and the module catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...json_types import Json, as_mapping, as_mappings, is_integer
from ...module_catalogue import CatalogueModule
from ...world.connections import is_known_type
from ...world.custom_modules import NO_MODULES, DeclaredModules
from . import known_modules

_PREFIX = "account:"


def accepted_types(
    node: Mapping[str, Json], parameter: str, custom: DeclaredModules = NO_MODULES
) -> tuple[str, ...]:
    """Returns the types of connections that a parameter of a module of a blueprint takes; empty if they are not known."""
    declared = [
        str(field.get("type")).removeprefix(_PREFIX)
        for field in as_mappings(as_mapping(node.get("metadata")).get("parameters"))
        if str(field.get("type")).startswith(_PREFIX) and field.get("name") in (parameter, None)
    ]
    known = _find_known(node, custom)
    types = [each for text in declared for each in text.split(",")]
    return tuple(
        dict.fromkeys([*types, *(known.connection_types_of(parameter) if known is not None else ())])
    )


def connection_parameters(node: Mapping[str, Json], custom: DeclaredModules = NO_MODULES) -> tuple[str, ...]:
    """Returns the parameters that hold connections in a module of a blueprint, as far as they are known."""
    known = _find_known(node, custom)
    parameter = known.connection_parameter if known is not None and known.requires_connection else None
    return tuple(dict.fromkeys(filter(None, ("__IMTCONN__", parameter))))


def _find_known(node: Mapping[str, Json], custom: DeclaredModules) -> CatalogueModule | None:
    version = node.get("version")
    return known_modules.find_known_module(
        str(node["module"]), version if is_integer(version) else None, declared=custom
    )


def is_compatible(type: str, accepted: Sequence[str]) -> bool:
    """Returns True unless it is known that a module does not take connections of a type.

    Generations of a type, such as slack, slack2 and slack3, count as one: the catalogue does not have them all.
    """
    if not accepted or not is_known_type(type):
        return True
    return _family(type) in map(_family, accepted)


def _family(type: str) -> str:
    return type.rstrip("0123456789")
