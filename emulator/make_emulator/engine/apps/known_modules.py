"""Known modules: those of Make's apps that the emulator interprets, those of the module catalogue, and those that a world declares."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from ...json_types import Json, JsonObject
from ...module_catalogue import (
    KNOWN,
    CatalogueField,
    CatalogueModule,
    Judgement,
    module_catalogue,
)
from ...world import custom_modules
from ...world.custom_modules import NO_MODULES, DeclaredModules
from . import catalog
from .app import ModuleDefinition

_SIMILARITY = 0.5


def judge_module(
    name: str, version: int, *, suggest: bool = True, declared: DeclaredModules = NO_MODULES
) -> Judgement:
    """Returns the knowledge of ``app:Module`` in a version: what a world declares, then the interpreted apps and the catalogue.

    Args:
        suggest: add suggestions, which takes a millisecond or more.
        declared: the modules that a world declares.
    """
    if declared and (judgement := _judge_declared(name, version, suggest, declared)) is not None:
        return judgement
    app, _, module = name.partition(":")
    interpreted = catalog.APPS.get(app)
    if interpreted is None:
        return module_catalogue().judge(name, version, suggest=suggest)
    definition = interpreted.modules.get(module)
    if definition is not None and (definition.versions is None or version in definition.versions):
        return KNOWN
    known = module_catalogue().judge(name, version, suggest=suggest)
    if known.verdict == "known":
        return known
    if definition is not None:
        versions = tuple(sorted(definition.versions or ()))
        listed = ", ".join(map(str, versions))
        return Judgement(
            verdict="missing" if interpreted.is_complete else "other-version",
            reason=f"'{name}' exists in version {listed}, not in version {version}",
            versions=versions,
        )
    if interpreted.is_complete:
        return Judgement(
            verdict="missing",
            reason=f"the app '{app}' has no module '{name}'",
            suggestions=known.suggestions
            or (similar_modules(name) if suggest and not known.alternative else ()),
            alternative=known.alternative,
        )
    return known


def _judge_declared(name: str, version: int, suggest: bool, declared: DeclaredModules) -> Judgement | None:
    """Returns the judgement of a module that a world declares, or of whose app it declares others; ``None`` of any other."""
    module = declared.get(name)
    if module is not None:
        if not module.versions or version in module.versions:
            return KNOWN
        listed = ", ".join(map(str, module.versions))
        return Judgement(
            verdict="missing",
            reason=f"'{name}' is declared in version {listed}, not in version {version}",
            versions=module.versions,
        )
    app = name.partition(":")[0]
    if module_catalogue().find_app(app) is not None or app in catalog.APPS:
        return None
    siblings = _declared_names(app, declared)
    if not siblings:
        return None
    return Judgement(
        verdict="unknown",
        reason=f"the world declares no module '{name}'",
        suggestions=_closest(name, siblings) if suggest else (),
    )


def _declared_names(app: str, declared: DeclaredModules) -> tuple[str, ...]:
    return tuple(sorted(name for name in declared if name.partition(":")[0] == app))


def find_known_module(
    name: str, version: int | None = None, *, declared: DeclaredModules = NO_MODULES
) -> CatalogueModule | None:
    """Returns what a world declares, or the catalogue has, of a module in a version, by default the latest.

    Of a module that is known without a version, that.
    """
    if name in declared:
        return custom_modules.find_module(declared, name, version)
    return module_catalogue().find_module(name, version)


def find_interpreted(name: str, version: int) -> ModuleDefinition | None:
    """Returns the definition of a module that the emulator interprets in a version; ``None`` for any other."""
    definition = _find_definition(name)
    if definition is None or not definition.is_interpreted:
        return None
    return definition if definition.versions is None or version in definition.versions else None


def versions_of(name: str, *, declared: DeclaredModules = NO_MODULES) -> tuple[int, ...]:
    """Returns the versions in which a module is known to exist, ascending."""
    if name in declared:
        return declared[name].versions
    definition = _find_definition(name)
    interpreted = definition.versions if definition is not None and definition.versions is not None else ()
    return tuple(sorted({*module_catalogue().versions_of(name), *interpreted}))


def app_names(declared: DeclaredModules = NO_MODULES) -> tuple[str, ...]:
    """Returns the names of the known apps, sorted."""
    own = {name.partition(":")[0] for name in declared}
    return tuple(sorted({*module_catalogue().app_names(), *catalog.APPS, *own}))


def resolve_app(name: str) -> str | None:
    """Returns the app that a name is, or is an alias of; ``None`` if it is neither."""
    return name if module_names(name) else module_catalogue().resolve_alias(name)


def similar_apps(name: str, declared: DeclaredModules = NO_MODULES) -> tuple[str, ...]:
    """Returns the names of the known apps that are closest to a name; that of an alias first."""
    actual = module_catalogue().resolve_alias(name)
    return (actual,) if actual is not None else _closest(name, app_names(declared))


def similar_modules(name: str, declared: DeclaredModules = NO_MODULES) -> tuple[str, ...]:
    """Returns the full names of the known modules that are closest to a name, best first."""
    own = _closest(name, tuple(declared))
    names = module_names(name.partition(":")[0])
    return (own or module_catalogue().suggest(name) or _closest(name, names))[:3]


def meant_modules(name: str) -> tuple[str, ...]:
    """Returns the full names of the modules that are meant by one that is known as invented; empty for any other."""
    return module_catalogue().meant_by(name)


def module_names(app: str, declared: DeclaredModules = NO_MODULES) -> tuple[str, ...]:
    """Returns the full names of an app's known modules, sorted; empty if the app is not known."""
    known = catalog.APPS.get(app)
    interpreted = (definition.name for definition in known.modules.values()) if known else ()
    return tuple(
        sorted({*module_catalogue().module_names(app), *interpreted, *_declared_names(app, declared)})
    )


