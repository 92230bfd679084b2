"""Repairs of the names and versions of modules."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ...engine.apps.known_modules import (
    app_names,
    find_interpreted,
    find_known_module,
    meant_modules,
    module_names,
    resolve_app,
    versions_of,
)
from ...json_patch import Operation, Patch, add, replace
from ...module_catalogue import Judgement
from ...plain_text import edit_distance
from ..document import LintModule

#: The most slips of the keyboard in a name, and the length of those in which one is the most.
_MAX_SLIPS = 2
_SHORT = 6
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
#: Words that names have or leave out.
_MINOR_WORDS = frozenset({"a", "action", "an", "the"})


def correct_module(module: LintModule, judgement: Judgement) -> Patch:
    """Returns the repair of a module that does not exist: its real name, or its newest version."""
    if judgement.versions:
        return set_version(module, judgement.versions[-1])
    name = _choose_name(module, judgement.suggestions)
    if name is None:
        return ()
    versions = versions_of(name)
    wants_version = bool(versions) and ("version" not in module.node or module.version not in versions)
    return (
        replace((*module.path, "module"), name),
        *(set_version(module, versions[-1]) if wants_version else ()),
    )


def set_version(module: LintModule, version: int) -> Patch:
    """Returns the patch that gives a module a version."""
    operation: Operation = (replace if "version" in module.node else add)((*module.path, "version"), version)
    return (operation,)


def _choose_name(module: LintModule, suggestions: Sequence[str]) -> str | None:
    """Returns the name that is meant; ``None`` if there are several, or if the suggestions are no more than similar.

    An invented name is known to stand for another one, or the two differ by slips only: by case, articles and such words, or
    by so few characters that no other name comes as close.
    """
    known = meant_modules(module.name)
    if known:
        fitting = [name for name in known if _has_fields(name, module)] if len(known) > 1 else known
        return fitting[0] if len(fitting) == 1 else None
    app, _, own = module.name.partition(":")
    target = resolve_app(app) or _find_closest(app, app_names())
    if target is None:
        return None
    names = {name.partition(":")[2]: name for name in (*suggestions, *module_names(target))}
    if own in names:
        return names[own]
    equal = [name for each, name in names.items() if _words(each) == _words(own)]
    if equal:
        return equal[0] if len(equal) == 1 else None
    closest = _find_closest(own, names)
    return names[closest] if closest is not None and _may_have_verb(own, closest, names) else None


def _find_closest(word: str, known: Iterable[str]) -> str | None:
    """Returns the known word that a word is but for a slip or two; ``None`` if several are as close."""
    most = _MAX_SLIPS if len(word) > _SHORT else 1
    near = [each for each in known if abs(len(each) - len(word)) <= most]
    ranked = sorted((edit_distance(word.lower(), each.lower()), each) for each in near)
    if not ranked or ranked[0][0] > most or (len(ranked) > 1 and ranked[1][0] == ranked[0][0]):
        return None
    return ranked[0][1]


def _words(name: str) -> tuple[str, ...]:
    words = (word.lower() for word in _WORD.findall(name))
    return tuple(word for word in words if word not in _MINOR_WORDS)


def _may_have_verb(own: str, closest: str, names: Iterable[str]) -> bool:
    """Returns false if a name starts with another verb of its app: ``GetRow`` is no slip of ``SetRow``."""
    verbs = {_WORD.findall(name)[0].lower() for name in names if _WORD.findall(name)}
    first = [word.lower() for word in _WORD.findall(own)[:1]]
    return first == [word.lower() for word in _WORD.findall(closest)[:1]] or not verbs.intersection(first)


def _has_fields(name: str, module: LintModule) -> bool:
    """Returns true if a module is known to have all fields that another one is given."""
    given = {*module.parameters, *module.mapper} - {"__IMTCONN__", "__IMTHOOK__"}
    return bool(given) and given <= _field_names(name)


def _field_names(name: str) -> frozenset[str]:
    versions = versions_of(name)
    interpreted = find_interpreted(name, versions[-1] if versions else 1)
    known = find_known_module(name)
    declared = {field.name for field in interpreted.fields} if interpreted is not None else set[str]()
    if known is not None:
        for field in (*known.parameters, *known.mapper):
            declared |= {field.name, *(nested.name for nested in field.choice_fields)}
    return frozenset(declared)
