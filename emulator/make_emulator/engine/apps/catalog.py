"""Catalog of modules, derived from the declarations of the apps.

A blueprint that names a module that does not exist is an error (Make's IM007). Sources of the declarations: exported
blueprints and the vendor's own samples; where only version 1 was seen, it is the only one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Literal, TypeAlias

from ..blueprints.model import Module
from ..errors import unsupported_module_error
from .app import App, ModuleDefinition, Trigger, define_aggregator
from .simulated import mock_output, simulate

#: Files of this package that declare apps, in the order of the catalog.
_FILES = (
    "ai_tools",
    "csv",
    "data_store",
    "email",
    "flow_control",
    "google_sheets",
    "http",
    "json",
    "math",
    "regexp",
    "scenarios",
    "tools",
    "webhooks",
    "xml",
)

APPS: dict[str, App] = {
    app.name: app
    for file in _FILES
    for app in vars(import_module(f".{file}", __package__)).values()
    if isinstance(app, App)
}
"""Registry of the apps that are known, at least in part, by name."""

#: Definitions of any module of an app that is not known, or not in whole.
SIMULATED = ModuleDefinition(
    name="*", handler=simulate, versions=None, accepts_any_field=True, external=True, is_interpreted=False
)
SIMULATED_AGGREGATOR = define_aggregator(
    "*", lambda context, group: mock_output(context), versions=None, is_interpreted=False
)

#: Other apps that are part of Make.
_OTHER_BUILT_IN_APPS = (
    "archive",
    "code",
    "crypto",
    "datetime",
    "encryptor",
    "flow",
    "html-to-text",
    "image",
    "make",
    "markdown",
    "math-parser",
    "rss",
    "tools",
)

BUILT_IN_APPS = frozenset((*(app.name for app in APPS.values() if app.is_built_in), *_OTHER_BUILT_IN_APPS))
"""Apps that are part of Make, so that no organization has to install them."""

SupportLevel: TypeAlias = Literal["interpreted", "simulated", "unknown"]
"""Level of support of a module: run by its own rules, simulated with mock data, or not a module of its app."""


def find_definition(app: str, module: str) -> ModuleDefinition | None:
    """Returns the definition of a module; ``None`` if its app is known in whole and has no such module.

    Of an app that is known in part, or not at all, any module exists.
    """
    known = APPS.get(app)
    if known is not None:
        definition = known.modules.get(module) or known.default
        if definition is not None or known.is_complete:
            return definition
    return SIMULATED_AGGREGATOR if module.endswith("Aggregator") else SIMULATED


def get_definition(module: Module) -> ModuleDefinition:
    """Returns the definition of a module of a blueprint.

    Raises:
        ModuleError: if there is none.
    """
    definition = find_definition(module.app, module.name)
    if definition is None:
        raise unsupported_module_error(module.full_name, module.id)
    return definition


def has_module(app: str, module: str, version: int) -> bool:
    """Returns True if a module exists in a version."""
    definition = find_definition(app, module)
    return definition is not None and (definition.versions is None or version in definition.versions)


def is_aggregator(full_name: str) -> bool:
    """Returns True if ``app:Module`` is an aggregator, which of apps that are not known follows from its name."""
    app, _, module = full_name.partition(":")
    definition = find_definition(app, module)
    return definition is not None and definition.combine is not None


def has_output(full_name: str) -> bool:
    """Returns True if ``app:Module`` emits bundles of its own, rather than directing others or ending the run."""
    app, _, module = full_name.partition(":")
    definition = find_definition(app, module)
    return definition.has_output if definition is not None else APPS[app].has_output


def get_trigger(module: Module) -> Trigger | None:
    """Returns the source of the bundles of a first module; ``None`` if it is not a trigger.

    Of modules that are not declared, those with "watch" or "trigger" in their names poll a service.
    """
    definition = find_definition(module.app, module.name)
    if definition is None or definition.is_interpreted or definition.trigger is not None:
        return definition.trigger if definition is not None else None
    name = module.name.lower()
    return "polling" if "watch" in name or "trigger" in name else None


def get_support_level(full_name: str) -> SupportLevel:
    """Returns the level of support of ``app:Module``, unless a script of the world overrides it."""
    app, _, module = full_name.partition(":")
    definition = find_definition(app, module)
    if definition is None:
        return "unknown"
    return "interpreted" if definition.is_interpreted else "simulated"


def interpreted_modules() -> Mapping[str, ModuleDefinition]:
    """Returns the modules that are run by their own rules, by full name."""
    return {definition.name: definition for definition in _iter_definitions() if definition.is_interpreted}


def _iter_definitions() -> Iterator[ModuleDefinition]:
    for app in APPS.values():
        yield from app.modules.values()
