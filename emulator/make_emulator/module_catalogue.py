"""Module catalogue: names, versions, connections and fields of the modules of Make's apps, as public material shows them.

The data are ``fixtures/modules.json``; they hold names and types only, and are never complete: a module that is not in them may
exist, unless its app's list of modules is complete, or the name is known as an invented one. The modules that the emulator
interprets are declared in `make_emulator.engine.apps`, which completes this knowledge.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property, lru_cache
from typing import Any, Literal, TypeAlias

from .lazy_dataclasses import dataclass
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
Trust: TypeAlias = Literal["full", "declared", "partial", "name"]
"""Trust in the fields of a module: seen in real exports; declared by a world; extracted by others, with coarse types; only the name is known."""

Requirement: TypeAlias = Literal["always", "mostly", "sometimes", "never"]

Verdict: TypeAlias = Literal["known", "other-version", "unknown", "missing"]
"""Knowledge of a module: it exists in the version; in other versions; nothing is known of it; it does not exist."""

#: Types of fields that have a value if they are left out.
_NEVER_MISSING = frozenset({"", "any", "array", "boolean", "collection", "hidden"})
#: Beginning of a type of keys, among those of connections.
KEYCHAIN = "keychain:"
#: Reasons for which an invented name is known not to exist; others were just never seen.
_REFUTING_REASONS = frozenset({"no-such-app", "absent-from-list", "reported-missing"})
#: Words of module names that tell little, and words that stand for the same: the first is compared in place of the others.
_IGNORED_WORDS = frozenset({"a", "action", "an", "basic", "function", "in", "of", "the", "to", "trigger"})
_SYNONYMS = {
    word: words[0]
    for words in (
        ("create", "add", "append", "insert", "make", "new", "post", "send"),
        ("delete", "remove"),
        ("get", "download", "fetch", "read", "retrieve"),
        ("search", "filter", "find", "list", "lookup", "query"),
        ("update", "change", "edit", "modify", "patch"),
    )
    for word in words
}
#: Characters of a name that are compared; no name is longer, and the comparison takes quadratic time.
_MAX_NAME_LENGTH = 100
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
#: Apps whose modules people look for in each other.
_RELATED_APPS = {"builtin": ("util",), "util": ("builtin",)}
#: Searches in a section, after which it is parsed in whole.
_MAX_SEARCHES = 100
#: Sections of the file, in their order.
_SECTIONS = (b"apps", b"modules", b"aliases", b"invented")
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
    #: Type of the items of an array; empty if it is not known.
    item_type: str = ""
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
    #: Parameters that take further connections, each with their types.
    other_connections: tuple[tuple[str, tuple[str, ...]], ...] = ()
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

    @property
    def is_described(self) -> bool:
        """True if its fields are known from exports, or declared."""
        return self.trust in ("full", "declared")

    @property
    def requires_connection(self) -> bool:
        """True if it works with a connection; a key, unlike one, signs in to services that may do without."""
        return self.connection_parameter is not None and not any(
            type.startswith(KEYCHAIN) for type in self.connection_types
        )

    @property
    def certainly_required(self) -> tuple[str, ...]:
        """Names of mapper fields that are required whatever else is set.

        A field beside a select may be shown for some of its values only; a switch and a list have a value if they are left out.
        """
        if not self.is_described or self.has_dynamic_mapper:
            return ()
        if any(field.type == "select" or field.choice_fields for field in (*self.parameters, *self.mapper)):
            return ()
        return tuple(
            field.name
            for field in self.mapper
            if field.required == "always" and field.type not in _NEVER_MISSING
        )

    def connection_types_of(self, parameter: str) -> tuple[str, ...]:
        """Returns the types of connections that one of its parameters takes; empty if they are not known."""
        if parameter == self.connection_parameter:
            return self.connection_types
        return dict(self.other_connections).get(parameter, ())


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
    #: What there is in place of such a module, e.g. ``filter property of the next module``; empty if it is not known.
    alternative: str = ""

    @property
    def suggestion(self) -> str:
        """A sentence with what was probably meant; empty if that is not known."""
        if self.suggestions:
            return f"Did you mean {' or '.join(self.suggestions)}?"
        return f"Use the {self.alternative}." if self.alternative else ""

    def describe(self) -> str:
        """Returns the reason with the suggestion in one line."""
        text = self.suggestion.rstrip(".")
        return f"{self.reason}; {text[:1].lower()}{text[1:]}" if text else self.reason


KNOWN = Judgement(verdict="known")


class _Section(Mapping[str, Any]):
    """Object of the catalogue's file: a member a line, sorted by name. A line is parsed when it is asked for.

    Args:
        lines: the lines, each after a line break.
    """

    def __init__(self, lines: bytes) -> None:
        #: The lines, each between line breaks.
        self._lines = lines + b"\n"
        self._searches = 0

    def __getitem__(self, name: str) -> Any:
        if self._is_parsed():
            return self._members[name]
        start = self._lines.find(b"\n%s: " % _quote(name))
        if start < 0:
            raise KeyError(name)
        return self._parse(start, self._lines.index(b"\n", start + 1))[name]

    def _is_parsed(self) -> bool:
        """Returns true once all lines are parsed, which they are after some searches: then each takes no time."""
        self._searches += 1
        return self._searches > _MAX_SEARCHES or "_members" in vars(self)

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __contains__(self, name: object) -> bool:
        if self._is_parsed():
            return name in self._members
        return isinstance(name, str) and b"\n%s: " % _quote(name) in self._lines

    def having_prefix(self, prefix: str) -> dict[str, Any]:
        """Returns the members whose names begin with a prefix."""
        opening = b"\n" + _quote(prefix)[:-1]
        start = self._lines.find(opening)
        if start < 0:
            return {}
        end = self._lines.index(b"\n", self._lines.rindex(opening) + 1)
        return self._parse(start, end)

    @cached_property
    def _members(self) -> dict[str, Any]:
        return self._parse(0, len(self._lines))

    def _parse(self, start: int, end: int) -> dict[str, Any]:
        # Imported here, since a server that creates no scenario needs no catalogue.
        import orjson

        members: dict[str, Any] = orjson.loads(b"{%s}" % self._lines[start:end].strip().removesuffix(b","))
        return members


def _quote(name: str) -> bytes:
    return json.dumps(name).encode()


class ModuleCatalogue:
    """Catalogue over the text of its file, of which only what is asked for is parsed.

    Args:
        text: a JSON object of the sections, as ``tools/build_module_catalogue.py`` lays it out.
    """

    def __init__(self, text: bytes) -> None:
        if b"\r" in text:
            text = text.replace(b"\r\n", b"\n")
        self._apps, self._modules, self._aliases, self._invented = _iter_sections(text)
        self._built: dict[str, tuple[CatalogueModule, ...]] = {}
        self._names: dict[str, tuple[str, ...]] = {}

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
        if app not in self._names:
            self._names[app] = tuple(self._modules.having_prefix(f"{app}:")) if app in self._apps else ()
        return self._names[app]

    def iter_versions(self, name: str) -> Iterator[CatalogueModule]:
        """Iterates over the known versions of a module, oldest first; one whose version is not known comes last."""
        if name not in self._built:
            versions: Mapping[str, Any] = self._modules.get(name, {})
            built = tuple(
                _build_module(name, version, versions[version])
                for version in sorted(versions, key=lambda text: (text == "?", text.zfill(4)))
            )
            if not built:
                # Names that there are not would fill the memory.
                return
            self._built[name] = built
        yield from self._built[name]

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

    def judge(self, name: str, version: int, *, suggest: bool = True) -> Judgement:
        """Returns the knowledge of ``app:Module`` in a version.

        A module of an organization's own app, ``app#name:Module``, cannot be judged: its verdict is ``unknown``.

        Args:
            suggest: add suggestions, which takes a millisecond or more.
        """
        app = name.partition(":")[0]
        if app.startswith("app#"):
            return Judgement(verdict="unknown", reason=f"'{app}' is an app of the organization's own")
        known = tuple(self.iter_versions(name))
        if known:
            versions = self.versions_of(name)
            if version in versions or not versions:
                return KNOWN
            listed = ", ".join(map(str, versions))
            return Judgement(
                verdict="missing" if version in self._complete_versions(app) else "other-version",
                reason=f"'{name}' is known in version {listed}, not in version {version}",
                versions=versions,
            )
        invented: Mapping[str, Any] = self._invented.get(name, {})
        verdict: Verdict = "unknown"
        if app not in self._apps:
            reason = f"the app '{app}' is not known"
            if app in self._invented_apps:
                verdict, reason = "missing", f"Make has no app '{app}'" + self._actual_app(app)
        elif version in self._complete_versions(app) or invented.get("reason") in _REFUTING_REASONS:
            verdict, reason = "missing", f"the app '{app}' has no module '{name}'"
        else:
            reason = f"no module '{name}' is known"
        alternative = invented.get("hint", "")
        return Judgement(
            verdict=verdict,
            reason=reason,
            suggestions=self.suggest(name) if suggest and not alternative else (),
            alternative=alternative,
        )

    def suggest(self, name: str, *, limit: int = 3) -> tuple[str, ...]:
        """Returns the names of modules that exist and are closest to a name, best first."""
        likely = self.meant_by(name)
        if likely:
            return likely[:limit]
        app, _, module = name[:_MAX_NAME_LENGTH].partition(":")
        target = self._aliases.get(app, app)
        if not self.module_names(target):
            apps = dict.fromkeys(each.partition(":")[0] for each in self._modules)
            similar = difflib.get_close_matches(app, apps, 1, _SIMILARITY)
            if not similar:
                return ()
            target = similar[0]
        names = [each for app in (target, *_RELATED_APPS.get(target, ())) for each in self.module_names(app)]
        return _closest(module, names)[:limit]

    def meant_by(self, name: str) -> tuple[str, ...]:
        """Returns the names of modules that are meant by one that is known as invented, best first; empty for any other."""
        return tuple(self._invented.get(name, {}).get("likely", ()))

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


@cache
def module_catalogue() -> ModuleCatalogue:
    """Returns the shipped catalogue, read once a process when it is first needed."""
    return ModuleCatalogue(fixture_path("modules.json").read_bytes())


def _closest(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """Returns the full names whose modules are closest to a name, by their letters or the meanings of their words, best first.

    A name that differs by case only is the only one.
    """
    letters: dict[str, list[str]] = {}
    meanings: dict[str, list[str]] = {}
    for full_name in known:
        module = full_name.partition(":")[2]
        letters.setdefault(module.lower(), []).append(full_name)
        meanings.setdefault(_meaning(module), []).append(full_name)
    scores: dict[str, float] = {}
    # Equal meanings are less than equal names.
    for word, names, weight in ((name.lower(), letters, 1.0), (_meaning(name), meanings, 0.98)):
        for close in difflib.get_close_matches(word, names, 3, _SIMILARITY):
            if names is meanings and not _has_similar_object(word, close):
                continue
            score = weight * difflib.SequenceMatcher(None, word, close).ratio()
            for full_name in names[close]:
                scores[full_name] = max(score, scores.get(full_name, 0))
    best = sorted(scores, key=lambda full_name: -scores[full_name])
    return tuple(best[:1] if best and scores[best[0]] == 1 else best)


def _has_similar_object(a: str, b: str) -> bool:
    """Returns false for two meanings that share their verb alone: to create a message is not to create a group."""
    verb, _, subject = a.partition(" ")
    other_verb, _, other_subject = b.partition(" ")
    if verb != other_verb or not subject or not other_subject:
        return True
    return difflib.SequenceMatcher(None, subject, other_subject).ratio() >= _SIMILARITY


@lru_cache(maxsize=4096)
def _meaning(name: str) -> str:
    words = [word.lower() for word in _WORD.findall(name)]
    return " ".join(_SYNONYMS.get(word, word) for word in words if word not in _IGNORED_WORDS) or name.lower()


def _iter_sections(text: bytes) -> Iterator[_Section]:
    """Iterates over the sections of the file, each between a line of its name and a line of a closing brace."""
    end = 0
    for name in _SECTIONS:
        start = text.index(b"\n", text.index(b'"%s": {\n' % name, end))
        end = text.index(b"\n}", start)
        yield _Section(text[start:end])


def _build_module(name: str, version: str, data: Mapping[str, Any]) -> CatalogueModule:
    return CatalogueModule(
        name=name,
        version=None if version == "?" else int(version),
        kind=data["kind"],
        trust=data["trust"],
        connection_parameter=data.get("connection"),
        connection_types=tuple(data.get("connectionTypes", ())),
        other_connections=tuple(
            (parameter, tuple(types)) for parameter, types in data.get("otherConnections", {}).items()
        ),
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
            item_type=field.get("items", ""),
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
