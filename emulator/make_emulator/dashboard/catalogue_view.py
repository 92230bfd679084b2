"""View of the module catalogue: the apps, the modules of one, and the versions and fields of a module."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from ..engine.apps import known_modules
from ..engine.apps.simulated import sample_output
from ..engine.budget import Budget
from ..world.custom_modules import NO_MODULES, DeclaredModules

#: The most apps and modules that a search lists.
MAX_RESULTS = 100

#: Treatment by the engine -> the style class of its label, and its meaning.
SUPPORT = {
    "interpreted": ("good", "run by its own rules"),
    "scripted": ("warn", "its output is the script of this world"),
    "simulated": ("", "its output is mock data"),
}

#: Trust in the fields of a module -> the meaning.
TRUST = {
    "full": "fields as exports and samples have them",
    "partial": "fields extracted by others, with coarse types",
    "name": "only the name is known",
    "declared": "declared by this world",
}


def template_context(
    query: str,
    app: str,
    module: str,
    *,
    scripted: Container[str] = (),
    declared: DeclaredModules = NO_MODULES,
    now: int = 0,
) -> dict[str, Any]:
    """Returns the values of ``catalogue.html``.

    Args:
        query: words of a search; each must occur in the name or label of an app, or in the name of a module.
        app: the app whose modules are shown.
        module: the module, ``app:Module``, whose versions and fields are shown.
        scripted: the scripted modules of the world.
        declared: the modules that it declares.
        now: the present moment of the world, in milliseconds.
    """
    app = app or module.partition(":")[0]
    shown_app = _app_context(app, scripted, declared) if app else None
    shown_module = _module_context(module, scripted, declared, now) if module else None
    words = query.lower().split()
    apps = list(known_modules.list_apps(declared))
    found_apps = [row for row in apps if _matches(words, row["name"], row["label"])]
    found_modules = _search_modules(words, declared) if words else []
    return {
        "query": query,
        "app": shown_app,
        "module": shown_module,
        "asked": module or app,
        "apps": found_apps[: MAX_RESULTS if words else None],
        "app_count": len(found_apps),
        "total": len(apps),
        "modules": [_module_row(name, scripted, declared) for name in found_modules[:MAX_RESULTS]],
        "module_count": len(found_modules),
        "suggestions": _suggestions(query.strip(), app, module, shown_app, shown_module, declared)
        if not (found_apps or found_modules) or (app and not shown_app) or (module and not shown_module)
        else (),
        "support": SUPPORT,
        "trust": TRUST,
    }


def _matches(words: Sequence[str], *texts: Any) -> bool:
    text = " ".join(map(str, texts)).lower()
    return all(word in text for word in words)


def _search_modules(words: Sequence[str], declared: DeclaredModules) -> list[str]:
    labels = {row["name"]: row["label"] for row in known_modules.list_apps(declared)}
    return [
        name
        for app, label in labels.items()
        for name in known_modules.module_names(str(app), declared)
        # Words that the app alone has would list all of its modules.
        if _matches(words, name, label) and not _matches(words, app, label)
    ]


def _suggestions(
    query: str, app: str, module: str, has_app: Any, has_module: Any, declared: DeclaredModules
) -> tuple[str, ...]:
    """Returns the names of modules and apps that were probably meant."""
    if module and not has_module:
        return known_modules.similar_modules(module, declared) or known_modules.similar_apps(app, declared)
    if app and not has_app:
        return known_modules.similar_apps(app, declared)
    name = query.replace(" ", "")
    return (
        known_modules.similar_modules(name, declared)
        if ":" in name
        else known_modules.similar_apps(query, declared)
    )


def _app_context(name: str, scripted: Container[str], declared: DeclaredModules) -> dict[str, Any] | None:
    described: Any = known_modules.describe_app(name, declared)
    if described is None:
        return None
    return {**described, "modules": [_with_treatment(row, scripted) for row in described["modules"]]}


def _module_row(name: str, scripted: Container[str], declared: DeclaredModules) -> dict[str, Any]:
    described: Any = known_modules.describe_briefly(name, declared)
    return _with_treatment(described, scripted)


def _with_treatment(row: Mapping[str, Any], scripted: Container[str]) -> dict[str, Any]:
    """Returns a row with the treatment of the module by the engine in the world."""
    return {**row, "support": "scripted" if row["name"] in scripted else row["support"]}


def _module_context(
    name: str, scripted: Container[str], declared: DeclaredModules, now: int
) -> dict[str, Any] | None:
    described: Any = known_modules.describe_module(name, declared)
    if described is None:
        return None
    interpreted = [
        {**field, "required": "always" if field["required"] else "never"}
        for field in described["interpretedFields"]
    ]
    return {
        **_with_treatment(described, scripted),
        "sample": _sample(name, declared, now) if described["support"] == "simulated" else "",
        "interpreted": list(_field_rows(interpreted)),
        "details": [
            {
                **details,
                "parts": [
                    (part, list(_field_rows(details[part])))
                    for part in ("parameters", "mapper", "output")
                    if details[part]
                ],
                "references": [
                    (kind, details[kind]) for kind in ("connection", "hook") if details[kind] is not None
                ],
            }
            # The newest version first.
            for details in reversed(described["details"])
        ],
    }


def _sample(name: str, declared: DeclaredModules, now: int) -> str:
    """Returns a sample of the mock data of a module as JSON; empty if nothing is known of its output."""
    known = known_modules.find_known_module(name, declared=declared)
    output = sample_output(known, now, Budget()) if known is not None else {}
    return orjson.dumps(output, option=orjson.OPT_INDENT_2).decode() if output else ""


def _field_rows(fields: Iterable[Any], depth: int = 0) -> Iterator[dict[str, Any]]:
    """Iterates over fields and their nested ones, each with its depth."""
    for field in fields:
        yield {
            "name": field["name"],
            "type": field["type"] or "any",
            "required": field["required"],
            "choices": field.get("choices", ()),
            "depth": min(depth, 6),
        }
        yield from _field_rows(field.get("fields", ()), depth + 1)