def list_apps(declared: DeclaredModules = NO_MODULES) -> list[JsonObject]:
    """Returns ``{name, label, versions, modules, completeVersions}`` of each app."""
    rows: list[JsonObject] = []
    for name in app_names(declared):
        app = module_catalogue().find_app(name)
        rows.append(
            {
                "name": name,
                "label": app.label if app else name,
                "versions": list(app.versions) if app else [],
                "completeVersions": list(app.complete_versions) if app else [],
                "modules": len(module_names(name, declared)),
            }
        )
    return rows


def describe_app(name: str, declared: DeclaredModules = NO_MODULES) -> JsonObject | None:
    """Returns an app with its modules, ``{name, kind, versions, support, trust}`` each; ``None`` if it is not known."""
    names = module_names(name, declared)
    app = module_catalogue().find_app(name)
    if app is None and not names:
        return None
    return {
        "name": name,
        "label": app.label if app else name,
        "versions": list(app.versions) if app else [],
        "completeVersions": list(app.complete_versions) if app else [],
        "connectionTypes": list(app.connection_types) if app else [],
        "modules": [describe_briefly(each, declared) for each in names],
    }


def describe_module(name: str, declared: DeclaredModules = NO_MODULES) -> JsonObject | None:
    """Returns a module with all that is known of each version; ``None`` if it is not known."""
    own = custom_modules.find_module(declared, name)
    versions = [own] if own is not None else list(module_catalogue().iter_versions(name))
    definition = _find_definition(name)
    if not versions and definition is None:
        return None
    return {
        **describe_briefly(name, declared),
        "details": [_describe_version(module) for module in versions],
        "interpretedFields": [
            {"name": field.name, "type": field.type, "required": field.required}
            for field in (definition.fields if definition is not None and definition.is_interpreted else ())
        ],
    }


def describe_briefly(name: str, declared: DeclaredModules = NO_MODULES) -> JsonObject:
    """Returns ``{name, kind, versions, support, trust}`` of a module."""
    definition = _find_definition(name)
    known = find_known_module(name, declared=declared)
    support = catalog.get_support_level(name)
    return {
        "name": name,
        "kind": known.kind if known is not None else _kind_of(definition),
        "versions": list(versions_of(name, declared=declared)),
        "support": "simulated" if support == "unknown" else support,
        "trust": known.trust if known is not None else "full",
    }


def _find_definition(name: str) -> ModuleDefinition | None:
    app, _, module = name.partition(":")
    known = catalog.APPS.get(app)
    return known.modules.get(module) if known is not None else None


def _kind_of(definition: ModuleDefinition | None) -> str:
    if definition is None:
        return "action"
    if definition.combine is not None:
        return "aggregator"
    return "trigger" if definition.trigger is not None else "action"


def _describe_version(module: CatalogueModule) -> JsonObject:
    return {
        "version": module.version,
        "kind": module.kind,
        "trust": module.trust,
        "connection": _describe_reference(module.connection_parameter, module.connection_types),
        "hook": _describe_reference(module.hook_parameter, module.hook_types),
        "parameters": _describe_fields(module.parameters),
        "mapper": _describe_fields(module.mapper),
        "output": _describe_fields(module.output),
        "outputPaths": list(module.output_paths),
        "hasDynamicMapper": module.has_dynamic_mapper,
        "hasDynamicOutput": module.has_dynamic_output,
    }


def _describe_reference(parameter: str | None, types: Sequence[str]) -> Json:
    return {"parameter": parameter, "types": list(types)} if parameter is not None or types else None


def _describe_fields(fields: Iterable[CatalogueField]) -> list[Json]:
    rows: list[Json] = []
    for field in fields:
        row: JsonObject = {"name": field.name, "type": field.type or None, "required": field.required}
        if field.choices:
            row["choices"] = list(field.choices)
        nested = (*field.fields, *field.choice_fields)
        if nested:
            row["fields"] = _describe_fields(nested)
        rows.append(row)
    return rows


def _closest(name: str, names: Sequence[str]) -> tuple[str, ...]:
    lower = {each.lower(): each for each in names}
    return tuple(lower[each] for each in difflib.get_close_matches(name.lower(), lower, 3, _SIMILARITY))
