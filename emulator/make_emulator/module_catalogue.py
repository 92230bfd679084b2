"""Module catalogue: names, versions, connections and fields of the modules of Make's apps, as public material shows them.

The data are ``fixtures/modules.json``; they hold names and types only, and are never complete: a module that is not in them may
exist, unless its app's list of modules is complete, or the name is known as an invented one. The modules that the emulator
interprets are declared in `make_emulator.engine.apps`, which completes this knowledge.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Literal, TypeAlias

from .resources import fixture_path

ModuleKind: TypeAlias = Literal[
    "action",
    "aggregator",
    "directive",
    "if-else",
    "iterator",
    "merge",
    "placeholder",
    "repeater",
    "responder",
    "router",
    "search",
    "trigger",
    "trigger-instant",
    "trigger-polling",
    "universal",
]
Trust: TypeAlias = Literal["full", "partial", "name"]
"""Trust in the fields of a module: seen in real exports; extracted by others, with coarse types; only the name is known."""

Requirement: TypeAlias = Literal["always", "mostly", "sometimes", "never"]

Verdict: TypeAlias = Literal["known", "other-version", "unknown", "missing"]
"""Knowledge of a module: it exists in the version; in other versions; nothing is known of it; it does not exist."""

#: Reasons for which an invented name is known not to exist; others were just never seen.
_REFUTING_REASONS = frozenset({"no-such-app", "absent-from-list", "reported-missing"})
#: Least similarity of a suggestion, as `difflib` measures it.
_SIMILARITY = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueField:
    """A field of a module's parameters, mapper or output."""

    name: str
    #: Type of Make, such as ``text``, ``select`` or ``collection``; empty if it is not known.
    type: str = ""
    #: Types in other sources.
    other_types: tuple[str, ...] = ()
    required: Requirement = "never"
    choices: tuple[Any, ...] = ()
    is_multiple: bool = False
    #: True if the user's own data decide the nested fields.
    is_dynamic: bool = False
    #: Fields of a collection, or of the items of an array.
    fields: tuple[CatalogueField, ...] = ()
    #: Fields that a value of a select adds.
    choice_fields: tuple[CatalogueField, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueModule:
    """One version of a module."""

    #: ``app:Module``.
    name: str
    #: Major version; ``None`` if no source has it.
    version: int | None
    kind: ModuleKind
    trust: Trust
    #: Name of the parameter that takes a connection; ``None`` if none is known.
    connection_parameter: str | None = None
    #: Types of connections that it takes, without ``account:``; empty if they are not known.
    connection_types: tuple[str, ...] = ()
    hook_parameter: str | None = None
    hook_types: tuple[str, ...] = ()
    parameters: tuple[CatalogueField, ...] = ()
    mapper: tuple[CatalogueField, ...] = ()
    output: tuple[CatalogueField, ...] = ()
    #: Paths that later modules of real exports read, ``[]`` after an array; never complete.
    output_paths: tuple[str, ...] = ()
    has_dynamic_mapper: bool = False
    has_dynamic_output: bool = False

    @property
    def app(self) -> str:
        """The name of its app."""
        return self.name.partition(":")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueApp:
    """An app."""

    name: str
    label: str
    versions: tuple[int, ...] = ()
    #: Versions whose list of modules is complete.
    complete_versions: tuple[int, ...] = ()
    connection_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Knowledge of a module name in a version."""

    verdict: Verdict
    #: One sentence, without a full stop; empty for a known module.
    reason: str = ""
    #: Names of modules that exist and were probably meant, best first.
    suggestions: tuple[str, ...] = ()
    #: Versions in which it exists, ascending.
    versions: tuple[int, ...] = ()

    def describe(self) -> str:
        """Returns the reason with the suggestions in one line."""
        if not self.suggestions:
            return self.reason
        return f"{self.reason}; did you mean {' or '.join(self.suggestions)}?"


KNOWN = Judgement(verdict="known")


class ModuleCatalogue:
    """Catalogue over the parsed data; modules are built when they are first asked for."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._apps: Mapping[str, Mapping[str, Any]] = data["apps"]
        self._modules: Mapping[str, Mapping[str, Mapping[str, Any]]] = data["modules"]
        self._aliases: Mapping[str, str] = data["aliases"]
        self._invented: Mapping[str, Mapping[str, Any]] = data["invented"]
        self._built: dict[tuple[str, str], CatalogueModule] = {}

    def app_names(self) -> tuple[str, ...]:
        """Returns the names of the apps, sorted."""
        return tuple(self._apps)

    def find_app(self, name: str) -> CatalogueApp | None:
        """Returns an app; ``None`` if it is not known."""
        data = self._apps.get(name)
        if data is None:
            return None
        return CatalogueApp(
            name=name,
            label=data.get("label", name),
            versions=tuple(data.get("versions", ())),
            complete_versions=tuple(data.get("complete", ())),
            connection_types=tuple(data.get("connections", ())),
        )

    def has_connection_type(self, type: str) -> bool:
        """Returns true if an app has connections of a type."""
        return type in self._connection_types

    @cached_property
    def connection_types(self) -> Mapping[str, str]:
        """Every type of connection that an app takes -> the label of the first app that does."""
        labels: dict[str, str] = {}
        for name, app in self._apps.items():
            for type in app.get("connections", ()):
                labels.setdefault(type, app.get("label", name))
        return labels

    def module_names(self, app: str) -> tuple[str, ...]:
        """Returns the full names of an app's known modules, sorted."""
        return self._names_by_app.get(app, ())

    def iter_versions(self, name: str) -> Iterator[CatalogueModule]:
        """Iterates over the known versions of a module, oldest first; one whose version is not known comes last."""
        versions = self._modules.get(name, {})
        for version in sorted(versions, key=lambda text: (text == "?", text.zfill(4))):
            key = name, version
            if key not in self._built:
                self._built[key] = _build_module(name, version, versions[version])
            yield self._built[key]

    def find_module(self, name: str, version: int | None = None) -> CatalogueModule | None:
        """Returns a module in a version, by default the latest known one.

        What is known without a version answers for every version. ``None`` if the module is not known in it.
        """
        found = None
        for module in self.iter_versions(name):
            if module.version == version:
                return module
            if version is None and (module.version is not None or found is None):
                found = module
            if version is not None and module.version is None:
                found = module
        return found

    def versions_of(self, name: str) -> tuple[int, ...]:
        """Returns the versions in which a module is known to exist, ascending."""
        return tuple(module.version for module in self.iter_versions(name) if module.version is not None)

    def judge(self, name: str, version: int) -> Judgement:
        """Returns the knowledge of ``app:Module`` in a version.

        A module of an organization's own app, ``app#name:Module``, cannot be judged: its verdict is ``unknown``.
        """
        app = name.partition(":")[0]
        if app.startswith("app#"):
            return Judgement(verdict="unknown", reason=f"'{app}' is an app of the organization's own")
        known = self._modules.get(name)
        if known is not None:
            versions = self.versions_of(name)
            if str(version) in known or (not versions and "?" in known):
                return KNOWN
            listed = ", ".join(map(str, versions))
            return Judgement(
                verdict="missing" if version in self._complete_versions(app) else "other-version",
                reason=f"'{name}' is known in version {listed}, not in version {version}",
                versions=versions,
            )
        suggestions = self.suggest(name)
        if app not in self._apps:
            if app in self._invented_apps:
                return Judgement(
                    verdict="missing",
                    reason=f"Make has no app '{app}'" + self._actual_app(app),
                    suggestions=suggestions,
                )
            return Judgement(
                verdict="unknown", reason=f"the app '{app}' is not known", suggestions=suggestions
            )
        invented = self._invented.get(name)
        if version in self._complete_versions(app) or (
            invented is not None and invented["reason"] in _REFUTING_REASONS
        ):
            return Judgement(
                verdict="missing", reason=f"the app '{app}' has no module '{name}'", suggestions=suggestions
            )
        return Judgement(verdict="unknown", reason=f"no module '{name}' is known", suggestions=suggestions)

    def suggest(self, name: str, *, limit: int = 3) -> tuple[str, ...]:
        """Returns the names of modules that exist and are closest to a name, best first."""
        likely: Sequence[str] = self._invented.get(name, {}).get("likely", ())
        if likely:
            return tuple(likely[:limit])
        app, _, module = name.partition(":")
        target = self._aliases.get(app, app)
        if target not in self._names_by_app:
            similar = difflib.get_close_matches(app, self._names_by_app, 1, _SIMILARITY)
            if not similar:
                return ()
            target = similar[0]
        names = {each.partition(":")[2].lower(): each for each in self._names_by_app[target]}
        exact = names.get(module.lower())
        if exact is not None:
            return (exact,)
        return tuple(
            names[each] for each in difflib.get_close_matches(module.lower(), names, limit, _SIMILARITY)
        )

    def resolve_alias(self, name: str) -> str | None:
        """Returns the app that people call by another name, such as ``google-email`` for ``gmail``."""
        return self._aliases.get(name)

    def _actual_app(self, alias: str) -> str:
        actual = self._aliases.get(alias)
        return f", only '{actual}'" if actual else ""

    def _complete_versions(self, app: str) -> Sequence[int]:
        complete: Sequence[int] = self._apps.get(app, {}).get("complete", ())
        return complete

    @cached_property
    def _invented_apps(self) -> frozenset[str]:
        return frozenset(
            name.partition(":")[0]
            for name, entry in self._invented.items()
            if entry["reason"] == "no-such-app"
        )

    @cached_property
    def _connection_types(self) -> frozenset[str]:
        return frozenset(type for app in self._apps.values() for type in app.get("connections", ()))

    @cached_property
    def _names_by_app(self) -> dict[str, tuple[str, ...]]:
        names: dict[str, list[str]] = {}
        for name in self._modules:
            names.setdefault(name.partition(":")[0], []).append(name)
        return {app: tuple(modules) for app, modules in names.items()}


@cache
def module_catalogue() -> ModuleCatalogue:
    """Returns the shipped catalogue, read once a process when it is first needed."""
    # Imported here, since a server that creates no scenario needs no catalogue.
    import orjson

    return ModuleCatalogue(orjson.loads(fixture_path("modules.json").read_bytes()))


def _build_module(name: str, version: str, data: Mapping[str, Any]) -> CatalogueModule:
    return CatalogueModule(
        name=name,
        version=None if version == "?" else int(version),
        kind=data["kind"],
        trust=data["trust"],
        connection_parameter=data.get("connection"),
        connection_types=tuple(data.get("connectionTypes", ())),
        hook_parameter=data.get("hook"),
        hook_types=tuple(data.get("hookTypes", ())),
        parameters=_build_fields(data.get("parameters", ())),
        mapper=_build_fields(data.get("mapper", ())),
        output=_build_fields(data.get("output", ())),
        output_paths=tuple(data.get("outputPaths", ())),
        has_dynamic_mapper=data.get("dynamicMapper", False),
        has_dynamic_output=data.get("dynamicOutput", False),
    )


def _build_fields(data: Sequence[Mapping[str, Any]]) -> tuple[CatalogueField, ...]:
    return tuple(
        CatalogueField(
            name=field["name"],
            type=field.get("type", ""),
            other_types=tuple(field.get("alsoTypes", ())),
            required=_REQUIREMENTS[field.get("required", False)],
            choices=tuple(field.get("enum", ())),
            is_multiple=field.get("multiple", False),
            is_dynamic=field.get("dynamic", False),
            fields=_build_fields(field.get("spec", ())),
            choice_fields=_build_fields(field.get("nested", ())),
        )
        for field in data
    )


_REQUIREMENTS: dict[object, Requirement] = {
    True: "always",
    "mostly": "mostly",
    "sometimes": "sometimes",
    False: "never",
}
