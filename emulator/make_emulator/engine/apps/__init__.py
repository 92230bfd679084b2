"""The modules of each app that the engine interprets, one file an app, and made-up data for all others."""

from __future__ import annotations

from typing import Literal, TypeAlias

from ..blueprints.model import Module
from ..errors import unsupported_module_error
from . import (
    aggregators,
    catalog,
    csv,
    data_store,
    email,
    flow_control,
    json,
    regexp,
    scenarios,
    tools,
    webhooks,
    xml,
)
from .http import v3, v4
from .module_api import ModuleDefinition
from .simulated import SIMULATED

MODULES: dict[str, ModuleDefinition] = {
    kind.name: kind
    for app in (
        aggregators,
        flow_control,
        csv,
        data_store,
        email,
        webhooks,
        v4,
        v3,
        json,
        regexp,
        scenarios,
        tools,
        xml,
    )
    for kind in app.MODULES
}


def get_definition(module: Module) -> ModuleDefinition:
    """How a module works.

    Raises:
        ModuleError: if it belongs to an app that the emulator interprets, and is not written yet.
    """
    kind = MODULES.get(module.full_name)
    if kind is not None:
        return kind
    if not catalog.can_mock_module(module.app, module.name):
        raise unsupported_module_error(module.full_name, module.id)
    if not catalog.is_aggregator(module.full_name):
        return SIMULATED
    return csv.AGGREGATOR if module.app == "csv" else aggregators.SIMULATED


SupportLevel: TypeAlias = Literal["interpreted", "simulated", "unknown"]
"""How the emulator runs a module: by its own rules, with made-up data, or not at all, as the app has no such module."""


def get_support_level(full_name: str) -> SupportLevel:
    """How a module ``app:Module`` is run, unless a script of the world says otherwise.

    A module of an app that the emulator knows in whole is interpreted, simulated, or unknown to Make; of other apps
    nothing tells which modules exist, so each is taken.
    """
    app, _, module = full_name.partition(":")
    if full_name in MODULES or (app == "csv" and catalog.is_aggregator(full_name)):
        return "interpreted"
    return "simulated" if catalog.can_mock_module(app, module) else "unknown"
