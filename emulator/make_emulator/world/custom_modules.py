"""Modules that a world declares: their declaration in seeds and in the control API, and the same as modules of the catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias, get_args

from ..json_types import Json, JsonObject, as_array, as_mapping, is_integer
from ..module_catalogue import CatalogueField, CatalogueModule, ModuleKind
from ..plain_text import did_you_mean
from .models import CustomModule, FieldSpecs

DeclaredModules: TypeAlias = Mapping[str, CustomModule]
"""Full name -> module."""

NO_MODULES: DeclaredModules = MappingProxyType({})

MODULE_NAME = re.compile(r"(?:app#)?[\w-]{1,100}:\w{1,100}", re.ASCII)
"""``app:Module``; an app of an organization's own begins with ``app#``."""

KEYS = ("versions", "kind", "connection", "parameters", "mapper", "output")
"""Keys of a declaration besides ``name``."""

KINDS: tuple[str, ...] = get_args(ModuleKind)
"""Kinds of modules."""

_DEFAULT_PARAMETER = "__IMTCONN__"
_MAX_DEPTH, _MAX_FIELDS, _MAX_VERSION = 10, 1_000, 1_000


class InvalidModuleError(ValueError):
    """A declaration that is not valid; the text is a sentence."""


def parse_module(name: str, declaration: Mapping[str, Json]) -> CustomModule:
    """Returns a module from its declaration.

    Raises:
        InvalidModuleError: if it is not valid.
    """
    if not MODULE_NAME.fullmatch(name):
        raise InvalidModuleError(f"'{name[:100]}' is not the name of a module; it has the form app:Module.")
    for key in declaration:
        if key not in KEYS:
            raise InvalidModuleError(f"A module has no key '{key[:100]}'{did_you_mean(key[:100], KEYS)}.")
    versions = declaration.get("versions", [])
    if not isinstance(versions, list) or not all(
        is_integer(version) and 0 <= version <= _MAX_VERSION for version in versions
    ):
        raise InvalidModuleError(f"'versions' must be a list of whole numbers from 0 to {_MAX_VERSION}.")
    kind = declaration.get("kind", "action")
    if not isinstance(kind, str) or kind not in KINDS:
        raise InvalidModuleError(f"'kind' must be one of: {', '.join(KINDS)}.")
    parameter, types = _parse_connection(declaration.get("connection"))
    return CustomModule(
        name=name,
        versions=tuple(sorted({version for version in versions if is_integer(version)})),
        kind=kind,
        connection_parameter=parameter,
        connection_types=types,
        **{
            part: _parse_fields(part, declaration.get(part, []))
            for part in ("parameters", "mapper", "output")
        },
    )


def describe(module: CustomModule) -> JsonObject:
    """Returns the declaration of a module, as `parse_module` reads it, with its name."""
    return {
        "name": module.name,
        "versions": list(module.versions),
        "kind": module.kind,
        "connection": {"parameter": module.connection_parameter, "types": list(module.connection_types)}
        if module.connection_parameter is not None
        else None,
        "parameters": list(module.parameters),
        "mapper": list(module.mapper),
        "output": list(module.output),
    }


def find_module(declared: DeclaredModules, name: str, version: int | None = None) -> CatalogueModule | None:
    """Returns a declared module as one of the catalogue, in a version, by default the latest; ``None`` if it is not declared."""
    module = declared.get(name)
    if module is None or (version is not None and module.versions and version not in module.versions):
        return None
    return CatalogueModule(
        name=name,
        version=version if version is not None else max(module.versions, default=None),
        kind=_kind_of(module),
        trust="declared",
        connection_parameter=module.connection_parameter,
        connection_types=module.connection_types,
        parameters=_catalogue_fields(module.parameters),
        mapper=_catalogue_fields(module.mapper),
        output=_catalogue_fields(module.output),
    )


def _kind_of(module: CustomModule) -> ModuleKind:
    kind: Any = module.kind
    return kind if kind in KINDS else "action"


def _parse_connection(connection: Json) -> tuple[str | None, tuple[str, ...]]:
    if connection is None:
        return None, ()
    parts = as_mapping(connection)
    parameter, types = parts.get("parameter", _DEFAULT_PARAMETER), as_array(parts.get("types", []))
    if (
        not isinstance(connection, Mapping)
        or parts.keys() - {"parameter", "types"}
        or not isinstance(parameter, str)
        or not 0 < len(parameter) <= 100
        or not isinstance(parts.get("types", []), list)
        or not all(isinstance(type, str) for type in types)
    ):
        raise InvalidModuleError(
            """'connection' must be {"parameter"?: a name, "types"?: a list of types}."""
        )
    return parameter, tuple(str(type).removeprefix("account:") for type in types)


def _parse_fields(part: str, fields: Json) -> FieldSpecs:
    """Returns the fields of a part of a declaration, checked with those nested in them."""
    pending = [(fields, 0)]
    count = 0
    while pending:
        specs, depth = pending.pop()
        if not isinstance(specs, list) or depth > _MAX_DEPTH:
            raise InvalidModuleError(f"'{part}' must be a list of fields, nested {_MAX_DEPTH} times at most.")
        for spec in specs:
            count += 1
            if count > _MAX_FIELDS:
                raise InvalidModuleError(f"'{part}' has more than {_MAX_FIELDS} fields.")
            if not isinstance(spec, Mapping):
                raise InvalidModuleError(f"A field of '{part}' must be an object with a name and a type.")
            if not _is_field(spec):
                name = str(spec.get("name"))[:100]
                raise InvalidModuleError(
                    f"The field '{name}' of '{part}' must have a name, and may have a type (text), required (true or false),"
                    " options (a list) and spec (fields, or one for each item)."
                )
            inner = spec.get("spec")
            if inner is not None:
                pending.append(
                    (inner if isinstance(inner, list) else [{"name": "item", **as_mapping(inner)}], depth + 1)
                )
    return tuple(as_mapping(spec) for spec in as_array(fields))


def _is_field(spec: Mapping[str, Json]) -> bool:
    name = spec.get("name")
    return (
        isinstance(name, str)
        and bool(name)
        and isinstance(spec.get("type", ""), str)
        and isinstance(spec.get("required", False), bool)
        and isinstance(spec.get("options", []), list)
        and isinstance(spec.get("spec", []), (list, Mapping))
    )


def _catalogue_fields(fields: Iterable[Json]) -> tuple[CatalogueField, ...]:
    made = []
    for field in fields:
        spec = as_mapping(field)
        inner = spec.get("spec")
        options = [as_mapping(each).get("value", each) for each in as_array(spec.get("options"))]
        made.append(
            CatalogueField(
                name=str(spec.get("name", "")),
                type=str(spec.get("type", "")),
                required="always" if spec.get("required") is True else "never",
                choices=tuple(options),
                item_type=str(inner.get("type", "")) if isinstance(inner, Mapping) else "",
                fields=_catalogue_fields(as_array(inner)),
            )
        )
    return tuple(made)
